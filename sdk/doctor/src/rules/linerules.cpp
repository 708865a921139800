// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

#include "watchword/wire/deflatenegotiation.h"

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

// Of the certificate's own life: those of six days are renewed after three or four.
constexpr double kLateShare = 0.2;
constexpr int kShortestRsa = 2048;
constexpr int kShortestEc = 224;

class PlainRule final : public Rule
{
public:
    PlainRule()
        : Rule(u"T1"_s, Stage::Line, Need::Nothing)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        std::vector<Probe> list{seen.requests().plainUpgrade(u"plain"_s, 0)};
        if (seen.options().endpoint.port(443) == 443)
            list.push_back(seen.requests().plainUpgrade(u"plain80"_s, 80));
        return list;
    }
    Judgement judge(const Recording &seen) const override
    {
        for (const QString &probe : {u"plain"_s, u"plain80"_s}) {
            const Exchange *exchange = seen.find(probe);
            if (!exchange)
                continue;
            if (exchange->end == Exchange::End::Opened)
                return fail(u"an upgrade without TLS is accepted"_s, {probe});
            const int status = exchange->end == Exchange::End::Answered ? exchange->status : 0;
            if (status / 100 == 3)
                return warn(u"a request without TLS is redirected: what was in it has been sent in the clear"_s, {probe});
            if (status == 401 || (status / 100 == 2 && probe == "plain"_L1))
                return fail(u"a request without TLS is answered with HTTP %1"_s.arg(status), {probe});
        }
        const Exchange *same = seen.find(u"plain"_s);
        if (!same || same->end == Exchange::End::Unreachable)
            return skip(u"the port cannot be reached"_s);
        return pass(u"without TLS nothing is served"_s);
    }
};

/*! A hello that no server should take up. */
class HelloRule final : public Rule
{
public:
    struct Offer
    {
        QString probe;
        TlsVersion version;
        const QList<quint16> &suites;
    };
    HelloRule(QString id, std::vector<Offer> offers)
        : Rule(std::move(id), Stage::Line, Need::Nothing)
        , m_offers(std::move(offers))
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        std::vector<Probe> list;
        for (const Offer &offer : m_offers)
            list.push_back(seen.requests().hello(offer.probe, offer.version, offer.suites));
        return list;
    }
    Judgement judge(const Recording &seen) const override
    {
        QStringList taken;
        QStringList what;
        for (const Offer &offer : m_offers) {
            const Exchange *exchange = seen.find(offer.probe);
            if (!exchange || exchange->end == Exchange::End::Unreachable)
                return skip(u"the port cannot be reached"_s);
            const HelloAnswer answer = readHelloAnswer(exchange->head);
            if (exchange->end != Exchange::End::Raw || answer.kind != HelloAnswer::Kind::ServerHello)
                continue;
            taken.append(offer.probe);
            what.append(offer.version == TlsVersion::Tls12
                            ? nameOfSuite(answer.suite)
                            : (answer.version == quint16(TlsVersion::Tls10) ? u"TLS 1.0"_s : u"TLS 1.1"_s));
        }
        what.removeDuplicates();
        return taken.isEmpty() ? pass(u"refused"_s) : fail(u"the server agrees to %1"_s.arg(what.join(u" and "_s)), taken);
    }

private:
    const std::vector<Offer> m_offers;
};

class ModernTlsRule final : public Rule
{
public:
    ModernTlsRule()
        : Rule(u"T3"_s, Stage::Line, Need::Nothing)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override { return {seen.requests().upgrade(u"bare"_s, {})}; }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *bare = seen.find(u"bare"_s);
        if (!bare || bare->end == Exchange::End::Unreachable)
            return skip(u"the port cannot be reached"_s);
        if (bare->tls.isPlainProblem)
            return fail(u"no TLS 1.2 or 1.3 can be agreed on: "_s + bare->tls.failure, {u"bare"_s});
        if (bare->tls.protocol.isEmpty())
            return skip(u"the certificate is not trusted, see T4"_s);
        if (bare->tls.protocol != "TLSv1.3"_L1)
            return warn(u"the newest version that the server offers is %1"_s.arg(bare->tls.protocol), {u"bare"_s});
        return pass(bare->tls.protocol + u", "_s + bare->tls.cipher);
    }
};

class CertificateRule final : public Rule
{
public:
    CertificateRule()
        : Rule(u"T4"_s, Stage::Line, Need::Nothing)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override { return {seen.requests().upgrade(u"bare"_s, {})}; }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *bare = seen.find(u"bare"_s);
        if (!bare || bare->end == Exchange::End::Unreachable)
            return skip(u"the port cannot be reached"_s);
        const TlsFacts &tls = bare->tls;
        if (!tls.errors.isEmpty())
            return fail(seen.redactor().cleanText(tls.errors.join(u"; "_s)), {u"bare"_s});
        if (tls.protocol.isEmpty())
            return skip(u"no TLS session, see T3"_s);
        if ((tls.keyType == "RSA"_L1 && tls.keyBits < kShortestRsa) || (tls.keyType == "EC"_L1 && tls.keyBits < kShortestEc))
            return fail(u"the key is too short: %1 with %2 bits"_s.arg(tls.keyType).arg(tls.keyBits), {u"bare"_s});
        const QDateTime now = toDateTime(Clock::system().wallNow());
        const qint64 life = tls.effective.secsTo(tls.expires);
        const qint64 left = now.secsTo(tls.expires);
        const QString until = tls.expires.toString(Qt::ISODate);
        if (double(left) < kLateShare * double(life))
            return warn(
                u"it ends at %1, and %2 % of its life are over"_s.arg(until).arg(100 - 100 * left / std::max<qint64>(life, 1)),
                {u"bare"_s});
        return pass(u"%1 %2 bits, until %3"_s.arg(tls.keyType).arg(tls.keyBits).arg(until));
    }
};

/*! What must not become a WebSocket, whoever asks. */
class HandshakeRule final : public RefusedRule
{
public:
    HandshakeRule()
        : RefusedRule(u"X2"_s, Stage::Token, Need::Trusted | Need::Entry, u"a handshake against RFC 6455 is accepted"_s,
                      {{u"version"_s,
                        [](const Recording &seen) {
                            UpgradeShape shape = seen.entry();
                            shape.version = "7";
                            return shape;
                        }},
                       {u"nokey"_s, [](const Recording &seen) {
                            UpgradeShape shape = seen.entry();
                            shape.hasKey = false;
                            return shape;
                        }}})
    {
    }
};

/*! Agreed on only where somebody wants it. */
class CompressionRule final : public Rule
{
public:
    CompressionRule()
        : Rule(u"C1"_s, Stage::FollowUp, Need::Trusted | Need::Entry)
    {
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(kEcho);
        if (!exchange || exchange->end != Exchange::End::Opened)
            return skip(u"no connection to look at"_s);
        if (!exchange->value("Sec-WebSocket-Extensions").toLower().contains("permessage-deflate"))
            return pass(u"off"_s);
        return seen.options().meansCompression ? pass(u"on, as you say"_s)
                                               : warn(u"permessage-deflate is agreed on with whoever offers it"_s, {kEcho});
    }
};

/*! A request that is right although servers trip over it: it has to be answered like the usual one. See kLegalScout. */
class LegalRule final : public Rule
{
public:
    LegalRule(QString id, QString probe, UpgradeShape shape, QString failure, bool isFailure)
        : Rule(std::move(id), Stage::Token, Need::Trusted)
        , m_probe(std::move(probe))
        , m_shape(std::move(shape))
        , m_failure(std::move(failure))
        , m_isFailure(isFailure)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        if (isAnsweredLikeBare(seen, kLegalScout))
            return {};
        return {seen.requests().upgrade(m_probe, m_shape)};
    }
    Judgement judge(const Recording &seen) const override
    {
        const auto admission = seen.admission(m_probe);
        if (admission && admission->kind == Admission::Kind::Limited)
            return skip(u"the server limited the doctor: "_s + admission->what);
        if (isAnsweredLikeBare(seen, kLegalScout) || isAnsweredLikeBare(seen, m_probe))
            return pass(u"answered like any other"_s);
        const QString what = m_failure + u": "_s + (admission ? admission->what : QString());
        return m_isFailure ? fail(what, {m_probe}) : warn(what, {m_probe});
    }

private:
    const QString m_probe;
    const UpgradeShape m_shape;
    const QString m_failure;
    const bool m_isFailure;
};

UpgradeShape withConnectionList()
{
    UpgradeShape shape;
    shape.connection = "keep-alive, Upgrade";
    return shape;
}

UpgradeShape withLongLine()
{
    UpgradeShape shape;
    shape.fields.append({"X-Watchword-Doctor", QByteArray(9000, 'x')});
    return shape;
}

} // namespace

std::pair<QByteArray, QByteArray> compressionOffer()
{
    return {"Sec-WebSocket-Extensions", QByteArray::fromStdString(Wire::deflateOffer(Wire::DeflateOptions()))};
}

bool isAnsweredLikeBare(const Recording &seen, const QString &probe)
{
    const Exchange *bare = seen.find(u"bare"_s);
    const Exchange *other = seen.find(probe);
    return bare && other && other->end == bare->end && other->status == bare->status;
}

UpgradeShape legalScout()
{
    UpgradeShape shape = withConnectionList();
    shape.fields = withLongLine().fields;
    return shape;
}

void addLineRules(Rules &rules)
{
    rules.push_back(std::make_unique<PlainRule>());
    rules.push_back(
        std::make_unique<HelloRule>(u"T2"_s, std::vector<HelloRule::Offer>{{u"hello11"_s, TlsVersion::Tls11, oldSuites()}}));
    rules.push_back(std::make_unique<ModernTlsRule>());
    rules.push_back(std::make_unique<CertificateRule>());
    rules.push_back(
        std::make_unique<HelloRule>(u"T5"_s, std::vector<HelloRule::Offer>{{u"helloweak"_s, TlsVersion::Tls12, weakSuites()}}));
    rules.push_back(std::make_unique<HandshakeRule>());
    rules.push_back(std::make_unique<LegalRule>(u"X4"_s, u"list"_s, withConnectionList(),
                                                u"\"Connection: keep-alive, Upgrade\", which browsers send, is not understood"_s,
                                                true));
    rules.push_back(std::make_unique<LegalRule>(u"X5"_s, u"longline"_s, withLongLine(),
                                                u"a header line of 9000 bytes, as long tokens make it, gets no further"_s,
                                                false));
    rules.push_back(std::make_unique<CompressionRule>());
}

} // namespace Watchword::Doctoring
