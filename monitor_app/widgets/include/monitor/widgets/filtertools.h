// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/querystate.h"
#include "monitor/store/completion.h"

#include <QObject>

#include <functional>

class QSettings;

namespace Monitor {

class Button;
class ChipBar;
class FilterBar;
class FilterBook;

/*!
    What stands beside a filter bar: the button with what is saved and what was applied before, the chips, and whether rows are
    hidden or only highlighted. The page puts button() and chips() where they belong.
*/
class FilterTools : public QObject
{
    Q_OBJECT

public:
    enum class Offer { Filter, FilterAndHighlight };
    FilterTools(FilterBook &book, const QString &page, FilterBar *bar, Offer offer, QWidget *parent);

    Button *button() const { return m_button; }
    ChipBar *chips() const { return m_chips; }
    bool isHighlighting() const { return m_highlighting; }
    void setHighlighting(bool highlighting);
    void refresh(const QueryState &state); //!< The chips are those of what is applied.
    void saveState(QSettings &settings) const;
    void restoreState(const QSettings &settings);
    Completion recall() const; //!< For an empty bar: what was applied before, then what is saved.

Q_SIGNALS:
    void highlightingChanged();

private:
    void showMenu();
    void openSaveSheet();

    FilterBook &m_book;
    const QString m_page;
    FilterBar *m_bar;
    const Offer m_offer;
    QWidget *m_widget;
    Button *m_button;
    ChipBar *m_chips;
    QString m_applied;
    bool m_highlighting = false;
    bool m_chipsShown = false;
};

} // namespace Monitor
