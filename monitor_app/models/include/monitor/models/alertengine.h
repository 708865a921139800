// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/alertwatch.h"

#include <QHash>
#include <QObject>

#include <functional>
#include <memory>
#include <vector>

class QSettings;

namespace Monitor {

/*! An episode of a rule, as the page Alerts shows it. */
struct Alert
{
    quint64 id = 0;
    QString rule;
    Severity severity = Severity::Warning;
    AlertCounter::Episode episode;
    bool acknowledged = false;
    bool snoozed = false; //!< It began while its rule was snoozed, so nobody was told.
    bool isFiring() const { return episode.end == 0; }
};

/*!
    The rules of an operator over the audit table: what fires, what did, and who need not be told for a while.

        Quiet -> Firing (acknowledged or not) -> over, in the history

    Episodes that were over before the rule was set are what it would have done: wouldHave() has them, and they are no alerts. One
   that began before and goes on is an alert as soon as everything that is stored was counted. Threads: the one it lives in.
   Ownership: borrows the table.
*/
class AlertEngine : public QObject
{
    Q_OBJECT

public:
    static constexpr qsizetype MostAlerts = 500; //!< The oldest that are over go first.
    using NowFunction = std::function<qint64()>; //!< Server time in ms since the epoch.

    AlertEngine(const AuditTable &table, NowFunction now, QObject *parent = nullptr);
    ~AlertEngine() override;

    const QList<AlertRule> &rules() const;
    void setRules(const QList<AlertRule> &rules); //!< A rule that stays as it was goes on counting.
    void setSavedFilters(const QHash<QString, QString> &saved); //!< For $name.
    void tick();

    QList<Alert> alerts() const; //!< The newest first.
    int firingCount() const; //!< That nobody acknowledged, without snoozed ones.
    void acknowledge(quint64 alert);
    void snooze(const QString &rule, qint64 until); //!< ms since the epoch; 0 ends it.
    qint64 snoozedUntil(const QString &rule) const; //!< 0 if it is not.

    QString errorOf(const QString &rule) const; //!< Why its filter cannot be used.
    QList<AlertCounter::Episode> wouldHave(const QString &rule) const;
    //! The same for a rule that is not set yet: tick() it until it is caught up.
    std::unique_ptr<AlertWatch> preview(const AlertRule &rule) const;

    void load(const QSettings &settings); //!< Without any, the usual rules.
    void store(QSettings &settings) const;

Q_SIGNALS:
    void changed(); //!< Alerts, rules or snoozes.
    void rulesChanged();
    //! Alerts that began since the last tick, of rules that notify: one sentence for each rule.
    void notificationDue(const QString &title, const QString &sentence);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
