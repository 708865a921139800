// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/sheet.h"

#include "monitor/widgets/painting.h"

#include <QAbstractButton>
#include <QApplication>
#include <QKeyEvent>
#include <QLayout>
#include <QPainter>

namespace Monitor {

class Sheet::Veil : public QWidget
{
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), ink(Ink::OverlayDim));
    }
    void mousePressEvent(QMouseEvent *) override { } // What is under the veil is out of reach.
    void wheelEvent(QWheelEvent *) override { }
};

Sheet::Sheet(QWidget *window, int width)
    : QDialog(window)
    , m_veil(new Veil(window))
    , m_focusBefore(QApplication::focusWidget())
{
    setParent(m_veil);
    setWindowFlags(Qt::Widget);
    setAttribute(Qt::WA_DeleteOnClose);
    setFixedWidth(width);
    setAutoFillBackground(false);
    m_veil->hide();
    window->installEventFilter(this);
    connect(this, &QDialog::finished, m_veil, [veil = m_veil.get()] {
        veil->hide();
        veil->deleteLater();
    });
}

Sheet::~Sheet()
{
    if (m_focusBefore)
        m_focusBefore->setFocus(Qt::OtherFocusReason);
}

void Sheet::place()
{
    QWidget *window = m_veil->parentWidget();
    m_veil->setGeometry(window->rect());
    layout()->activate();
    resize(width(), layout()->hasHeightForWidth() ? layout()->totalHeightForWidth(width()) : sizeHint().height());
    move((window->width() - width()) / 2, std::max(16, (window->height() - height()) * 2 / 5));
}

void Sheet::open()
{
    place();
    m_veil->show();
    m_veil->raise();
    show();
    place();
    if (!isAncestorOf(QApplication::focusWidget()) && focusWidget() == nullptr)
        setFocus(Qt::OtherFocusReason);
}

void Sheet::keyPressEvent(QKeyEvent *event)
{
    auto *button = qobject_cast<QAbstractButton *>(QApplication::focusWidget());
    const bool isEnter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (isEnter && button && isAncestorOf(button))
        button->click();
    else
        QDialog::keyPressEvent(event);
}

bool Sheet::eventFilter(QObject *object, QEvent *event)
{
    if (m_veil && object == m_veil->parentWidget() && event->type() == QEvent::Resize)
        place();
    return QDialog::eventFilter(object, event);
}

bool Sheet::focusNextPrevChild(bool next)
{
    // The window's chain goes on behind the veil; here it is a ring of what is inside.
    QList<QWidget *> chain;
    for (QWidget *widget = nextInFocusChain(); widget != this; widget = widget->nextInFocusChain()) {
        if (isAncestorOf(widget) && widget->focusPolicy() & Qt::TabFocus && widget->isEnabled() && widget->isVisible()
            && !widget->focusProxy())
            chain << widget;
    }
    if (chain.isEmpty())
        return true;
    const qsizetype current = chain.indexOf(QApplication::focusWidget());
    const qsizetype count = chain.size();
    const qsizetype target = current < 0 ? 0 : (current + (next ? 1 : -1) + count) % count;
    chain.at(target)->setFocus(next ? Qt::TabFocusReason : Qt::BacktabFocusReason);
    return true;
}

void Sheet::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawBox(painter, rect(), px(Metric::RadiusCard), ink(Ink::SurfaceRaised), ink(Ink::LineControl));
}

} // namespace Monitor
