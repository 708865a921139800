// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/logmapping.h"

#include <QByteArrayView>
#include <QString>

#include <memory>

namespace Monitor {

/*!
    The members of one CloudEvents line that become columns. Views are valid until the next parse().

    Everything beyond id, type and time is optional, so that events of other producers show too. Lines that are no CloudEvents are
    read by a LogMapping, or by what looks like a time and a text.
*/
struct AuditLine
{
    qint64 time = 0; //!< ms since the epoch
    quint64 sequence = 0; //!< 0: the event has none.
    int severity = 0;
    int outcome = 0;
    int closeCode = 0;
    QByteArrayView kind; //!< Short type of our events, whole type of others.
    QByteArrayView node;
    QByteArrayView actor;
    QByteArrayView client;
    QByteArrayView session;
    QByteArrayView connection;
    QByteArrayView token;
    QByteArrayView family;
    QByteArrayView ip;
    QByteArrayView reason;
    QByteArrayView message;
    int mapping = -1; //!< Of the list of setMappings(): by which it was read; -1 for a CloudEvent.
    bool isPlain = false; //!< JSON of no known kind: time, text and level were guessed.
};

/*! Parses lines of the audit log by simdjson. Threads: one parser per thread. */
class AuditLineParser
{
public:
    static constexpr qsizetype Padding = 64; //!< Bytes that must be readable behind a line for parsePadded().
    static constexpr qsizetype MaxLine = (qsizetype(1) << 20) - 16;

    AuditLineParser(); //!< Knows LogMapping::own().
    ~AuditLineParser();

    void setMappings(const QList<LogMapping> &mappings); //!< The first that fits is taken.
    const QList<LogMapping> &mappings() const;

    //! Null when the line is good, else why it is not (English, static).
    const char *parse(QByteArrayView line, AuditLine &out); //!< Copies the line.
    const char *parsePadded(QByteArrayView line, AuditLine &out); //!< Without a copy.

    //! RFC 3339 with any offset, to milliseconds; false if it is not that.
    static bool parseTime(QByteArrayView text, qint64 &milliseconds);

private:
    class Private;
    bool m_repairing = false;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
