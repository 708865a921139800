// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/tabstrip.h"

#include "monitor/widgets/painting.h"

#include <QPainter>

namespace Monitor {

namespace {

constexpr int tabGap = 20;

} // namespace

TabStrip::TabStrip(const QStringList &titles, QWidget *parent)
    : QTabBar(parent)
{
    for (const QString &title : titles)
        addTab(title);
    setDrawBase(false);
    setExpanding(false);
    setUsesScrollButtons(false);
    setFixedHeight(px(Metric::LayoutTabs));
    setFocusPolicy(Qt::TabFocus);
    setAccessibleName(tr("Parts of the detail"));
}

QSize TabStrip::tabSizeHint(int index) const
{
    return {int(std::ceil(textWidth(Face::TableStrong, tabText(index)))) + tabGap, px(Metric::LayoutTabs)};
}

QSize TabStrip::minimumTabSizeHint(int index) const
{
    return tabSizeHint(index);
}

void TabStrip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawHairline(painter, {0, height() - 1.0}, {qreal(width()), height() - 1.0}, ink(Ink::LineDivider));
    for (int tab = 0; tab < count(); ++tab) {
        const QRectF area = QRectF(tabRect(tab)).adjusted(0, 0, -tabGap, 0);
        const bool current = tab == currentIndex();
        drawText(painter, area, current ? Face::TableStrong : Face::TableMedium,
                 ink(current ? Ink::TextPrimary : Ink::TextSecondary), tabText(tab));
        if (current)
            painter.fillRect(QRectF(area.left(), height() - 2, area.width(), 2), ink(Ink::AccentText));
        if (current && hasFocus())
            drawBox(painter, area.adjusted(-4, 4, 4, -6), px(Metric::RadiusControl), QColor(), ink(Ink::AccentFocus), 2);
    }
}

} // namespace Monitor
