// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/theme.h"

#include <QBrush>
#include <QRectF>
#include <QString>
#include <QStringView>

#include <initializer_list>

class QPainter;

namespace Monitor {

//! A piece of a line of text: one face, one colour.
struct TextRun
{
    QString text;
    Face face = Face::Table;
    Ink color = Ink::TextPrimary;
    bool tabular = true; //!< Digits in cells of equal width.

    friend bool operator==(const TextRun &, const TextRun &) = default;
};

/*!
    Draws one line of text in \a rect, centred vertically, with digits in cells as wide as the widest digit, so that a number
    keeps its width while its value changes. Text that does not fit is elided at its end. Returns the width that it took.
*/
qreal drawText(QPainter &painter, const QRectF &rect, Face face, const QColor &color, const QString &text,
               Qt::Alignment alignment = Qt::AlignLeft, bool tabular = false);
qreal drawNumber(QPainter &painter, const QRectF &rect, Face face, const QColor &color, const QString &text,
                 Qt::Alignment alignment = Qt::AlignRight);
qreal textWidth(Face face, const QString &text);
qreal numberWidth(Face face, const QString &text);
//! Runs one behind another from the left edge of \a rect; returns the x behind the last one.
qreal drawRuns(QPainter &painter, const QRectF &rect, std::initializer_list<TextRun> runs);

//! A tool tip that shows \a text as it is; Qt would read "<img ...>" in a name as markup.
QString plainToolTip(const QString &text);
QString elidedMiddle(const QString &id, int head = 6, int tail = 2); //!< "s-4c19…a7"

//! A stroke on whole pixels: horizontal or vertical, one device pixel wide.
void drawHairline(QPainter &painter, QPointF from, QPointF to, const QColor &color);
void drawBox(QPainter &painter, const QRectF &rect, qreal radius, const QColor &fill, const QColor &line, qreal lineWidth = 1);
//! 45 degrees, pitch 5, stroke 2; cached per colours and scale.
QBrush hatchBrush(const QColor &stroke, const QColor &ground, qreal scale);

} // namespace Monitor
