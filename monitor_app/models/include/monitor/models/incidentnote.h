// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

namespace Monitor {

/*! Rows that an operator takes into a ticket or a chat, with what a reader needs to find and to trust them. */
struct IncidentNote
{
    QString title; //!< Of the page.
    QString source; //!< Gateway or file.
    bool isDemo = false;
    QString filter; //!< That was applied; empty for none.
    QString takenBy;
    qint64 takenAt = 0; //!< ms since the epoch, by the server's clock.
    QString completeness; //!< "Complete since 48,102,000"
    QString proof; //!< "Events 12 to 48 ..., hashes ..."; empty where there is none.
    QStringList columns;
    QList<QStringList> rows;
    qsizetype leftOut = 0; //!< Rows that were selected beyond these.

    QString toMarkdown() const;
};

//! Text of strangers for a cell of Markdown: nothing of it is markup, and nothing turns the text around it.
QString markdownCell(const QString &text);

//! Of events as they came: their range, and the hashes of the first and the last one; empty if none has a sequence.
QString proofOfEvents(const QList<QByteArray> &lines);

} // namespace Monitor
