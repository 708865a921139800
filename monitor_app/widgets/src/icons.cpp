// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/icons.h"

#include <QHash>
#include <QPaintDevice>
#include <QPainter>
#include <QSvgRenderer>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

struct IconKey
{
    QString name;
    int size;
    QRgb color;
    int scalePercent;

    friend bool operator==(const IconKey &a, const IconKey &b) = default;
    friend size_t qHash(const IconKey &key, size_t seed) noexcept
    {
        return qHashMulti(seed, key.name, key.size, key.color, key.scalePercent);
    }
};

// More pictures than the program has icons in all their colours; only a change of scale or scheme goes beyond it.
constexpr qsizetype cacheLimit = 1024;

QPixmap render(const IconKey &key, const QColor &color, qreal scale)
{
    QSvgRenderer renderer(u":/monitor/icons/%1.svg"_s.arg(key.name));
    if (!renderer.isValid())
        qWarning("There is no icon \"%ls\"", qUtf16Printable(key.name));
    const int pixels = qRound(key.size * scale);
    QPixmap pixmap(pixels, pixels);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    renderer.render(&painter);
    painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
    painter.fillRect(pixmap.rect(), color);
    painter.end();
    pixmap.setDevicePixelRatio(scale);
    return pixmap;
}

} // namespace

QPixmap iconPixmap(const QString &name, int size, const QColor &color, qreal scale)
{
    static QHash<IconKey, QPixmap> cache;
    const IconKey key{name, size, color.rgba(), qRound(scale * 100)};
    if (const auto found = cache.constFind(key); found != cache.cend())
        return *found;
    if (cache.size() >= cacheLimit)
        cache.clear();
    return *cache.insert(key, render(key, color, scale));
}

void drawIcon(QPainter &painter, QPointF topLeft, const QString &name, int size, const QColor &color)
{
    painter.drawPixmap(topLeft, iconPixmap(name, size, color, painter.device()->devicePixelRatioF()));
}

QIcon applicationIcon()
{
    return QIcon(u":/monitor/app.svg"_s);
}

} // namespace Monitor
