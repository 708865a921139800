// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/alertengine.h"

#include "monitor/models/text.h"

#include <QSettings>

#include <algorithm>
#include <utility>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype mostRemembered = 1000; // episodes of the past, of a rule
const QString rulesKey = u"alerts/rules"_s;

} // namespace

class AlertEngine::Private
{
public:
    struct Running
    {
        std::unique_ptr<AlertWatch> watch;
        qint64 from = 0; // episodes that begin earlier are the past, unless they go on
        QList<AlertCounter::Episode> past;
        QList<AlertCounter::Episode> earlier; // that began before, until everything that is stored was counted
    };

    Private(const AuditTable &table, NowFunction now)
        : table(table)
        , now(std::move(now))
    {
    }

    bool isSnoozed(const QString &rule) const { return snoozed.value(rule) > now(); }
    Alert *firing(const QString &rule, const AlertCounter::Episode &episode);
    void fire(const AlertRule &rule, const AlertCounter::Episode &episode, QStringList &groups);
    bool takeBegun(Running &running, QStringList &groups);
    bool takeEnded(Running &running);
    bool follow(Running &running); //!< The counts of what goes on.
    void trim();

    const AuditTable &table;
    NowFunction now;
    QList<AlertRule> rules;
    QHash<QString, QString> saved;
    std::vector<Running> running; // of the enabled rules
    QList<Alert> alerts; // the oldest first
    QHash<QString, qint64> snoozed;
    quint64 lastId = 0;
};

Alert *AlertEngine::Private::firing(const QString &rule, const AlertCounter::Episode &episode)
{
    const auto found = std::find_if(alerts.begin(), alerts.end(), [&](const Alert &alert) {
        return alert.isFiring() && alert.rule == rule && alert.episode.group == episode.group
            && alert.episode.begin == episode.begin;
    });
    return found == alerts.end() ? nullptr : &*found;
}

void AlertEngine::Private::fire(const AlertRule &rule, const AlertCounter::Episode &episode, QStringList &groups)
{
    const bool quiet = isSnoozed(rule.name);
    alerts.append(Alert{++lastId, rule.name, rule.severity, episode, false, quiet});
    if (!quiet && rule.notifies)
        groups << episode.group;
}

bool AlertEngine::Private::takeBegun(Running &entry, QStringList &groups)
{
    bool news = false;
    const AlertRule &rule = entry.watch->rule();
    for (const AlertCounter::Episode &episode : entry.watch->takeBegun()) {
        if (episode.begin < entry.from) {
            entry.earlier.append(episode);
            continue;
        }
        fire(rule, episode, groups);
        news = true;
    }
    entry.earlier.removeIf([&entry](const AlertCounter::Episode &episode) {
        const auto current = entry.watch->counter().current(episode.group);
        return !current || current->begin != episode.begin; // it is over, and remembered as such
    });
    // The last events of an old file went on then, not now.
    if (!entry.watch->isCaughtUp() || now() < entry.from)
        return news;
    for (const AlertCounter::Episode &episode : std::exchange(entry.earlier, {})) {
        fire(rule, entry.watch->counter().current(episode.group).value_or(episode), groups);
        news = true;
    }
    return news;
}

bool AlertEngine::Private::takeEnded(Running &entry)
{
    bool news = false;
    for (const AlertCounter::Episode &episode : entry.watch->takeEnded()) {
        if (Alert *alert = firing(entry.watch->rule().name, episode)) {
            alert->episode = episode;
        } else {
            entry.past.append(episode);
            if (entry.past.size() > mostRemembered)
                entry.past.removeFirst();
        }
        news = true;
    }
    return news;
}

bool AlertEngine::Private::follow(Running &entry)
{
    bool news = false;
    for (Alert &alert : alerts) {
        if (!alert.isFiring() || alert.rule != entry.watch->rule().name)
            continue;
        if (const auto current = entry.watch->counter().current(alert.episode.group);
            current && current->begin == alert.episode.begin && current->events != alert.episode.events) {
            alert.episode = *current;
            news = true;
        }
    }
    return news;
}

void AlertEngine::Private::trim()
{
    while (alerts.size() > MostAlerts) {
        const auto over = std::find_if(alerts.begin(), alerts.end(), [](const Alert &alert) { return !alert.isFiring(); });
        alerts.erase(over == alerts.end() ? alerts.begin() : over);
    }
}

AlertEngine::AlertEngine(const AuditTable &table, NowFunction now, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(table, std::move(now)))
{
}

AlertEngine::~AlertEngine() = default;

const QList<AlertRule> &AlertEngine::rules() const
{
    return d->rules;
}

std::unique_ptr<AlertWatch> AlertEngine::preview(const AlertRule &rule) const
{
    return std::make_unique<AlertWatch>(d->table, rule, QueryContext{auditFields(), d->now(), d->saved});
}

void AlertEngine::setRules(const QList<AlertRule> &rules)
{
    std::vector<Private::Running> next;
    for (const AlertRule &rule : rules.mid(0, AlertRule::MostRules)) {
        if (!rule.enabled)
            continue;
        const auto known = std::find_if(d->running.begin(), d->running.end(),
                                        [&](const auto &entry) { return entry.watch && entry.watch->rule() == rule; });
        if (known != d->running.end())
            next.push_back(std::move(*known));
        else
            next.push_back({preview(rule), d->now(), {}, {}});
    }
    d->running = std::move(next);
    d->rules = rules.mid(0, AlertRule::MostRules);
    const qint64 now = d->now();
    for (Alert &alert : d->alerts) { // of a rule that went or changed nothing is known any more
        const bool goes = std::none_of(d->running.begin(), d->running.end(), [&alert](const Private::Running &entry) {
            return entry.watch->rule().name == alert.rule && entry.watch->counter().current(alert.episode.group);
        });
        if (alert.isFiring() && goes)
            alert.episode.end = std::max(now, alert.episode.last);
    }
    Q_EMIT rulesChanged();
    Q_EMIT changed();
}

void AlertEngine::setSavedFilters(const QHash<QString, QString> &saved)
{
    if (saved == d->saved)
        return;
    d->saved = saved;
    // Only rules that name a saved filter read it again.
    for (Private::Running &entry : d->running) {
        if (entry.watch->rule().filter.contains(u'$'))
            entry = {preview(entry.watch->rule()), d->now(), {}, {}};
    }
}

void AlertEngine::tick()
{
    bool news = false;
    QList<std::pair<AlertRule, QStringList>> due;
    for (Private::Running &entry : d->running) {
        entry.watch->tick();
        if (entry.watch->isCaughtUp())
            entry.watch->settle(d->now());
        QStringList groups;
        news |= d->takeBegun(entry, groups);
        news |= d->takeEnded(entry);
        news |= d->follow(entry);
        if (!groups.isEmpty())
            due.append({entry.watch->rule(), groups});
    }
    d->trim();
    if (news)
        Q_EMIT changed();
    for (const auto &[rule, groups] : std::as_const(due)) {
        const QString first = groups.first().isEmpty() ? rule.thresholdText() : groups.first();
        Q_EMIT notificationDue(rule.name,
                               groups.size() == 1 ? first : tr("%1 and %n other(s)", nullptr, int(groups.size()) - 1).arg(first));
    }
}

QList<Alert> AlertEngine::alerts() const
{
    QList<Alert> newest = d->alerts;
    std::reverse(newest.begin(), newest.end());
    return newest;
}

int AlertEngine::firingCount() const
{
    return int(std::count_if(d->alerts.begin(), d->alerts.end(),
                             [](const Alert &alert) { return alert.isFiring() && !alert.acknowledged && !alert.snoozed; }));
}

void AlertEngine::acknowledge(quint64 id)
{
    for (Alert &alert : d->alerts) {
        if (alert.id == id && !alert.acknowledged) {
            alert.acknowledged = true;
            Q_EMIT changed();
        }
    }
}

void AlertEngine::snooze(const QString &rule, qint64 until)
{
    if (until <= d->now())
        d->snoozed.remove(rule);
    else
        d->snoozed.insert(rule, until);
    for (Alert &alert : d->alerts) {
        if (alert.isFiring() && alert.rule == rule)
            alert.snoozed = d->isSnoozed(rule);
    }
    Q_EMIT changed();
}

qint64 AlertEngine::snoozedUntil(const QString &rule) const
{
    return d->isSnoozed(rule) ? d->snoozed.value(rule) : 0;
}

QString AlertEngine::errorOf(const QString &rule) const
{
    for (const Private::Running &entry : d->running) {
        if (entry.watch->rule().name == rule)
            return entry.watch->error();
    }
    return {};
}

QList<AlertCounter::Episode> AlertEngine::wouldHave(const QString &rule) const
{
    for (const Private::Running &entry : d->running) {
        if (entry.watch->rule().name == rule)
            return entry.past;
    }
    return {};
}

void AlertEngine::load(const QSettings &settings)
{
    const QVariant kept = settings.value(rulesKey);
    setRules(kept.isValid() ? alertRulesFrom(kept.toString().toUtf8()) : usualAlertRules());
}

void AlertEngine::store(QSettings &settings) const
{
    settings.setValue(rulesKey, QString::fromUtf8(toJson(d->rules)));
}

} // namespace Monitor
