// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QObject>
#include <QString>
#include <QStringList>

class QSettings;

namespace Monitor {

/*!
    Filters that a person keeps: by name, and the last ones of each page. A page is named by its key: "connections", "tokens",
    "audit". A saved filter is written $name in another one.

    Threads: the one it lives in.
*/
class FilterBook : public QObject
{
    Q_OBJECT

public:
    static constexpr qsizetype HistoryLimit = 20; //!< Of a page.
    static constexpr qsizetype SavedLimit = 200; //!< Of a page.

    using QObject::QObject;

    //! A name made of what a person typed: "Failing on gw-2" becomes "failing-on-gw-2"; empty if nothing is left of it.
    static QString nameFrom(const QString &typed);

    QHash<QString, QString> saved(const QString &page) const; //!< Name to text.
    QStringList savedNames(const QString &page) const; //!< Sorted.
    //! Replaces one of the same name. Returns false without a name or a text, and when the page is full.
    bool save(const QString &page, const QString &name, const QString &text);
    void remove(const QString &page, const QString &name);

    QStringList history(const QString &page) const; //!< The newest first.
    void noteApplied(const QString &page, const QString &text); //!< Empty texts are no history.

    void load(const QSettings &settings);
    void store(QSettings &settings) const;

Q_SIGNALS:
    void changed(); //!< Of what is saved, not of the history.

private:
    QHash<QString, QHash<QString, QString>> m_saved;
    QHash<QString, QStringList> m_history;
};

} // namespace Monitor
