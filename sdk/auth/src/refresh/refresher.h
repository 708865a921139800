// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refreshhold.h"
#include "refresh/transactionrunner.h"
#include "watchword/core/networkhints.h"
#include "watchword/core/testexport.h"

#include <QPointer>

namespace Watchword {

/*!
    When the tokens of one account are refreshed: plans the next refresh, and holds it back while the machine sleeps, has just
    slept, or has no network. Sleep and network are hints: nothing waits for them for good.

    It reads the SessionMachine and reports to it; it keeps no tokens. Threads: that of the session.
*/
class WATCHWORD_TEST_EXPORT Refresher : public QObject
{
    Q_OBJECT

public:
    using Parts = TransactionRunner::Parts;

    Refresher(const Parts &parts, SessionEvents::Report report);
    ~Refresher() override;

    void watchSurroundings();
    //! Nothing if a refresh runs, is held back, or makes no sense.
    void begin(const QString &why);
    //! What an application asks for is tried, whatever failed before.
    void beginNow(const QString &why);
    void replace(const SessionActions::Store &store);
    void plan();
    void forget();
    bool isRunning() const { return m_runner.isRunning(); }
    //! Why a refresh would not begin now.
    std::optional<Error> refusal(const Error &lastProblem) const;
    TransactionRunner &runner() { return m_runner; }
    const TransactionRunner &runner() const { return m_runner; }

Q_SIGNALS:
    void nextAttemptPlanned(std::optional<Watchword::Duration> in);
    void noted(const QString &what, const QString &detail = {});
    void clockSkewDetected(qint64 seconds);
    void timePassed(); //!< What is good by the clock may have changed.

private:
    void onEnded(SessionEvents::TransactionEnded ended);
    void onSaveFailedAgain();
    Duration planRetry(const RefreshTransaction::Finish &finish);
    Error explained(const Error &error) const;
    void onDue();
    void onHints();
    void onNetworkBack();
    void onAboutToSleep();
    void onWoke(Duration slept, SleepHold::Morning morning);
    void onTimeLearned(const ServerTime &time);

    Parts m_parts;
    SessionEvents::Report m_report;
    RandomSource &m_random;
    SleepWatch m_sleep;
    TransactionRunner m_runner;
    RetryPlanner m_retry;
    NetworkHold m_network;
    Alarm m_refreshAlarm;
    Alarm m_expiryAlarm;
    Alarm m_networkAlarm;
    QPointer<NetworkHints> m_hints;
    enum class Network { There, Gone } m_lastHint = Network::There;
};

} // namespace Watchword
