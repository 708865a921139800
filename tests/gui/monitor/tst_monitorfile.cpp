// SPDX-License-Identifier: Apache-2.0
#include "monitortest.h"
#include "pageobjects.h"
#include "support/await.h"

#include "monitor/models/incidentnote.h"
#include "monitor/models/logfile.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/filestrip.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/runlabel.h"

#include "watchword/core/auditevent.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFile>
#include <QMenu>
#include <QSignalSpy>

using namespace Monitor;
using namespace Qt::StringLiterals;

/*! A file on the page Audit: what is proved, the row that is not, and the report for a ticket. */
class TestMonitorFile : public Sample::MonitorTest
{
    Q_OBJECT

public:
    TestMonitorFile()
        : MonitorTest({1440, 900})
    {
    }

private Q_SLOTS:
    void cleanup() override
    {
        m_log.reset();
        MonitorTest::cleanup();
    }
    void saysHowFarItIsVerifiedAndShowsTheBreak();
    void aSoundFileHasNothingToShow();
    void savesTheReport();
    void saysWhatTheLinesAre();
    void copiesAnIncidentNote();
    void aGatewayHasNoStrip();

private:
    static QByteArrayList chain(int events)
    {
        QByteArrayList lines;
        QString previous;
        for (int i = 1; i <= events; ++i) {
            Watchword::AuditEvent event;
            event.id = u"e-%1"_s.arg(i);
            event.source = u"wss-gateway://c/gw-1"_s;
            event.type = u"dev.watchword.conn.opened.v1"_s;
            event.time = Watchword::WallTime(std::chrono::milliseconds(1'795'357'960'000 + i * 1000));
            event.sequence = quint64(i);
            event.data = {{u"message"_s, u"event %1"_s.arg(i)}, {u"severity"_s, 1}};
            previous = event.seal(u"log"_s, previous);
            lines.append(event.toBytes());
        }
        return lines;
    }
    void open(const QByteArrayList &lines)
    {
        const QString path = m_folder.filePath(u"audit.jsonl"_s);
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(lines.join('\n') + '\n');
        file.close();
        m_log = std::make_unique<LogFile>(path, m_workspace->audit());
        LinkStatus::Facts facts;
        facts.state = LinkStatus::State::File;
        m_workspace->status().setFacts(facts);
        m_workspace->setLogFile(m_log.get());
        m_window->showPage(PageId::Audit);
        m_log->start();
        QVERIFY(Support::waitUntil([&] {
            m_workspace->tickNow();
            const ChainFindings found = m_log->findings();
            return m_workspace->auditModel().totalRows() >= lines.size() && m_log->isFinished() && found.isCaughtUp
                && found.checkedRows >= quint64(lines.size());
        }));
        m_workspace->tickNow();
    }
    FileStrip *strip() const { return m_window->page(PageId::Audit)->findChild<FileStrip *>(); }
    Button *button(const QString &name) const { return strip()->findChild<Button *>(name); }

    QTemporaryDir m_folder;
    std::unique_ptr<LogFile> m_log;
};

void TestMonitorFile::saysHowFarItIsVerifiedAndShowsTheBreak()
{
    QByteArrayList lines = chain(400);
    lines[150].replace("event 151", "event 15l");
    open(lines);
    QVERIFY(strip()->isVisible());
    QVERIFY2(strip()->text().startsWith(u"Verified 1 to 150, broken at 151"_s), qPrintable(strip()->text()));
    const Sample::TableOnScreen table(static_cast<TablePage *>(m_window->page(PageId::Audit)));
    QVERIFY(table.model().viewRowOf(151) < table.model().firstRow()); // out of sight: the tail is shown
    QVERIFY(button(u"showFinding"_s)->isVisible());
    QTest::mouseClick(button(u"showFinding"_s), Qt::LeftButton);
    QVERIFY(Support::waitUntil([&] {
        m_workspace->tickNow();
        return table.yOf(151) >= 0;
    }));
    QCOMPARE(table.model().currentId(), 151u);
    const qint64 row = table.model().viewRowOf(151) - table.model().firstRow();
    QVERIFY2(table.text(int(row), u"message"_s).startsWith(u"The chain is broken here"_s),
             qPrintable(table.text(int(row), u"message"_s)));
    const QModelIndex index = table.model().index(int(row), 0);
    QCOMPARE(index.data(RowTintRole).toString(), u"tint.error"_s);
    QCOMPARE(table.model().index(int(row) + 1, 0).data(RowTintRole).toString(), QString());
    QVERIFY2(index.data(Qt::AccessibleTextRole).toString().contains(u"The chain is broken here"_s),
             qPrintable(index.data(Qt::AccessibleTextRole).toString()));
}

void TestMonitorFile::aSoundFileHasNothingToShow()
{
    open(chain(20));
    QVERIFY2(strip()->text().startsWith(u"Verified 1 to 20"_s), qPrintable(strip()->text()));
    QVERIFY(!button(u"showFinding"_s)->isVisible());
    QVERIFY(button(u"saveReport"_s)->isEnabled());
    QVERIFY(strip()->width() <= m_window->width());
}

void TestMonitorFile::savesTheReport()
{
    QByteArrayList lines = chain(20);
    lines.remove(10, 3);
    open(lines);
    QSignalSpy noticed(strip(), &FileStrip::noticed);
    const QString path = m_folder.filePath(u"report.md"_s);
    strip()->saveReport(path);
    QVERIFY(Support::waitUntil([&] { return noticed.size() == 1; }));
    QVERIFY(noticed.first().at(1).toBool());
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QString report = QString::fromUtf8(file.readAll());
    QVERIFY2(report.contains(u"**Verified 1 to 10, 14 to 20, 3 event(s) missing.**"_s), qPrintable(report));
    QVERIFY2(report.contains(u"| 11 to 13 | missing |"_s), qPrintable(report));
    QVERIFY(report.contains(sha256OfFile(m_log->path())));
    strip()->saveReport(u"/nowhere/report.md"_s);
    QVERIFY(Support::waitUntil([&] { return noticed.size() == 2; }));
    QVERIFY(!noticed.last().at(1).toBool());
}

void TestMonitorFile::saysWhatTheLinesAre()
{
    open({R"({"msg":"hello","ts":1700000000})", R"({"realmId":"r","type":"LOGIN","time":1700000000000})"});
    QVERIFY2(strip()->text().contains(u"1 line(s) are read as Keycloak"_s)
                 && strip()->text().contains(u"only time, level and text"_s),
             qPrintable(strip()->text()));
    QVERIFY2(strip()->text().startsWith(u"The events have no hash chain"_s), qPrintable(strip()->text()));
}

void TestMonitorFile::copiesAnIncidentNote()
{
    QByteArrayList lines = chain(30);
    open(lines);
    const Sample::TableOnScreen table(static_cast<TablePage *>(m_window->page(PageId::Audit)));
    table.click(3);
    table.click(5, Qt::ShiftModifier);
    const QPoint at = table.middleOf(4);
    QContextMenuEvent wanted(QContextMenuEvent::Mouse, at, table.widget()->viewport()->mapToGlobal(at));
    QTest::ignoreMessage(QtWarningMsg, "This plugin does not support raise()");
    QTest::ignoreMessage(QtWarningMsg, "This plugin does not support grabbing the keyboard");
    QCoreApplication::sendEvent(table.widget()->viewport(), &wanted);
    auto *menu = qobject_cast<QMenu *>(QApplication::activePopupWidget());
    QVERIFY(menu);
    const QList<QAction *> actions = menu->actions();
    const auto note = std::find_if(actions.begin(), actions.end(),
                                   [](const QAction *action) { return action->text() == "Copy as incident note"_L1; });
    QVERIFY(note != actions.end());
    QTest::mouseClick(menu, Qt::LeftButton, {}, menu->actionGeometry(*note).center());
    const QString text = QGuiApplication::clipboard()->text();
    QVERIFY2(text.startsWith(u"## Audit of"_s), qPrintable(text));
    QVERIFY2(text.contains(u"- Filter: none"_s), qPrintable(text));
    const auto hash = [&lines](int at) { return Watchword::AuditEvent::fromBytes(lines.at(at))->chainHash(); };
    const int first = int(table.idAt(3)) - 1;
    QVERIFY2(text.contains(u"events %1 to %2, from hash `%3` to hash `%4`"_s.arg(first + 1).arg(first + 3).arg(hash(first),
                                                                                                               hash(first + 2))),
             qPrintable(text));
    QCOMPARE(text.count(u"conn.opened"_s), 3);
    // A name of a stranger is text, whatever it looks like.
    QCOMPARE(markdownCell(u" a|b\n<img src=x> [l](u)\u202egnp "_s), u"a\\|b \\<img src=x\\> \\[l\\](u)\ufffdgnp"_s);
    QVERIFY(proofOfEvents({"{}", "garbage"}).isEmpty());
}

void TestMonitorFile::aGatewayHasNoStrip()
{
    m_window->showPage(PageId::Audit);
    QVERIFY(!strip()->isVisible());
    open(chain(2));
    QVERIFY(strip()->isVisible());
    m_log.reset();
    m_workspace->setLogFile(nullptr);
    QVERIFY(!strip()->isVisible());
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorFile)
#include "tst_monitorfile.moc"
