// SPDX-License-Identifier: Apache-2.0
#include "gate/proofchecker.h"

#include "watchword/jose/dpop.h"
#include "watchword/jose/jwt.h"

#include <QHostAddress>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

using Kind = ProofProblem::Kind;

ProofProblem problem(Kind kind, const QString &reasonCode, const QString &message)
{
    return {kind, reasonCode, message};
}

struct Reason
{
    ErrorCode code;
    QLatin1StringView reason;
};

// What DpopProof::verify() says, in the words of the audit.
constexpr Reason kReasons[] = {{ErrorCode::WrongTokenType, "dpop_wrong_type"_L1},
                               {ErrorCode::UnsupportedAlgorithm, "dpop_algorithm"_L1},
                               {ErrorCode::UnusableKey, "dpop_unusable_key"_L1},
                               {ErrorCode::UnknownKey, "dpop_unusable_key"_L1}, // not for its "alg"
                               {ErrorCode::BadSignature, "dpop_bad_signature"_L1},
                               {ErrorCode::MissingClaim, "dpop_claim_missing"_L1},
                               {ErrorCode::InvalidRequest, "dpop_wrong_request"_L1},
                               {ErrorCode::TokenExpired, "dpop_too_old"_L1},
                               {ErrorCode::TokenNotYetValid, "dpop_in_future"_L1},
                               {ErrorCode::WrongAudience, "dpop_wrong_token"_L1},
                               {ErrorCode::WrongNonce, "dpop_nonce"_L1}};

ProofProblem problemOf(const Error &error)
{
    const Kind kind = error.code() == ErrorCode::WrongNonce ? Kind::NonceWanted : Kind::InvalidProof;
    const auto known =
        std::find_if(std::begin(kReasons), std::end(kReasons), [&error](const Reason &row) { return row.code == error.code(); });
    return problem(kind, known == std::end(kReasons) ? u"dpop_malformed"_s : QString(known->reason), error.detail());
}

bool matches(const QString &pattern, const QString &host)
{
    if (QString::compare(pattern, host, Qt::CaseInsensitive) == 0)
        return true;
    if (const QHostAddress address(host); !address.isNull())
        return address == QHostAddress(pattern);
    // RFC 6125 section 6.4.3: the star is the whole left-most label.
    const qsizetype dot = host.indexOf(u'.');
    return pattern.startsWith("*."_L1) && dot > 0
        && QStringView(host).sliced(dot).compare(QStringView(pattern).sliced(1), Qt::CaseInsensitive) == 0;
}

} // namespace

QByteArray ProofProblem::wireError() const
{
    switch (kind) {
    case Kind::InvalidProof:
        return "invalid_dpop_proof";
    case Kind::InvalidToken:
        return "invalid_token";
    case Kind::NonceWanted:
        return "use_dpop_nonce";
    case Kind::CannotRemember:
        return {};
    }
    Q_UNREACHABLE();
}

bool ProofProblem::changesKey() const
{
    return reasonCode == "dpop_key_changed"_L1;
}

Error ProofProblem::toError() const
{
    switch (kind) {
    case Kind::InvalidProof:
        return Error(ErrorCode::InvalidRequest, message);
    case Kind::InvalidToken:
        return Error(changesKey() ? ErrorCode::IdentityChanged : ErrorCode::InvalidRequest, message);
    case Kind::NonceWanted:
        return Error(ErrorCode::WrongNonce, message);
    case Kind::CannotRemember:
        return Error(ErrorCode::TemporarilyUnavailable, message);
    }
    Q_UNREACHABLE();
}

const QByteArray &ProofChecker::algorithms()
{
    static const QByteArray names = JwtPolicy().algorithms.join(u' ').toLatin1();
    return names;
}

// An entry is kept for as long as a proof from the future can be used, and a little more.
ProofChecker::ProofChecker(Clock &clock)
    : m_clock(clock)
    , m_used(2 * kAge + std::chrono::seconds(1))
{
}

void ProofChecker::setConfig(const GatewayConfig &config)
{
    m_wantsNonce = config.dpop.nonce;
    m_publicNames = config.listen.publicNames;
    m_knowsNames = !config.listen.plain || !m_publicNames.isEmpty();
    m_boundIssuers.clear();
    for (const IssuerConfig &issuer : config.issuers) {
        if (issuer.requireDpop)
            m_boundIssuers.insert(issuer.issuer());
    }
}

void ProofChecker::setCertificateNames(const QStringList &names)
{
    m_certificateNames = names;
}

QByteArray ProofChecker::nonce() const
{
    return m_wantsNonce ? m_nonces.current(m_clock.wallNow()) : QByteArray();
}

bool ProofChecker::isOurs(const QString &host) const
{
    const auto fits = [&host](const QString &name) { return matches(name, host); };
    return !m_knowsNames || std::any_of(m_certificateNames.begin(), m_certificateNames.end(), fits)
        || std::any_of(m_publicNames.begin(), m_publicNames.end(),
                       [&host](const QString &name) { return matches(QUrl(u"https://"_s + name).host(), host); });
}

// The host is the client's word. Without a look at it, a proof that a client made for a server of its own choice could be
// used here by that server.
QUrl ProofChecker::requestUrl(const RequestHead &head, bool isSecure, bool isFromProxy) const
{
    const QString scheme = isSecure ? u"https://"_s : u"http://"_s;
    const QString path = QString::fromLatin1(head.path);
    const QString host = QString::fromLatin1(head.value("Host"));
    const QUrl url(scheme + host + path, QUrl::StrictMode);
    // All of Host is the authority: nothing of it becomes a part of the path.
    const bool isGood = url.isValid() && !url.host().isEmpty() && url.userInfo().isEmpty()
        && url.authority().compare(host, Qt::CaseInsensitive) == 0;
    if (isGood && isOurs(url.host()))
        return url;
    // A proxy may put its own name for us there; who came through it asked for the public one.
    if (isFromProxy && !m_publicNames.isEmpty())
        return QUrl(scheme + m_publicNames.first() + path, QUrl::StrictMode);
    return {};
}

std::optional<ProofProblem> ProofChecker::check(const Identity &identity, const Secret &token, const Presentation &presentation)
{
    const bool isBound = !identity.keyThumbprint.isEmpty();
    if (!presentation.keyOfConnection.isEmpty() && identity.keyThumbprint != presentation.keyOfConnection)
        return problem(Kind::InvalidToken, u"dpop_key_changed"_s, u"the connection belongs to another key"_s);
    if (isBound && !presentation.isDpop)
        return problem(Kind::InvalidToken, u"dpop_token_as_bearer"_s, u"the token is bound to a key and came without a proof"_s);
    if (isBound)
        return checkProof(identity, token, presentation);
    if (presentation.isDpop)
        return problem(Kind::InvalidToken, u"dpop_token_not_bound"_s, u"a proof came with a token that is bound to no key"_s);
    if (presentation.mustBeBound || m_boundIssuers.contains(identity.issuer))
        return problem(Kind::InvalidToken, u"dpop_required"_s, u"the token has to be bound to a key"_s);
    return {};
}

std::optional<ProofProblem> ProofChecker::checkProof(const Identity &identity, const Secret &token,
                                                     const Presentation &presentation)
{
    if (presentation.proof.isEmpty())
        return problem(Kind::InvalidProof, u"dpop_proof_missing"_s, u"there is no DPoP proof"_s);
    if (presentation.url.isEmpty())
        return problem(Kind::InvalidProof, u"dpop_foreign_host"_s, u"the host of the request is no name of this gateway"_s);
    const WallTime now = m_clock.wallNow();
    DpopProof::Expectation expected;
    expected.request = {presentation.method, presentation.url, token, {}};
    expected.age = kAge;
    expected.leeway = kAge;
    if (m_wantsNonce) {
        const Result<Jwt> unproven = Jwt::parse(presentation.proof);
        const QByteArray sent = unproven ? unproven->claim(u"nonce").toString().toLatin1() : QByteArray();
        const bool isOurs = m_nonces.accepts(sent, now);
        expected.request.nonce = QString::fromLatin1(isOurs ? sent : m_nonces.current(now));
    }
    const Result<DpopProof> proof = DpopProof::verify(presentation.proof, expected, now);
    if (!proof)
        return problemOf(proof.error());
    if (proof->thumbprint() != identity.keyThumbprint)
        return problem(Kind::InvalidToken, u"dpop_wrong_key"_s, u"the token is bound to another key than the proof's"_s);
    switch (m_used.take(proof->thumbprint(), proof->id(), m_clock.now())) {
    case ReplayCache::Verdict::Fresh:
        return {};
    case ReplayCache::Verdict::Used:
        return problem(Kind::InvalidProof, u"dpop_replayed"_s, u"the DPoP proof was used before"_s);
    case ReplayCache::Verdict::Full:
        return problem(Kind::CannotRemember, u"dpop_cannot_remember"_s, u"too many DPoP proofs in a short time"_s);
    }
    Q_UNREACHABLE();
}

} // namespace Watchword::Gateway
