// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/runlabel.h"

#include "monitor/widgets/icons.h"

#include <QPainter>

namespace Monitor {

namespace {

constexpr qreal separatorWidth = 21;
constexpr qreal glyphGap = 6;

qreal runWidth(const TextRun &run)
{
    if (run.text.isEmpty())
        return separatorWidth;
    return run.tabular ? numberWidth(run.face, run.text) : textWidth(run.face, run.text);
}

} // namespace

RunLabel::RunLabel(QWidget *parent)
    : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Preferred);
}

void RunLabel::setRuns(const QList<TextRun> &runs)
{
    if (m_runs == runs)
        return;
    const qreal before = contentWidth();
    m_runs = runs;
    setAccessibleName(plainText());
    if (contentWidth() != before)
        updateGeometry();
    update();
}

void RunLabel::setGlyph(const QString &icon, Ink color, int size)
{
    if (m_glyph == icon && m_glyphColor == color && m_glyphSize == size)
        return;
    m_glyph = icon;
    m_glyphColor = color;
    m_glyphSize = size;
    updateGeometry();
    update();
}

QString RunLabel::plainText() const
{
    QString text;
    for (const TextRun &run : m_runs)
        text += run.text.isEmpty() ? QStringLiteral(", ") : run.text;
    return text;
}

qreal RunLabel::contentWidth() const
{
    qreal width = m_glyph.isEmpty() ? 0 : m_glyphSize + glyphGap;
    for (const TextRun &run : m_runs)
        width += runWidth(run);
    return std::ceil(width) + 1;
}

QSize RunLabel::sizeHint() const
{
    int height = 16;
    for (const TextRun &run : m_runs)
        height = std::max(height, Theme::instance().lineHeight(run.face));
    return {int(contentWidth()), height};
}

QSize RunLabel::minimumSizeHint() const
{
    return {0, sizeHint().height()};
}

void RunLabel::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    QRectF rest = rect();
    if (!m_glyph.isEmpty()) {
        drawIcon(painter, {0, std::round((rest.height() - m_glyphSize) / 2)}, m_glyph, m_glyphSize, ink(m_glyphColor));
        rest.setLeft(m_glyphSize + glyphGap);
    }
    for (const TextRun &run : m_runs) {
        if (rest.width() < 4)
            break;
        if (run.text.isEmpty()) {
            const qreal x = rest.left() + separatorWidth / 2;
            drawHairline(painter, {x, rest.center().y() - 7}, {x, rest.center().y() + 6}, ink(Ink::LineControl));
        } else {
            drawText(painter, rest, run.face, ink(run.color), run.text, Qt::AlignLeft, run.tabular);
        }
        rest.setLeft(rest.left() + runWidth(run));
    }
}

} // namespace Monitor
