// SPDX-License-Identifier: Apache-2.0
#include "signin/signinflow.h"

#include "signin/codegrant.h"
#include "signin/devicegrant.h"

#include <QMetaEnum>
#include <QPointer>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

QString nameOf(SignInRoute route)
{
    return route == SignInRoute::Device ? u"device"_s : route == SignInRoute::Browser ? u"browser"_s : u"private-use scheme"_s;
}

} // namespace

SignInFlow::SignInFlow(const SessionOptions &options, SignInWish wish, Provider &provider, const CorrectedClock &clock,
                       std::shared_ptr<DpopSigner> signer, QObject *parent)
    : QObject(parent)
    , m_context{options, std::move(wish), provider, clock, std::move(signer)}
    , m_deadline(clock.source())
{
    connect(&m_deadline, &Alarm::due, this, [this] {
        finish(Error(ErrorCode::Timeout, u"nobody finished the sign-in in the browser in time"_s)
                   .withRemedy(u"Start the sign-in again."_s));
    });
}

SignInFlow::~SignInFlow() = default;

void SignInFlow::start()
{
    if (m_step != Step::Idle)
        return;
    m_step = Step::Discovering;
    m_deadline.start(m_context.options.signInTimeout);
    m_context.provider.metadata([self = QPointer(this)](const Result<ProviderMetadata> &metadata) {
        if (!self || self->m_step != Step::Discovering)
            return;
        if (!metadata)
            return self->finish(metadata.error());
        self->begin(*metadata);
    });
}

void SignInFlow::begin(const ProviderMetadata &metadata)
{
    m_metadata = metadata;
    const Result<SignInRoute> route = chooseRoute(m_context.options.route, probeRoute(m_context.options, metadata));
    if (!route)
        return finish(route.error());
    if (const Result<void> ready = prepareSigner(metadata); !ready)
        return finish(ready.error());
    Q_EMIT noted(u"signin.route"_s, nameOf(*route));
    if (*route == SignInRoute::Device)
        m_source = std::make_unique<DeviceGrant>(m_context);
    else
        m_source = std::make_unique<CodeGrant>(m_context, *route);
    connect(m_source.get(), &GrantSource::browserWanted, this, &SignInFlow::browserWanted);
    connect(m_source.get(), &GrantSource::linkChanged, this, &SignInFlow::linkChanged);
    connect(m_source.get(), &GrantSource::codeReceived, this, &SignInFlow::codeReceived);
    connect(m_source.get(), &GrantSource::noted, this, &SignInFlow::noted);
    connect(m_source.get(), &GrantSource::granted, this, &SignInFlow::onGranted);
    connect(m_source.get(), &GrantSource::grantUnusable, this, [this](const TokenGrant &grant) { m_grant = grant; });
    connect(m_source.get(), &GrantSource::failed, this, [this](const Error &error) { finish(error); });
    m_step = Step::Waiting;
    if (m_source->hasOwnDeadline())
        m_deadline.cancel();
    m_source->start(metadata);
}

// The key is made once per account, and only for providers that can bind tokens to it.
Result<void> SignInFlow::prepareSigner(const ProviderMetadata &metadata)
{
    const TokenBinding wanted = m_context.options.tokenBinding;
    const bool offered = metadata.dpopAlgorithms.contains("ES256"_L1);
    if (wanted == TokenBinding::Required && !offered)
        return Error(ErrorCode::InvalidRequest, u"the provider does not bind tokens to an ES256 key (RFC 9449)"_s)
            .withRemedy(u"Set SessionOptions::tokenBinding to WhenOffered, or use a provider that can."_s);
    if (wanted == TokenBinding::None || !offered) {
        m_context.signer.reset();
        return {};
    }
    if (m_context.signer)
        return {};
    const auto made = DpopSigner::create(m_context.clock.source());
    if (!made)
        return made.error();
    m_context.signer = *made;
    m_context.signer->setOffset(m_context.clock.offset());
    return {};
}

void SignInFlow::showAgain()
{
    if (m_source)
        m_source->showAgain();
}

bool SignInFlow::handleRedirect(const QUrl &url)
{
    return m_source && m_step == Step::Waiting && m_source->handleRedirect(url);
}

void SignInFlow::onGranted(const TokenGrant &grant, Instant sentAt)
{
    if (m_step != Step::Waiting)
        return;
    m_grant = grant;
    if (m_context.options.lifetimeFromJwt && !m_grant.expiresIn)
        m_grant.expiresIn = lifetimeOfJwt(m_grant.accessToken, m_context.clock.now());
    m_sentAt = sentAt;
    m_step = Step::Verifying;
    const bool bound = grant.tokenType.compare("DPoP"_L1, Qt::CaseInsensitive) == 0;
    if (bound && !m_context.signer)
        return finish(Error(ErrorCode::InvalidResponse, u"the provider bound the token to a key that nobody asked it to"_s));
    if (!bound && m_context.options.tokenBinding == TokenBinding::Required)
        return finish(Error(ErrorCode::InvalidResponse, u"the provider gave a token that is not bound to the key"_s));
    if (!m_context.options.scopes.contains("openid"_L1))
        return accept({});
    if (m_grant.idToken.isEmpty())
        return finish(Error(ErrorCode::InvalidResponse, u"the provider gave no ID token although openid was asked for"_s));
    verify(1);
}

void SignInFlow::verify(int attempt)
{
    m_context.provider.keys([self = QPointer(this), attempt](const Result<JwkSet> &keys) {
        if (!self || self->m_step != Step::Verifying)
            return;
        if (!keys)
            return self->finish(keys.error());
        IdTokenExpectation expected;
        expected.issuer = self->m_metadata.issuer;
        expected.clientId = self->m_context.options.clientId;
        expected.nonce = self->m_source->nonce();
        expected.providerAlgorithms = self->m_metadata.idTokenAlgorithms;
        expected.maxAge = self->m_context.wish.maxAge;
        expected.acrValues = self->m_context.wish.acrValues;
        const auto claims =
            verifyIdToken(self->m_grant.idToken, self->m_grant.accessToken, *keys, expected, self->m_context.clock.now());
        if (claims)
            return self->accept(*claims);
        const ErrorCode code = claims.error().code();
        // The provider may have changed its keys between its answer and ours. Once: strangers cannot make us ask more.
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
    tokens.clientId = m_context.options.clientId;
    tokens.subject = claims.subject;
    tokens.accountName = claims.accountName;
    tokens.accessToken = m_grant.accessToken;
    tokens.refreshToken = m_grant.refreshToken;
    tokens.idToken = m_grant.idToken;
    tokens.tokenType = m_grant.tokenType;
    // Also for a Bearer access token: a public client's refresh token may be bound all the same (RFC 9449 section 5).
    if (m_context.signer)
        tokens.proofKey = m_context.signer->pem();
    tokens.scopes = m_grant.scopes.value_or(m_context.options.scopes);
    tokens.issuedAt = m_context.clock.now();
    tokens.sentAt = m_sentAt;
    tokens.bootId = m_context.clock.run();
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
    if (m_source) {
        m_source->disconnect(this);
        m_source.release()->deleteLater(); // it may be the caller; its port closes with the next turn of the loop
    }
    if (!outcome)
        m_unused = m_grant.refreshToken;
    m_grant = {};
    Q_EMIT finished(outcome);
}

} // namespace Watchword
