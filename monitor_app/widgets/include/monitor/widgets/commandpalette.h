// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/sheet.h"

#include <QList>
#include <QString>

#include <functional>

class QLineEdit;
class QListWidget;

namespace Monitor {

/*! Something that the window does, as a person looks for it. */
struct Command
{
    QString words; //!< "Audit: pause or follow"
    QString keys; //!< "Ctrl+Space"; empty where there are none.
    std::function<void()> run;
};

/*!
    All commands in one list, found by typing any of their words in any order (Ctrl+K). The arrows choose, Enter runs and closes,
   Esc closes. A command runs after the palette is gone, so that what it opens has the focus.
*/
class CommandPalette : public Sheet
{
    Q_OBJECT

public:
    CommandPalette(QList<Command> commands, QWidget *window);

protected:
    bool eventFilter(QObject *object, QEvent *event) override;

private:
    void refresh();
    void run();
    bool matches(const Command &command) const;

    const QList<Command> m_commands;
    QLineEdit *m_text;
    QListWidget *m_list;
};

} // namespace Monitor
