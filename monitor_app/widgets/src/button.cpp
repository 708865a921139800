// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/button.h"

#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"

#include <QPainter>

namespace Monitor {

namespace {

constexpr int iconPixels = 16;
constexpr int caretSize = 12;
constexpr int gap = 6;

} // namespace

qreal keyCapWidth(const QString &key)
{
    return std::max<qreal>(px(Metric::ControlKbd), textWidth(Face::Micro, key) + 8);
}

qreal drawKeyCap(QPainter &painter, QPointF topLeft, const QString &key, const QColor &line, const QColor &text)
{
    const QRectF box(topLeft, QSizeF(std::round(keyCapWidth(key)), px(Metric::ControlKbd)));
    drawBox(painter, box, px(Metric::RadiusKey), QColor(), line);
    drawText(painter, box, Face::Micro, text, key, Qt::AlignHCenter);
    return box.width();
}

Button::Button(Kind kind, const QString &text, QWidget *parent)
    : QPushButton(text, parent)
    , m_kind(kind)
{
    setAutoDefault(false);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setFocusPolicy(Qt::StrongFocus);
}

Button *Button::iconOnly(const QString &icon, const QString &name, QWidget *parent)
{
    auto *button = new Button(Kind::Quiet, name, parent);
    button->setIconName(icon);
    button->setTextShown(false);
    button->setToolTip(name);
    button->setAccessibleName(name);
    return button;
}

void Button::setIconName(const QString &icon)
{
    if (m_icon == icon)
        return;
    m_icon = icon;
    updateGeometry();
    update();
}

void Button::setCaption(const QString &muted)
{
    m_caption = muted;
    updateGeometry();
    update();
}

void Button::setKeyCap(const QString &key)
{
    m_keyCap = key;
    updateGeometry();
    update();
}

void Button::setCaret(bool caret)
{
    m_caret = caret;
    updateGeometry();
    update();
}

void Button::setTextShown(bool shown)
{
    if (m_textShown == shown)
        return;
    m_textShown = shown;
    if (!shown)
        setToolTip(text());
    updateGeometry();
    update();
}

void Button::setDialogSize(bool dialog)
{
    m_dialogSize = dialog;
    updateGeometry();
}

void Button::setStrongOutline(bool strong)
{
    m_strongOutline = strong;
    update();
}

int Button::padding() const
{
    return m_dialogSize ? 16 : 10;
}

QSize Button::sizeHint() const
{
    const int height = px(m_dialogSize ? Metric::ControlDialogButton : Metric::ControlButton);
    if (!m_textShown && !m_icon.isEmpty() && !m_caret)
        return {height, height};
    qreal width = 2 * padding();
    int parts = 0;
    const auto add = [&](qreal part) { width += part + (parts++ > 0 ? gap : 0); };
    if (!m_icon.isEmpty())
        add(iconPixels);
    if (m_textShown && !m_caption.isEmpty())
        add(textWidth(Face::TableMedium, m_caption));
    if (m_textShown && !text().isEmpty())
        add(textWidth(Face::TableMedium, text()));
    if (!m_keyCap.isEmpty())
        add(keyCapWidth(m_keyCap));
    if (m_caret)
        add(caretSize);
    return {int(std::ceil(width)) + 1, height};
}

QSize Button::minimumSizeHint() const
{
    return sizeHint();
}

Button::Look Button::look() const
{
    const bool pressed = isDown();
    if (!isEnabled()) {
        const bool filled = m_kind == Kind::Primary || m_kind == Kind::DangerFill;
        return {filled ? ink(Ink::SoftNeutral) : QColor(), m_kind == Kind::Quiet || filled ? QColor() : ink(Ink::LineDivider),
                ink(Ink::TextDisabled)};
    }
    if (isCheckable() && isChecked())
        return {ink(Ink::SelectFill), ink(Ink::SelectLine), ink(Ink::SelectAccent)};
    const QColor idle = pressed ? ink(Ink::SelectFill) : m_hovered ? ink(Ink::SelectHover) : QColor();
    switch (m_kind) {
    case Kind::Primary:
        return {m_hovered ? ink(Ink::AccentFill).lighter(110) : ink(Ink::AccentFill), QColor(), ink(Ink::AccentOn)};
    case Kind::DangerFill:
        return {m_hovered ? ink(Ink::DangerFill).lighter(112) : ink(Ink::DangerFill), QColor(), ink(Ink::DangerOn)};
    case Kind::Danger:
        return {idle.isValid() ? idle : ink(Ink::SurfacePanel), ink(Ink::LineControl), ink(Ink::SeverityError)};
    case Kind::Banner:
        return {idle.isValid() ? ink(Ink::BannerLine) : QColor(), ink(Ink::BannerLine), ink(Ink::BannerText)};
    case Kind::Quiet:
        return {idle, QColor(), ink(Ink::TextPrimary)};
    case Kind::Outlined:
        break;
    }
    return {idle.isValid() ? idle : ink(Ink::SurfacePanel), ink(m_strongOutline ? Ink::TextPrimary : Ink::LineControl),
            ink(Ink::TextPrimary)};
}

void Button::paintContent(QPainter &painter, const Look &colors) const
{
    const QRectF area = rect();
    const QSize hint = sizeHint();
    qreal x = std::floor((area.width() - hint.width()) / 2) + padding();
    const bool iconAlone = !m_textShown && !m_caret;
    if (iconAlone)
        x = (area.width() - iconPixels) / 2;
    if (!m_icon.isEmpty()) {
        drawIcon(painter, {x, (area.height() - iconPixels) / 2}, m_icon, iconPixels, colors.text);
        x += iconPixels + gap;
    }
    const auto text = [&](const QString &words, const QColor &color) {
        const qreal width = std::ceil(textWidth(Face::TableMedium, words));
        drawText(painter, {x, 0, width + 1, area.height()}, Face::TableMedium, color, words);
        x += width + gap;
    };
    if (m_textShown && !m_caption.isEmpty())
        text(m_caption, isEnabled() ? ink(Ink::TextMuted) : colors.text);
    if (m_textShown)
        text(this->text(), colors.text);
    if (!m_keyCap.isEmpty())
        x += drawKeyCap(painter, {x, (area.height() - px(Metric::ControlKbd)) / 2}, m_keyCap, colors.text, colors.text) + gap;
    if (m_caret)
        drawIcon(painter, {x, (area.height() - caretSize) / 2}, QStringLiteral("chevron-down"), caretSize, colors.text);
}

void Button::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Look colors = look();
    if (colors.fill.isValid() || colors.line.isValid())
        drawBox(painter, rect(), px(Metric::RadiusControl), colors.fill, colors.line);
    paintContent(painter, colors);
}

void Button::enterEvent(QEnterEvent *event)
{
    m_hovered = true;
    update();
    QPushButton::enterEvent(event);
}

void Button::leaveEvent(QEvent *event)
{
    m_hovered = false;
    update();
    QPushButton::leaveEvent(event);
}

} // namespace Monitor
