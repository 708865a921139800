// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/alertrule.h"

#include "monitor/models/text.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

struct AlertText
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::AlertRule)
};

const QStringList groupings{QString(), u"node"_s, u"user"_s, u"client"_s, u"ip"_s, u"session"_s};

} // namespace

QString AlertRule::thresholdText() const
{
    const QString base = AlertText::tr("%1 in %2").arg(Text::count(events), Text::duration(windowMs));
    return by.isEmpty() ? base : AlertText::tr("%1 by %2").arg(base, by);
}

QList<AlertRule> usualAlertRules()
{
    constexpr qint64 minute = 60'000;
    return {
        {AlertText::tr("Refresh token used twice"), u"kind:token.reused"_s, 1, minute, {}, Severity::Critical, true, true},
        {AlertText::tr("Refreshes refused"), u"kind:token.refresh_failed"_s, 20, minute, u"node"_s, Severity::Error, true, true},
        {AlertText::tr("Handshakes refused"), u"kind:conn.rejected"_s, 60, minute, u"node"_s, Severity::Warning, false, true},
        {AlertText::tr("Limits hit by one user"), u"kind:limit.hit"_s, 20, 5 * minute, u"user"_s, Severity::Warning, false, true},
        {AlertText::tr("Events missing"), u"is:gap"_s, 1, minute, {}, Severity::Warning, false, true},
        {AlertText::tr("Lines that cannot be read"), u"is:unreadable"_s, 1, minute, {}, Severity::Warning, false, true},
        {AlertText::tr("Any critical event"), u"sev:critical"_s, 1, minute, {}, Severity::Error, false, false},
    };
}

QByteArray toJson(const QList<AlertRule> &rules)
{
    QJsonArray list;
    for (const AlertRule &rule : rules) {
        list.append(QJsonObject{{u"name"_s, rule.name},
                                {u"filter"_s, rule.filter},
                                {u"events"_s, rule.events},
                                {u"window_ms"_s, rule.windowMs},
                                {u"by"_s, rule.by},
                                {u"severity"_s, int(rule.severity)},
                                {u"notifies"_s, rule.notifies},
                                {u"enabled"_s, rule.enabled}});
    }
    return QJsonDocument(list).toJson(QJsonDocument::Compact);
}

QList<AlertRule> alertRulesFrom(const QByteArray &json)
{
    QList<AlertRule> rules;
    const QJsonArray list = QJsonDocument::fromJson(json).array();
    for (const auto &value : list) {
        const QJsonObject object = value.toObject();
        AlertRule rule;
        rule.name = object.value(u"name"_s).toString();
        rule.filter = object.value(u"filter"_s).toString();
        if (rule.name.isEmpty() || rule.filter.isEmpty() || rules.size() >= AlertRule::MostRules)
            continue;
        rule.events = std::clamp(object.value(u"events"_s).toInt(1), 1, AlertRule::MostEvents);
        rule.windowMs =
            std::clamp<qint64>(object.value(u"window_ms"_s).toInteger(rule.windowMs), 1000, AlertRule::LongestWindowMs);
        if (const QString by = object.value(u"by"_s).toString(); groupings.contains(by))
            rule.by = by;
        rule.severity = Severity(std::clamp(object.value(u"severity"_s).toInt(int(Severity::Warning)), int(Severity::Warning),
                                            int(Severity::Critical)));
        rule.notifies = object.value(u"notifies"_s).toBool();
        rule.enabled = object.value(u"enabled"_s).toBool(true);
        rules.append(rule);
    }
    return rules;
}

} // namespace Monitor
