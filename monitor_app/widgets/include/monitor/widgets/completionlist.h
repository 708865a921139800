// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/completion.h"

#include <QWidget>

namespace Monitor {

/*!
    What may stand at the cursor of a filter: a list under the bar that never takes the focus or the Enter key.
*/
class CompletionList : public QWidget
{
    Q_OBJECT

public:
    explicit CompletionList(QWidget *parent);

    void setCompletion(const Completion &completion);
    const Completion &completion() const { return m_completion; }
    void step(int delta);
    //! Index of the selected item, -1 for none.
    int current() const { return m_current; }

Q_SIGNALS:
    void chosen(int item);

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;

private:
    int itemAt(QPointF position) const;
    void paintItem(QPainter &painter, const QRectF &row, int item) const;
    void paintFooter(QPainter &painter) const;

    Completion m_completion;
    int m_first = 0;
    int m_current = -1;
};

} // namespace Monitor
