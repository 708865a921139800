// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/sheet.h"

#include <QStringList>

#include <chrono>

class QComboBox;
class QHBoxLayout;
class QLabel;
class QLineEdit;
class QVBoxLayout;

namespace Monitor {

class Button;
class Workspace;

/*!
    Asks before connections are ended: whom it meets, what follows from each kind of end, and a reason that goes into the
    audit. Cancel is the default button; the verb works only with a reason (above 25 targets also with their number typed), and
    not within 400 ms of the opening, so that no key press that was meant for something else can do it.
*/
class DisconnectSheet : public Sheet
{
    Q_OBJECT

public:
    DisconnectSheet(Workspace &workspace, const QStringList &connections, QWidget *window);

    int closeCode() const;
    QString blockedBecause() const; //!< Why the verb is disabled; empty when it works.

Q_SIGNALS:
    void finishedWith(const QString &sentence, bool ok);

private:
    void buildHead(QVBoxLayout *rows);
    void buildFigures(QVBoxLayout *rows);
    void addWarning(QVBoxLayout *rows, const QSet<QString> &users);
    QHBoxLayout *makeActions();
    void buildForm(QVBoxLayout *rows);
    void buildFooter(QVBoxLayout *rows);
    void refresh();
    void act();
    QString verb() const;
    QString consequence() const;

    Workspace &m_workspace;
    QStringList m_connections;
    QList<Button *> m_actions;
    QLabel *m_consequence = nullptr;
    QComboBox *m_kind = nullptr;
    QLineEdit *m_reason = nullptr;
    QComboBox *m_hold = nullptr;
    QLabel *m_holdLabel = nullptr;
    QLineEdit *m_number = nullptr;
    QLabel *m_why = nullptr;
    Button *m_cancel = nullptr;
    Button *m_verb = nullptr;
    bool m_guarded = true;
    bool m_running = false;
};

} // namespace Monitor
