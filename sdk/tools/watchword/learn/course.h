// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "learn/lessonserver.h"
#include "watchword/doctor/doctor.h"
#include "watchword/doctor/reportwriter.h"

#include <QObject>

#include <memory>

namespace Watchword::Tool {

/*!
    One lesson as a conversation, line by line: the story, a server with one flaw, the doctor, the choice of a setting, the doctor
   again.

        Story --line--> Examining --report--> Choosing --right number--> Checking --clean report--> Questions --lines--> Done

    Life: begin() once; then answer() for each line that the person types. finished() comes once.
    Threads: that of its creator, with an event loop. Destruction ends doctor and server.
*/
class Course : public QObject
{
    Q_OBJECT

public:
    enum class State { Story, Examining, Choosing, Checking, Questions, Done };

    Course(const Lesson &lesson, const ReportStyle &style, QObject *parent = nullptr);

    Result<void> begin(); //!< Tells the story; fails as LessonServer::open() does.
    void answer(const QString &line);
    bool isMended() const { return m_isMended; } //!< The doctor has seen that the flaw is gone.

Q_SIGNALS:
    void said(const QString &text); //!< What the person reads next.
    void examining(int done, int total); //!< How far the doctor is.
    void finished();

private:
    void examine(State state);
    void examined();
    void choose(const QString &line);
    void askNext(bool isFirst);
    QString settings() const;
    QString heading(const QString &text) const;
    QString fitted(const QString &text) const; //!< In lines of the width.

    const Lesson m_lesson;
    const ReportStyle m_style;
    State m_state = State::Story;
    LessonServer m_server;
    std::unique_ptr<Doctor> m_doctor;
    QStringList m_questions; //!< Question and answer by turns; those that are still to come.
    bool m_isMended = false;
};

} // namespace Watchword::Tool
