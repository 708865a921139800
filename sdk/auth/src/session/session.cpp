// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/session.h"

#include "session/session_p.h"
#include "watchword/auth/sessiontext.h"

namespace Watchword {

using M = SessionMachine;

Session::Session(SessionOptions options, QObject *parent)
    : TokenProvider(parent)
    , d(std::make_unique<Private>(std::move(options), this))
{
}

Session::~Session()
{
    end();
    d->executor.finishNow();
    d.reset();
}

void Session::end()
{
    blockSignals(true);
    d->executor.requests.end();
}

Session::State Session::state() const
{
    return d->executor.shown.state;
}

Error Session::stateReason() const
{
    return d->executor.shown.reason;
}

QString Session::stateText() const
{
    return SessionText::ofState(state());
}

QString Session::suggestedAction() const
{
    return SessionText::suggestion(state(), stateReason());
}

QString Session::otherUser() const
{
    const SignInOutcome *other = d->executor.machine.signIn().otherUser();
    if (!other)
        return {};
    return other->claims.accountName.isEmpty() ? other->claims.subject : other->claims.accountName;
}

QString Session::accountName() const
{
    return d->executor.machine.tokens().accountName;
}

QString Session::subject() const
{
    return d->executor.machine.tokens().subject;
}

QDateTime Session::expiresAt() const
{
    const TokenSet &tokens = d->executor.machine.tokens();
    if (tokens.accessToken.isEmpty() || !tokens.expiresAt)
        return {};
    return toDateTime(*tokens.expiresAt);
}

QDateTime Session::nextAttempt() const
{
    return d->executor.nextAttempt;
}

QUrl Session::signInUrl() const
{
    return d->executor.signIn.url();
}

DeviceSignIn Session::deviceSignIn() const
{
    return d->executor.signIn.device();
}

const SessionOptions &Session::options() const
{
    return d->executor.options;
}

QFuture<Result<AccessToken>> Session::requestToken(const TokenRequest &request)
{
    return d->executor.request(request);
}

Result<AccessToken> Session::currentToken() const
{
    return d->executor.requests.currentToken();
}

QFuture<Result<RequestHeaders>> Session::requestHeaders(const QByteArray &method, const QUrl &url, const TokenRequest &request)
{
    return d->executor.requests.headers(method, url, requestToken(request));
}

QList<SessionEvent> Session::timeline() const
{
    return d->executor.timeline.events();
}

QString Session::explain() const
{
    return d->report(*this).text();
}

QJsonObject Session::explainJson() const
{
    return d->report(*this).json();
}

void Session::start()
{
    d->executor.obey(M::Start{});
}

void Session::signIn()
{
    d->executor.obey(M::SignIn{});
}

bool Session::handleRedirect(const QUrl &url)
{
    return !d->executor.requests.isOver() && d->executor.signIn.handleRedirect(url);
}

void Session::cancelSignIn()
{
    d->executor.obey(M::CancelSignIn{});
}

void Session::refresh()
{
    if (!d->executor.requests.isOver())
        d->executor.refresher.beginNow(QStringLiteral("application"));
}

void Session::signOut()
{
    signOut(SignOutScope::Here);
}

void Session::signOut(SignOutScope scope)
{
    using Scope = M::SignOut::Scope;
    d->executor.obey(M::SignOut{scope == SignOutScope::Everywhere ? Scope::Everywhere : Scope::Here});
}

void Session::acceptOtherUser()
{
    d->executor.obey(M::AcceptOtherUser{});
}

void Session::retryKeychain()
{
    d->executor.obey(M::RetryKeychain{});
}

} // namespace Watchword
