// SPDX-License-Identifier: Apache-2.0
#include "issuer/authorizationendpoint.h"

#include "issuer/issuerrequest.h"
#include "issuer/redirecturi.h"
#include "watchword/jose/base64url.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestValue = 2048; //!< Of state and nonce, which are kept for the client.

HttpResponse authorizeProblem(int status, const QString &text)
{
    return HttpResponse::page(status, messagePage(u"Sign-in is not possible"_s, text));
}

// RFC 7636 section 4.2: base64url of SHA-256, so exactly 43 characters.
bool isChallenge(const QString &text)
{
    return text.size() == 43 && fromBase64Url(text.toLatin1()).isOk();
}

} // namespace

AuthorizationEndpoint::AuthorizationEndpoint(const IssuerServices &services, const SignInPage &page)
    : m_services(services)
    , m_page(page)
{
}

HttpResponse AuthorizationEndpoint::answer(const HttpRequest &request) const
{
    const std::optional<FormFields> form = request.head.method == "POST" ? request.form() : request.query();
    if (!form)
        return authorizeProblem(400, u"The app sent a request that is not a form."_s);
    const IssuerClient *known = m_services.directory.client(form->value(u"client_id"_s));
    if (!known)
        return authorizeProblem(400, u"The app is not registered here (unknown client_id)."_s);
    // RFC 6749 section 4.1.2.1: with a wrong redirect URI nothing may be redirected, an open redirector is worse than an
    // unfriendly page.
    const QString redirectUri = form->value(u"redirect_uri"_s);
    const bool registered = std::any_of(known->redirectUris.begin(), known->redirectUris.end(),
                                        [&](const QString &uri) { return matchesRedirectUri(uri, redirectUri); });
    if (!registered)
        return authorizeProblem(400, u"The app asked to return to an address that is not registered (redirect_uri)."_s);
    if (form->hasRepeatedName()) {
        return authorizationError(redirectUri, form->value(u"state"_s), u"invalid_request"_s,
                                  u"a parameter comes more than once"_s, m_services.directory.url());
    }
    return answerKnownClient(*form, *known, redirectUri);
}

HttpResponse AuthorizationEndpoint::answerKnownClient(const FormFields &fields, const IssuerClient &client,
                                                      const QString &redirectUri) const
{
    const QString state = fields.value(u"state"_s);
    const auto refuse = [&](const QString &error, const QString &description) {
        return authorizationError(redirectUri, state, error, description, m_services.directory.url());
    };
    if (fields.contains(u"request"_s))
        return refuse(u"request_not_supported"_s, {});
    if (fields.contains(u"request_uri"_s))
        return refuse(u"request_uri_not_supported"_s, {});
    if (!fields.contains(u"response_type"_s))
        return refuse(u"invalid_request"_s, u"response_type is missing"_s);
    if (fields.value(u"response_type"_s) != "code"_L1)
        return refuse(u"unsupported_response_type"_s, u"only code is supported"_s);
    if (fields.contains(u"response_mode"_s) && fields.value(u"response_mode"_s) != "query"_L1)
        return refuse(u"invalid_request"_s, u"only response_mode query is supported"_s);
    if (fields.value(u"code_challenge_method"_s) != "S256"_L1 || !isChallenge(fields.value(u"code_challenge"_s)))
        return refuse(u"invalid_request"_s, u"PKCE with S256 is required"_s);
    if (state.size() > kLongestValue || fields.value(u"nonce"_s).size() > kLongestValue)
        return refuse(u"invalid_request"_s, u"state or nonce is too long"_s);
    if (fields.contains(u"resource"_s) && fields.value(u"resource"_s) != m_services.options.audience)
        return refuse(u"invalid_target"_s, u"the resource is unknown"_s);
    QStringList scopes = fields.value(u"scope"_s).split(u' ', Qt::SkipEmptyParts);
    if (scopes.isEmpty())
        scopes = client.scopes;
    scopes.removeDuplicates();
    if (IssuerDirectory::allowedScopes(scopes, client.scopes).size() != scopes.size())
        return refuse(u"invalid_scope"_s, u"the client may not ask for one of the scopes"_s);
    const QStringList prompts = fields.value(u"prompt"_s).split(u' ', Qt::SkipEmptyParts);
    if (prompts.contains(u"none"_s)) {
        return prompts.size() > 1 ? refuse(u"invalid_request"_s, u"prompt none stands alone"_s) : refuse(u"login_required"_s, {});
    }
    const SignInRequest wanted{.id = randomId(),
                               .clientId = client.id,
                               .redirectUri = redirectUri,
                               .state = state,
                               .nonce = fields.value(u"nonce"_s),
                               .challenge = fields.value(u"code_challenge"_s),
                               .loginHint = fields.value(u"login_hint"_s).left(256),
                               .scopes = scopes,
                               .expires = m_services.clock.wallNow() + m_services.options.requestLifetime};
    return HttpResponse::redirect(QUrl::fromEncoded(m_page.addressOf(wanted).toLatin1(), QUrl::StrictMode));
}

} // namespace Watchword::Gateway
