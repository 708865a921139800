// SPDX-License-Identifier: Apache-2.0
#include "issuer/issuer_p.h"

#include "issuer/loginpage.h"
#include "issuer/redirecturi.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/passwordhash.h"

#include <QPointer>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostPending = 10'000;
constexpr qsizetype kMostCodes = 10'000;
constexpr qsizetype kLongestValue = 2048; //!< Of state and nonce, which are kept for the client.

HttpResponse problemPage(int status, const QString &text)
{
    return HttpResponse::page(status, messagePage(u"Sign-in is not possible"_s, text));
}

HttpResponse startAgain()
{
    return problemPage(400, u"This sign-in is unknown or took too long. Go back to the app and start again."_s);
}

bool sameText(const QString &a, const QString &b)
{
    return Secret::copy(a.toUtf8()).equals(Secret::copy(b.toUtf8()));
}

// RFC 7636 section 4.2: base64url of SHA-256, so exactly 43 characters.
bool isChallenge(const QString &text)
{
    return text.size() == 43 && fromBase64Url(text.toLatin1()).isOk();
}

} // namespace

bool isFromElsewhere(const HttpRequest &request)
{
    const QByteArray site = request.head.value("Sec-Fetch-Site");
    return site == "cross-site" || site == "same-site";
}

HttpResponse Issuer::Private::authorize(const HttpRequest &request)
{
    const std::optional<FormFields> form = request.head.method == "POST" ? request.form() : request.query();
    if (!form)
        return problemPage(400, u"The app sent a request that is not a form."_s);
    const IssuerClient *known = client(form->value(u"client_id"_s));
    if (!known)
        return problemPage(400, u"The app is not registered here (unknown client_id)."_s);
    // RFC 6749 section 4.1.2.1: with a wrong redirect URI nothing may be redirected, an open redirector is worse than an
    // unfriendly page.
    const QString redirectUri = form->value(u"redirect_uri"_s);
    const bool registered = std::any_of(known->redirectUris.begin(), known->redirectUris.end(),
                                        [&](const QString &uri) { return matchesRedirectUri(uri, redirectUri); });
    if (!registered)
        return problemPage(400, u"The app asked to return to an address that is not registered (redirect_uri)."_s);
    if (form->hasRepeatedName()) {
        return authorizationError(redirectUri, form->value(u"state"_s), u"invalid_request"_s,
                                  u"a parameter comes more than once"_s);
    }
    return authorizeKnownClient(*form, *known, redirectUri);
}

HttpResponse Issuer::Private::authorizeKnownClient(const FormFields &fields, const IssuerClient &client,
                                                   const QString &redirectUri)
{
    const QString state = fields.value(u"state"_s);
    const auto refuse = [&](const QString &error, const QString &description) {
        return authorizationError(redirectUri, state, error, description);
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
    if (fields.contains(u"resource"_s) && fields.value(u"resource"_s) != options.audience)
        return refuse(u"invalid_target"_s, u"the resource is unknown"_s);
    QStringList scopes = fields.value(u"scope"_s).split(u' ', Qt::SkipEmptyParts);
    if (scopes.isEmpty())
        scopes = client.scopes;
    scopes.removeDuplicates();
    if (allowedScopes(scopes, client.scopes).size() != scopes.size())
        return refuse(u"invalid_scope"_s, u"the client may not ask for one of the scopes"_s);
    const QStringList prompts = fields.value(u"prompt"_s).split(u' ', Qt::SkipEmptyParts);
    if (prompts.contains(u"none"_s)) {
        return prompts.size() > 1 ? refuse(u"invalid_request"_s, u"prompt none stands alone"_s) : refuse(u"login_required"_s, {});
    }
    if (pending.size() >= kMostPending)
        return refuse(u"temporarily_unavailable"_s, u"too many sign-ins at once"_s);
    const PendingSignIn entry{.id = randomId(),
                              .csrf = randomId(),
                              .clientId = client.id,
                              .redirectUri = redirectUri,
                              .state = state,
                              .nonce = fields.value(u"nonce"_s),
                              .challenge = fields.value(u"code_challenge"_s),
                              .loginHint = fields.value(u"login_hint"_s).left(256),
                              .scopes = scopes,
                              .expires = clock.wallNow() + options.requestLifetime};
    pending.insert(entry.id, entry);
    return HttpResponse::redirect(withParameters(issuerUrl() + u"/login"_s, {{"request", entry.id}}));
}

HttpResponse Issuer::Private::authorizationError(const QString &redirectUri, const QString &state, const QString &error,
                                                 const QString &description) const
{
    return HttpResponse::redirect(withParameters(
        redirectUri, {{"error", error}, {"error_description", description}, {"state", state}, {"iss", issuerUrl()}}));
}

HttpResponse Issuer::Private::showLogin(const HttpRequest &request)
{
    const auto found = pending.constFind(request.query().value(u"request"_s));
    if (found == pending.constEnd() || found->expires <= clock.wallNow())
        return startAgain();
    return HttpResponse::page(200, loginPage(loginForm(*found, found->loginHint, {})));
}

void Issuer::Private::postLogin(const HttpRequest &request, const HttpServer::Responder &respond)
{
    const std::optional<FormFields> form = request.form();
    if (!form)
        return respond(problemPage(415, u"The sign-in form was sent in an unknown format."_s));
    const auto found = pending.find(form->value(u"request"_s));
    if (found == pending.end() || found->expires <= clock.wallNow())
        return respond(startAgain());
    const PendingSignIn entry = *found;
    if (!sameText(form->value(u"csrf"_s), entry.csrf) || isFromElsewhere(request)) {
        signInRefused(entry, nullptr, {}, u"csrf"_s, request);
        return respond(problemPage(403, u"The sign-in form does not belong to this page. Go back and start again."_s));
    }
    if (form->value(u"action"_s) == "cancel"_L1) {
        pending.erase(found);
        return respond(authorizationError(entry.redirectUri, entry.state, u"access_denied"_s, u"the sign-in was cancelled"_s));
    }
    if (entry.checking)
        return respond(problemPage(409, u"This sign-in is being checked already."_s));
    const QString name = form->value(u"username"_s).trimmed().left(256);
    const IssuerUser *known = user(name);
    if (const auto wait = brake.wait(name, request.peer.toString(), clock.now())) {
        const qint64 seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
        return respond(
            signInRefused(entry, known, name, u"too_many_attempts"_s, request).with("Retry-After", QByteArray::number(seconds)));
    }
    if (passwordsInWork >= kMostPasswordsInWork)
        return respond(problemPage(503, u"Too many people sign in right now. Try again."_s).with("Retry-After", "2"));
    found->checking = true;
    HttpRequest facts = request;
    facts.body.clear(); // it holds the password
    checkPasswordLater(known, Secret::take(form->value(u"password"_s).toUtf8()),
                       [this, id = entry.id, known, name, facts, respond](bool good) {
                           respond(passwordChecked(id, known, name, good, facts));
                       });
}

void Issuer::Private::checkPasswordLater(const IssuerUser *known, Secret password, const std::function<void(bool)> &done)
{
    ++passwordsInWork;
    const QString hash = known ? known->passwordHash : decoyHash;
    const auto finish = [this, known, done](bool good) {
        --passwordsInWork;
        done(good && known);
    };
    const Duration delay = options.signInLimits.delay;
    workers.start([context = QPointer<Issuer>(q), hash, password = std::move(password), finish, delay] {
        const bool good = checkPassword(password, hash);
        // The destructor waits for the workers, so the issuer is there; what is queued for it dies with it.
        QMetaObject::invokeMethod(context.data(), [context, finish, good, delay] {
            if (good || delay.count() == 0)
                return finish(good);
            QTimer::singleShot(delay, context.data(), [finish] { finish(false); });
        });
    });
}

HttpResponse Issuer::Private::passwordChecked(const QString &id, const IssuerUser *known, const QString &name, bool good,
                                              const HttpRequest &request)
{
    const auto found = pending.find(id);
    if (found == pending.end() || found->expires <= clock.wallNow())
        return startAgain();
    found->checking = false;
    const PendingSignIn entry = *found;
    if (!good) {
        brake.failed(name, request.peer.toString(), clock.now());
        return signInRefused(entry, known, name, known ? u"wrong_password"_s : u"unknown_user"_s, request);
    }
    brake.succeeded(name, request.peer.toString());
    if (codes.size() >= kMostCodes)
        return problemPage(503, u"Too many people sign in right now. Try again."_s).with("Retry-After", "5");
    pending.erase(found);
    return signedIn(entry, *known, request);
}

HttpResponse Issuer::Private::signedIn(const PendingSignIn &entry, const IssuerUser &person, const HttpRequest &request)
{
    const WallTime now = clock.wallNow();
    const CodeGrant grant{.sessionId = u"s-"_s + randomId(),
                          .subject = person.subject,
                          .name = person.name,
                          .clientId = entry.clientId,
                          .redirectUri = entry.redirectUri,
                          .nonce = entry.nonce,
                          .challenge = entry.challenge,
                          .scopes = allowedScopes(entry.scopes, person.scopes),
                          .authTime = now,
                          .expires = now + options.codeLifetime};
    const Secret code = Secret::take(toBase64Url(Secret::random(32).reveal()));
    codes.insert(SessionBook::hashOf(code.reveal()), grant);
    audit({.type = u"signin.succeeded"_s,
           .subject = grant.sessionId,
           .severity = 1,
           .outcome = u"success"_s,
           .reasonCode = {},
           .message = u"%1 signed in."_s.arg(person.name),
           .data = {{"actor"_L1, actor(person.subject, person.name, entry.clientId)},
                    {"initiator"_L1, u"user"_s},
                    {"session"_L1, QJsonObject{{"sid"_L1, grant.sessionId}, {"created"_L1, toSecondsSinceEpoch(now)}}}}},
          &request);
    return HttpResponse::redirect(withParameters(
        entry.redirectUri, {{"code", QString::fromLatin1(code.reveal())}, {"state", entry.state}, {"iss", issuerUrl()}}));
}

bool Issuer::Private::auditFailedSignIn(const IssuerUser *known, const QString &clientId, const QString &reason,
                                        const HttpRequest &request)
{
    // A name that nobody has may be a password in the wrong field, so it is not written down.
    const bool braked = reason == "too_many_attempts"_L1;
    QJsonObject data{{"actor"_L1, actor(known ? known->subject : QString(), known ? known->name : QString(), clientId)},
                     {"initiator"_L1, u"user"_s}};
    audit({.type = u"signin.failed"_s,
           .subject = {},
           .severity = 3,
           .outcome = braked ? u"denied"_s : u"failure"_s,
           .reasonCode = reason,
           .message = u"A sign-in failed: %1."_s.arg(reason),
           .data = data},
          &request);
    if (braked) {
        const SignInLimits &limits = options.signInLimits;
        data.insert("limit"_L1, QJsonObject{{"name"_L1, u"signin_failures"_s}, {"max"_L1, limits.failuresPerUser}});
        audit({.type = u"limit.hit"_s,
               .subject = {},
               .severity = 3,
               .outcome = u"denied"_s,
               .reasonCode = u"signin_failures"_s,
               .message = u"Too many wrong passwords."_s,
               .data = data},
              &request);
    }
    return braked;
}

HttpResponse Issuer::Private::signInRefused(const PendingSignIn &entry, const IssuerUser *known, const QString &name,
                                            const QString &reason, const HttpRequest &request)
{
    const bool braked = auditFailedSignIn(known, entry.clientId, reason, request);
    return HttpResponse::page(braked ? 429 : 401, loginPage(loginForm(entry, name, signInProblem(braked))));
}

LoginForm Issuer::Private::loginForm(const PendingSignIn &entry, const QString &username, const QString &problem) const
{
    return {.request = entry.id,
            .csrf = entry.csrf,
            .clientName = entry.clientId,
            .username = username,
            .problem = problem,
            .scopes = entry.scopes,
            .lifetime = entry.scopes.contains(u"offline_access"_s) ? options.sessionLifetime : options.accessTokenLifetime};
}

} // namespace Watchword::Gateway
