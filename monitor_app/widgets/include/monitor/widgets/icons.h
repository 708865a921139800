// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/theme.h"

#include <QIcon>
#include <QPixmap>
#include <QString>

class QPainter;

namespace Monitor {

/*!
    The icons of the program, drawn from SVG in the colour that is asked for.

    \a name is the file name in resources/icons without its suffix. Pictures are cached per name, size, colour and scale.
    Threads: the GUI thread.
*/
QPixmap iconPixmap(const QString &name, int size, const QColor &color, qreal scale);

//! Draws the icon with its top left corner at \a topLeft.
void drawIcon(QPainter &painter, QPointF topLeft, const QString &name, int size, const QColor &color);

//! The picture of the program itself; never recoloured.
QIcon applicationIcon();

} // namespace Monitor
