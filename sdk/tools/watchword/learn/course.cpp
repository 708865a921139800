// SPDX-License-Identifier: Apache-2.0
#include "learn/course.h"

#include "guide.h"
#include "terminal.h"

#include <QRegularExpression>
#include <QSslCertificate>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// "1. *Question?* Answer", over several lines.
QStringList questionsOf(const QString &section)
{
    static const QRegularExpression item(u"^\\d+\\. \\*(.+?)\\* (.+?)(?=\\n\\d+\\. |\\Z)"_s,
                                         QRegularExpression::MultilineOption | QRegularExpression::DotMatchesEverythingOption);
    QStringList list;
    for (auto match = item.globalMatch(section); match.hasNext();) {
        const QRegularExpressionMatch found = match.next();
        list += {found.captured(1).simplified(), found.captured(2).simplified()};
    }
    return list;
}

} // namespace

Course::Course(const Lesson &lesson, const ReportStyle &style, QObject *parent)
    : QObject(parent)
    , m_lesson(lesson)
    , m_style(style)
    , m_server(lesson.flaw)
    , m_questions(questionsOf(guideSection(lesson.page(), u"Three questions"_s)))
{
}

QString Course::heading(const QString &text) const
{
    return emphasized(text, Emphasis::Heading, m_style.colour);
}

QString Course::fitted(const QString &text) const
{
    return wrapped(text, m_style.width).join(u'\n');
}

Result<void> Course::begin()
{
    if (const Result<void> opened = m_server.open(); !opened)
        return opened.error();
    const QString story = readable(guideSection(m_lesson.page(), u"What happened"_s), m_style.width, m_style.colour).trimmed();
    Q_EMIT said(
        u"\n%1\n\n%2\n"_s.arg(heading(u"%1. %2"_s.arg(int(m_lesson.practice)).arg(Watchword::nameOf(m_lesson.practice))), story));
    Q_EMIT said(u"A server with one flaw runs at %1 now.\nEnter: the doctor examines it."_s.arg(m_server.url().toString()));
    return {};
}

void Course::answer(const QString &line)
{
    switch (m_state) {
    case State::Story:
        examine(State::Examining);
        break;
    case State::Choosing:
        choose(line.trimmed());
        break;
    case State::Questions:
        askNext(false);
        break;
    case State::Examining: // what is typed meanwhile means nothing
    case State::Checking:
    case State::Done:
        break;
    }
}

void Course::examine(State state)
{
    m_state = state;
    DoctorOptions options;
    options.endpoint = m_server.url();
    options.additionalCertificateAuthorities = QSslCertificate::fromPath(m_server.authorityFile());
    options.origin = LessonServer::allowedOrigin();
    options.token = m_server.token();
    options.signingKey = m_server.signingKey();
    options.pace = 10ms; // it is ours
    options.timeBudget = 60s;
    options.patience = 8s;
    options.headDeadline = 6s;
    options.expiryDeadline = 7s;
    Q_EMIT said(u"\nThe doctor examines %1 ..."_s.arg(m_server.url().toString()));
    m_doctor = std::make_unique<Doctor>(options);
    connect(m_doctor.get(), &Doctor::finished, this, &Course::examined, Qt::QueuedConnection);
    connect(m_doctor.get(), &Doctor::checked, this, [this](const Finding &, int done, int total) {
        if (done < total)
            Q_EMIT examining(done, total);
    });
    m_doctor->start();
}

QString Course::settings() const
{
    QStringList lines;
    for (const Setting setting : allSettings())
        lines.append(
            u"  %1  %2 = %3"_s.arg(int(setting) + 1).arg(Tool::nameOf(setting), valueOf(setting, m_server.has(setting))));
    return lines.join(u'\n');
}

void Course::examined()
{
    const Report &report = m_doctor->report();
    ReportStyle style = m_style;
    style.listsSkipped = false; // what a lesson does not examine is not its matter
    const QString text = QString::fromUtf8(writeReport(report, ReportFormat::Text, style)).trimmed();
    if (m_state == State::Examining) {
        m_state = State::Choosing;
        Q_EMIT said(u'\n' + text);
        Q_EMIT said(
            u"\nThese are the settings of the server. One of them is the reason.\n\n%1\n\nWhich one do you change? 1 to %2:"_s
                .arg(settings())
                .arg(allSettings().size()));
        return;
    }
    m_isMended = report.isComplete && !report.hasProblems();
    if (!m_isMended) { // somebody else connects to it at the same time, maybe
        m_state = State::Choosing;
        Q_EMIT said(u"\n%1\n\nThe doctor still finds something. Enter the number again and it looks once more:"_s.arg(text));
        return;
    }
    m_state = State::Questions;
    const Check *check = Check::find(m_lesson.checkId);
    Q_EMIT said(u'\n' + emphasized(u"pass"_s, Emphasis::Good, m_style.colour)
                + u" %1  %2\n%3 checks passed, none found a problem."_s.arg(check->id, check->title)
                      .arg(report.count(Finding::Verdict::Pass)));
    const QString page = guideSection(m_lesson.page(), u"What Watchword does"_s);
    Q_EMIT said(u"\n%1\n%2"_s.arg(heading(u"What Watchword does"_s), readable(page, m_style.width, m_style.colour).trimmed()));
    askNext(true);
}

void Course::choose(const QString &line)
{
    bool isNumber = false;
    const int number = line.toInt(&isNumber);
    if (!isNumber || number < 1 || number > allSettings().size()) {
        Q_EMIT said(u"A number from 1 to %1, please:"_s.arg(allSettings().size()));
        return;
    }
    const Setting setting = allSettings().at(number - 1);
    if (setting != m_lesson.flaw) {
        Q_EMIT said(fitted(u"%1 is as it should be: %2. Read again what the doctor has seen, and choose another one:"_s.arg(
            Tool::nameOf(setting), meaningOf(setting))));
        return;
    }
    m_server.mend();
    Q_EMIT said(u'\n' + fitted(u"%1 = %2: %3."_s.arg(Tool::nameOf(setting), valueOf(setting, false), meaningOf(setting))));
    examine(State::Checking);
}

void Course::askNext(bool isFirst)
{
    QString text;
    if (!isFirst && !m_questions.isEmpty())
        text = fitted(m_questions.takeFirst()) + u"\n\n"_s;
    if (isFirst)
        text = u"\n%1\n"_s.arg(heading(u"Three questions, for you or for your team"_s));
    if (!m_questions.isEmpty()) {
        text += fitted(m_questions.takeFirst()) + u"\nEnter: one answer."_s;
        Q_EMIT said(text);
        return;
    }
    m_state = State::Done;
    Q_EMIT said(text + u"That was the lesson. The whole page: watchword doctor --explain %1"_s.arg(m_lesson.checkId));
    Q_EMIT finished();
}

} // namespace Watchword::Tool
