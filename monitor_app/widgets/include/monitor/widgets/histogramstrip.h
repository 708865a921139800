// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/auditmodel.h"

#include <QWidget>

namespace Monitor {

class Workspace;

/*!
    Events over time, stacked by severity with the rare ones on the ground; gaps are hatched. A click shows the events of
    that time.
*/
class HistogramStrip : public QWidget
{
    Q_OBJECT

public:
    HistogramStrip(Workspace &workspace, QWidget *parent = nullptr);
    void refresh();

Q_SIGNALS:
    void rangeRequested(qint64 from, qint64 to); //!< ms since the epoch

protected:
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    bool event(QEvent *event) override;

private:
    qint64 timeAt(qreal x) const;
    qreal xOf(qint64 time) const;
    void paintBuckets(QPainter &painter) const;
    void paintAxis(QPainter &painter) const;

    Workspace &m_workspace;
    QList<AuditModel::Bucket> m_buckets;
    qint64 m_from = 0;
    qint64 m_bucketMs = 1000;
    qreal m_dragFrom = -1;
    qreal m_dragTo = -1;
};

} // namespace Monitor
