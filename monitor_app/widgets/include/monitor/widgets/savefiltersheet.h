// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/sheet.h"

class QLabel;
class QLineEdit;

namespace Monitor {

class Button;
class FilterBook;

/*! Asks for the name of a filter that is to be kept, and keeps it. */
class SaveFilterSheet : public Sheet
{
    Q_OBJECT

public:
    SaveFilterSheet(FilterBook &book, const QString &page, const QString &text, QWidget *window);

private:
    void refresh();
    void save();

    FilterBook &m_book;
    const QString m_page;
    const QString m_text;
    QLineEdit *m_name;
    QLabel *m_note;
    Button *m_save;
};

} // namespace Monitor
