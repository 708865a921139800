// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/audittable.h"

#include <QList>
#include <QObject>
#include <QString>

#include <memory>

namespace Monitor {

/*! What the check of a log's hash chain found, as it is now. */
struct ChainFindings
{
    //! Events that follow each other, each proved by its own hash and that of the one before it.
    struct Stretch
    {
        quint64 from = 0;
        quint64 to = 0;
        quint64 row = 0; //!< Of the first one.
        QString chain; //!< Id of the chain.
        bool startIsProven = true; //!< It begins with event 1, or goes on from what is before it.
    };
    struct Finding
    {
        enum class Kind {
            Broken, //!< The event was changed, moved, or taken from another log.
            Missing, //!< Events between two others are not here.
            Unreadable, //!< A line between two events cannot be read.
            Restart, //!< Another chain begins. No fault.
            NotKept //!< Rows that went out of memory before they were checked.
        };
        Kind kind = Kind::Broken;
        quint64 row = 0; //!< Where it is; of Missing the event behind it.
        quint64 from = 0; //!< Sequence; of Missing the first one.
        quint64 to = 0;
        QString why; //!< English.
    };
    static constexpr qsizetype Most = 1000; //!< Of each list; more are counted.

    QList<Stretch> stretches;
    QList<Finding> findings;
    quint64 broken = 0;
    quint64 missing = 0; //!< Events.
    quint64 unreadable = 0;
    quint64 restarts = 0;
    quint64 notKept = 0; //!< Rows.
    quint64 events = 0; //!< With a hash.
    quint64 unchained = 0; //!< Events without one.
    quint64 checkedRows = 0;
    QString head; //!< Hash of the last event.
    bool isCaughtUp = false;

    bool isSound() const { return broken == 0 && missing == 0 && unreadable == 0 && notKept == 0; }
    const Finding *firstBreak() const;
    QString summary() const; //!< "Verified 1 to 150, broken at 151"; translated.
};

/*! The steps of the check. Pure; the texts in findings are English. */
class ChainCheck
{
public:
    ChainCheck();
    ~ChainCheck();

    void event(quint64 row, const QByteArray &line);
    void unreadable(quint64 row);
    void notKept(quint64 rows); //!< That went before they were looked at.
    const ChainFindings &findings() const;

private:
    class Private;
    std::unique_ptr<Private> d;
};

/*!
    Checks a log that is in a table like a stream: row by row in a thread of its own, behind whoever appends. Rows whose event is
    broken are marked in the table.

    Threads: the one it lives in. Ownership: borrows the table; the destructor ends the thread.
*/
class LogVerifier : public QObject
{
    Q_OBJECT

public:
    explicit LogVerifier(AuditTable &table, QObject *parent = nullptr);
    ~LogVerifier() override;

    void noteRows(); //!< There are more.
    ChainFindings findings() const;

Q_SIGNALS:
    void changed(); //!< At most ten times a second, and when it caught up.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
