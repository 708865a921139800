// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/style.h"

#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"

#include <QAbstractButton>
#include <QApplication>
#include <QComboBox>
#include <QFocusFrame>
#include <QKeyEvent>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QPlainTextEdit>
#include <QStyleOption>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int menuRow = 28;
constexpr int scrollThumbWidth = 6;

void drawInput(QPainter &painter, const QStyleOption &option)
{
    const bool enabled = option.state & QStyle::State_Enabled;
    const bool focused = option.state & QStyle::State_HasFocus;
    const QColor line = focused ? ink(Ink::AccentFocus) : ink(enabled ? Ink::LineControl : Ink::LineDivider);
    drawBox(painter, option.rect, px(Metric::RadiusControl), ink(enabled ? Ink::SurfacePanel : Ink::SurfaceSunk), line,
            focused ? 2 : 1);
}

void drawCheckBox(QPainter &painter, const QStyleOption &option)
{
    const QRectF box = option.rect;
    const bool on = option.state & QStyle::State_On;
    const bool enabled = option.state & QStyle::State_Enabled;
    if (!on) {
        drawBox(painter, box, px(Metric::RadiusKey), ink(Ink::SurfacePanel), ink(enabled ? Ink::LineControl : Ink::LineDivider));
        return;
    }
    drawBox(painter, box, px(Metric::RadiusKey), ink(enabled ? Ink::AccentFill : Ink::SoftNeutral), QColor());
    drawIcon(painter, box.topLeft() + QPointF((box.width() - 12) / 2, (box.height() - 12) / 2), u"check"_s, 12,
             ink(Ink::AccentOn));
}

void drawMenuItem(QPainter &painter, const QStyleOptionMenuItem &item)
{
    const QRectF row = item.rect;
    if (item.menuItemType == QStyleOptionMenuItem::Separator) {
        drawHairline(painter, {row.left(), row.center().y()}, {row.right(), row.center().y()}, ink(Ink::LineDivider));
        return;
    }
    const bool enabled = item.state & QStyle::State_Enabled;
    const bool selected = enabled && (item.state & QStyle::State_Selected);
    if (selected)
        painter.fillRect(item.rect, ink(Ink::SelectFill));
    const QColor color = ink(!enabled ? Ink::TextDisabled : selected ? Ink::SelectText : Ink::TextPrimary);
    if (item.checkType != QStyleOptionMenuItem::NotCheckable && item.checked)
        drawIcon(painter, {row.left() + 10, row.top() + (row.height() - 14) / 2}, u"check"_s, 14, color);
    const QStringList parts = item.text.split(u'\t');
    QString words = parts.value(0);
    words.remove(u'&');
    const QRectF area = row.adjusted(32, 0, -12, 0);
    drawText(painter, area, Face::Table, color, words);
    if (parts.size() > 1)
        drawText(painter, area, Face::Caption, ink(selected ? Ink::SelectText : Ink::TextMuted), parts.at(1), Qt::AlignRight);
}

void drawCombo(QPainter &painter, const QStyleOptionComboBox &option)
{
    drawInput(painter, option);
    const QRectF area = QRectF(option.rect).adjusted(0, 0, -10, 0);
    const bool enabled = option.state & QStyle::State_Enabled;
    drawIcon(painter, {area.right() - 12, area.top() + (area.height() - 12) / 2}, u"chevron-down"_s, 12,
             ink(enabled ? Ink::TextPrimary : Ink::TextDisabled));
}

void drawScrollBar(QPainter &painter, const QStyleOptionSlider &option, QRect thumb)
{
    if (option.minimum >= option.maximum)
        return;
    const bool vertical = option.orientation == Qt::Vertical;
    const int inset = vertical ? (thumb.width() - scrollThumbWidth) / 2 : (thumb.height() - scrollThumbWidth) / 2;
    const QRectF shape = vertical ? thumb.adjusted(inset, 2, -inset, -2) : thumb.adjusted(2, inset, -2, -inset);
    drawBox(painter, shape, scrollThumbWidth / 2.0, ink(option.state & QStyle::State_Sunken ? Ink::TextMuted : Ink::LineControl),
            QColor());
}

bool takesRing(const QWidget *widget)
{
    return qobject_cast<const QAbstractButton *>(widget) != nullptr;
}

} // namespace

MonitorStyle::MonitorStyle()
    : QProxyStyle(u"Fusion"_s)
{
}

void MonitorStyle::drawPrimitive(PrimitiveElement element, const QStyleOption *option, QPainter *painter,
                                 const QWidget *widget) const
{
    switch (element) {
    case PE_FrameFocusRect:
        return;
    case PE_PanelLineEdit:
        if (!qobject_cast<const QLineEdit *>(widget) || static_cast<const QLineEdit *>(widget)->hasFrame())
            drawInput(*painter, *option);
        return;
    case PE_Frame:
        if (qobject_cast<const QPlainTextEdit *>(widget)) {
            drawInput(*painter, *option);
            return;
        }
        break;
    case PE_IndicatorCheckBox:
        drawCheckBox(*painter, *option);
        return;
    case PE_PanelMenu:
    case PE_FrameMenu:
        painter->fillRect(option->rect, ink(Ink::SurfaceRaised));
        drawBox(*painter, option->rect, 0, QColor(), ink(Ink::LineControl));
        return;
    case PE_PanelTipLabel:
        painter->fillRect(option->rect, ink(Ink::TooltipFill));
        return;
    default:
        break;
    }
    QProxyStyle::drawPrimitive(element, option, painter, widget);
}

void MonitorStyle::drawControl(ControlElement element, const QStyleOption *option, QPainter *painter, const QWidget *widget) const
{
    if (element == CE_MenuItem) {
        if (const auto *item = qstyleoption_cast<const QStyleOptionMenuItem *>(option)) {
            drawMenuItem(*painter, *item);
            return;
        }
    }
    if (element == CE_MenuEmptyArea)
        return;
    if (element == CE_FocusFrame) {
        drawBox(*painter, option->rect, px(Metric::RadiusControl) + 2, QColor(), ink(Ink::AccentFocus), 2);
        return;
    }
    QProxyStyle::drawControl(element, option, painter, widget);
}

void MonitorStyle::drawComplexControl(ComplexControl control, const QStyleOptionComplex *option, QPainter *painter,
                                      const QWidget *widget) const
{
    if (control == CC_ComboBox) {
        if (const auto *combo = qstyleoption_cast<const QStyleOptionComboBox *>(option)) {
            drawCombo(*painter, *combo);
            return;
        }
    }
    if (control == CC_ScrollBar) {
        if (const auto *slider = qstyleoption_cast<const QStyleOptionSlider *>(option)) {
            drawScrollBar(*painter, *slider, subControlRect(CC_ScrollBar, option, SC_ScrollBarSlider, widget));
            return;
        }
    }
    QProxyStyle::drawComplexControl(control, option, painter, widget);
}

QRect MonitorStyle::subControlRect(ComplexControl control, const QStyleOptionComplex *option, SubControl part,
                                   const QWidget *widget) const
{
    if (control == CC_ScrollBar) {
        // No arrows: the groove is the whole bar.
        const auto *slider = qstyleoption_cast<const QStyleOptionSlider *>(option);
        if (part == SC_ScrollBarAddLine || part == SC_ScrollBarSubLine)
            return {};
        if (slider && part == SC_ScrollBarGroove)
            return slider->rect;
        if (slider && part == SC_ScrollBarSlider) {
            const bool vertical = slider->orientation == Qt::Vertical;
            const int length = vertical ? slider->rect.height() : slider->rect.width();
            const qint64 range = qint64(slider->maximum) - slider->minimum;
            int thumb = length;
            if (range > 0)
                thumb = std::max(24, int(qint64(slider->pageStep) * length / (range + slider->pageStep)));
            const int start = sliderPositionFromValue(slider->minimum, slider->maximum, slider->sliderPosition, length - thumb,
                                                      slider->upsideDown);
            return vertical ? QRect(0, start, slider->rect.width(), thumb) : QRect(start, 0, thumb, slider->rect.height());
        }
    }
    if (control == CC_ComboBox && part == SC_ComboBoxEditField)
        return option->rect.adjusted(8, 1, -26, -1);
    return QProxyStyle::subControlRect(control, option, part, widget);
}

int MonitorStyle::pixelMetric(PixelMetric metric, const QStyleOption *option, const QWidget *widget) const
{
    switch (metric) {
    case PM_ScrollBarExtent:
        return px(Metric::LayoutScrollGutter);
    case PM_IndicatorWidth:
    case PM_IndicatorHeight:
        return px(Metric::ControlCheckBox);
    case PM_CheckBoxLabelSpacing:
        return 8;
    case PM_FocusFrameHMargin:
    case PM_FocusFrameVMargin:
        return 3;
    case PM_MenuPanelWidth:
        return 1;
    case PM_MenuVMargin:
        return 4;
    case PM_ToolTipLabelFrameWidth:
        return 6;
    case PM_ButtonShiftHorizontal:
    case PM_ButtonShiftVertical:
        return 0;
    default:
        return QProxyStyle::pixelMetric(metric, option, widget);
    }
}

int MonitorStyle::styleHint(StyleHint hint, const QStyleOption *option, const QWidget *widget, QStyleHintReturn *data) const
{
    switch (hint) {
    case SH_ComboBox_Popup:
        return 0;
    case SH_ToolTip_WakeUpDelay:
        return 400;
    case SH_EtchDisabledText:
    case SH_DitherDisabledText:
        return 0;
    case SH_UnderlineShortcut:
        return 0;
    default:
        return QProxyStyle::styleHint(hint, option, widget, data);
    }
}

QSize MonitorStyle::sizeFromContents(ContentsType type, const QStyleOption *option, const QSize &size,
                                     const QWidget *widget) const
{
    if (type == CT_MenuItem) {
        const auto *item = qstyleoption_cast<const QStyleOptionMenuItem *>(option);
        if (item && item->menuItemType == QStyleOptionMenuItem::Separator)
            return {size.width(), 9};
        if (item) {
            const QStringList parts = item->text.split(u'\t');
            qreal width = 32 + textWidth(Face::Table, parts.value(0)) + 20;
            if (parts.size() > 1)
                width += 24 + textWidth(Face::Caption, parts.at(1));
            return {int(width), menuRow};
        }
    }
    QSize result = QProxyStyle::sizeFromContents(type, option, size, widget);
    if (type == CT_ItemViewItem && widget && widget->inherits("QComboBoxListView"))
        result.setHeight(menuRow);
    if (type == CT_LineEdit || type == CT_ComboBox)
        result.setHeight(px(Metric::ControlInput));
    if (type == CT_ComboBox)
        result.rwidth() += 24;
    return result;
}

void MonitorStyle::polish(QWidget *widget)
{
    QProxyStyle::polish(widget);
    if (auto *edit = qobject_cast<QLineEdit *>(widget); edit && edit->hasFrame())
        edit->setTextMargins(6, 0, 6, 0);
}

FocusRing::FocusRing(QObject *parent)
    : QObject(parent)
{
    qApp->installEventFilter(this);
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget *, QWidget *now) { moveTo(now); });
}

bool FocusRing::eventFilter(QObject *object, QEvent *event)
{
    if (event->type() == QEvent::KeyPress) {
        m_keyboard = true;
    } else if (event->type() == QEvent::MouseButtonPress && m_keyboard) {
        m_keyboard = false;
        moveTo(QApplication::focusWidget());
    }
    return QObject::eventFilter(object, event);
}

void FocusRing::moveTo(QWidget *widget)
{
    QWidget *target = m_keyboard && widget && takesRing(widget) ? widget : nullptr;
    if (!m_frame && target)
        m_frame = new QFocusFrame;
    if (!m_frame)
        return;
    m_frame->setWidget(target);
}

} // namespace Monitor
