// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/report.h"

#include <QWidget>

#include <optional>

class QPainter;

namespace Monitor {

/*! The ten practices: number, grade, what decides it, checks that pass, and how it went over the runs. Arrow keys choose one. */
class PracticeList : public QWidget
{
    Q_OBJECT

public:
    explicit PracticeList(QWidget *parent = nullptr);

    //! \a runs from the oldest to the one that is shown; \a baseline is what it is compared with.
    void setReports(const QList<Watchword::Report> &runs, const std::optional<Watchword::Report> &baseline);
    Watchword::Practice current() const { return m_current; }
    void setCurrent(Watchword::Practice practice);
    QString sentenceOf(Watchword::Practice practice) const; //!< For screen readers, and the status bar.
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {320, sizeHint().height()}; }
    QRect rowRect(Watchword::Practice practice) const;

    static constexpr int rowHeight = 56;
    static constexpr int headerHeight = 28;

Q_SIGNALS:
    void currentChanged(Watchword::Practice practice);

protected:
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;

private:
    struct Columns
    {
        int checks;
        int trend;
        int change;
    };
    Columns columns() const;
    void paintHeader(QPainter &painter) const;
    void paintRow(QPainter &painter, Watchword::Practice practice) const;
    void paintTrend(QPainter &painter, Watchword::Practice practice, const QRectF &area) const;
    QString changeText(Watchword::Practice practice) const;
    void describe();

    QList<Watchword::Report> m_runs;
    std::optional<Watchword::Report> m_baseline;
    Watchword::Practice m_current = Watchword::Practice::Transport;
    int m_hovered = -1;
};

} // namespace Monitor
