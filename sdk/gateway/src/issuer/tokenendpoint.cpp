// SPDX-License-Identifier: Apache-2.0
#include "issuer/tokenendpoint.h"

#include "issuer/issuerrequest.h"
#include "watchword/core/log.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/jwt.h"
#include "watchword/jose/pkce.h"

#include <QCryptographicHash>
#include <QJsonArray>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr char kDeviceGrant[] = "urn:ietf:params:oauth:grant-type:device_code";
constexpr char kPasswordAcr[] = "urn:watchword:acr:password";

// OpenID Connect Core section 3.1.3.6, for an algorithm with SHA-256.
QString leftHalfHash(QByteArrayView token)
{
    const QByteArray hash = QCryptographicHash::hash(token, QCryptographicHash::Sha256);
    return QString::fromLatin1(toBase64Url(hash.first(hash.size() / 2)));
}

// The user may have been locked, or have got another password, since the code was issued.
bool isStillFounded(const QString &subject, WallTime authTime, const std::optional<IssuerUser> &user)
{
    return user && user->subject == subject && !user->isLocked && (!user->passwordChanged || authTime >= *user->passwordChanged);
}

} // namespace

TokenEndpoint::TokenEndpoint(IssuerServices &services, CodeBook &codes, DeviceBook &devices)
    : m_services(services)
    , m_codes(codes)
    , m_devices(devices)
{
}

HttpResponse TokenEndpoint::answer(const HttpRequest &request)
{
    const std::optional<FormFields> form = request.form();
    if (!form)
        return tokenError(u"invalid_request"_s, u"send application/x-www-form-urlencoded"_s);
    if (form->hasRepeatedName())
        return tokenError(u"invalid_request"_s, u"a parameter comes more than once"_s);
    HttpResponse refusal;
    const IssuerClient *known = publicClient(m_services.directory, request, *form, &refusal);
    if (!known)
        return m_services.refused(request, refusal);
    if (form->contains(u"resource"_s) && form->value(u"resource"_s) != m_services.options.audience)
        return tokenError(u"invalid_target"_s, u"the resource is unknown"_s);
    const QString grant = form->value(u"grant_type"_s);
    if (grant.isEmpty())
        return tokenError(u"invalid_request"_s, u"grant_type is missing"_s);
    if (grant == "authorization_code"_L1)
        return redeemCode(*form, *known, request);
    if (grant == "refresh_token"_L1)
        return refresh(*form, *known, request);
    if (grant == QLatin1StringView(kDeviceGrant))
        return redeemDeviceCode(*form, *known, request);
    return tokenError(u"unsupported_grant_type"_s, u"authorization_code, refresh_token and device_code are supported"_s);
}

HttpResponse TokenEndpoint::redeemCode(const FormFields &fields, const IssuerClient &client, const HttpRequest &request)
{
    const QByteArray verifier = fields.value(u"code_verifier"_s).toLatin1();
    if (fields.value(u"code"_s).isEmpty() || verifier.isEmpty() || fields.value(u"redirect_uri"_s).isEmpty())
        return tokenError(u"invalid_request"_s, u"code, redirect_uri or code_verifier is missing"_s);
    const std::optional<CodeBook::Presented> presented = m_codes.present(fields.value(u"code"_s));
    if (!presented) {
        m_services.audit.record({.type = u"signin.failed"_s,
                                 .subject = {},
                                 .severity = 3,
                                 .outcome = u"denied"_s,
                                 .reasonCode = u"unknown_code"_s,
                                 .message = u"An authorization code was refused: unknown_code."_s,
                                 .data = {{"actor"_L1, m_services.audit.actor({}, {}, client.id)}}},
                                &request);
        return m_services.refused(request, tokenError(u"invalid_grant"_s, u"the code is not valid"_s));
    }
    const CodeGrant &grant = presented->grant;
    const WallTime now = m_services.clock.wallNow();
    QString reason;
    if (presented->isReplay)
        reason = u"code_replayed"_s;
    else if (grant.expires <= now)
        reason = u"code_expired"_s;
    else if (grant.clientId != client.id)
        reason = u"client_mismatch"_s;
    else if (grant.redirectUri != fields.value(u"redirect_uri"_s))
        reason = u"redirect_uri_mismatch"_s;
    else if (!Pkce::matches(verifier, grant.challenge))
        reason = u"pkce_mismatch"_s;
    else if (!isStillFounded(grant.subject, grant.authTime, m_services.directory.user(grant.name)))
        reason = u"user_changed"_s;
    if (!reason.isEmpty())
        return codeRefused(grant, reason, client, request);
    SessionRecord session;
    session.id = grant.sessionId;
    session.subject = grant.subject;
    session.name = grant.name;
    session.clientId = grant.clientId;
    session.scopes = grant.scopes;
    session.authTime = grant.authTime;
    return begin(session, grant.nonce, request);
}

HttpResponse TokenEndpoint::begin(const SessionRecord &session, const QString &nonce, const HttpRequest &request)
{
    Grant fresh{.session = session, .scopes = session.scopes, .nonce = nonce};
    if (session.scopes.contains(u"offline_access"_s)) {
        const FreshRefreshToken made = SessionBook::makeRefreshToken();
        fresh.refreshToken = made.token;
        fresh.session.familyHash = made.familyHash;
        fresh.session.refreshHash = made.hash;
    }
    return issue(std::move(fresh), u"token.issued"_s, request);
}

HttpResponse TokenEndpoint::redeemDeviceCode(const FormFields &fields, const IssuerClient &client, const HttpRequest &request)
{
    if (fields.value(u"device_code"_s).isEmpty())
        return tokenError(u"invalid_request"_s, u"device_code is missing"_s);
    const WallTime now = m_services.clock.wallNow();
    const DeviceBook::Polled polled = m_devices.poll(Secret::take(fields.value(u"device_code"_s).toLatin1()), client.id, now);
    switch (polled.poll) {
    case DeviceBook::Poll::Unknown:
        return m_services.refused(request, tokenError(u"invalid_grant"_s, u"the device code is not valid"_s));
    case DeviceBook::Poll::Expired:
        return tokenError(u"expired_token"_s, u"the device code is too old; begin again"_s);
    case DeviceBook::Poll::TooSoon:
        return tokenError(u"slow_down"_s, u"ask less often"_s);
    case DeviceBook::Poll::Pending:
        return tokenError(u"authorization_pending"_s, u"nobody has decided yet"_s);
    case DeviceBook::Poll::Denied:
        return tokenError(u"access_denied"_s, u"the person did not allow it"_s);
    case DeviceBook::Poll::Allowed:
        break;
    }
    const DeviceRequest &allowed = polled.request;
    if (!isStillFounded(allowed.subject, allowed.authTime, m_services.directory.user(allowed.name)))
        return tokenError(u"access_denied"_s, u"the person cannot sign in any more"_s);
    SessionRecord session;
    session.id = u"s-"_s + randomId();
    session.subject = allowed.subject;
    session.name = allowed.name;
    session.clientId = allowed.clientId;
    session.scopes = allowed.granted;
    session.authTime = allowed.authTime;
    return begin(session, {}, request);
}

HttpResponse TokenEndpoint::codeRefused(const CodeGrant &grant, const QString &reason, const IssuerClient &client,
                                        const HttpRequest &request)
{
    m_services.audit.record({.type = u"signin.failed"_s,
                             .subject = grant.sessionId,
                             .severity = 3,
                             .outcome = u"denied"_s,
                             .reasonCode = reason,
                             .message = u"An authorization code was refused: %1."_s.arg(reason),
                             .data = {{"actor"_L1, m_services.audit.actor(grant.subject, grant.name, client.id)}}},
                            &request);
    // RFC 6749 section 4.1.2: what was issued for a code that comes twice is revoked.
    if (reason == "code_replayed"_L1)
        m_services.sessions.end(grant.sessionId, {reason, u"revoked"_s, u"policy"_s});
    return m_services.refused(request, tokenError(u"invalid_grant"_s, u"the code is not valid"_s));
}

HttpResponse TokenEndpoint::refresh(const FormFields &fields, const IssuerClient &client, const HttpRequest &request)
{
    if (fields.value(u"refresh_token"_s).isEmpty())
        return tokenError(u"invalid_request"_s, u"refresh_token is missing"_s);
    const Secret presented = Secret::take(fields.value(u"refresh_token"_s).toLatin1());
    const std::optional<SessionRecord> session = m_services.sessions.book().findByRefreshToken(presented);
    if (!session)
        return refused({}, u"unknown_token"_s, presented, request);
    if (session->clientId != client.id)
        return refused(*session, u"client_mismatch"_s, presented, request);
    const std::optional<IssuerUser> person = m_services.directory.user(session->name);
    if (!person || person->subject != session->subject) {
        m_services.sessions.end(session->id, {u"user_removed"_s, u"revoked"_s, u"policy"_s});
        return refused(*session, u"user_removed"_s, presented, request);
    }
    switch (m_services.sessions.book().judge(*session, presented, m_services.clock.wallNow(), m_services.options.reuseGrace)) {
    case SessionBook::Use::Good:
    case SessionBook::Use::GoodAgain:
        break;
    case SessionBook::Use::Expired:
        return refused(*session, u"token_expired"_s, presented, request);
    case SessionBook::Use::Ended:
    case SessionBook::Use::Unknown:
        return refused(*session, u"session_ended"_s, presented, request);
    case SessionBook::Use::Spent:
        return reused(*session, presented, request);
    }
    const QStringList granted = IssuerDirectory::allowedScopes(session->scopes, person->scopes);
    QStringList wanted = fields.value(u"scope"_s).split(u' ', Qt::SkipEmptyParts);
    if (wanted.isEmpty())
        wanted = granted;
    for (const QString &scope : wanted) {
        if (!granted.contains(scope))
            return tokenError(u"invalid_scope"_s, u"a scope goes beyond what was granted"_s);
    }
    return rotate(*session, presented, wanted, request);
}

HttpResponse TokenEndpoint::reused(const SessionRecord &session, const Secret &presented, const HttpRequest &request)
{
    const QString id = SessionBook::refreshTokenId(SessionBook::hashOf(presented.reveal()));
    m_services.audit.record(
        {.type = u"token.reused"_s,
         .subject = session.id,
         .severity = 5,
         .outcome = u"denied"_s,
         .reasonCode = u"refresh_token_reused"_s,
         .message = u"A spent refresh token came again; the session was ended."_s,
         .data = {{"actor"_L1, m_services.audit.actor(session.subject, session.name, session.clientId)},
                  {"session"_L1, IssuerAudit::session(session)},
                  {"token"_L1,
                   QJsonObject{{"jti"_L1, id}, {"fingerprint"_L1, presented.fingerprint()}, {"family"_L1, session.id}}}}},
        &request);
    m_services.sessions.end(session.id, {u"refresh_token_reused"_s, u"reused"_s, u"policy"_s});
    return tokenError(u"invalid_grant"_s, u"the refresh token is not valid"_s);
}

HttpResponse TokenEndpoint::refused(const SessionRecord &session, const QString &reason, const Secret &presented,
                                    const HttpRequest &request)
{
    QJsonObject data{{"token"_L1, QJsonObject{{"fingerprint"_L1, presented.fingerprint()}}}};
    if (!session.id.isEmpty()) {
        data.insert("actor"_L1, m_services.audit.actor(session.subject, session.name, session.clientId));
        data.insert("session"_L1, IssuerAudit::session(session));
    }
    m_services.audit.record({.type = u"token.refresh_failed"_s,
                             .subject = session.id,
                             .severity = 3,
                             .outcome = u"denied"_s,
                             .reasonCode = reason,
                             .message = u"A refresh token was refused: %1."_s.arg(reason),
                             .data = data},
                            &request);
    return m_services.refused(request, tokenError(u"invalid_grant"_s, u"the refresh token is not valid"_s));
}

HttpResponse TokenEndpoint::rotate(const SessionRecord &session, const Secret &presented, const QStringList &scopes,
                                   const HttpRequest &request)
{
    const QByteArray presentedHash = SessionBook::hashOf(presented.reveal());
    const FreshRefreshToken made = SessionBook::makeRefreshToken(presented);
    Grant grant{.session = session,
                .scopes = scopes,
                .refreshToken = made.token,
                .previousAccess = session.accessId,
                .previousRefresh = SessionBook::refreshTokenId(session.refreshHash)};
    // Within the grace the clock of the first use goes on: else a stolen token could be kept alive for ever.
    if (presentedHash == session.refreshHash)
        grant.session.rotatedAt = m_services.clock.wallNow();
    grant.session.previousHash = presentedHash;
    grant.session.refreshHash = made.hash;
    return issue(std::move(grant), u"token.refreshed"_s, request);
}

Result<QByteArray> TokenEndpoint::signAccessToken(const Grant &grant, WallTime now) const
{
    const SessionRecord &session = grant.session;
    return signJwt(m_services.keys.current(), u"at+jwt"_s,
                   {{"iss"_L1, m_services.directory.url()},
                    {"sub"_L1, session.subject},
                    {"aud"_L1, m_services.options.audience},
                    {"exp"_L1, toSecondsSinceEpoch(now + m_services.options.accessTokenLifetime)},
                    {"iat"_L1, toSecondsSinceEpoch(now)},
                    {"jti"_L1, session.accessId},
                    {"sid"_L1, session.id},
                    {"client_id"_L1, session.clientId},
                    {"scope"_L1, grant.scopes.join(u' ')},
                    {"preferred_username"_L1, session.name},
                    {"auth_time"_L1, toSecondsSinceEpoch(session.authTime)},
                    {"acr"_L1, QLatin1StringView(kPasswordAcr)}});
}

Result<QByteArray> TokenEndpoint::signIdToken(const Grant &grant, QByteArrayView accessToken, WallTime now) const
{
    const SessionRecord &session = grant.session;
    QJsonObject claims{{"iss"_L1, m_services.directory.url()},
                       {"sub"_L1, session.subject},
                       {"aud"_L1, session.clientId},
                       {"exp"_L1, toSecondsSinceEpoch(now + m_services.options.accessTokenLifetime)},
                       {"iat"_L1, toSecondsSinceEpoch(now)},
                       {"sid"_L1, session.id},
                       {"auth_time"_L1, toSecondsSinceEpoch(session.authTime)},
                       {"acr"_L1, QLatin1StringView(kPasswordAcr)},
                       {"at_hash"_L1, leftHalfHash(accessToken)},
                       {"preferred_username"_L1, session.name}};
    if (!grant.nonce.isEmpty())
        claims.insert("nonce"_L1, grant.nonce);
    return signJwt(m_services.keys.current(), u"JWT"_s, claims);
}

HttpResponse TokenEndpoint::issue(Grant grant, const QString &auditType, const HttpRequest &request)
{
    const WallTime now = m_services.clock.wallNow();
    SessionRecord &session = grant.session;
    session.accessId = randomId();
    session.accessExpires = std::max(session.accessExpires, WallTime(now + m_services.options.accessTokenLifetime));
    if (!grant.refreshToken.isEmpty()) {
        session.refreshIssued = now;
        session.refreshExpires = std::min(WallTime(now + m_services.options.refreshTokenLifetime),
                                          WallTime(session.authTime + m_services.options.sessionLifetime));
    }
    const Result<QByteArray> access = signAccessToken(grant, now);
    const Result<QByteArray> identity = access ? signIdToken(grant, *access, now) : access;
    const Result<void> stored = identity ? m_services.sessions.keep(session) : Result<void>(identity.error());
    if (!stored) {
        qCWarning(logGateway).noquote() << "no token was issued:" << stored.error().toString();
        return tokenError(u"temporarily_unavailable"_s, u"tokens cannot be issued right now"_s, 503).with("Retry-After", "5");
    }
    QJsonObject body{{"access_token"_L1, QString::fromLatin1(*access)},
                     {"token_type"_L1, u"Bearer"_s},
                     {"expires_in"_L1, qint64(m_services.options.accessTokenLifetime.count())},
                     {"scope"_L1, grant.scopes.join(u' ')}};
    if (grant.scopes.contains(u"openid"_s))
        body.insert("id_token"_L1, QString::fromLatin1(*identity));
    if (!grant.refreshToken.isEmpty())
        body.insert("refresh_token"_L1, QString::fromLatin1(grant.refreshToken.reveal()));

    record(grant, auditType, *access, now, request);
    m_services.sessions.announceTokens({.session = session,
                                        .at = now,
                                        .accessExpires = now + m_services.options.accessTokenLifetime,
                                        .previousAccess = grant.previousAccess,
                                        .previousRefresh = grant.previousRefresh,
                                        .hasRefresh = !grant.refreshToken.isEmpty()});
    return HttpResponse::json(200, body).with("Pragma", "no-cache");
}

void TokenEndpoint::record(const Grant &grant, const QString &auditType, QByteArrayView accessToken, WallTime now,
                           const HttpRequest &request)
{
    const SessionRecord &session = grant.session;
    const std::chrono::seconds lifetime = m_services.options.accessTokenLifetime;
    m_services.audit.record({.type = auditType,
                             .subject = session.id,
                             .severity = 1,
                             .outcome = u"success"_s,
                             .reasonCode = {},
                             .message = u"Tokens for %1, good for %2 s."_s.arg(session.name, QString::number(lifetime.count())),
                             .data = {{"actor"_L1, m_services.audit.actor(session.subject, session.name, session.clientId)},
                                      {"session"_L1, IssuerAudit::session(session)},
                                      {"token"_L1,
                                       QJsonObject{{"jti"_L1, session.accessId},
                                                   {"fingerprint"_L1, Secret::copy(accessToken).fingerprint()},
                                                   {"kid"_L1, m_services.keys.current().keyId()},
                                                   {"alg"_L1, u"ES256"_s},
                                                   {"aud"_L1, QJsonArray{m_services.options.audience}},
                                                   {"scope"_L1, QJsonArray::fromStringList(grant.scopes)},
                                                   {"iat"_L1, toSecondsSinceEpoch(now)},
                                                   {"exp"_L1, toSecondsSinceEpoch(now + lifetime)},
                                                   {"family"_L1, session.id}}}}},
                            &request);
}

} // namespace Watchword::Gateway
