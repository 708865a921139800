// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/testmain.h"

#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QProcessEnvironment>
#include <QRegularExpression>
#include <QTemporaryDir>

#include <csignal>
#include <map>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

namespace {

struct Lesson
{
    const char *name;
    const char *check;
    int setting;
};
constexpr Lesson kLessons[] = {{"wss-only", "T1", 1},         {"tokens", "H10", 2}, {"short-lives", "E1", 3},
                               {"validation", "H4", 4},       {"origin", "O1", 5},  {"limits", "S2", 6},
                               {"private-endpoints", "X1", 7}};

/*! A person who reads what the program says and types. */
class Pupil
{
public:
    explicit Pupil(const QStringList &arguments)
    {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"TMPDIR"_s, m_temporary.path());
        m_process.setProcessEnvironment(environment);
        m_process.setProcessChannelMode(QProcess::MergedChannels);
        m_process.start(QStringLiteral(WATCHWORD_PROGRAM), QStringList{u"learn"_s} + arguments);
    }
    ~Pupil()
    {
        m_process.kill();
        m_process.waitForFinished(5'000);
    }
    void type(const QByteArray &line)
    {
        m_read = text().size();
        m_process.write(line + '\n');
    }
    const QByteArray &text()
    {
        m_text += m_process.readAll();
        return m_text;
    }
    QByteArray lately() { return text().mid(m_read); } //!< Since the last line that was typed.
    bool reads(const QByteArray &words, std::chrono::milliseconds time = 30s)
    {
        return waitUntil([&] { return lately().contains(words) || m_process.state() == QProcess::NotRunning; }, time)
            && lately().contains(words);
    }
    int ended()
    {
        if (!waitUntil([this] { return m_process.state() == QProcess::NotRunning; }, 20s))
            return -1;
        return m_process.exitStatus() == QProcess::NormalExit ? m_process.exitCode() : -2;
    }
    QProcess &process() { return m_process; }
    QStringList leftovers() const { return QDir(m_temporary.path()).entryList(QDir::AllEntries | QDir::NoDotAndDotDot); }

private:
    QTemporaryDir m_temporary;
    QProcess m_process;
    QByteArray m_text;
    qsizetype m_read = 0;
};

} // namespace

/*! Whoever follows the program finds the flaw, mends it, and sees that it is gone; there is nothing beside it to find. */
class TestLearn : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everyLesson();
    void lessonsAreListed();
    void asksWhichLesson();
    void endsWhenItIsTold_data();
    void endsWhenItIsTold();
    void interruptEndsIt();
};

// All at once: they mostly wait.
void TestLearn::everyLesson()
{
    std::map<std::string, std::unique_ptr<Pupil>> pupils;
    for (const Lesson &lesson : kLessons)
        pupils.emplace(lesson.name,
                       std::make_unique<Pupil>(QStringList{QString::fromLatin1(lesson.name), u"--width"_s, u"80"_s}));
    for (const Lesson &lesson : kLessons) {
        Pupil &pupil = *pupils.at(lesson.name);
        QVERIFY2(pupil.reads("A server with one flaw runs at wss://127.0.0.1:"), pupil.text().constData());
        QVERIFY(pupil.reads("Enter: the doctor examines it."));
        pupil.type({});
    }
    for (const Lesson &lesson : kLessons) {
        Pupil &pupil = *pupils.at(lesson.name);
        QVERIFY2(pupil.reads("Which one do you change? 1 to 7:"), pupil.text().constData());
        const QString seen = QString::fromUtf8(pupil.lately());
        static const QRegularExpression totals(u"(\\d+) failed, (\\d+) warned, (\\d+) passed"_s);
        const QRegularExpressionMatch match = totals.match(seen);
        QCOMPARE(match.captured(1).toInt() + match.captured(2).toInt(), 1);
        QVERIFY(match.captured(3).toInt() > 30);
        QVERIFY2(seen.contains(u'\n' + QString::fromLatin1(lesson.check).leftJustified(3)), qPrintable(seen));
        QVERIFY(!seen.contains(u"eyJ"_s)); // of a token
        pupil.type("seven");
        QVERIFY(pupil.reads("A number from 1 to 7, please:"));
        pupil.type(QByteArray::number(lesson.setting % 7 + 1));
        QVERIFY2(pupil.reads("is as it should be: "), pupil.text().constData());
        pupil.type(QByteArray::number(lesson.setting));
    }
    for (const Lesson &lesson : kLessons) {
        Pupil &pupil = *pupils.at(lesson.name);
        QVERIFY2(pupil.reads("Enter: one answer."), pupil.text().constData());
        QVERIFY(pupil.lately().contains("pass " + QByteArray(lesson.check)) && pupil.lately().contains("none found a problem."));
        QVERIFY(pupil.lately().contains("What Watchword does"));
        for (int i = 0; i < 2; ++i) {
            pupil.type({});
            QVERIFY(pupil.reads("Enter: one answer."));
        }
        pupil.type({});
        QVERIFY(pupil.reads("watchword doctor --explain " + QByteArray(lesson.check)));
        QCOMPARE(pupil.ended(), 0);
        QCOMPARE(pupil.leftovers(), QStringList());
        QVERIFY(!pupil.text().contains('\x1b'));
    }
}

void TestLearn::lessonsAreListed()
{
    Pupil plain({u"--list"_s});
    QCOMPARE(plain.ended(), 0);
    Pupil json({u"--list"_s, u"--json"_s});
    QCOMPARE(json.ended(), 0);
    const QJsonArray lessons = QJsonDocument::fromJson(json.text()).array();
    QCOMPARE(std::size_t(lessons.size()), std::size(kLessons));
    for (std::size_t i = 0; i < std::size(kLessons); ++i) {
        QVERIFY(plain.text().contains(kLessons[i].name));
        QCOMPARE(lessons.at(qsizetype(i))["name"_L1].toString(), QString::fromLatin1(kLessons[i].name));
        QCOMPARE(lessons.at(qsizetype(i))["check"_L1].toString(), QString::fromLatin1(kLessons[i].check));
    }
    Pupil wrong({u"juggling"_s});
    QCOMPARE(wrong.ended(), 2);
    QVERIFY(wrong.text().contains("watchword learn --list"));
    Pupil help({u"--help"_s});
    QCOMPARE(help.ended(), 0);
    QVERIFY(help.text().contains("Exit codes: 0 the flaw is mended"));
}

void TestLearn::asksWhichLesson()
{
    Pupil pupil({});
    QVERIFY(pupil.reads("Which one? A number or a name; q ends it:"));
    pupil.type("99");
    QVERIFY(pupil.reads("There is no such lesson."));
    pupil.type("4");
    QVERIFY(pupil.reads("4. Validation at connect"));
    QVERIFY(pupil.reads("Enter: the doctor examines it."));
    pupil.type("q");
    QCOMPARE(pupil.ended(), 1);
}

void TestLearn::endsWhenItIsTold_data()
{
    QTest::addColumn<QByteArray>("typed");
    QTest::newRow("at once") << QByteArray();
    QTest::newRow("while the doctor works") << QByteArray("\n");
}

void TestLearn::endsWhenItIsTold()
{
    QFETCH(QByteArray, typed);
    Pupil pupil({u"origin"_s});
    QVERIFY(pupil.reads("Enter: the doctor examines it."));
    pupil.process().write(typed);
    pupil.process().closeWriteChannel(); // the end of the file
    QCOMPARE(pupil.ended(), 1);
}

void TestLearn::interruptEndsIt()
{
    Pupil pupil({u"limits"_s});
    QVERIFY(pupil.reads("Enter: the doctor examines it."));
    pupil.type({});
    QVERIFY(pupil.reads("The doctor examines wss://"));
    QVERIFY(!pupil.leftovers().isEmpty());
    ::kill(pid_t(pupil.process().processId()), SIGINT);
    QCOMPARE(pupil.ended(), 130);
    QCOMPARE(pupil.leftovers(), QStringList()); // the keys went with it
}

WATCHWORD_TEST_MAIN(TestLearn)
#include "tst_learn.moc"
