// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/rowwindowmodel.h"
#include "monitor/widgets/columnlayout.h"
#include "monitor/widgets/theme.h"

#include <QHeaderView>
#include <QStyledItemDelegate>
#include <QTableView>

#include <functional>

namespace Monitor {

/*! The sort marks over a table: arrow and rank for each key. */
class TableHeader : public QHeaderView
{
    Q_OBJECT

public:
    struct Mark
    {
        int column = 0;
        Qt::SortOrder order = Qt::AscendingOrder;
        friend bool operator==(const Mark &, const Mark &) = default;
    };
    explicit TableHeader(QWidget *parent = nullptr);
    void setMarks(const QList<Mark> &marks);
    int firstShown() const; //!< The section at the left, -1 for none.

Q_SIGNALS:
    void dragged(); //!< The pointer let go of a section that was moved or sized.

protected:
    void mouseReleaseEvent(QMouseEvent *event) override;
    void paintSection(QPainter *painter, const QRect &rect, int section) const override;
    QSize sectionSizeFromContents(int section) const override;

private:
    QList<Mark> m_marks;
};

/*! Paints the cells of a row-window model from its roles. */
class RowDelegate : public QStyledItemDelegate
{
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void setHoveredRow(int row) { m_hovered = row; }
    void setFirstColumn(int column) { m_firstColumn = column; }
    void setStale(bool stale) { m_stale = stale; }
    bool isStale() const { return m_stale; }
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    static QColor groundOf(const QModelIndex &index, bool hovered, bool marked);
    void setMarked(std::function<bool(quint64)> marked) { m_marked = std::move(marked); }
    bool isMarked(const QModelIndex &index) const;

private:
    void paintBar(QPainter &painter, QRectF &area, const QModelIndex &index, double fraction) const;

    std::function<bool(quint64)> m_marked;
    int m_hovered = -1;
    int m_firstColumn = 0;
    bool m_stale = false;
};

/*!
    The view over a RowWindowModel: it holds exactly the rows that fit, so it never scrolls by itself. Wheel, keys and the
    bar beside it move the window of the model.

    Selection is the model's, by row id. Everything costs as much as the rows in sight.
*/
class RowTable : public QTableView
{
    Q_OBJECT

public:
    using ColumnSpec = ColumnLayout::Spec;

    RowTable(RowWindowModel &model, QString settingsKey, QWidget *parent = nullptr);
    ~RowTable() override;

    void setColumns(const QList<ColumnSpec> &columns, const QStringList &dropFirst);
    void setRowPixels(int height);
    int pageRows() const;
    void setMarks(const QList<TableHeader::Mark> &marks);
    void setScroller(std::function<void(qint64)> scrollTo); //!< Who moves the window; by default the model.
    void setResizer(std::function<void(int)> resize); //!< Who tells the model how many rows fit.
    void setStale(bool stale);
    using MarkTest = std::function<bool(quint64 id)>;
    void setMarked(MarkTest marked); //!< Rows that are highlighted; none by default.
    bool isMarked(int row) const; //!< Of the window.
    void refreshRows();

    // Columns move, hide and size; what the person chose is kept in the settings until resetColumns().
    QStringList droppedColumns() const { return m_columns.dropped(); } //!< For want of room.
    QStringList hiddenColumns() const { return m_columns.hidden(); }
    void setColumnChosen(const QString &key, bool chosen); //!< Chosen: it is shown also when there is no room for all.
    void resetColumns();
    QStringList columnKeys() const { return m_columns.keys(); } //!< As they stand in the model.
    QStringList shownColumns() const; //!< From the left.
    //! True: the End key is the page's, also while a row is current.
    void setTail(bool tail) { m_isTail = tail; }

    void scrollRows(qint64 delta);
    void scrollToFirst(qint64 first);

Q_SIGNALS:
    void pageRowsChanged(int rows);
    void columnsChanged();
    void headerClicked(int column, bool second);
    void activatedRow(quint64 id); //!< Enter or double click.
    void keyRequested(int key); //!< A key that is the page's: Space, Delete, End, [ and ].
    void copyRequested(bool asJson);
    void columnMenuRequested(const QPoint &globalPosition);
    void cellMenuRequested(const QModelIndex &index, const QPoint &globalPosition);
    void filterRequested(const QModelIndex &index, bool exclude); //!< Alt and a click, with Shift to exclude.
    void pointerMoved(); //!< Over the rows.
    void pointerLeft();

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    bool viewportEvent(QEvent *event) override;
    void scrollTo(const QModelIndex &index, ScrollHint hint = EnsureVisible) override;

private:
    void layoutColumns();
    void placeColumns();
    QStringList shownOrder() const; //!< All columns from the left, hidden ones too.
    void sectionWasResized(int section, int before, int now);
    void columnsWereDragged();
    bool keyMoves(int key, bool extend);
    bool handleChord(QKeyEvent *event);
    void paintLine(QPainter &painter, int row, const QString &icon, Ink glyph, bool hatched);
    void paintRowMarks(QPainter &painter, int row);
    quint64 idOfRow(int row) const;
    void setHoveredRow(int row);
    void mirrorCurrent();

    RowWindowModel &m_model;
    ColumnLayout m_columns;
    TableHeader *m_header;
    RowDelegate *m_delegate;
    std::function<void(qint64)> m_scrollTo;
    std::function<void(int)> m_resize;
    int m_rowPixels = 28;
    int m_hovered = -1;
    double m_wheelRest = 0;
    bool m_layingOut = false;
    bool m_isTail = false;
    bool m_isDragging = false;
};

} // namespace Monitor
