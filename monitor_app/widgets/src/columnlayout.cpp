// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/columnlayout.h"

#include <QSettings>

#include <algorithm>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int narrowest = 36;
constexpr int widest = 2000;

} // namespace

ColumnLayout::ColumnLayout(QString settingsKey)
    : m_group(u"columns/"_s + settingsKey)
{
}

void ColumnLayout::setSpecs(const QList<Spec> &specs, const QStringList &dropFirst)
{
    m_specs = specs;
    m_dropFirst = dropFirst;
    QSettings settings;
    settings.beginGroup(m_group);
    m_hidden = settings.value(u"hidden"_s).toStringList();
    m_pinned = settings.value(u"pinned"_s).toStringList();
    m_order = settings.value(u"order"_s).toStringList();
    const QVariantMap widths = settings.value(u"widths"_s).toMap();
    m_widths.clear();
    for (auto entry = widths.cbegin(); entry != widths.cend(); ++entry)
        m_widths.insert(entry.key(), std::clamp(entry.value().toInt(), narrowest, widest));
    // One column shows, whatever the settings say.
    const auto isHidden = [this](const Spec &spec) { return m_hidden.contains(spec.key); };
    if (!m_specs.isEmpty() && std::all_of(m_specs.begin(), m_specs.end(), isHidden))
        m_hidden.removeAll(m_specs.first().key);
}

void ColumnLayout::save() const
{
    QSettings settings;
    settings.beginGroup(m_group);
    settings.setValue(u"hidden"_s, m_hidden);
    settings.setValue(u"pinned"_s, m_pinned);
    settings.setValue(u"order"_s, m_order);
    QVariantMap widths;
    for (auto entry = m_widths.cbegin(); entry != m_widths.cend(); ++entry)
        widths.insert(entry.key(), entry.value());
    settings.setValue(u"widths"_s, widths);
}

QStringList ColumnLayout::keys() const
{
    QStringList keys;
    for (const Spec &spec : m_specs)
        keys << spec.key;
    return keys;
}

QStringList ColumnLayout::order() const
{
    QStringList order = m_order;
    for (const Spec &spec : m_specs) {
        if (!order.contains(spec.key))
            order << spec.key;
    }
    return order;
}

QStringList ColumnLayout::withoutRoom(int available) const
{
    int total = 0;
    for (const Spec &spec : m_specs)
        total += m_hidden.contains(spec.key) ? 0 : widthOf(spec);
    QStringList dropped;
    for (const QString &key : m_dropFirst) {
        if (total <= available)
            break;
        if (m_hidden.contains(key) || m_pinned.contains(key))
            continue;
        dropped << key;
        const auto spec = std::find_if(m_specs.begin(), m_specs.end(), [&](const Spec &entry) { return entry.key == key; });
        total -= spec == m_specs.end() ? 0 : widthOf(*spec);
    }
    return dropped;
}

QHash<QString, int> ColumnLayout::widthsFor(int available, const QStringList &order)
{
    m_dropped = withoutRoom(available);
    QHash<QString, int> widths;
    int growing = 0;
    int rest = available;
    for (const Spec &spec : std::as_const(m_specs)) {
        if (m_hidden.contains(spec.key) || m_dropped.contains(spec.key))
            continue;
        widths.insert(spec.key, widthOf(spec));
        rest -= widthOf(spec);
        growing += grows(spec) ? widthOf(spec) : 0;
    }
    int left = std::max(0, rest);
    for (const Spec &spec : std::as_const(m_specs)) {
        if (!widths.contains(spec.key) || !grows(spec))
            continue;
        const int extra = std::max(0, rest) * widthOf(spec) / growing;
        widths[spec.key] += extra;
        left -= extra;
    }
    const auto last = std::find_if(order.rbegin(), order.rend(), [&](const QString &key) { return widths.contains(key); });
    if (last != order.rend())
        widths[*last] += left;
    return widths;
}

void ColumnLayout::choose(const QString &key, bool chosen)
{
    m_hidden.removeAll(key);
    m_pinned.removeAll(key);
    (chosen ? m_pinned : m_hidden) << key;
    save();
}

void ColumnLayout::setWidth(const QString &key, int width)
{
    m_widths.insert(key, std::clamp(width, narrowest, widest));
}

void ColumnLayout::setOrder(const QStringList &order)
{
    m_order = order == keys() ? QStringList() : order;
    save();
}

void ColumnLayout::reset()
{
    m_widths.clear();
    m_hidden.clear();
    m_pinned.clear();
    m_order.clear();
    save();
}

} // namespace Monitor
