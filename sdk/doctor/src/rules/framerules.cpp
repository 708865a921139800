// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr quint8 kText = 1;
constexpr quint8 kPing = 9;
constexpr int kInvalidData = 1007; // RFC 6455 section 7.4.1

/*! A frame against RFC 6455, after which the server has to close. What such a frame carries never reaches an application. */
class WrongFrameRule final : public Rule
{
public:
    WrongFrameRule(QString id, QString probe, ProbeFrame frame, QString failure)
        : Rule(std::move(id), Stage::Token, Need::Trusted | Need::Entry)
        , m_probe(std::move(probe))
        , m_frame(std::move(frame))
        , m_failure(std::move(failure))
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        UpgradeShape shape = seen.entry();
        shape.frames.append(m_frame);
        shape.linger = 1500ms;
        return {seen.requests().upgrade(m_probe, shape)};
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(m_probe);
        if (exchange->end != Exchange::End::Opened)
            return undecided(u"no connection to try it on, "_s + seen.admission(m_probe)->what);
        if (exchange->closeCode == kInternalError)
            return broken(seen, id(), m_probe, *seen.admission(m_probe));
        if (exchange->closeCode > 0)
            return pass(u"closed with %1"_s.arg(exchange->closeCode));
        // RFC 6455 section 7.1.7 lets a server do that without a close frame.
        return exchange->isEnded ? pass(u"the connection was ended"_s) : fail(m_failure, {m_probe});
    }

private:
    const QString m_probe;
    const ProbeFrame m_frame;
    const QString m_failure;
};

class PongRule final : public Rule
{
public:
    PongRule()
        : Rule(u"F3"_s, Stage::Token, Need::Trusted | Need::Entry)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        if (seen.isTokenAccepted())
            return {};
        UpgradeShape shape = seen.entry();
        shape.frames.append(pingFrame());
        shape.linger = kPongTime;
        return {seen.requests().upgrade(u"ping"_s, shape)};
    }
    Judgement judge(const Recording &seen) const override
    {
        const QString probe = seen.isTokenAccepted() ? u"valid"_s : u"ping"_s;
        const Exchange *exchange = seen.find(probe);
        if (exchange->end != Exchange::End::Opened)
            return undecided(u"no connection to try it on, "_s + seen.admission(probe)->what);
        if (exchange->pongs > 0)
            return pass(u"a ping is answered"_s);
        return exchange->closeCode > 0 || exchange->isEnded ? fail(u"a ping ends the connection"_s, {probe})
                                                            : fail(u"a ping is not answered"_s, {probe});
    }
};

/*! The beginning of a message that never ends: no application sees it. */
class SplitCharacterRule final : public Rule
{
public:
    SplitCharacterRule()
        : Rule(u"F5"_s, Stage::FollowUp, Need::Trusted | Need::Entry)
    {
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(kEcho);
        if (!exchange || exchange->end != Exchange::End::Opened)
            return noConnection(seen, kEcho);
        if (exchange->closeCode == kInvalidData)
            return fail(u"a fragment that ends inside a character ends the connection (1007)"_s, {kEcho});
        if (exchange->closeCode > 0 || exchange->isEnded) // a server of binary messages ends it at any text
            return moot(u"the connection ended, but not for the character"_s);
        return pass(u"it waits for the rest of the character"_s);
    }
};

ProbeFrame unmaskedPing()
{
    ProbeFrame frame = pingFrame();
    frame.masked = false;
    return frame;
}

ProbeFrame brokenText()
{
    ProbeFrame frame;
    frame.opcode = kText;
    frame.payload = QByteArray("\xff\xfe\xfd", 3);
    return frame;
}

ProbeFrame reservedBit()
{
    ProbeFrame frame;
    frame.opcode = kPing;
    frame.compressed = true;
    return frame;
}

} // namespace

ProbeFrame pingFrame()
{
    ProbeFrame frame;
    frame.opcode = kPing;
    frame.payload = "watchword-doctor";
    return frame;
}

ProbeFrame halfCharacter()
{
    ProbeFrame frame;
    frame.payload = "\xe2\x82"; // of three bytes
    frame.fin = false;
    return frame;
}

void addFrameRules(Rules &rules)
{
    rules.push_back(std::make_unique<WrongFrameRule>(u"F1"_s, u"unmasked"_s, unmaskedPing(), u"a frame without mask is taken"_s));
    rules.push_back(
        std::make_unique<WrongFrameRule>(u"F2"_s, u"brokentext"_s, brokenText(), u"a text that is not UTF-8 is taken"_s));
    rules.push_back(std::make_unique<PongRule>());
    rules.push_back(std::make_unique<WrongFrameRule>(u"F4"_s, u"reserved"_s, reservedBit(),
                                                     u"a reserved bit that nobody agreed on is taken"_s));
    rules.push_back(std::make_unique<SplitCharacterRule>());
}

} // namespace Watchword::Doctoring
