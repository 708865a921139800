// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/page.h"

#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/workspace.h"

#include <QApplication>
#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

namespace Monitor {

Page::Page(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_bar(new QWidget(this))
    , m_toolbar(new QHBoxLayout(m_bar))
    , m_strips(new QVBoxLayout)
    , m_split(new QBoxLayout(QBoxLayout::LeftToRight))
    , m_detail(new DetailPane(workspace, this))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_bar->setFixedHeight(px(Metric::LayoutPageToolbar));
    m_toolbar->setContentsMargins(12, 0, 12, 1);
    m_toolbar->setSpacing(8);
    layout->addWidget(m_bar);
    m_strips->setSpacing(0);
    layout->addLayout(m_strips);
    m_split->setSpacing(0);
    m_split->setContentsMargins(0, 0, 0, 0);
    layout->addLayout(m_split, 1);
    m_detail->setUnder(false);
    m_detail->hide();
    connect(m_detail, &DetailPane::closeRequested, this, [this] { setDetailShown(false); });
    connect(m_detail, &DetailPane::disconnectRequested, this, &Page::detailDisconnect);
    connect(m_detail, &DetailPane::eventRequested, this, &Page::eventRequested);
    connect(m_detail, &DetailPane::filterRequested, this, &Page::sessionRequested);
}

void Page::setFilterBar(FilterBar *bar)
{
    m_filter = bar;
    connect(bar, &FilterBar::left, this, [this] { view()->setFocus(Qt::OtherFocusReason); });
}

void Page::setContentWidget(QWidget *content)
{
    m_split->addWidget(content, 1);
    m_split->addWidget(m_detail);
}

void Page::setNarrow(bool narrow)
{
    if (m_filter)
        m_filter->setNarrow(narrow);
    if (m_narrow == narrow)
        return;
    m_narrow = narrow;
    m_split->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    m_detail->setUnder(narrow);
}

void Page::applyFilter(const QString &text)
{
    if (m_filter)
        m_filter->setText(text);
}

bool Page::isDetailShown() const
{
    return m_detail->isVisibleTo(this);
}

void Page::setDetailShown(bool shown)
{
    if (shown)
        refreshDetail();
    const bool focusInside = m_detail->isAncestorOf(QApplication::focusWidget());
    m_detail->setVisible(shown && m_detail->content().valid);
    if (!shown && focusInside)
        view()->setFocus(Qt::OtherFocusReason);
    Q_EMIT statusRunsChanged();
}

void Page::focusFilter()
{
    if (m_filter)
        m_filter->edit()->setFocus(Qt::ShortcutFocusReason);
}

void Page::cyclePane(int step)
{
    QList<QWidget *> panes;
    if (m_filter)
        panes << m_filter->edit();
    panes << view();
    if (isDetailShown())
        panes << m_detail;
    const QWidget *focus = QApplication::focusWidget();
    int current = 0;
    for (int pane = 0; pane < panes.size(); ++pane) {
        if (focus && (panes.at(pane) == focus || panes.at(pane)->isAncestorOf(focus)))
            current = pane;
    }
    const int count = int(panes.size());
    QWidget *next = panes.at((current + step + count) % count);
    if (next == m_detail) {
        for (QWidget *child : m_detail->findChildren<QWidget *>()) {
            if (child->focusPolicy() & Qt::TabFocus && child->isVisible() && child->isEnabled()) {
                next = child;
                break;
            }
        }
    }
    next->setFocus(Qt::TabFocusReason);
}

void Page::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    const qreal y = m_bar->height() - 1.0;
    painter.fillRect(QRect(0, 0, width(), m_bar->height()), ink(Ink::SurfacePanel));
    drawHairline(painter, {0, y}, {qreal(width()), y}, ink(Ink::LineDivider));
}

} // namespace Monitor
