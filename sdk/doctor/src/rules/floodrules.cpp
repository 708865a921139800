// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"
#include "watchword/wire/deflate.h"

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kPings = 1000;
constexpr int kFragments = 80'000; // 480 KB
constexpr std::size_t kBombSize = std::size_t(16) * 1024 * 1024;
constexpr int kNeed = Need::Trusted | Need::Entry | Need::Ours;

/*! Much of something on one connection, which the server has to end. */
class FloodRule : public Rule
{
public:
    FloodRule(QString id, QString probe, QString failure)
        : Rule(std::move(id), Stage::Intrusive, kNeed)
        , m_probe(std::move(probe))
        , m_failure(std::move(failure))
    {
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(m_probe);
        if (exchange->end != Exchange::End::Opened)
            return undecided(u"no connection to try it on, "_s + seen.admission(m_probe)->what);
        if (exchange->closeCode > 0 || exchange->isEnded)
            return ended(seen, id(), *exchange);
        return warn(m_failure, {m_probe});
    }

    bool isJudgedLast() const override { return true; } // by what comes behind it

protected:
    std::vector<Probe> probeWith(const Recording &seen, const QList<ProbeFrame> &frames) const
    {
        UpgradeShape shape = seen.entry();
        shape.frames = frames;
        shape.linger = 2s;
        return {seen.requests().upgrade(m_probe, shape)};
    }
    const QString m_probe;

private:
    const QString m_failure;
};

class PingFloodRule final : public FloodRule
{
public:
    PingFloodRule()
        : FloodRule(u"F6"_s, u"pings"_s, u"%1 pings at once are all answered"_s.arg(kPings))
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        ProbeFrame ping = pingFrame();
        ping.repeat = kPings;
        return probeWith(seen, {ping});
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(m_probe);
        // RFC 6455 section 5.5.3: only the newest needs an answer.
        if (exchange->end == Exchange::End::Opened && !exchange->isEnded && exchange->pongs < kPings / 2)
            return pass(u"%1 of %2 pings are answered"_s.arg(exchange->pongs).arg(kPings));
        return FloodRule::judge(seen);
    }
};

class FragmentFloodRule final : public FloodRule
{
public:
    FragmentFloodRule()
        : FloodRule(u"S4"_s, u"fragments"_s, u"a message of %1 empty fragments bothers nobody"_s.arg(kFragments))
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        ProbeFrame first;
        first.fin = false;
        ProbeFrame more = first;
        more.opcode = 0;
        more.repeat = kFragments;
        return probeWith(seen, {first, more});
    }
};

class BombRule final : public Rule
{
public:
    BombRule()
        : Rule(u"S5"_s, Stage::Intrusive, kNeed)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        if (!isAgreed(seen, kEcho))
            return {};
        UpgradeShape shape = seen.entry();
        shape.fields.append(compressionOffer());
        ProbeFrame frame;
        frame.compressed = true;
        frame.opcode = 2;
        frame.payload = bomb();
        shape.frames.append(frame);
        shape.linger = 2s;
        return {seen.requests().upgrade(u"bomb"_s, shape)};
    }
    bool isJudgedLast() const override { return true; }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(u"bomb"_s);
        if (!exchange)
            return pass(u"compression is not agreed on"_s);
        if (!isAgreed(seen, u"bomb"_s))
            return undecided(u"no connection to try it on, "_s + seen.admission(u"bomb"_s)->what);
        if (exchange->closeCode > 0 || exchange->isEnded)
            return ended(seen, id(), *exchange);
        return fail(u"%1 bytes become a message of 16 MiB, and the server takes it"_s.arg(bomb().size()), {u"bomb"_s});
    }

private:
    static bool isAgreed(const Recording &seen, const QString &probe)
    {
        const Exchange *exchange = seen.find(probe);
        return exchange && exchange->end == Exchange::End::Opened
            && exchange->value("Sec-WebSocket-Extensions").toLower().contains("permessage-deflate");
    }
    static const QByteArray &bomb()
    {
        static const QByteArray bytes = [] {
            const std::vector<std::uint8_t> zeros(kBombSize);
            std::vector<std::uint8_t> packed;
            // The smallest window is one that every server can have agreed to.
            Wire::Deflater(9, 8, 9).deflate({zeros.data(), zeros.size()}, packed);
            return QByteArray(reinterpret_cast<const char *>(packed.data()), qsizetype(packed.size()));
        }();
        return bytes;
    }
};

} // namespace

void addFloodRules(Rules &rules)
{
    rules.push_back(std::make_unique<PingFloodRule>());
    rules.push_back(std::make_unique<FragmentFloodRule>());
    rules.push_back(std::make_unique<BombRule>());
}

} // namespace Watchword::Doctoring
