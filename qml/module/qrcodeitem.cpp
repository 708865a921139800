// SPDX-License-Identifier: Apache-2.0
#include "qrcodeitem.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace {

constexpr int kImplicitPixels = 4; // a module

} // namespace

QmlQrCode::QmlQrCode(QQuickItem *parent)
    : QQuickPaintedItem(parent)
{
    setAntialiasing(false);
}

void QmlQrCode::setCode(const QrModules &code)
{
    m_code = code;
    const int side = code.size() > 0 ? (code.size() + 2 * code.quietZone()) * kImplicitPixels : 0;
    setImplicitSize(side, side);
    Q_EMIT codeChanged();
    update();
}

void QmlQrCode::paint(QPainter *painter)
{
    const int modules = m_code.size() + 2 * m_code.quietZone();
    if (m_code.size() == 0)
        return;
    painter->setRenderHint(QPainter::Antialiasing, false);
    painter->fillRect(boundingRect(), Qt::white);
    const qreal side = std::min(width(), height());
    const qreal module = std::max(1.0, std::floor(side / modules));
    const QPointF origin(std::floor((width() - module * modules) / 2), std::floor((height() - module * modules) / 2));
    for (int row = 0; row < m_code.size(); ++row) {
        for (int column = 0; column < m_code.size(); ++column) {
            if (m_code.isDark(column, row)) {
                const QPointF at((column + m_code.quietZone()) * module, (row + m_code.quietZone()) * module);
                painter->fillRect(QRectF(origin + at, QSizeF(module, module)), Qt::black);
            }
        }
    }
}
