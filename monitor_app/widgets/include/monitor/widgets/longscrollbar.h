// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

namespace Monitor {

/*!
    A vertical scroll bar in 64 bits: rows, not pixels. Its thumb is never shorter than 24 px; its value is exact.
*/
class LongScrollBar : public QWidget
{
    Q_OBJECT

public:
    explicit LongScrollBar(QWidget *parent = nullptr);

    void setRange(qint64 total, qint64 page, qint64 first);
    qint64 first() const { return m_first; }
    QSize sizeHint() const override;

Q_SIGNALS:
    void moved(qint64 first); //!< By the person.

protected:
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;

private:
    QRectF thumb() const;
    qint64 last() const;

    qint64 m_total = 0;
    qint64 m_page = 1;
    qint64 m_first = 0;
    qreal m_grip = -1; // Distance of the pointer from the top of the thumb while it is dragged.
};

} // namespace Monitor
