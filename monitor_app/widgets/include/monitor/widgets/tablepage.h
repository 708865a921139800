// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/page.h"
#include "monitor/widgets/rowtable.h"
#include "monitor/widgets/termprobe.h"

class QMenu;

namespace Monitor {

class Button;
class FilterTools;
class RunLabel;
class TablePane;

/*!
    A page whose content is one table over a RowWindowModel: filter, columns, what stands in the place of an empty table,
    keys, menus, copying and the texts about the selection. What the rows are is the derived page's.
*/
class TablePage : public Page
{
    Q_OBJECT

public:
    QWidget *view() const override;
    bool hasData() const override;
    TablePane *pane() const { return m_pane; }
    void setNarrow(bool narrow) override;
    void nextMatch(int step) override;
    void toggleHighlight() override;
    void saveState(QSettings &settings) const override;
    void restoreState(QSettings &settings) override;

    static constexpr qsizetype NoteLimit = 200; //!< Rows of an incident note.
    static constexpr qsizetype CopyLimit = 100'000; //!< Rows that one copy takes at most; it says when there were more.

protected:
    struct Setup
    {
        QString key; //!< Of the settings, and of the object names.
        QString tableName; //!< For screen readers.
        std::span<const Field> fields;
        QString placeholder; //!< Of the filter.
        TermProbe::MakeModel makeTwin; //!< Another model over the same rows, to count what single terms match.
    };
    struct Words
    {
        QString icon;
        QString heading;
        QString sentence;
    };

    TablePage(Workspace &workspace, RowWindowModel &model, Setup setup, QWidget *parent);

    virtual Words emptyWords() const = 0; //!< Of a table that has no row at all.
    virtual Words filteredWords(const QList<EmptyState::Term> &terms) const = 0; //!< Of one whose filter hides every row.
    virtual QString rawOf(quint64 id) const = 0; //!< A row as JSON.
    virtual QStringList connectionsOf(const QSet<quint64> &ids) const = 0; //!< Open ones, by their wire ids.
    virtual void addMenuActions(QMenu &) { }
    virtual QString proofOf(const QList<quint64> &) const { return {}; } //!< What an incident note says to prove the rows.
    virtual void noteFilter() { } //!< Another filter was applied.
    virtual bool handleKey(int key); //!< Returns false for a key that is not known.
    virtual void refreshFollow() = 0; //!< The first button of the toolbar.

    //! What the filter bar says: of the rows that are shown, or of those that are highlighted among all.
    QueryState filterState() const;
    void refreshTable(); //!< Filter, strip, columns, rows and what stands in their place.
    QList<TextRun> selectionRuns() const; //!< "3 selected", "row 3 of 222"; empty without a selection.
    void detailDisconnect() override;
    RowTable *table() const;
    Button *followButton() const { return m_follow; }

private:
    void buildToolbar(const Setup &setup);
    void refreshContent();
    void applyText(const QString &text);
    void noteHighlighting();
    void filterByCell(const QModelIndex &index, bool exclude);
    void refreshColumnsText();
    void showCellMenu(const QModelIndex &index, const QPoint &position);
    void showColumnMenu(const QPoint &position);
    void copyRows(bool asJson);
    void copyNote();
    QList<quint64> wantedRows() const; //!< What is selected, or the row with the cursor.

    RowWindowModel &m_model;
    const QString m_key;
    TablePane *m_pane;
    Button *m_follow;
    Button *m_columns;
    RunLabel *m_strip;
    TermProbe m_probe;
    FilterTools *m_tools = nullptr;
    std::unique_ptr<RowWindowModel> m_marker; //!< Knows which rows are highlighted.
};

//! What keeps a filter in force while another text is typed; empty when they are the same.
QList<TextRun> appliedStripRuns(const FilterBar &bar, const QueryState &state);
QString andTerm(const QString &query, const QString &term);

} // namespace Monitor
