// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/querystate.h"
#include "monitor/models/roles.h"
#include "monitor/store/completion.h"

#include <QAbstractTableModel>
#include <QSet>

#include <functional>
#include <memory>

namespace Monitor {

class RowCells;

/*!
    A table of any length of which the view sees only a window: rowCount() is the number of rows in the window, never the
    number of rows that exist. The scroll bar is the view's own, from 0 to totalRows(), in 64 bits.

    The view calls setWindow() when it scrolls or is resized; the owner calls tick() at the frame rate. A tick emits at most one
    dataChanged(), over the smallest range of window rows that changed. Work per tick depends on the window, never on totalRows().

    Selection is a set of row ids and lives here, so it survives scrolling, sorting, filtering and eviction.
    Threads: the one it lives in. Ownership: borrows its table, which must outlive it.
*/
class RowWindowModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    struct Column
    {
        QString key; //!< Stable name, also the name of the field in the filter language where there is one.
        QString title; //!< Translated.
        Qt::Alignment alignment = Qt::AlignLeft;
    };
    enum class SelectMode { Replace, Toggle, Extend }; //!< Extend: from the current row to this one, in view order.

    ~RowWindowModel() override;

    virtual qint64 totalRows() const = 0; //!< Rows behind the filter.
    qint64 firstRow() const; //!< View row of window row 0.
    int windowRows() const; //!< What setWindow() asked for; rowCount() is smaller when fewer rows exist.
    //! Moves the window; \a first is clamped into the table. Emits windowMoved() if firstRow() changed.
    virtual void setWindow(qint64 first, int count);
    //! Id of the row in view row \a viewRow; 0 if there is none. Ids start at 1.
    virtual quint64 idAt(qint64 viewRow) const = 0;
    //! View row of \a id, or -1 when it is hidden or gone.
    virtual qint64 viewRowOf(quint64 id) const = 0;
    virtual void tick() = 0; //!< Takes over what the stores have got since the last tick.

    //! Applies a filter; a wrong text leaves the applied one in force. Look at queryState().
    virtual void setQuery(const QString &text) = 0;
    virtual QueryState queryState() const = 0;
    //! What may stand at \a cursor, with values and counts from the data.
    virtual Completion completionAt(const QString &text, int cursor) const = 0;
    virtual ParsedQuery parse(const QString &text) const = 0; //!< As setQuery() would read it.
    void setSavedFilters(const QHash<QString, QString> &saved); //!< For $name; a filter that is applied is not read again.
    //! Term that keeps (or drops, \a exclude) rows with the value of this cell; empty for columns that have no field.
    QString filterTermFor(const QModelIndex &index, bool exclude) const;
    QString fullText(quint64 id, int column) const; //!< Of any row, in the window or not; empty for an unknown row.

    const QList<Column> &columns() const;
    int columnOf(QStringView key) const; //!< -1 for an unknown key.

    //! A selection has at most this many rows; what extends further stops there.
    static constexpr qsizetype SelectionLimit = 1'000'000;
    const QSet<quint64> &selectedIds() const;
    QList<quint64> selectedInOrder() const; //!< Of these, what the filter shows, from the top.
    quint64 currentId() const; //!< 0 for none.
    void select(quint64 id, SelectMode mode = SelectMode::Replace);
    void setCurrent(quint64 id); //!< Moves the current row and leaves the selection alone.
    void selectAll(); //!< Every row behind the filter.
    void clearSelection();
    //! The current row's neighbour, selected; the window follows it. \a delta in rows.
    void moveCurrent(qint64 delta, bool extend = false);
    void moveCurrentTo(qint64 viewRow, bool extend = false); //!< Clamped to the rows that exist.

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

Q_SIGNALS:
    void totalRowsChanged(qint64 total);
    void windowMoved(qint64 first);
    void selectionChanged();
    void queryStateChanged();

protected:
    RowWindowModel(QList<Column> columns, QObject *parent);
    QueryContext contextOf(std::span<const Field> fields, qint64 now) const;
    void moveWindow(qint64 first); //!< As setWindow() with the same count; the content of every row is new.
    void rowsChanged(int firstWindowRow, int lastWindowRow); //!< One dataChanged().
    virtual void selectionWasChanged() { }
    //! Calls \a look with the cells of a row; returns false if there is no such row.
    virtual bool visit(quint64 id, const std::function<void(const RowCells &)> &look) const = 0;
    virtual bool isSelectable(quint64 id) const { return id != 0; }
    static QString tooHardText(quint32 texts); //!< Of a pattern that gave up.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
