// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/queryterms.h"

#include <QList>
#include <QWidget>

#include <span>

class QHBoxLayout;

namespace Monitor {

class Button;

/*!
    The applied filter as one button a term, for whoever edits by the mouse: each can be taken away, negated, kept alone or
   edited, and "Add" begins another one. Both ways are the same text: nothing is lost between the bar and the chips.
*/
class ChipBar : public QWidget
{
    Q_OBJECT

public:
    explicit ChipBar(std::span<const Field> fields, QWidget *parent = nullptr);

    void setTerms(const QueryTerms &terms);
    QStringList texts() const; //!< Of the chips, from the left.

Q_SIGNALS:
    void filterChosen(const QString &text); //!< To be applied.
    void editRequested(int position, int length); //!< Of the applied text.
    void termBegun(const QString &name); //!< A field was chosen: what follows is typed.

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void showTermMenu(int term, Button *chip);
    void showFieldMenu();

    std::span<const Field> m_fields;
    QueryTerms m_terms;
    QHBoxLayout *m_row;
    QList<QWidget *> m_chips;
    Button *m_add;
};

} // namespace Monitor
