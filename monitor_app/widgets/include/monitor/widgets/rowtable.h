// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/rowwindowmodel.h"
#include "monitor/widgets/theme.h"

#include <QHeaderView>
#include <QStyledItemDelegate>
#include <QTableView>

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

protected:
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
    void setStale(bool stale) { m_stale = stale; }
    bool isStale() const { return m_stale; }
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    static QColor groundOf(const QModelIndex &index, bool hovered);

private:
    void paintBar(QPainter &painter, QRectF &area, const QModelIndex &index, double fraction) const;

    int m_hovered = -1;
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
    struct ColumnSpec
    {
        QString key;
        int width;
        bool grows; //!< Takes a part of the width that is left.
    };

    RowTable(RowWindowModel &model, QString settingsKey, QWidget *parent = nullptr);
    ~RowTable() override;

    void setColumns(const QList<ColumnSpec> &columns, const QStringList &dropFirst);
    void setRowPixels(int height);
    int pageRows() const;
    void setMarks(const QList<TableHeader::Mark> &marks);
    void setScroller(std::function<void(qint64)> scrollTo); //!< Who moves the window; by default the model.
    void setResizer(std::function<void(int)> resize); //!< Who tells the model how many rows fit.
    void setStale(bool stale);
    void refreshRows();

    QStringList droppedColumns() const { return m_dropped; }
    QStringList hiddenColumns() const { return m_hidden; }
    void setColumnChosen(const QString &key, bool chosen); //!< Kept in the settings.
    QStringList columnKeys() const;

    void scrollRows(qint64 delta);
    void scrollToFirst(qint64 first);

Q_SIGNALS:
    void pageRowsChanged(int rows);
    void columnsChanged();
    void headerClicked(int column, bool second);
    void activatedRow(quint64 id); //!< Enter or double click.
    void keyRequested(int key); //!< A key that is the page's: Space, Delete, End, [ and ].
    void cellMenuRequested(const QModelIndex &index, const QPoint &globalPosition);
    void hoverChanged(bool inside);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    bool viewportEvent(QEvent *event) override;
    void scrollTo(const QModelIndex &index, ScrollHint hint = EnsureVisible) override;

private:
    void layoutColumns();
    void restoreColumns();
    void saveColumns() const;
    void sectionWasResized(int section, int before, int now);
    bool keyMoves(int key, bool extend);
    void paintGap(QPainter &painter, int row);
    void paintRowMarks(QPainter &painter, int row);
    quint64 idOfRow(int row) const;
    void setHoveredRow(int row);
    void mirrorCurrent();

    RowWindowModel &m_model;
    QString m_settingsKey;
    QList<ColumnSpec> m_columns;
    QHash<QString, int> m_widths; //!< Chosen by the person.
    QStringList m_dropOrder;
    QStringList m_dropped;
    QStringList m_hidden;
    TableHeader *m_header;
    RowDelegate *m_delegate;
    std::function<void(qint64)> m_scrollTo;
    std::function<void(int)> m_resize;
    int m_rowPixels = 28;
    int m_hovered = -1;
    double m_wheelRest = 0;
    bool m_layingOut = false;
};

} // namespace Monitor
