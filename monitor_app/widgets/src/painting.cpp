// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/painting.h"

#include <QFontMetricsF>
#include <QGlyphRun>
#include <QHash>
#include <QPaintDevice>
#include <QPainter>
#include <QPixmap>
#include <QRawFont>

#include <array>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

/*
    Fonts with proportional digits cannot be told to use tabular ones before Qt 6.7, so the glyphs are placed here: one
    glyph run per text, each digit centred in a cell of the width of the widest.
*/
class DigitFont
{
public:
    explicit DigitFont(const QFont &font)
        : m_raw(QRawFont::fromFont(font))
        , m_metrics(font)
    {
        for (char16_t digit = u'0'; digit <= u'9'; ++digit)
            m_cell = std::max(m_cell, glyph(digit).advance);
        m_cell = std::ceil(m_cell * 2) / 2;
    }

    bool layOut(QStringView text, QList<quint32> &indexes, QList<QPointF> &positions, qreal &width)
    {
        qreal x = 0;
        indexes.reserve(text.size());
        positions.reserve(text.size());
        for (const QChar character : text) {
            const Glyph &entry = glyph(character.unicode());
            if (entry.index == 0)
                return false;
            const bool digit = character >= u'0' && character <= u'9';
            const qreal cell = digit ? m_cell : entry.advance;
            indexes.append(entry.index);
            positions.append(QPointF(x + (cell - entry.advance) / 2, 0));
            x += cell;
        }
        width = x;
        return true;
    }

    const QRawFont &raw() const { return m_raw; }
    const QFontMetricsF &metrics() const { return m_metrics; }

private:
    struct Glyph
    {
        quint32 index = 0;
        qreal advance = 0;
    };

    const Glyph &glyph(char16_t character)
    {
        if (const auto found = m_glyphs.constFind(character); found != m_glyphs.cend())
            return *found;
        Glyph entry;
        const QList<quint32> indexes = m_raw.glyphIndexesForString(QString(QChar(character)));
        if (!indexes.isEmpty() && indexes.first() != 0) {
            entry.index = indexes.first();
            entry.advance = m_raw.advancesForGlyphIndexes(indexes).constFirst().x();
        }
        return *m_glyphs.insert(character, entry);
    }

    QRawFont m_raw;
    QFontMetricsF m_metrics;
    qreal m_cell = 0;
    QHash<char16_t, Glyph> m_glyphs;
};

DigitFont &digitFont(Face f)
{
    static std::array<std::unique_ptr<DigitFont>, int(Face::Count)> fonts;
    auto &entry = fonts[int(f)];
    if (!entry)
        entry = std::make_unique<DigitFont>(face(f));
    return *entry;
}

struct HatchKey
{
    QRgb stroke;
    QRgb ground;
    int scalePercent;

    friend bool operator==(const HatchKey &a, const HatchKey &b) = default;
    friend size_t qHash(const HatchKey &key, size_t seed) noexcept
    {
        return qHashMulti(seed, key.stroke, key.ground, key.scalePercent);
    }
};

bool isMono(Face f)
{
    return f == Face::Mono || f == Face::MonoTable;
}

qreal baseline(const QRectF &rect, const QFontMetricsF &metrics, Face f)
{
    // The mono face sits one pixel higher than the other at the same centre line.
    const qreal y = rect.center().y() + (metrics.ascent() - metrics.descent()) / 2;
    return std::round(y) + (isMono(f) ? 1 : 0);
}

} // namespace

qreal textWidth(Face f, const QString &text)
{
    return digitFont(f).metrics().horizontalAdvance(text);
}

qreal numberWidth(Face f, const QString &text)
{
    QList<quint32> indexes;
    QList<QPointF> positions;
    qreal width = 0;
    return digitFont(f).layOut(text, indexes, positions, width) ? width : textWidth(f, text);
}

qreal drawText(QPainter &painter, const QRectF &rect, Face f, const QColor &color, const QString &text, Qt::Alignment alignment,
               bool tabular)
{
    if (tabular)
        return drawNumber(painter, rect, f, color, text, alignment);
    const QFontMetricsF &metrics = digitFont(f).metrics();
    qreal width = metrics.horizontalAdvance(text);
    QString shown = text;
    if (width > rect.width() + 0.5) {
        shown = metrics.elidedText(text, Qt::ElideRight, rect.width());
        width = metrics.horizontalAdvance(shown);
    }
    qreal x = rect.left();
    if (alignment & Qt::AlignRight)
        x = rect.right() - width;
    else if (alignment & Qt::AlignHCenter)
        x = rect.left() + (rect.width() - width) / 2;
    painter.setFont(face(f));
    painter.setPen(color);
    painter.drawText(QPointF(std::round(x), baseline(rect, metrics, f)), shown);
    return width;
}

qreal drawNumber(QPainter &painter, const QRectF &rect, Face f, const QColor &color, const QString &text, Qt::Alignment alignment)
{
    DigitFont &font = digitFont(f);
    QList<quint32> indexes;
    QList<QPointF> positions;
    qreal width = 0;
    if (!font.layOut(text, indexes, positions, width) || width > rect.width() + 0.5)
        return drawText(painter, rect, f, color, text, alignment);
    qreal x = rect.left();
    if (alignment & Qt::AlignRight)
        x = rect.right() - width;
    else if (alignment & Qt::AlignHCenter)
        x = rect.left() + (rect.width() - width) / 2;
    QGlyphRun run;
    run.setRawFont(font.raw());
    run.setGlyphIndexes(indexes);
    run.setPositions(positions);
    painter.setPen(color);
    painter.drawGlyphRun(QPointF(std::round(x), baseline(rect, font.metrics(), f)), run);
    return width;
}

qreal drawRuns(QPainter &painter, const QRectF &rect, std::initializer_list<TextRun> runs)
{
    QRectF rest = rect;
    for (const TextRun &run : runs) {
        if (rest.width() <= 0)
            break;
        const qreal width = drawText(painter, rest, run.face, ink(run.color), run.text, Qt::AlignLeft, run.tabular);
        rest.setLeft(rest.left() + width);
    }
    return rest.left();
}

QString plainToolTip(const QString &text)
{
    return text.isEmpty() ? QString()
                          : QStringLiteral("<span style=\"white-space: pre-wrap\">%1</span>").arg(text.toHtmlEscaped());
}

QString elidedMiddle(const QString &id, int head, int tail)
{
    if (id.size() <= head + tail + 1)
        return id;
    return id.first(head) + QChar(0x2026) + id.last(tail);
}

void drawHairline(QPainter &painter, QPointF from, QPointF to, const QColor &color)
{
    QPen pen(color, 0);
    pen.setCapStyle(Qt::FlatCap);
    const bool smooth = painter.testRenderHint(QPainter::Antialiasing);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setPen(pen);
    painter.drawLine(QLineF(from, to));
    painter.setRenderHint(QPainter::Antialiasing, smooth);
}

void drawBox(QPainter &painter, const QRectF &rect, qreal radius, const QColor &fill, const QColor &line, qreal lineWidth)
{
    const bool smooth = painter.testRenderHint(QPainter::Antialiasing);
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setBrush(fill.isValid() ? QBrush(fill) : QBrush(Qt::NoBrush));
    if (line.isValid()) {
        painter.setPen(QPen(line, lineWidth));
        const qreal half = lineWidth / 2;
        painter.drawRoundedRect(rect.adjusted(half, half, -half, -half), radius - half, radius - half);
    } else {
        painter.setPen(Qt::NoPen);
        painter.drawRoundedRect(rect, radius, radius);
    }
    painter.setRenderHint(QPainter::Antialiasing, smooth);
}

QBrush hatchBrush(const QColor &stroke, const QColor &ground, qreal scale)
{
    static QHash<HatchKey, QBrush> cache;
    const HatchKey key{stroke.rgba(), ground.rgba(), qRound(scale * 100)};
    if (const auto found = cache.constFind(key); found != cache.cend())
        return *found;
    // Measured across the strokes the pitch is 5; along the edge of a tile that is 5 * sqrt(2), so 7.
    constexpr int pitch = 7;
    QPixmap tile(qRound(pitch * scale), qRound(pitch * scale));
    tile.setDevicePixelRatio(scale);
    tile.fill(ground);
    QPainter painter(&tile);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(stroke, 2, Qt::SolidLine, Qt::SquareCap));
    for (const int offset : {-pitch, 0, pitch})
        painter.drawLine(QLineF(offset, pitch, offset + pitch, 0));
    painter.end();
    QBrush brush(tile);
    return *cache.insert(key, brush);
}

} // namespace Monitor
