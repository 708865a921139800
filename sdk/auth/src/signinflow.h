// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "correctedclock.h"
#include "idtoken.h"
#include "loopbacklistener.h"
#include "provider.h"
#include "watchword/core/tokenset.h"
#include "watchword/jose/pkce.h"

#include <QPointer>

namespace Watchword {

/*! What one sign-in asks for beyond the options of the session. */
struct SignInWish
{
    QStringList acrValues;
    std::optional<std::chrono::seconds> maxAge;
    QString expectedSubject; //!< Empty: anybody may sign in.
    QString loginHint;
};

struct SignInOutcome
{
    TokenSet tokens; //!< Generation 0; the store numbers them.
    IdTokenClaims claims;
    Instant sentAt {}; //!< When the token request left: lifetimes count from here.
};

/*! The parameters of an authorization request; state and nonce are fresh for each. */
struct AuthorizationRequest
{
    QUrl redirect;
    QString state;
    QString nonce;
    QString challenge;
};

//! RFC 6749 section 4.1.1, RFC 7636 section 4.3, OpenID Connect Core section 3.1.2.1.
QUrl authorizationUrl(const QUrl &endpoint, const SessionOptions &options, const SignInWish &wish,
                      const AuthorizationRequest &request);

/*!
    One sign-in with authorization code and PKCE in the system browser. One object per attempt: state, nonce and verifier
    live as long as it does. finished() is emitted once; deleting the object cancels without it.
*/
class SignInFlow : public QObject
{
    Q_OBJECT

public:
    SignInFlow(const SessionOptions &options, SignInWish wish, Provider &provider, const CorrectedClock &clock,
               QObject *parent = nullptr);
    ~SignInFlow() override;

    void start();
    QUrl url() const { return m_url; } //!< Empty until browserWanted().

Q_SIGNALS:
    void browserWanted(const QUrl &url);
    void finished(const Watchword::Result<Watchword::SignInOutcome> &outcome);

private:
    enum class Step { Idle, Discovering, Waiting, Exchanging, Verifying, Done };

    void listen(const ProviderMetadata &metadata);
    void onRedirect(const LoopbackVerdict &verdict);
    void exchange(int attempt);
    void onAnswer(const TokenAnswer &answer, int attempt);
    void verify(int attempt);
    void accept(const IdTokenClaims &claims);
    void finish(const Result<SignInOutcome> &outcome);

    const SessionOptions &m_options;
    SignInWish m_wish;
    Provider &m_provider;
    const CorrectedClock &m_clock;
    Step m_step = Step::Idle;
    ProviderMetadata m_metadata;
    LoopbackListener m_listener;
    Alarm m_deadline;
    Alarm m_pause;
    Pkce m_pkce;
    AuthorizationRequest m_request;
    Secret m_code;
    TokenGrant m_grant;
    Instant m_sentAt {};
    QUrl m_url;
};

} // namespace Watchword
