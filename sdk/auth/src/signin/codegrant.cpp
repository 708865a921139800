// SPDX-License-Identifier: Apache-2.0
#include "signin/codegrant.h"

#include "watchword/jose/base64url.h"

#include <QPointer>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kMostUnsentExchanges = 3;

QString randomText()
{
    return QString::fromLatin1(toBase64Url(Secret::random(32).reveal()));
}

} // namespace

CodeGrant::CodeGrant(const SignInContext &context, SignInRoute route, QObject *parent)
    : GrantSource(parent)
    , m_context(context)
    , m_route(route)
    , m_listener(context.clock.source())
    , m_pause(context.clock.source())
    , m_pushedEnd(context.clock.source())
{
    connect(&m_listener, &LoopbackListener::decided, this, &CodeGrant::onVerdict);
    connect(&m_pushedEnd, &Alarm::due, this, [this] { push(false); });
}

CodeGrant::~CodeGrant() = default;

void CodeGrant::start(const ProviderMetadata &metadata)
{
    m_metadata = metadata;
    const Result<QUrl> redirect = openRedirect();
    if (!redirect)
        return fail(redirect.error());
    m_pkce = Pkce::create();
    m_request = {*redirect, randomText(), randomText(), m_pkce.challenge,
                 m_context.signer ? m_context.signer->thumbprint() : QString()};
    m_expected.state = Secret::copy(m_request.state.toLatin1());
    m_expected.issuer = metadata.issuer;
    m_expected.issuerRequired = metadata.issInResponse;
    m_listener.expect(m_expected);
    m_parameters = authorizationParameters(m_context.options, m_context.wish, m_request);
    if (usesPushedRequests())
        return push(true);
    m_url = urlWith(metadata.authorizationEndpoint, m_parameters);
    Q_EMIT browserWanted(m_url);
}

// The port is bound before the URL is built, because it is a part of it.
Result<QUrl> CodeGrant::openRedirect()
{
    if (m_route == SignInRoute::PrivateUseScheme)
        return m_context.options.privateUseRedirect;
    const Result<QUrl> url = m_listener.listen(m_context.options.redirectPorts, m_context.options.redirectPath);
    if (url) {
        m_expected.path = m_context.options.redirectPath;
        m_expected.host = url->authority(QUrl::FullyEncoded);
    }
    return url;
}

bool CodeGrant::usesPushedRequests() const
{
    switch (m_context.options.pushedAuthorization) {
    case PushedAuthorization::Always:
        return true;
    case PushedAuthorization::WhenOffered:
        return m_metadata.pushedRequestsRequired || !m_metadata.pushedAuthorizationRequestEndpoint.isEmpty();
    case PushedAuthorization::WhenRequired:
        break;
    }
    return m_metadata.pushedRequestsRequired;
}

void CodeGrant::push(bool showBrowser)
{
    if (m_decided || m_pushing)
        return;
    if (m_metadata.pushedAuthorizationRequestEndpoint.isEmpty())
        return fail(Error(ErrorCode::InvalidRequest, u"the provider has no endpoint for pushed authorization requests"_s)
                        .withRemedy(u"Set SessionOptions::pushedAuthorization to WhenRequired, or correct the provider."_s));
    m_pushing = true;
    m_pushedEnd.cancel();
    m_context.provider.pushAuthorization(m_parameters, [self = QPointer(this), showBrowser](const Result<PushedRequest> &pushed) {
        if (!self || self->m_decided)
            return;
        self->m_pushing = false;
        if (!pushed && !showBrowser && pushed.error().isRetryable())
            return self->m_pushedEnd.start(30s); // the old link is dead, but a browser may be at work with it
        if (!pushed)
            return self->fail(pushed.error());
        self->m_pushedEnd.start(pushed->expiresIn);
        self->m_url = urlWith(self->m_metadata.authorizationEndpoint,
                              {{u"client_id"_s, self->m_context.options.clientId}, {u"request_uri"_s, pushed->requestUri}});
        Q_EMIT self->noted(u"signin.pushed"_s, u"good for %1 s"_s.arg(pushed->expiresIn.count()));
        if (showBrowser)
            Q_EMIT self->browserWanted(self->m_url);
        else
            Q_EMIT self->linkChanged(self->m_url);
    });
}

void CodeGrant::showAgain()
{
    if (m_decided || m_url.isEmpty())
        return;
    if (usesPushedRequests())
        return push(true); // the first request may have been used up by the first browser
    Q_EMIT browserWanted(m_url);
}

bool CodeGrant::handleRedirect(const QUrl &url)
{
    if (m_route != SignInRoute::PrivateUseScheme || m_decided || m_url.isEmpty())
        return false;
    const LoopbackVerdict verdict = judgeRedirect(url, m_context.options.privateUseRedirect, m_expected);
    if (verdict.kind == LoopbackVerdict::Kind::Stray)
        return false;
    QMetaObject::invokeMethod(
        this, [this, verdict] { onVerdict(verdict); }, Qt::QueuedConnection);
    return true;
}

void CodeGrant::onVerdict(const LoopbackVerdict &verdict)
{
    if (m_decided)
        return;
    if (verdict.kind != LoopbackVerdict::Kind::Accepted)
        return fail(verdict.error);
    m_decided = true;
    m_pushedEnd.cancel();
    m_code = verdict.code;
    exchange(1);
}

void CodeGrant::exchange(int attempt)
{
    m_sentAt = m_context.clock.instant();
    m_context.provider.exchangeCode(m_code, m_pkce.verifier, m_request.redirect, m_context.signer,
                                    [self = QPointer(this), attempt](const TokenAnswer &answer) {
                                        if (self)
                                            self->onAnswer(answer, attempt);
                                    });
}

void CodeGrant::onAnswer(const TokenAnswer &answer, int attempt)
{
    if (answer.meaning == TokenAnswerClass::NotSent && attempt < kMostUnsentExchanges) {
        // A code is used once, and this one was not: codes live for a minute or so.
        m_pause.disconnect(this);
        connect(&m_pause, &Alarm::due, this, [this, attempt] { exchange(attempt + 1); });
        m_pause.start(1s);
        return;
    }
    m_code.clear();
    if (answer.meaning == TokenAnswerClass::Unusable)
        Q_EMIT grantUnusable(answer.grant);
    if (answer.meaning == TokenAnswerClass::Success)
        Q_EMIT granted(answer.grant, m_sentAt);
    else if (answer.error.code() == ErrorCode::InvalidGrant)
        fail(answer.error.withRemedy(u"Start the sign-in again; the code was too old or used already."_s));
    else
        fail(answer.error);
}

void CodeGrant::fail(const Error &error)
{
    m_decided = true;
    m_pushedEnd.cancel();
    m_listener.close();
    QMetaObject::invokeMethod(
        this, [this, error] { Q_EMIT failed(error); }, Qt::QueuedConnection);
}

} // namespace Watchword
