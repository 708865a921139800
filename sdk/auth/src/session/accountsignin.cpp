// SPDX-License-Identifier: Apache-2.0
#include "session/accountsignin.h"

#include "signin/browser.h"
#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

const QString kNotOpened = QStringLiteral("could not be opened; show the link");

} // namespace

namespace {

// So long a sign-in of somebody else waits to be accepted.
constexpr Duration kOtherUserPatience = 10min;

// Providers that keep one grant for a person and a client end all of it: a revocation that comes after the authorization takes
// the new tokens along. It must not keep a person waiting for long either.
constexpr Duration kRevocationPatience = 5s;

} // namespace

AccountSignIn::AccountSignIn(const SessionOptions &options, CorrectedClock &clock, Provider &provider, ProofKeys &keys,
                             SessionEvents::Report report)
    : m_options(options)
    , m_clock(clock)
    , m_provider(provider)
    , m_keys(keys)
    , m_report(std::move(report))
    , m_patience(clock.source())
    , m_longestWait(clock.source())
{
    connect(&m_longestWait, &Alarm::due, this, &AccountSignIn::startNow);
    connect(&m_patience, &Alarm::due, this, [this] { m_report(SessionEvents::OtherUserPatienceEnded{}); });
}

AccountSignIn::~AccountSignIn() = default;

void AccountSignIn::begin(const TokenSet &owner, Begin when)
{
    SignInWish wish;
    wish.loginHint = m_options.loginHint.isEmpty() ? owner.accountName : m_options.loginHint;
    if (const auto &asked = m_stepUp.begin()) {
        wish.acrValues = asked->acrValues;
        wish.maxAge = asked->maxAge;
    }
    m_flow = std::make_unique<SignInFlow>(m_options, wish, m_provider, m_clock, m_keys.signerFor(owner.proofKey));
    connect(m_flow.get(), &SignInFlow::browserWanted, this, &AccountSignIn::showBrowser);
    connect(m_flow.get(), &SignInFlow::linkChanged, this, &AccountSignIn::setUrl);
    connect(m_flow.get(), &SignInFlow::codeReceived, this, &AccountSignIn::showDevice);
    connect(m_flow.get(), &SignInFlow::noted, this, &AccountSignIn::noted);
    connect(m_flow.get(), &SignInFlow::finished, this, &AccountSignIn::onFinished);
    if (when == Begin::Now)
        return m_flow->start();
    Q_EMIT noted(u"signin.waits"_s, u"for the revocation of the tokens before, %1 s at most"_s.arg(kRevocationPatience / 1s));
    m_longestWait.start(kRevocationPatience);
}

void AccountSignIn::startNow()
{
    m_longestWait.cancel();
    if (m_flow)
        m_flow->start();
}

void AccountSignIn::onFinished(const Result<SignInOutcome> &outcome)
{
    if (outcome)
        m_keys.remember(m_flow->signer());
    m_report(SessionEvents::SignInEnded{outcome, m_flow->unusedRefreshToken()});
}

void AccountSignIn::showAgain()
{
    if (m_flow)
        m_flow->showAgain();
}

void AccountSignIn::end()
{
    m_longestWait.cancel();
    if (m_flow) {
        m_flow->disconnect(this);
        m_flow.release()->deleteLater(); // it may be the caller
    }
    setUrl({});
    showDevice({});
}

bool AccountSignIn::handleRedirect(const QUrl &url)
{
    return m_flow && m_flow->handleRedirect(url);
}

void AccountSignIn::noteOtherUser(const SignInOutcome *outcome)
{
    if (outcome)
        m_patience.start(kOtherUserPatience);
    else
        m_patience.cancel();
}

void AccountSignIn::setUrl(const QUrl &url)
{
    if (std::exchange(m_url, url) != url)
        Q_EMIT urlChanged();
}

void AccountSignIn::showDevice(const DeviceSignIn &code)
{
    if (m_device == code)
        return;
    m_device = code;
    if (code.isValid()) {
        Q_EMIT noted(u"signin.device_code"_s, u"%1 at %2"_s.arg(code.userCode, code.verificationUri.toString(QUrl::RemoveQuery)));
        setUrl(code.link());
    }
    Q_EMIT deviceChanged();
}

bool AccountSignIn::open(const QUrl &url, const std::function<void()> &failed)
{
    return m_options.openBrowser ? m_options.openBrowser(url) : openSystemBrowser(url, this, failed);
}

void AccountSignIn::showBrowser(const QUrl &url)
{
    setUrl(url);
    const auto failed = [this, url] {
        if (m_flow && m_url == url) // else it is over
            Q_EMIT noted(u"signin.browser"_s, kNotOpened);
    };
    Q_EMIT noted(u"signin.browser"_s, open(url, failed) ? redactedUrl(url) : kNotOpened);
    Q_EMIT browserRequested(url);
}

// The ID token is not sent: it would stand, with the person's name in it, in the browser's history and in the provider's log.
// client_id and logout_hint are enough for the provider to ask the right question.
void AccountSignIn::endProviderSession(const QString &accountName)
{
    m_provider.metadata([this, accountName](const Result<ProviderMetadata> &metadata) {
        if (!metadata) {
            Q_EMIT noted(u"signout.provider_unreachable"_s, metadata.error().toString());
            return;
        }
        if (metadata->endSessionEndpoint.isEmpty()) {
            Q_EMIT noted(u"signout.no_end_session"_s, u"the provider cannot end its own session"_s);
            return;
        }
        Parameters parameters{{u"client_id"_s, m_options.clientId}};
        if (!accountName.isEmpty())
            parameters.emplaceBack(u"logout_hint"_s, accountName);
        const QUrl url = urlWith(metadata->endSessionEndpoint, parameters);
        const auto failed = [this] { Q_EMIT noted(u"signout.browser"_s, u"could not be opened"_s); };
        Q_EMIT noted(u"signout.browser"_s, open(url, failed) ? redactedUrl(url) : u"could not be opened"_s);
        Q_EMIT browserRequested(url);
    });
}

} // namespace Watchword
