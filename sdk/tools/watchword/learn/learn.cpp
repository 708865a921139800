// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "inputlines.h"
#include "learn/course.h"
#include "terminal.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

constexpr int kWidestLesson = 100;

void list(bool json)
{
    QJsonArray lessons;
    for (const Lesson &lesson : Lesson::all()) {
        lessons.append(QJsonObject{{u"number"_s, int(lesson.practice)}, {u"name"_s, lesson.name}, {u"check"_s, lesson.checkId}});
        if (!json)
            printLine(u"  %1  %2 %3"_s.arg(int(lesson.practice))
                          .arg(lesson.name, -18)
                          .arg(Watchword::nameOf(lesson.practice))
                          .toUtf8());
    }
    if (json)
        printLine(QJsonDocument(lessons).toJson(QJsonDocument::Compact));
}

ReportStyle styleOf(const QCommandLineParser &parser)
{
    ReportStyle style;
    const int width = parser.isSet(u"width"_s) ? parser.value(u"width"_s).toInt() : terminalWidth();
    style.width = std::clamp(width, 40, kWidestLesson);
    const QString colour = parser.value(u"colour"_s);
    style.colour = colour == "always"_L1 || (colour == "auto"_L1 && isTerminal() && qEnvironmentVariableIsEmpty("NO_COLOR"));
    return style;
}

/*! Which lesson, if nobody said so; then the lesson. */
class Classroom : public QObject
{
public:
    Classroom(const ReportStyle &style, InputLines *input)
        : m_style(style)
    {
        connect(input, &InputLines::read, this, &Classroom::read);
        connect(input, &InputLines::ended, this, &Classroom::leave);
    }

    void ask()
    {
        printLine("Lessons, each with a server that has one flaw:\n");
        list(false);
        printLine("\nWhich one? A number or a name; q ends it:");
    }

    void teach(const Lesson &lesson)
    {
        m_course = std::make_unique<Course>(lesson, m_style);
        connect(m_course.get(), &Course::said, this, [this](const QString &text) {
            m_progress.hide();
            printLine(text.toUtf8());
        });
        connect(m_course.get(), &Course::examining, this,
                [this](int done, int total) { m_progress.show(u"%1 of %2 checks"_s.arg(done).arg(total)); });
        connect(
            m_course.get(), &Course::finished, this, [] { QCoreApplication::exit(Done); }, Qt::QueuedConnection);
        if (const Result<void> begun = m_course->begin(); !begun)
            QCoreApplication::exit(report(begun.error(), false));
    }

private:
    void read(const QString &line)
    {
        const QString word = line.trimmed();
        if (word == "q"_L1)
            leave();
        else if (m_course)
            m_course->answer(word);
        else if (const Lesson *lesson = Lesson::find(word))
            teach(*lesson);
        else
            printLine("There is no such lesson. A number or a name; q ends it:");
    }

    // Whoever has seen the flaw go has done the lesson. The end of a file may come while the doctor is at work.
    void leave() { QCoreApplication::exit(m_course && m_course->isMended() ? Done : Failed); }

    const ReportStyle m_style;
    const ProgressLine m_progress;
    std::unique_ptr<Course> m_course;
};

} // namespace

int runLearn(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        u"Teaches the practices of WebSocket authentication, one at a time: it starts a server with one flaw on this machine, "
        u"the doctor "
        "examines it, you choose the setting that mends it, and the doctor looks again. Nothing leaves this machine, and nothing "
        "stays behind.\n\nWithout a lesson it asks which one. q or Ctrl+C ends it.\n\nExit codes: 0 the flaw is mended, 1 ended "
        "before that, "
        "2 no such lesson, 128 and the number of the signal that ended it."_s);
    parser.addOption({u"list"_s, u"Lists the lessons."_s});
    parser.addOption({u"width"_s, u"Columns of the text."_s, u"number"_s});
    parser.addOption({u"colour"_s, u"auto, always or never."_s, u"when"_s, u"auto"_s});
    parser.addPositionalArgument(u"lesson"_s, u"Number or name of a lesson."_s, u"[lesson]"_s);
    if (const std::optional<int> end = parse(parser, u"learn"_s, arguments, 0, 1))
        return *end;
    if (parser.isSet(u"list"_s)) {
        list(parser.isSet(u"json"_s));
        return Done;
    }
    InputLines input;
    Classroom room(styleOf(parser), &input);
    const QString name = parser.positionalArguments().value(0);
    const Lesson *lesson = Lesson::find(name);
    if (!name.isEmpty() && !lesson)
        return usage(u"there is no lesson \"%1\"; see watchword learn --list"_s.arg(name));
    interruptOnSignals();
    input.start();
    QMetaObject::invokeMethod(
        &room,
        [&room, lesson] {
            if (lesson)
                room.teach(*lesson);
            else
                room.ask();
        },
        Qt::QueuedConnection);
    return QCoreApplication::exec();
}

} // namespace Watchword::Tool
