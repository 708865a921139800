// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QList>
#include <QString>
#include <QStringList>

namespace Monitor {

/*!
    Which columns a table shows, in which order and how wide: what the page gives, what the person chose, and what there is room
    for. What the person chose is kept in the settings at once.
*/
class ColumnLayout
{
public:
    struct Spec
    {
        QString key;
        int width;
        bool grows; //!< Takes a part of the width that is left, until the person sizes it.
    };

    explicit ColumnLayout(QString settingsKey);

    void setSpecs(const QList<Spec> &specs, const QStringList &dropFirst); //!< Takes over what was kept.
    QStringList keys() const; //!< As the page gave them.
    QStringList order() const; //!< From the left.
    QStringList hidden() const { return m_hidden; }
    QStringList dropped() const { return m_dropped; } //!< For want of room, at the last widthsFor().
    //! Widths of the columns that show; \a order names the last one, which fills what is left.
    QHash<QString, int> widthsFor(int available, const QStringList &order);

    void choose(const QString &key, bool chosen); //!< Chosen: it shows also when there is no room for all.
    void setWidth(const QString &key, int width); //!< Kept by the next setOrder(): sizes change often while they are dragged.
    void setOrder(const QStringList &order);
    void reset();

private:
    int widthOf(const Spec &spec) const { return m_widths.value(spec.key, spec.width); }
    bool grows(const Spec &spec) const { return spec.grows && !m_widths.contains(spec.key); }
    QStringList withoutRoom(int available) const;
    void save() const;

    const QString m_group;
    QList<Spec> m_specs;
    QStringList m_dropFirst;
    QStringList m_dropped;
    QHash<QString, int> m_widths;
    QStringList m_hidden;
    QStringList m_pinned;
    QStringList m_order; //!< Empty: as the page gave them.
};

} // namespace Monitor
