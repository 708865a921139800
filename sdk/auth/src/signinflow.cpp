// SPDX-License-Identifier: Apache-2.0
#include "signinflow.h"

#include "watchword/core/log.h"
#include "watchword/jose/base64url.h"

#include <QUrlQuery>

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

QUrl authorizationUrl(const QUrl &endpoint, const SessionOptions &options, const SignInWish &wish,
                      const AuthorizationRequest &request)
{
    QUrlQuery query(endpoint.query(QUrl::FullyEncoded)); // RFC 6749 section 3.1: what is there stays
    const auto add = [&query](const QString &name, const QString &value) {
        if (!value.isEmpty() && !query.hasQueryItem(name))
            query.addQueryItem(name, QString::fromLatin1(QUrl::toPercentEncoding(value)));
    };
    add(u"response_type"_s, u"code"_s);
    add(u"client_id"_s, options.clientId);
    add(u"redirect_uri"_s, request.redirect.toString(QUrl::FullyEncoded));
    add(u"scope"_s, options.scopes.join(u' '));
    add(u"state"_s, request.state);
    add(u"nonce"_s, options.scopes.contains("openid"_L1) ? request.nonce : QString());
    add(u"code_challenge"_s, request.challenge);
    add(u"code_challenge_method"_s, u"S256"_s);
    add(u"resource"_s, options.resource.toString(QUrl::FullyEncoded));
    add(u"login_hint"_s, wish.loginHint);
    add(u"acr_values"_s, wish.acrValues.join(u' '));
    if (wish.maxAge)
        add(u"max_age"_s, QString::number(wish.maxAge->count()));
    // OpenID Connect Core section 11: offline access is only given with the person's consent.
    const bool mayChoosePrompt = std::none_of(options.extraParameters.begin(), options.extraParameters.end(),
                                              [](const auto &one) { return one.first == "prompt"_L1; });
    if (options.scopes.contains("offline_access"_L1) && mayChoosePrompt)
        add(u"prompt"_s, u"consent"_s);
    for (const auto &[name, value] : options.extraParameters)
        add(name, value);
    QUrl url = endpoint;
    url.setQuery(query);
    return url;
}

SignInFlow::SignInFlow(const SessionOptions &options, SignInWish wish, Provider &provider, const CorrectedClock &clock,
                       QObject *parent)
    : QObject(parent)
    , m_options(options)
    , m_wish(std::move(wish))
    , m_provider(provider)
    , m_clock(clock)
    , m_listener(clock.source())
    , m_deadline(clock.source())
    , m_pause(clock.source())
{
    connect(&m_listener, &LoopbackListener::decided, this, &SignInFlow::onRedirect);
    connect(&m_deadline, &Alarm::due, this, [this] {
        finish(Error(ErrorCode::Timeout, u"nobody finished the sign-in in the browser in time"_s)
                   .withRemedy(u"Start the sign-in again."_s));
    });
}

SignInFlow::~SignInFlow() = default;

void SignInFlow::start()
{
    m_step = Step::Discovering;
    m_deadline.start(m_options.signInTimeout);
    m_provider.metadata([self = QPointer(this)](const Result<ProviderMetadata> &metadata) {
        if (!self || self->m_step != Step::Discovering)
            return;
        if (!metadata)
            return self->finish(metadata.error());
        self->listen(*metadata);
    });
}

void SignInFlow::listen(const ProviderMetadata &metadata)
{
    m_metadata = metadata;
    const Result<QUrl> redirect = m_listener.listen(m_options.redirectPorts, m_options.redirectPath);
    if (!redirect)
        return finish(redirect.error());
    m_pkce = Pkce::create();
    m_request = {*redirect, randomText(), randomText(), m_pkce.challenge};
    m_listener.expect({m_options.redirectPath, Secret::copy(m_request.state.toLatin1()), metadata.issuer,
                       metadata.issInResponse});
    m_url = authorizationUrl(metadata.authorizationEndpoint, m_options, m_wish, m_request);
    m_step = Step::Waiting;
    Q_EMIT browserWanted(m_url);
}

void SignInFlow::onRedirect(const LoopbackVerdict &verdict)
{
    if (m_step != Step::Waiting)
        return;
    if (verdict.kind != LoopbackVerdict::Kind::Accepted)
        return finish(verdict.error);
    m_code = verdict.code;
    m_step = Step::Exchanging;
    exchange(1);
}

void SignInFlow::exchange(int attempt)
{
    m_sentAt = m_clock.instant();
    m_provider.exchangeCode(m_code, m_pkce.verifier, m_request.redirect,
                            [self = QPointer(this), attempt](const TokenAnswer &answer) {
                                if (self && self->m_step == Step::Exchanging)
                                    self->onAnswer(answer, attempt);
                            });
}

void SignInFlow::onAnswer(const TokenAnswer &answer, int attempt)
{
    if (answer.meaning == TokenAnswerClass::NotSent && attempt < kMostUnsentExchanges) {
        // A code is used once, and this one was not: codes live for a minute or so.
        m_pause.disconnect(this);
        connect(&m_pause, &Alarm::due, this, [this, attempt] { exchange(attempt + 1); });
        m_pause.start(1s);
        return;
    }
    if (answer.meaning != TokenAnswerClass::Success)
        return finish(answer.error.code() == ErrorCode::InvalidGrant
                          ? answer.error.withRemedy(u"Start the sign-in again; the code was too old or used already."_s)
                          : answer.error);
    m_grant = answer.grant;
    m_step = Step::Verifying;
    if (!m_options.scopes.contains("openid"_L1))
        return accept({});
    if (m_grant.idToken.isEmpty())
        return finish(Error(ErrorCode::InvalidResponse, u"the provider gave no ID token although openid was asked for"_s));
    verify(1);
}

void SignInFlow::verify(int attempt)
{
    m_provider.keys([self = QPointer(this), attempt](const Result<JwkSet> &keys) {
        if (!self || self->m_step != Step::Verifying)
            return;
        if (!keys)
            return self->finish(keys.error());
        const IdTokenExpectation expected {self->m_metadata.issuer,      self->m_options.clientId,
                                           self->m_request.nonce,        self->m_wish.expectedSubject,
                                           self->m_metadata.idTokenAlgorithms, self->m_wish.maxAge,
                                           self->m_wish.acrValues};
        const auto claims = verifyIdToken(self->m_grant.idToken, self->m_grant.accessToken, *keys, expected,
                                          self->m_clock.now());
        if (claims)
            return self->accept(*claims);
        const ErrorCode code = claims.error().code();
        // The provider may have changed its keys between its answer and ours.
        if (attempt < 2 && (code == ErrorCode::UnknownKey || code == ErrorCode::BadSignature))
            return self->verify(attempt + 1);
        self->finish(claims.error());
    });
}

void SignInFlow::accept(const IdTokenClaims &claims)
{
    SignInOutcome outcome;
    outcome.claims = claims;
    outcome.sentAt = m_sentAt;
    TokenSet &tokens = outcome.tokens;
    tokens.issuer = m_metadata.issuer;
    tokens.clientId = m_options.clientId;
    tokens.subject = claims.subject;
    tokens.accountName = claims.accountName;
    tokens.accessToken = m_grant.accessToken;
    tokens.refreshToken = m_grant.refreshToken;
    tokens.idToken = m_grant.idToken;
    tokens.tokenType = m_grant.tokenType;
    tokens.scopes = m_grant.scopes.value_or(m_options.scopes);
    tokens.issuedAt = m_clock.now();
    if (m_grant.expiresIn)
        tokens.expiresAt = *tokens.issuedAt + *m_grant.expiresIn;
    finish(outcome);
}

void SignInFlow::finish(const Result<SignInOutcome> &outcome)
{
    if (m_step == Step::Done)
        return;
    m_step = Step::Done;
    m_deadline.cancel();
    m_pause.cancel();
    m_listener.close();
    m_code.clear();
    Q_EMIT finished(outcome);
}

} // namespace Watchword
