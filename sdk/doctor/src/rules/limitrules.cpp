// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kMessages = 400;
constexpr int kConnections = 25;
constexpr int kFailures = 50;
constexpr Duration kAtOnce = 300ms;
constexpr quint64 kHugeFrame = quint64(1) << 30;

class SlowHeadRule final : public Rule
{
public:
    SlowHeadRule()
        : Rule(u"S2"_s, Stage::Upgrade, Need::Trusted)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override { return {seen.requests().halfHead(u"halfhead"_s)}; }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(u"halfhead"_s);
        const QString time = u"%1 s"_s.arg(seen.options().headDeadline.count() / 1000);
        // Who has not waited at all was not asked whether it waits too long.
        const Admission admission = *seen.admission(u"halfhead"_s);
        const bool isAtOnce = std::max(exchange->toAnswer, exchange->toEnd) < kAtOnce;
        if (admission.kind == Admission::Kind::Failed && isAtOnce)
            return undecided(u"%1, at once"_s.arg(admission.what));
        switch (exchange->end) {
        case Exchange::End::Silent:
            return warn(u"a request that is never finished is still waited for after "_s + time, {u"halfhead"_s});
        case Exchange::End::Answered:
            return pass(u"ended by HTTP %1"_s.arg(exchange->status));
        case Exchange::End::Cut:
            return pass(u"ended after %1 s"_s.arg(double(exchange->toEnd.count()) / 1000, 0, 'f', 1));
        default:
            return undecided(admission.what);
        }
    }
};

/*! Servers that take the token in a message must not wait for it for ever. */
class IdleRule final : public Rule
{
public:
    IdleRule()
        : Rule(u"S3"_s, Stage::Upgrade, Need::Trusted)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        if (!seen.waitsForMessage())
            return {};
        UpgradeShape shape;
        shape.linger = seen.options().headDeadline;
        Probe probe = seen.requests().upgrade(u"idle"_s, shape);
        probe.runsBeside = true;
        return {probe};
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(u"idle"_s);
        if (!exchange)
            return moot(u"the token travels with the upgrade"_s);
        if (exchange->end != Exchange::End::Opened) {
            const Admission admission = *seen.admission(u"idle"_s);
            return admission.isRefused() ? pass(u"not even opened: "_s + admission.what) : undecided(admission.what);
        }
        if (exchange->closeCode == 0 && !exchange->isEnded)
            return fail(
                u"a connection that never says who it is lives on after %1 s"_s.arg(seen.options().headDeadline.count() / 1000),
                {u"idle"_s});
        return pass(u"closed after %1 s"_s.arg(double(exchange->toEnd.count()) / 1000, 0, 'f', 1));
    }
};

class HugeFrameRule final : public Rule
{
public:
    HugeFrameRule()
        : Rule(u"S1"_s, Stage::Intrusive, Need::Trusted | Need::Entry | Need::Ours)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        UpgradeShape shape = seen.entry();
        ProbeFrame frame;
        frame.announced = kHugeFrame;
        frame.payload = QByteArray(16, 'x');
        shape.frames.append(frame);
        shape.linger = 2s;
        return {seen.requests().upgrade(u"huge"_s, shape)};
    }
    bool isJudgedLast() const override { return true; } // by what comes behind it
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(u"huge"_s);
        if (exchange->end != Exchange::End::Opened)
            return undecided(u"no connection to try it on, "_s + seen.admission(u"huge"_s)->what);
        if (exchange->closeCode > 0 || exchange->isEnded)
            return ended(seen, id(), *exchange);
        return fail(u"a message of 1 GiB is announced, and the server waits for it"_s, {u"huge"_s});
    }
};

class MessageBurstRule final : public Rule
{
public:
    MessageBurstRule()
        : Rule(u"L1"_s, Stage::Intrusive, Need::Trusted | Need::Entry | Need::Ours)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        UpgradeShape shape = seen.entry();
        ProbeFrame frame;
        frame.payload = "watchword doctor";
        frame.repeat = kMessages;
        shape.frames.append(frame);
        shape.linger = 2s;
        UpgradeShape usual = seen.entry();
        usual.linger = kRefusalTime;
        return {seen.requests().upgrade(u"burst"_s, shape), seen.requests().upgrade(kAfterwards, usual)};
    }
    bool isJudgedLast() const override { return true; }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(u"burst"_s);
        if (exchange->end != Exchange::End::Opened)
            return undecided(u"no connection to try it on, "_s + seen.admission(u"burst"_s)->what);
        if (exchange->closeCode > 0 || exchange->isEnded)
            return ended(seen, id(), *exchange);
        return warn(u"%1 messages at once bother nobody"_s.arg(kMessages), {u"burst"_s});
    }
};

QStringList numbered(const QString &name, int count)
{
    QStringList list;
    for (int i = 0; i < count; ++i)
        list.append(name + QString::number(i));
    return list;
}

class ManyConnectionsRule final : public Rule
{
public:
    ManyConnectionsRule()
        : Rule(u"L2"_s, Stage::Intrusive, Need::Trusted | Need::Token | Need::Ours)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        std::vector<Probe> list;
        const QStringList names = numbered(u"many"_s, kConnections);
        for (const QString &name : names) {
            UpgradeShape shape = seen.entry();
            shape.linger = 3s;
            Probe probe = seen.requests().upgrade(name, shape);
            probe.runsBeside = true;
            probe.isBurst = true;
            list.push_back(probe);
        }
        return list;
    }
    Judgement judge(const Recording &seen) const override
    {
        int admitted = 0;
        QString refused;
        QString unknown;
        const QStringList names = numbered(u"many"_s, kConnections);
        for (const QString &name : names) {
            const Admission admission = *seen.admission(name);
            if (admission.isAdmitted())
                ++admitted;
            else if (admission.isRefused() || admission.kind == Admission::Kind::Limited)
                refused = admission.what;
            else
                unknown = admission.what;
        }
        if (!refused.isEmpty())
            return pass(u"%1 of %2 are let in, then %3"_s.arg(admitted).arg(kConnections).arg(refused));
        if (!unknown.isEmpty())
            return undecided(u"%1 of %2 are let in, then %3"_s.arg(admitted).arg(kConnections).arg(unknown));
        return warn(u"%1 connections of one user at once are let in"_s.arg(admitted), {names.last()});
    }
};

class FailureBurstRule final : public Rule
{
public:
    FailureBurstRule()
        : Rule(u"L3"_s, Stage::Intrusive, Need::Trusted | Need::AtUpgrade | Need::Ours)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        std::vector<Probe> list;
        const QStringList names = numbered(u"guess"_s, kFailures);
        for (const QString &name : names) {
            UpgradeShape shape;
            shape.token = madeUpToken();
            shape.credential = u"a made-up token"_s;
            list.push_back(seen.requests().upgrade(name, shape));
            list.back().isBurst = true;
            list.back().runsBeside = true; // all at once: one after the other they would be as slow as the line
        }
        return list;
    }
    Judgement judge(const Recording &seen) const override
    {
        QString unknown;
        const QStringList names = numbered(u"guess"_s, kFailures);
        for (const QString &name : names) {
            const Admission admission = *seen.admission(name);
            if (admission.kind == Admission::Kind::Limited)
                return pass(u"limited: "_s + admission.what);
            if (!admission.isRefused() && !admission.isAdmitted())
                unknown = admission.what;
        }
        if (!unknown.isEmpty()) // a limit or a fault: the client cannot tell, and neither can the doctor
            return undecided(u"after some of %1 wrong tokens in a row: %2"_s.arg(kFailures).arg(unknown));
        const Duration first = seen.find(names.first())->toAnswer;
        const Duration last = seen.find(names.last())->toAnswer;
        if (last > 500ms && last > 4 * first)
            return pass(u"slowed down: from %1 to %2 ms"_s.arg(first.count()).arg(last.count()));
        return warn(u"%1 wrong tokens in a row bother nobody"_s.arg(kFailures), {names.last()});
    }
};

} // namespace

Judgement ended(const Recording &seen, const QString &check, const Exchange &exchange)
{
    if (exchange.closeCode == kInternalError)
        return broken(seen, check, exchange.probe, *seen.admission(exchange.probe));
    if (exchange.closeCode > 0)
        return pass(u"closed with %1"_s.arg(exchange.closeCode));
    const auto afterwards = seen.admission(kAfterwards);
    if (!afterwards)
        return undecided(u"the connection ended without a close frame, and nobody asked whether the server is still there"_s);
    if (afterwards->isAdmitted() || afterwards->isRefused() || afterwards->kind == Admission::Kind::Limited)
        return pass(u"the connection was ended, and the server goes on"_s);
    return fail(u"the connection ended without a close frame, and afterwards the server does not answer: "_s + afterwards->what,
                {exchange.probe, kAfterwards});
}

void addLimitRules(Rules &rules)
{
    rules.push_back(std::make_unique<SlowHeadRule>());
    rules.push_back(std::make_unique<IdleRule>());
    rules.push_back(std::make_unique<HugeFrameRule>());
    rules.push_back(std::make_unique<MessageBurstRule>());
    rules.push_back(std::make_unique<ManyConnectionsRule>());
    rules.push_back(std::make_unique<FailureBurstRule>()); // last: after it the server may want to be left alone
}

} // namespace Watchword::Doctoring
