// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/proofkeys.h"
#include "session/sessionmachine.h"
#include "session/stepup.h"
#include "signin/signinflow.h"
#include "watchword/auth/devicesignin.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*!
    Signs a person in to one account: runs the SignInFlow, shows the browser or the code, waits for whether another user is
    accepted, and knows what services ask of the next sign-in. It decides nothing; the SignInMachine does.

    It reports SignInEnded and OtherUserPatienceEnded. Threads: that of the session.
*/
class WATCHWORD_TEST_EXPORT AccountSignIn : public QObject
{
    Q_OBJECT

public:
    //! Everything outlives it.
    AccountSignIn(const SessionOptions &options, CorrectedClock &clock, Provider &provider, ProofKeys &keys,
                  SessionEvents::Report report);
    ~AccountSignIn() override;

    enum class Begin {
        Now,
        AfterRevocation //!< Waits for startNow(), five seconds at most.
    };
    void begin(const TokenSet &owner, Begin when);
    void startNow();
    void showAgain();
    void end();
    bool handleRedirect(const QUrl &url);
    //! Somebody else waits to be accepted, or does not any more.
    void noteOtherUser(const SignInOutcome *outcome);
    //! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0 section 2).
    void endProviderSession(const QString &accountName);

    const QUrl &url() const { return m_url; }
    const DeviceSignIn &device() const { return m_device; }
    StepUp &stepUp() { return m_stepUp; }
    const StepUp &stepUp() const { return m_stepUp; }

Q_SIGNALS:
    void urlChanged();
    void deviceChanged();
    void browserRequested(const QUrl &url);
    void noted(const QString &what, const QString &detail = {});

private:
    void setUrl(const QUrl &url);
    void showDevice(const DeviceSignIn &code);
    void showBrowser(const QUrl &url);
    bool open(const QUrl &url, const std::function<void()> &failed);
    void onFinished(const Result<SignInOutcome> &outcome);

    const SessionOptions &m_options;
    CorrectedClock &m_clock;
    Provider &m_provider;
    ProofKeys &m_keys;
    SessionEvents::Report m_report;
    std::unique_ptr<SignInFlow> m_flow;
    QUrl m_url;
    DeviceSignIn m_device;
    Alarm m_patience;
    Alarm m_longestWait; //!< For a revocation.
    StepUp m_stepUp;
};

} // namespace Watchword
