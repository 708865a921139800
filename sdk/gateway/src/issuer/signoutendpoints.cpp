// SPDX-License-Identifier: Apache-2.0
#include "issuer/signoutendpoints.h"

#include "issuer/issuerrequest.h"
#include "issuer/loginpage.h"
#include "issuer/redirecturi.h"
#include "watchword/core/log.h"
#include "watchword/jose/jwt.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

// A hint may be as old as the session (RP-initiated logout section 2: "SHOULD accept ID Tokens when ... expired").
constexpr std::chrono::hours kOldestHint{24 * 3650};

} // namespace

SignOutEndpoints::SignOutEndpoints(IssuerServices &services)
    : m_services(services)
{
}

HttpResponse SignOutEndpoints::revoke(const HttpRequest &request)
{
    const std::optional<FormFields> form = request.form();
    if (!form || form->hasRepeatedName() || form->value(u"token"_s).isEmpty())
        return tokenError(u"invalid_request"_s, u"send one token as application/x-www-form-urlencoded"_s);
    HttpResponse refusal;
    const IssuerClient *known = publicClient(m_services.directory, request, *form, &refusal);
    if (!known)
        return refusal;
    // RFC 7009 section 2.2: an unknown token is a success, because the client's wish is fulfilled already.
    const HttpResponse done{.status = 200, .headers = {{"Cache-Control", "no-store"}}, .body = {}};
    const Secret presented = Secret::take(form->value(u"token"_s).toLatin1());
    if (const std::optional<SessionRecord> session = m_services.sessions.book().findByRefreshToken(presented)) {
        if (session->clientId == known->id)
            m_services.sessions.end(session->id, {u"signed_out"_s, u"signed_out"_s, u"user"_s});
        return m_services.sessions.book().find(session->id)->ended || session->clientId != known->id
            ? done
            : tokenError(u"temporarily_unavailable"_s, u"the revocation was not stored"_s, 503).with("Retry-After", "5");
    }
    JwtPolicy policy;
    policy.types = QStringList{u"at+jwt"_s};
    policy.typeRequired = true;
    policy.issuer = m_services.directory.url();
    policy.audiences = QStringList{m_services.options.audience};
    const Result<Jwt> access = Jwt::verify(presented.reveal(), m_services.keys.publicKeys(), policy, m_services.clock.wallNow());
    if (!access || access->claim(u"client_id").toString() != known->id)
        return done;
    const Result<void> stored =
        m_services.sessions.revokeToken(access->id(), access->expiresAt().value_or(m_services.clock.wallNow()));
    if (!stored) {
        qCWarning(logGateway).noquote() << stored.error().toString();
        return tokenError(u"temporarily_unavailable"_s, u"the revocation was not stored"_s, 503).with("Retry-After", "5");
    }
    const SessionRecord session = m_services.sessions.book().find(access->sessionId()).value_or(SessionRecord());
    m_services.audit.record(
        {.type = u"token.revoked"_s,
         .subject = access->sessionId(),
         .severity = 2,
         .outcome = u"success"_s,
         .reasonCode = u"revoked_by_client"_s,
         .message = u"An access token was revoked."_s,
         .data = {{"actor"_L1, m_services.audit.actor(access->subject(), session.name, known->id)},
                  {"initiator"_L1, u"user"_s},
                  {"token"_L1, QJsonObject{{"jti"_L1, access->id()}, {"fingerprint"_L1, presented.fingerprint()}}}}},
        &request);
    return done;
}

HttpResponse SignOutEndpoints::logout(const HttpRequest &request)
{
    const std::optional<FormFields> form = request.head.method == "POST" ? request.form() : request.query();
    if (!form || form->hasRepeatedName())
        return HttpResponse::page(400, messagePage(u"Sign-out"_s, u"The app sent a request that is not valid."_s));
    JwtPolicy policy;
    policy.types = QStringList{u"jwt"_s};
    policy.issuer = m_services.directory.url();
    policy.audienceRequired = false;
    policy.leeway = kOldestHint;
    const Result<Jwt> hint =
        Jwt::verify(form->value(u"id_token_hint"_s).toLatin1(), m_services.keys.publicKeys(), policy, m_services.clock.wallNow());
    const QString clientId = form->value(u"client_id"_s);
    const QString hintClient = hint && !hint->audiences().isEmpty() ? hint->audiences().first() : QString();
    if (form->contains(u"id_token_hint"_s) && (!hint || (!clientId.isEmpty() && clientId != hintClient)))
        return HttpResponse::page(400, messagePage(u"Sign-out"_s, u"The app's proof of the session is not valid."_s));
    if (hint)
        m_services.sessions.end(hint->sessionId(), {u"signed_out"_s, u"signed_out"_s, u"user"_s});
    const IssuerClient *known = m_services.directory.client(hint ? hintClient : clientId);
    const QString back = form->value(u"post_logout_redirect_uri"_s);
    const bool registered = known
        && std::any_of(known->postLogoutRedirectUris.begin(), known->postLogoutRedirectUris.end(),
                       [&](const QString &uri) { return matchesRedirectUri(uri, back); });
    if (registered)
        return HttpResponse::redirect(withParameters(back, {{"state", form->value(u"state"_s)}}));
    return HttpResponse::page(
        200, messagePage(u"Signed out"_s, hint ? u"You can close this window."_s : u"This browser holds no session here."_s));
}

} // namespace Watchword::Gateway
