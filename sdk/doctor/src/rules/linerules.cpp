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
const QString kOldHello = QStringLiteral("hello11");
const QString kWeakHello = QStringLiteral("helloweak");
const QString kNoTls = QStringLiteral("nothing at this port speaks TLS, see T4");

// Together, because each of the checks of the line can be the cause of what the others see. "bare" comes first: of a host that
// cannot be reached it says so at once.
std::vector<Probe> lineProbes(const Recording &seen)
{
    const Requests &requests = seen.requests();
    std::vector<Probe> list{requests.upgrade(u"bare"_s, {}), requests.plainUpgrade(u"plain"_s, 0)};
    if (seen.options().endpoint.port(443) == 443)
        list.push_back(requests.plainUpgrade(u"plain80"_s, 80));
    list.push_back(requests.hello(kOldHello, TlsVersion::Tls11, oldSuites()));
    list.push_back(requests.hello(kWeakHello, TlsVersion::Tls12, weakSuites()));
    return list;
}

HelloAnswer answerTo(const Recording &seen, const QString &hello)
{
    const Exchange *exchange = seen.find(hello);
    return exchange && exchange->end == Exchange::End::Raw ? readHelloAnswer(exchange->head) : HelloAnswer();
}

// No hello was answered by anything of TLS.
bool isWithoutTls(const Recording &seen)
{
    const Exchange *bare = seen.find(u"bare"_s);
    return bare && bare->tls.isPlainProblem && answerTo(seen, kOldHello).kind == HelloAnswer::Kind::Other
        && answerTo(seen, kWeakHello).kind == HelloAnswer::Kind::Other;
}

bool isUnreachable(const Exchange *exchange)
{
    return !exchange || exchange->end == Exchange::End::Unreachable;
}

Judgement judgePlain(const Recording &seen)
{
    QString open; // what came and decides nothing
    for (const QString &probe : {u"plain"_s, u"plain80"_s}) {
        const Exchange *exchange = seen.find(probe);
        if (!exchange)
            continue;
        if (exchange->end == Exchange::End::Opened)
            return fail(u"an upgrade without TLS is accepted"_s, {probe});
        const int status = exchange->end == Exchange::End::Answered ? exchange->status : 0;
        if (status / 100 == 5 || exchange->end == Exchange::End::Silent)
            open = status > 0 ? u"without TLS comes HTTP %1"_s.arg(status) : u"without TLS comes no answer in time"_s;
        if (status / 100 == 3)
            return warn(u"a request without TLS is redirected: what was in it has been sent in the clear"_s, {probe},
                        Severity::High);
        if (status == 401 || (status / 100 == 2 && probe == "plain"_L1))
            return fail(u"a request without TLS is answered with HTTP %1"_s.arg(status), {probe});
    }
    if (isUnreachable(seen.find(u"plain"_s)))
        return undecided(u"the port cannot be reached"_s);
    if (isWithoutTls(seen))
        return skip(kNoTls);
    return open.isEmpty() ? pass(u"without TLS nothing is served"_s) : undecided(open);
}

class PlainRule final : public Rule
{
public:
    PlainRule()
        : Rule(u"T1"_s, Stage::Line, Need::Nothing)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override { return lineProbes(seen); }
    Judgement judge(const Recording &seen) const override { return judgePlain(seen); }
};

/*! A hello that no server should take up. */
class HelloRule final : public Rule
{
public:
    HelloRule(QString id, QString hello)
        : Rule(std::move(id), Stage::Line, Need::Nothing)
        , m_hello(std::move(hello))
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override { return lineProbes(seen); }
    Judgement judge(const Recording &seen) const override
    {
        if (isUnreachable(seen.find(m_hello)))
            return undecided(u"the port cannot be reached"_s);
        if (isWithoutTls(seen))
            return skip(kNoTls);
        const HelloAnswer answer = answerTo(seen, m_hello);
        if (seen.find(m_hello)->end == Exchange::End::Silent)
            return undecided(u"no answer in time"_s);
        if (answer.kind != HelloAnswer::Kind::ServerHello)
            return pass(u"refused"_s);
        const QString old = answer.version == quint16(TlsVersion::Tls10) ? u"TLS 1.0"_s : u"TLS 1.1"_s;
        return fail(u"the server agrees to "_s + (m_hello == kOldHello ? old : nameOfSuite(answer.suite)), {m_hello});
    }

private:
    const QString m_hello;
};

class ModernTlsRule final : public Rule
{
public:
    ModernTlsRule()
        : Rule(u"T3"_s, Stage::Line, Need::Nothing)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override { return lineProbes(seen); }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *bare = seen.find(u"bare"_s);
        if (isUnreachable(bare))
            return undecided(u"the port cannot be reached"_s);
        if (bare->tls.isPlainProblem && answerTo(seen, kOldHello).kind == HelloAnswer::Kind::ServerHello)
            return fail(u"TLS 1.2 and 1.3 are refused, and older ones are not"_s, {u"bare"_s});
        if (bare->tls.isPlainProblem)
            return skip(u"there is no TLS session, see T4"_s);
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
    std::vector<Probe> probes(const Recording &seen) const override { return lineProbes(seen); }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *bare = seen.find(u"bare"_s);
        if (isUnreachable(bare))
            return undecided(u"the port cannot be reached"_s);
        const TlsFacts &tls = bare->tls;
        if (!tls.errors.isEmpty())
            return fail(seen.redactor().cleanText(tls.errors.join(u"; "_s)), {u"bare"_s});
        if (tls.protocol.isEmpty())
            return judgeWithoutSession(seen);
        if ((tls.keyType == "RSA"_L1 && tls.keyBits < kShortestRsa) || (tls.keyType == "EC"_L1 && tls.keyBits < kShortestEc))
            return fail(u"the key is too short: %1 with %2 bits"_s.arg(tls.keyType).arg(tls.keyBits), {u"bare"_s});
        const QDateTime now = toDateTime(Clock::system().wallNow());
        const qint64 life = tls.effective.secsTo(tls.expires);
        const qint64 left = now.secsTo(tls.expires);
        const QString until = tls.expires.toString(Qt::ISODate);
        if (double(left) < kLateShare * double(life))
            return warn(
                u"it ends at %1, and %2 % of its life are over"_s.arg(until).arg(100 - 100 * left / std::max<qint64>(life, 1)),
                {u"bare"_s}, Severity::Medium);
        return pass(u"%1 %2 bits, until %3"_s.arg(tls.keyType).arg(tls.keyBits).arg(until));
    }

private:
    // Who cannot be spoken to by TLS shows no certificate, and no client comes in.
    static Judgement judgeWithoutSession(const Recording &seen)
    {
        if (judgePlain(seen).verdict == Finding::Verdict::Fail)
            return skip(u"there is no TLS session, see T1"_s);
        if (answerTo(seen, kOldHello).kind == HelloAnswer::Kind::ServerHello)
            return skip(u"there is no TLS session, see T2 and T3"_s);
        const QString failure = seen.redactor().cleanText(seen.find(u"bare"_s)->tls.failure);
        return fail((isWithoutTls(seen) ? u"there is none, because nothing at this port speaks TLS (%1)"_s
                                        : u"there is none, because no TLS 1.2 or 1.3 can be agreed on (%1)"_s)
                        .arg(failure),
                    {u"bare"_s});
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
            return noConnection(seen, kEcho);
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
            return undecided(u"the server limited the doctor: "_s + admission->what);
        if (admission && admission->kind == Admission::Kind::NoAnswer)
            return undecided(admission->what);
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
    rules.push_back(std::make_unique<HelloRule>(u"T2"_s, kOldHello));
    rules.push_back(std::make_unique<ModernTlsRule>());
    rules.push_back(std::make_unique<CertificateRule>());
    rules.push_back(std::make_unique<HelloRule>(u"T5"_s, kWeakHello));
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
