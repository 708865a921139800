// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/roles.h"

#include <QByteArray>
#include <QList>
#include <QString>

namespace Monitor {

/*! When an operator wants to be told: so many events of a filter within a span of time, counted for each value of a field. */
struct AlertRule
{
    static constexpr int MostEvents = 100'000;
    static constexpr qint64 LongestWindowMs = 86'400'000;
    static constexpr qsizetype MostRules = 50;

    QString name;
    QString filter; //!< Over audit events; may name saved filters.
    int events = 1; //!< Fires at this many ...
    qint64 windowMs = 60'000; //!< ... within this time.
    QString by; //!< "node", "user", "client", "ip", "session", or empty: all together.
    Severity severity = Severity::Warning; //!< Warning, Error or Critical.
    bool notifies = false; //!< On the desktop, beside the list.
    bool enabled = true;

    QString thresholdText() const; //!< "60 in 1:00 by node"
    friend bool operator==(const AlertRule &, const AlertRule &) = default;
};

QList<AlertRule> usualAlertRules(); //!< What a gateway's operator begins with.
QByteArray toJson(const QList<AlertRule> &rules);
QList<AlertRule> alertRulesFrom(const QByteArray &json); //!< What is wrong in it is left out or clamped.

} // namespace Monitor
