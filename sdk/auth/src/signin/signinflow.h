// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "signin/grantsource.h"
#include "signin/signinoutcome.h"
#include "signin/signinroute.h"

#include <memory>

namespace Watchword {

/*!
    One sign-in: finds out about the provider, chooses the route, lets a GrantSource get the tokens, and verifies who
    signed in. One object per attempt. finished() is emitted once; deleting the object cancels without it.
*/
class SignInFlow : public QObject
{
    Q_OBJECT

public:
    //! \a key is the account's key for bound tokens, used if the session's options and the provider want one.
    SignInFlow(const SessionOptions &options, SignInWish wish, Provider &provider, const CorrectedClock &clock,
               std::shared_ptr<DpopSigner> signer, QObject *parent = nullptr);
    ~SignInFlow() override;

    void start(); //!< Nothing, when it has started.
    void showAgain();
    bool handleRedirect(const QUrl &url);
    std::shared_ptr<DpopSigner> signer() const { return m_context.signer; }
    //! A refresh token that came, and that nobody will use because the sign-in failed afterwards.
    Secret unusedRefreshToken() const { return m_unused; }

Q_SIGNALS:
    void browserWanted(const QUrl &url);
    void linkChanged(const QUrl &url);
    void codeReceived(const Watchword::DeviceSignIn &code);
    void noted(const QString &what, const QString &detail);
    void finished(const Watchword::Result<Watchword::SignInOutcome> &outcome);

private:
    enum class Step { Idle, Discovering, Waiting, Verifying, Done };

    void begin(const ProviderMetadata &metadata);
    Result<void> prepareSigner(const ProviderMetadata &metadata);
    void onGranted(const TokenGrant &grant, Instant sentAt);
    void verify(int attempt);
    void accept(const IdTokenClaims &claims);
    void finish(const Result<SignInOutcome> &outcome);

    SignInContext m_context;
    Step m_step = Step::Idle;
    ProviderMetadata m_metadata;
    std::unique_ptr<GrantSource> m_source;
    Alarm m_deadline;
    TokenGrant m_grant;
    Instant m_sentAt{};
    Secret m_unused;
};

} // namespace Watchword
