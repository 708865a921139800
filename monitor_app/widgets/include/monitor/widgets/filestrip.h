// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

namespace Monitor {

class Button;
class RunLabel;
class Workspace;

/*! Over the events of a file: how far it is verified, what is wrong and where, what its lines are, and a report to save. */
class FileStrip : public QWidget
{
    Q_OBJECT

public:
    FileStrip(Workspace &workspace, QWidget *parent = nullptr);
    void refresh();
    QString text() const;
    void saveReport(const QString &path); //!< Reads the file once more for its hash, in the background.

Q_SIGNALS:
    void rowRequested(quint64 id); //!< Of the table: the first thing that is wrong.
    void noticed(const QString &sentence, bool ok);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void chooseReport();
    bool isAlarm() const;

    Workspace &m_workspace;
    RunLabel *m_words;
    RunLabel *m_notes;
    Button *m_show;
    Button *m_save;
    quint64 m_row = 0;
};

} // namespace Monitor
