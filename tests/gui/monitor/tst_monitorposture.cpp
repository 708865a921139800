// SPDX-License-Identifier: Apache-2.0
#include "monitortest.h"
#include "sampledata.h"
#include "support/await.h"

#include "monitor/widgets/button.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/findingview.h"
#include "monitor/widgets/mainwindow.h"
#include "monitor/widgets/navigation.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/posturehead.h"
#include "monitor/widgets/posturepage.h"
#include "monitor/widgets/practicelist.h"
#include "monitor/widgets/runlabel.h"

#include "watchword/testing/fakegateway.h"

#include <QClipboard>
#include <QDir>
#include <QJsonDocument>
#include <QLabel>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

using namespace Monitor;
using namespace Qt::StringLiterals;
using Watchword::FakeGateway;
using Watchword::Finding;
using Watchword::Practice;

/*! The page Posture over runs of the doctor against a server of this process, and over runs that were kept. */
class TestMonitorPosture : public Sample::MonitorTest
{
    Q_OBJECT

public:
    TestMonitorPosture()
        : MonitorTest({1440, 900})
    {
    }

private Q_SLOTS:
    void init() override;
    void cleanup() override;
    void saysWhenThereIsNothingToExamine();
    void examinesAndKeepsTheRun();
    void canBeStopped();
    void saysWhyARunFailed();
    void showsWhatGotWorse();
    void opensWhomAFindingConcerns();
    void writesEveryFormat();
    void keysChooseAPractice();
    void leavesFilesAloneThatItCannotRead();
    void keepsNinetyRuns();

private:
    PosturePage *page() const { return static_cast<PosturePage *>(m_window->page(PageId::Posture)); }
    Button *runButton() const { return page()->findChild<Button *>(u"runChecks"_s); }
    QString head() const { return page()->findChild<PostureHead *>()->text(); }
    QString status() const { return m_window->findChild<RunLabel *>(u"statusLeft"_s)->plainText(); }
    void serve(const QUrl &endpoint);
    Watchword::Report report(int minute, const QHash<QString, Finding::Verdict> &verdicts) const;
    void keep(const QList<Watchword::Report> &reports);

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<FakeGateway> m_gateway;
};

void TestMonitorPosture::init()
{
    MonitorTest::init();
    m_folder = std::make_unique<QTemporaryDir>();
    m_gateway = std::make_unique<FakeGateway>();
    QVERIFY(m_gateway->listen());
    Sample::fill(*m_workspace, 60);
    page()->setFolder(m_folder->path());
    m_window->showPage(PageId::Posture);
}

void TestMonitorPosture::cleanup()
{
    MonitorTest::cleanup();
    m_gateway.reset();
}

void TestMonitorPosture::serve(const QUrl &endpoint)
{
    Actions actions;
    actions.doctorOptions = [this, endpoint] {
        Watchword::DoctorOptions options;
        options.endpoint = endpoint;
        options.additionalCertificateAuthorities = {m_gateway->tls().authority};
        options.pace = std::chrono::milliseconds(1);
        options.patience = std::chrono::milliseconds(500);
        options.headDeadline = std::chrono::seconds(1);
        return options;
    };
    m_workspace->setActions(actions);
}

Watchword::Report TestMonitorPosture::report(int minute, const QHash<QString, Finding::Verdict> &verdicts) const
{
    Watchword::Report report;
    report.endpoint = m_gateway->url(u"/watch"_s);
    report.startedAt = QDateTime(QDate(2026, 11, 22), QTime(14, minute), Qt::UTC);
    report.took = std::chrono::milliseconds(11'400);
    report.requests = 38;
    for (const Watchword::Check &check : Watchword::Check::all()) {
        Finding finding;
        finding.checkId = check.id;
        finding.verdict = verdicts.value(check.id, Finding::Verdict::Pass);
        finding.summary = finding.isProblem() ? u"It does not, at minute %1."_s.arg(minute) : u"It does."_s;
        if (finding.isProblem())
            finding.evidence = {u"> GET /watch HTTP/1.1"_s, u"< HTTP/1.1 101 <b>Switching</b>"_s};
        report.findings.append(finding);
    }
    return report;
}

void TestMonitorPosture::keep(const QList<Watchword::Report> &reports)
{
    PostureHistory history(m_folder->path());
    history.open(m_gateway->url(u"/watch"_s));
    for (const Watchword::Report &one : reports)
        QVERIFY(history.add(one));
    serve(m_gateway->url(u"/watch"_s));
}

void TestMonitorPosture::saysWhenThereIsNothingToExamine()
{
    m_workspace->setActions({});
    QVERIFY(!runButton()->isEnabled());
    QVERIFY(!runButton()->toolTip().isEmpty());
    page()->run();
    QVERIFY2(status().contains(u"no gateway to examine"_s), qPrintable(status()));
}

void TestMonitorPosture::examinesAndKeepsTheRun()
{
    serve(m_gateway->url(u"/watch"_s));
    QVERIFY(runButton()->isEnabled());
    QTest::mouseClick(runButton(), Qt::LeftButton);
    QVERIFY(page()->isRunning());
    QVERIFY2(head().startsWith(u"Checking"_s), qPrintable(head()));
    // The window goes on meanwhile: it counts what was checked.
    QVERIFY(Support::waitUntil([this] { return head().contains(u"Last: "_s); }));
    QVERIFY(Support::waitUntil([this] { return !page()->isRunning(); }, std::chrono::seconds(40)));
    QVERIFY2(head().contains(u"checks pass"_s), qPrintable(head()));
    QVERIFY(!page()->grade().isEmpty());
    const auto *practices = page()->findChild<PracticeList *>();
    QVERIFY(practices->sentenceOf(Practice::Transport).contains(u"grade"_s));
    QVERIFY(m_window->findChild<QAbstractButton *>(u"navigation.posture"_s));
    // The next program finds it.
    PostureHistory next(m_folder->path());
    next.open(m_gateway->url(u"/watch"_s));
    QCOMPARE(next.runs().size(), 1);
    QCOMPARE(next.runs().first().grade(), page()->grade());
}

void TestMonitorPosture::canBeStopped()
{
    serve(m_gateway->url(u"/watch"_s));
    QTest::mouseClick(runButton(), Qt::LeftButton);
    QVERIFY(Support::waitUntil([this] { return head().contains(u"Last: "_s); }));
    QTest::mouseClick(runButton(), Qt::LeftButton);
    QVERIFY(Support::waitUntil([this] { return !page()->isRunning(); }));
    QVERIFY2(head().contains(u"ended early"_s), qPrintable(head()));
}

void TestMonitorPosture::saysWhyARunFailed()
{
    m_gateway->stop();
    serve(m_gateway->url(u"/watch"_s));
    page()->run();
    auto *failure = page()->findChild<RunLabel *>(u"postureFailure"_s);
    QVERIFY(Support::waitUntil([failure] { return failure->isVisible(); }));
    QVERIFY2(failure->plainText().startsWith(u"The run failed."_s), qPrintable(failure->plainText()));
    QVERIFY(failure->plainText().size() > 30);
    QVERIFY(!page()->isRunning());
    QVERIFY(runButton()->isEnabled());
}

void TestMonitorPosture::showsWhatGotWorse()
{
    keep({report(1, {}), report(2, {{u"T2"_s, Finding::Verdict::Fail}, {u"O2"_s, Finding::Verdict::Warn}}),
          report(3, {{u"T2"_s, Finding::Verdict::Fail}})});
    QVERIFY2(head().contains(u"1 fail(s)"_s), qPrintable(head()));
    QCOMPARE(page()->grade(), u"D"_s);
    auto *findings = page()->findChild<FindingView *>();
    QCOMPARE(findings->currentCheck(), u"T2"_s); // the worst of the practice is the one that opens
    // What a server said is text.
    for (const QLabel *label : findings->findChildren<QLabel *>())
        QVERIFY(label->textFormat() != Qt::RichText);
    const auto freshShown = [findings] {
        for (const QAbstractButton *line : findings->findChildren<QAbstractButton *>()) {
            if (!line->isHidden() && line->accessibleName().startsWith(u"T2 "_s))
                return line->accessibleName();
        }
        return QString();
    };
    QVERIFY(Support::waitUntil([&freshShown] { return freshShown().endsWith(u"fails"_s); }));
    page()->compareWith(0);
    QVERIFY(Support::waitUntil([&freshShown] { return freshShown().endsWith(u"new"_s); }));
}

void TestMonitorPosture::opensWhomAFindingConcerns()
{
    keep({report(1, {{u"T3"_s, Finding::Verdict::Warn}})});
    ConnectionEntry old;
    old.id = u"c-old"_s;
    old.user = u"old"_s;
    old.state = u"open"_s;
    old.tls = u"TLSv1.2"_s;
    m_workspace->connections().upsert(old, Sample::now);
    page()->findChild<FindingView *>()->choose(u"T3"_s);
    auto *offenders = page()->findChild<Button *>(u"offenders"_s);
    QVERIFY(Support::waitUntil([this, offenders] {
        m_workspace->tickNow();
        return offenders->isVisible();
    }));
    QTest::mouseClick(offenders, Qt::LeftButton);
    QCOMPARE(m_window->currentPageId(), PageId::Connections);
    QCOMPARE(m_window->currentPage()->filter()->text(), u"tls < 1.3"_s);
    QVERIFY(Support::waitUntil([this] {
        m_workspace->tickNow();
        return m_workspace->connectionsModel().totalRows() == 1;
    }));
}

void TestMonitorPosture::writesEveryFormat()
{
    using Watchword::ReportFormat;
    keep({report(1, {{u"T3"_s, Finding::Verdict::Warn}})});
    for (const ReportFormat format : {ReportFormat::Text, ReportFormat::Json, ReportFormat::Sarif, ReportFormat::JUnit,
                                      ReportFormat::Markdown, ReportFormat::Html}) {
        const QString path = m_folder->filePath(u"report.%1"_s.arg(int(format)));
        QVERIFY(page()->exportTo(path, format));
        QVERIFY(QFileInfo(path).size() > 200);
    }
    QFile json(m_folder->filePath(u"report.%1"_s.arg(int(ReportFormat::Json))));
    QVERIFY(json.open(QIODevice::ReadOnly));
    QVERIFY(Watchword::Report::fromJson(json.readAll()).isOk());
    QVERIFY(!page()->exportTo(m_folder->filePath(u"no/such/folder/report.txt"_s), ReportFormat::Text));
    QVERIFY2(status().contains(u"cannot be written"_s), qPrintable(status()));
}

void TestMonitorPosture::keysChooseAPractice()
{
    keep({report(1, {})});
    auto *practices = page()->findChild<PracticeList *>();
    practices->setFocus();
    QTest::keyClick(practices, Qt::Key_Down);
    QCOMPARE(practices->current(), Practice::Tokens);
    QVERIFY(practices->accessibleDescription().startsWith(u"2. Token-based authentication: grade A"_s));
    QTest::keyClick(practices, Qt::Key_End);
    QCOMPARE(practices->current(), Practice::Education);
    QTest::keyClick(practices, Qt::Key_Home);
    QCOMPARE(practices->current(), Practice::Transport);
    QTest::mouseClick(practices, Qt::LeftButton, {}, practices->rowRect(Practice::Origin).center());
    QCOMPARE(practices->current(), Practice::Origin);
    QTest::keyClick(practices, Qt::Key_Tab);
    QVERIFY(QApplication::focusWidget() != practices);
}

void TestMonitorPosture::leavesFilesAloneThatItCannotRead()
{
    keep({report(1, {})});
    PostureHistory history(m_folder->path());
    history.open(m_gateway->url(u"/watch"_s));
    QFile broken(history.folder() + u"/20260101T000000.000Z.json"_s);
    QVERIFY(broken.open(QIODevice::WriteOnly));
    broken.write("{\"version\":");
    broken.close();
    history.open(m_gateway->url(u"/watch"_s));
    QCOMPARE(history.runs().size(), 1);
    QCOMPARE(history.unreadable(), 1);
    QVERIFY(broken.exists());
}

void TestMonitorPosture::keepsNinetyRuns()
{
    PostureHistory history(m_folder->path());
    history.open(m_gateway->url(u"/watch"_s));
    Watchword::Report one = report(1, {});
    for (int run = 0; run < 95; ++run) {
        one.startedAt = one.startedAt.addSecs(60);
        QVERIFY(history.add(one));
    }
    QCOMPARE(history.runs().size(), PostureHistory::Kept);
    QCOMPARE(QDir(history.folder()).entryList({u"*.json"_s}).size(), PostureHistory::Kept);
    history.open(QUrl(u"wss://other.example.com/watch"_s));
    QVERIFY(history.runs().isEmpty()); // another endpoint has its own
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorPosture)
#include "tst_monitorposture.moc"
