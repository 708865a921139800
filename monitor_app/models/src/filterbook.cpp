// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/filterbook.h"

#include <QSettings>
#include <QVariantMap>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype longestName = 60;
const QString savedKey = u"filters/saved"_s;
const QString historyKey = u"filters/history"_s;

} // namespace

QString FilterBook::nameFrom(const QString &typed)
{
    QString name;
    for (const QChar c : typed.trimmed().toLower()) {
        if (c.isLetterOrNumber() || c == u'.' || c == u'_')
            name += c;
        else if (!name.isEmpty() && !name.endsWith(u'-'))
            name += u'-';
    }
    while (name.endsWith(u'-'))
        name.chop(1);
    return name.left(longestName);
}

QHash<QString, QString> FilterBook::saved(const QString &page) const
{
    return m_saved.value(page);
}

QStringList FilterBook::savedNames(const QString &page) const
{
    QStringList names = m_saved.value(page).keys();
    names.sort();
    return names;
}

bool FilterBook::save(const QString &page, const QString &name, const QString &text)
{
    auto &filters = m_saved[page];
    if (name.isEmpty() || text.trimmed().isEmpty() || (filters.size() >= SavedLimit && !filters.contains(name)))
        return false;
    filters.insert(name, text.trimmed());
    Q_EMIT changed();
    return true;
}

void FilterBook::remove(const QString &page, const QString &name)
{
    if (m_saved[page].remove(name) > 0)
        Q_EMIT changed();
}

QStringList FilterBook::history(const QString &page) const
{
    return m_history.value(page);
}

void FilterBook::noteApplied(const QString &page, const QString &text)
{
    const QString plain = text.trimmed();
    if (plain.isEmpty())
        return;
    QStringList &past = m_history[page];
    past.removeAll(plain);
    past.prepend(plain);
    if (past.size() > HistoryLimit)
        past.resize(HistoryLimit);
}

void FilterBook::load(const QSettings &settings)
{
    m_saved.clear();
    m_history.clear();
    const QVariantMap saved = settings.value(savedKey).toMap();
    for (auto page = saved.begin(); page != saved.end(); ++page) {
        const QVariantMap filters = page.value().toMap();
        for (auto filter = filters.begin(); filter != filters.end(); ++filter) {
            if (const QString name = nameFrom(filter.key()); !name.isEmpty() && m_saved[page.key()].size() < SavedLimit)
                m_saved[page.key()].insert(name, filter.value().toString());
        }
    }
    const QVariantMap history = settings.value(historyKey).toMap();
    for (auto page = history.begin(); page != history.end(); ++page)
        m_history.insert(page.key(), page.value().toStringList().mid(0, HistoryLimit));
    Q_EMIT changed();
}

void FilterBook::store(QSettings &settings) const
{
    QVariantMap saved;
    for (auto page = m_saved.begin(); page != m_saved.end(); ++page) {
        QVariantMap filters;
        for (auto filter = page->begin(); filter != page->end(); ++filter)
            filters.insert(filter.key(), filter.value());
        saved.insert(page.key(), filters);
    }
    QVariantMap history;
    for (auto page = m_history.begin(); page != m_history.end(); ++page)
        history.insert(page.key(), *page);
    settings.setValue(savedKey, saved);
    settings.setValue(historyKey, history);
}

} // namespace Monitor
