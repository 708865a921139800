// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/alertengine.h"
#include "monitor/models/auditmodel.h"
#include "monitor/models/connectionsmodel.h"
#include "monitor/models/filterbook.h"
#include "monitor/models/linkstatus.h"
#include "monitor/models/tokenlanesmodel.h"

#include "watchword/core/result.h"
#include "watchword/doctor/doctoroptions.h"
#include "watchword/watch/watchtypes.h"

#include <QFuture>
#include <QObject>

#include <functional>
#include <memory>

namespace Monitor {

class LogFile;

/*! What an operator may do to connections; given by whoever owns the link. */
struct Actions
{
    using Outcome = QFuture<Watchword::Result<Watchword::ActionOutcome>>;
    //! Connections by their wire ids, close code, how long they should stay away, reason for the audit.
    std::function<Outcome(const QStringList &, int, std::chrono::milliseconds, const QString &)> disconnect;
    std::function<void()> retryNow;
    std::function<void()> signIn; //!< Ends a Lost state that only a person can end.
    std::function<void()> signOut; //!< Forgets the account of this gateway, here and at the provider.
    std::function<Watchword::DoctorOptions()> doctorOptions; //!< What the page Posture examines; null: there is nothing.
    std::function<QString()> blocked; //!< Why actions are disabled; empty when they are not.
};

/*!
    The data of one window: the stores, the models over them, the state of the link, and the rhythm in which the models take
    over what the stores got: 30 times a second while something changes, once a second for ages and the now-line, never
    while the window is hidden. Only the alerts are looked at then.

    Threads: the GUI thread. Ownership: borrows a LinkStatus that was set; owns everything else.
*/
class Workspace : public QObject
{
    Q_OBJECT

public:
    explicit Workspace(QObject *parent = nullptr);
    ~Workspace() override;

    AuditTable &audit();
    ConnectionTable &connections();
    TokenTable &tokens();
    AuditModel &auditModel();
    ConnectionsModel &connectionsModel();
    TokenLanesModel &lanesModel();

    FilterBook &filters(); //!< What is saved here is known to the three models as $name.

    AlertEngine &alerts(); //!< Goes on once a second while the window is hidden.

    LinkStatus &status();
    void setStatus(LinkStatus *status); //!< Null: the workspace's own.
    qint64 now() const; //!< Server time in ms since the epoch.
    void setClock(std::function<qint64()> now);

    LogFile *logFile() const; //!< Null while no file is open.
    void setLogFile(LogFile *file); //!< Borrowed; emits statusChanged() with its changes.

    void setActions(Actions actions);
    const Actions &actions() const;
    QString actionsBlocked() const; //!< Translated; empty when the operator may act.

    QString operatorName() const;
    void setOperatorName(const QString &name);
    bool isDemo() const;
    void setDemo(bool demo);

    void noteChange(); //!< A table changed: the models follow with the next frame.
    void tickNow(); //!< The models follow at once.
    void setActive(bool active);
    //! Paused: the connections that are shown stay as they are; the table goes on.
    void setConnectionsPaused(bool paused);
    bool connectionsPaused() const;

Q_SIGNALS:
    void ticked(); //!< After the models took over; at most 30 times a second.
    void secondPassed();
    void statusChanged();
    void identityChanged();

private:
    void arm();
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
