// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QProxyStyle>

class QFocusFrame;

namespace Monitor {

/*!
    Fusion with our inputs, menus, check boxes, scroll bars, tool tips and focus ring. Colours come from the Theme at the
    time of painting, so a change of scheme needs only a repaint.
*/
class MonitorStyle : public QProxyStyle
{
    Q_OBJECT

public:
    MonitorStyle();

    void drawPrimitive(PrimitiveElement element, const QStyleOption *option, QPainter *painter,
                       const QWidget *widget) const override;
    void drawControl(ControlElement element, const QStyleOption *option, QPainter *painter, const QWidget *widget) const override;
    void drawComplexControl(ComplexControl control, const QStyleOptionComplex *option, QPainter *painter,
                            const QWidget *widget) const override;
    QRect subControlRect(ComplexControl control, const QStyleOptionComplex *option, SubControl part,
                         const QWidget *widget) const override;
    int pixelMetric(PixelMetric metric, const QStyleOption *option, const QWidget *widget) const override;
    int styleHint(StyleHint hint, const QStyleOption *option, const QWidget *widget, QStyleHintReturn *data) const override;
    QSize sizeFromContents(ContentsType type, const QStyleOption *option, const QSize &size,
                           const QWidget *widget) const override;
    void polish(QWidget *widget) override;
    using QProxyStyle::polish;
};

/*!
    Puts the ring around the control that has the focus, while the keyboard is what moved it there.

    One object per program; it lives until the application ends.
*/
class FocusRing : public QObject
{
    Q_OBJECT

public:
    explicit FocusRing(QObject *parent);

    bool eventFilter(QObject *object, QEvent *event) override;

private:
    void moveTo(QWidget *widget);

    QFocusFrame *m_frame = nullptr;
    bool m_keyboard = false;
};

} // namespace Monitor
