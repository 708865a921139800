// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QString>

namespace Bench {

/*! Counts in bins of equal width, drawn as an SVG: what is tried as outlines, what succeeded filled. */
struct Histogram
{
    QString title;
    qint64 width = 100; //!< Of a bin, in milliseconds.
    QList<int> tried; //!< From time 0 on.
    QList<int> succeeded;
    qint64 mark = 0; //!< A time worth a line, and what it is.
    QString markName;

    static QList<int> counted(const QList<qint64> &times, qint64 from, qint64 until, qint64 width);
    QByteArray toSvg() const;
};

QString outputFolder(); //!< "bench" beside the folder of this program; made if it is not there.
bool writeOutput(const QString &name, const QByteArray &bytes); //!< Says on stderr where.

} // namespace Bench
