// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

#include "watchword/core/clock.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

const QString kRenew = QStringLiteral("renew");
constexpr char kControl = '\x1e'; // of watchword.v1, see protocol.md

/*! What the server said to each of the two new tokens. */
struct RenewalAnswers
{
    int taken = 0;
    int refused = 0;
    bool isOtherTaken = false;
};

bool isCentrifugo(const Recording &seen)
{
    return seen.options().tokenWay == DoctorOptions::TokenWay::Centrifugo;
}

bool speaksWatchword(const Recording &seen)
{
    const Exchange *echo = seen.find(kEcho);
    return echo && echo->end == Exchange::End::Opened && echo->value("Sec-WebSocket-Protocol") == "watchword.v1";
}

ProbeFrame renewal(const Recording &seen, int number, const Secret &token)
{
    const QByteArray mark(1, kTokenMark);
    ProbeFrame frame;
    frame.token = token;
    frame.payload = isCentrifugo(seen) ? "{\"id\":" + QByteArray::number(number) + R"(,"refresh":{"token":")" + mark + R"("}})"
                                       : kControl + QByteArray(R"({"t":"auth.refresh","token":")") + mark + R"("})";
    return frame;
}

void readWatchword(const QByteArray &message, RenewalAnswers &answers)
{
    if (!message.startsWith(kControl))
        return;
    const QString type = QJsonDocument::fromJson(message.mid(1)).object().value("t"_L1).toString();
    answers.taken += type == "auth.ok"_L1 ? 1 : 0;
    answers.refused += type == "auth.fail"_L1 ? 1 : 0;
    answers.isOtherTaken = answers.taken > 1;
}

// Several replies may come in one message, a line each.
void readCentrifugo(const QByteArray &message, RenewalAnswers &answers)
{
    const QList<QByteArray> lines = message.split('\n');
    for (const QByteArray &line : lines) {
        const QJsonObject reply = QJsonDocument::fromJson(line).object();
        if (reply.contains("refresh"_L1)) {
            ++answers.taken;
            answers.isOtherTaken = answers.isOtherTaken || reply.value("id"_L1).toInt() == 3;
        } else if (reply.contains("error"_L1)) {
            ++answers.refused;
        }
    }
}

RenewalAnswers answersIn(DoctorOptions::TokenWay way, const Exchange &exchange)
{
    RenewalAnswers answers;
    for (const Exchange::Message &message : exchange.messages)
        way == DoctorOptions::TokenWay::Centrifugo ? readCentrifugo(message.payload, answers)
                                                   : readWatchword(message.payload, answers);
    return answers;
}

// First one for the same user, then one for another: without the issuer's key only the first.
std::vector<Probe> renewalProbes(const Recording &seen)
{
    if (!isCentrifugo(seen) && !speaksWatchword(seen))
        return {};
    UpgradeShape shape = seen.entry();
    const bool hasKey = seen.badTokens().hasKey();
    shape.frames.append(
        renewal(seen, 2, hasKey ? seen.badTokens().minted([](QJsonObject &, QJsonObject &) {}) : seen.options().token));
    if (hasKey)
        shape.frames.append(renewal(seen, 3, seen.badTokens().minted([](QJsonObject &, QJsonObject &claims) {
            claims.insert("sub"_L1, u"watchword-doctor"_s);
        })));
    if (!isCentrifugo(seen))
        shape.subprotocols = {"watchword.v1"};
    shape.linger = seen.options().patience; // a busy server answers late, and no answer means something
    Probe probe = seen.requests().upgrade(kRenew, shape);
    const auto asked = int(shape.frames.size());
    probe.enough = [way = seen.options().tokenWay, asked](const Exchange &exchange) {
        const RenewalAnswers answers = answersIn(way, exchange);
        return answers.taken + answers.refused >= asked;
    };
    return {probe};
}

Judgement notRenewed()
{
    return moot(u"the server has no renewal that the doctor knows (watchword.v1, Centrifugo); clients have to connect anew"_s);
}

class RenewalRule final : public Rule
{
public:
    RenewalRule()
        : Rule(u"E2"_s, Stage::FollowUp, Need::Trusted | Need::Token)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override { return renewalProbes(seen); }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(kRenew);
        if (!exchange)
            return notRenewed();
        if (exchange->end != Exchange::End::Opened)
            return undecided(u"no connection to try it on, "_s + seen.admission(kRenew)->what);
        const RenewalAnswers answers = answersIn(seen.options().tokenWay, *exchange);
        if (answers.taken > 0)
            return pass(u"a new token is taken on the live connection"_s);
        return fail(answers.refused > 0 ? u"a new token for the same user is refused on the live connection"_s
                                        : u"a new token on the live connection gets no answer"_s,
                    {kRenew});
    }
};

class OtherUserRule final : public Rule
{
public:
    OtherUserRule()
        : Rule(u"E5"_s, Stage::FollowUp, Need::Trusted | Need::Token | Need::Jwt | Need::Key)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override { return renewalProbes(seen); }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(kRenew);
        if (!exchange)
            return notRenewed();
        if (exchange->end != Exchange::End::Opened)
            return undecided(u"no connection to try it on, "_s + seen.admission(kRenew)->what);
        const RenewalAnswers answers = answersIn(seen.options().tokenWay, *exchange);
        if (answers.isOtherTaken)
            return fail(u"a token of another user is taken on the live connection"_s, {kRenew});
        if (answers.refused > 0)
            return pass(u"a token of another user is refused"_s);
        const Admission admission = *seen.admission(kRenew);
        if (admission.kind == Admission::Kind::Failed)
            return broken(seen, id(), kRenew, admission);
        return admission.isRefused() ? pass(u"closed with %1"_s.arg(exchange->closeCode))
                                     : undecided(u"a token of another user gets no answer"_s);
    }
};

constexpr qint64 kFairLife = 3600; // seconds
constexpr qint64 kLongLife = 24 * kFairLife;

class LifetimeRule final : public Rule
{
public:
    LifetimeRule()
        : Rule(u"E4"_s, Stage::End, Need::Trusted | Need::Token | Need::Jwt)
    {
    }
    bool isCumulative() const override { return true; }
    Judgement judge(const Recording &seen) const override
    {
        const QJsonObject &claims = seen.badTokens().claims();
        if (!claims.value("exp"_L1).isDouble())
            return fail(u"the token has no end (\"exp\")"_s, {u"valid"_s});
        const auto from = claims.value("iat"_L1).toDouble(double(toSecondsSinceEpoch(Clock::system().wallNow())));
        const auto life = qint64(claims.value("exp"_L1).toDouble() - from);
        if (life > kLongLife)
            return fail(u"the token lives for %1 hours"_s.arg(life / kFairLife), {u"valid"_s});
        if (life > kFairLife)
            return warn(u"the token lives for %1 minutes"_s.arg(life / 60), {u"valid"_s});
        return pass(u"the token lives for %1 s"_s.arg(life));
    }
};

} // namespace

void addRenewalRules(Rules &rules)
{
    rules.push_back(std::make_unique<LifetimeRule>());
    rules.push_back(std::make_unique<RenewalRule>());
    rules.push_back(std::make_unique<OtherUserRule>());
}

} // namespace Watchword::Doctoring
