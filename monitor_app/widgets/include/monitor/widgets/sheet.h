// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>
#include <QPointer>

namespace Monitor {

/*!
    A dialog inside its window: the window is dimmed, the focus stays in the dialog, Escape rejects it. Enter presses the
    button that has the focus; elsewhere it presses the default button.

    Make it with new and show it by open(); it deletes itself when it is closed, and gives the focus back.
*/
class Sheet : public QDialog
{
    Q_OBJECT

public:
    explicit Sheet(QWidget *window, int width);
    ~Sheet() override;

    void open() override;

protected:
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    bool eventFilter(QObject *object, QEvent *event) override;
    bool focusNextPrevChild(bool next) override;

private:
    class Veil;
    void place();

    QPointer<Veil> m_veil;
    QPointer<QWidget> m_focusBefore;
};

} // namespace Monitor
