// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/testmain.h"

#include "monitor/widgets/button.h"
#include "monitor/widgets/disconnectsheet.h"
#include "sampledata.h"

#include <QComboBox>
#include <QElapsedTimer>
#include <QLabel>
#include <QLineEdit>
#include <QPromise>
#include <QSignalSpy>

using namespace Monitor;
using namespace Qt::StringLiterals;

namespace {

struct Call
{
    QStringList ids;
    int code = 0;
    std::chrono::milliseconds after{};
    QString reason;
};

} // namespace

class TestDisconnectSheet : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void cleanup();
    void returnKeyAtOpeningDoesNothing();
    void returnKeyPressesWhatHasTheFocus();
    void verbNeedsReasonAndTime();
    void sendsWhatWasChosen();
    void failureStaysOpenAndSaysWhy();
    void manyNeedTheirNumber();
    void losingTheLinkDisablesTheVerb();
    void tabStaysInside();
    void escapeRejects();
    void saysThatIAmAmongThem();

private:
    DisconnectSheet *open(const QStringList &connections);
    Button *verb() const { return m_sheet->findChild<Button *>(u"verb"_s); }
    void chooseReason();

    std::unique_ptr<Workspace> m_workspace;
    std::unique_ptr<QWidget> m_window;
    QPointer<DisconnectSheet> m_sheet;
    QList<Call> m_calls;
    QString m_blocked;
    std::unique_ptr<QPromise<Watchword::Result<Watchword::ActionOutcome>>> m_answer;
};

void TestDisconnectSheet::init()
{
    WatchwordTest::init();
    m_calls.clear();
    m_blocked.clear();
    m_workspace = std::make_unique<Workspace>();
    Sample::fill(*m_workspace, 60);
    Actions actions;
    actions.disconnect = [this](const QStringList &ids, int code, std::chrono::milliseconds after, const QString &reason) {
        m_calls.append({ids, code, after, reason});
        m_answer = std::make_unique<QPromise<Watchword::Result<Watchword::ActionOutcome>>>();
        m_answer->start();
        return m_answer->future();
    };
    actions.blocked = [this] { return m_blocked; };
    m_workspace->setActions(actions);
    m_window = std::make_unique<QWidget>();
    m_window->resize(1024, 700);
    m_window->show();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
}

void TestDisconnectSheet::cleanup()
{
    if (m_answer && !m_answer->future().isFinished()) {
        m_answer->addResult(Watchword::Error(Watchword::ErrorCode::Cancelled));
        m_answer->finish();
    }
    m_window.reset();
    m_workspace.reset();
}

DisconnectSheet *TestDisconnectSheet::open(const QStringList &connections)
{
    m_sheet = new DisconnectSheet(*m_workspace, connections, m_window.get());
    m_sheet->open();
    return m_sheet;
}

void TestDisconnectSheet::chooseReason()
{
    m_sheet->findChild<QComboBox *>()->setCurrentIndex(1);
}

void TestDisconnectSheet::returnKeyAtOpeningDoesNothing()
{
    DisconnectSheet *sheet = open({u"c-0be2000005"_s});
    QSignalSpy rejected(sheet, &QDialog::rejected);
    chooseReason();
    QTest::keyClick(verb(), Qt::Key_Space);
    verb()->click();
    QVERIFY(m_calls.isEmpty());
    QVERIFY(!verb()->isEnabled());
    // Return reaches the default button, and that is Cancel.
    QTest::keyClick(sheet, Qt::Key_Return);
    QCOMPARE(rejected.count(), 1);
    QVERIFY(m_calls.isEmpty());
}

void TestDisconnectSheet::returnKeyPressesWhatHasTheFocus()
{
    open({u"c-0be2000005"_s});
    chooseReason();
    QVERIFY(Support::waitUntil([this] { return verb()->isEnabled(); }));
    verb()->setFocus(Qt::TabFocusReason);
    QTest::keyClick(verb(), Qt::Key_Return);
    QCOMPARE(m_calls.size(), 1);
}

void TestDisconnectSheet::verbNeedsReasonAndTime()
{
    QElapsedTimer timer;
    timer.start();
    open({u"c-0be2000005"_s});
    chooseReason();
    QVERIFY(m_sheet->blockedBecause().isEmpty());
    QVERIFY(Support::waitUntil([this] { return verb()->isEnabled(); }));
    QVERIFY(timer.elapsed() >= 390);
    m_sheet->findChild<QComboBox *>()->setCurrentIndex(0);
    QVERIFY(!verb()->isEnabled());
    QVERIFY(!m_sheet->blockedBecause().isEmpty());
}

void TestDisconnectSheet::sendsWhatWasChosen()
{
    DisconnectSheet *sheet = open({u"c-0be2000005"_s, u"c-0be2000006"_s});
    QSignalSpy finished(sheet, &DisconnectSheet::finishedWith);
    chooseReason();
    const QList<QLineEdit *> edits = sheet->findChildren<QLineEdit *>();
    QVERIFY(!edits.isEmpty());
    edits.first()->setText(u"INC-2291"_s);
    QVERIFY(Support::waitUntil([this] { return verb()->isEnabled(); }));
    verb()->click();
    QCOMPARE(m_calls.size(), 1);
    QCOMPARE(m_calls.first().ids, QStringList({u"c-0be2000005"_s, u"c-0be2000006"_s}));
    QCOMPARE(m_calls.first().code, 4411);
    QVERIFY(m_calls.first().reason.endsWith(u"INC-2291"_s));
    QVERIFY(!verb()->isEnabled()); // A second press while it runs does nothing.
    verb()->click();
    QCOMPARE(m_calls.size(), 1);
    Watchword::ActionOutcome outcome;
    outcome.done = m_calls.first().ids;
    m_answer->addResult(outcome);
    m_answer->finish();
    QVERIFY(Support::waitUntil([&finished] { return finished.count() == 1; }));
    QCOMPARE(finished.first().at(1).toBool(), true);
    QVERIFY(Support::waitUntil([this] { return m_sheet.isNull(); }));
}

void TestDisconnectSheet::failureStaysOpenAndSaysWhy()
{
    DisconnectSheet *sheet = open({u"c-0be2000005"_s});
    QSignalSpy finished(sheet, &DisconnectSheet::finishedWith);
    chooseReason();
    QVERIFY(Support::waitUntil([this] { return verb()->isEnabled(); }));
    verb()->click();
    m_answer->addResult(Watchword::Error(Watchword::ErrorCode::StorageFailed, u"the audit cannot be written"_s));
    m_answer->finish();
    QVERIFY(Support::waitUntil([&finished] { return finished.count() == 1; }));
    QCOMPARE(finished.first().at(1).toBool(), false);
    QVERIFY(m_sheet && m_sheet->isVisible());
    QVERIFY(verb()->isEnabled());
}

void TestDisconnectSheet::manyNeedTheirNumber()
{
    QStringList many;
    for (int row = 0; row < 26; ++row)
        many << u"c-0be2%1"_s.arg(row, 6, 16, QChar(u'0'));
    DisconnectSheet *sheet = open(many);
    chooseReason();
    QVERIFY(!sheet->blockedBecause().isEmpty());
    const QList<QLineEdit *> edits = sheet->findChildren<QLineEdit *>();
    edits.last()->setText(u"25"_s);
    QVERIFY(!sheet->blockedBecause().isEmpty());
    edits.last()->setText(u"26"_s);
    QVERIFY(sheet->blockedBecause().isEmpty());
}

void TestDisconnectSheet::losingTheLinkDisablesTheVerb()
{
    open({u"c-0be2000005"_s});
    chooseReason();
    QVERIFY(Support::waitUntil([this] { return verb()->isEnabled(); }));
    m_blocked = u"not connected"_s;
    Sample::setLink(*m_workspace, LinkStatus::State::Reconnecting);
    QVERIFY(!verb()->isEnabled());
    QCOMPARE(m_sheet->blockedBecause(), u"not connected"_s);
}

void TestDisconnectSheet::tabStaysInside()
{
    auto *outside = new QLineEdit(m_window.get());
    outside->show();
    DisconnectSheet *sheet = open({u"c-0be2000005"_s});
    for (int step = 0; step < 20; ++step) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        QVERIFY(sheet->isAncestorOf(QApplication::focusWidget()));
    }
}

void TestDisconnectSheet::escapeRejects()
{
    DisconnectSheet *sheet = open({u"c-0be2000005"_s});
    QSignalSpy rejected(sheet, &QDialog::rejected);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
    QCOMPARE(rejected.count(), 1);
    QVERIFY(m_calls.isEmpty());
    QVERIFY(Support::waitUntil([this] { return m_sheet.isNull(); }));
}

void TestDisconnectSheet::saysThatIAmAmongThem()
{
    ConnectionEntry mine;
    mine.id = u"c-mine"_s;
    mine.user = u"<b>n.adeyemi</b>"_s; // a name is no markup
    mine.state = u"open"_s;
    m_workspace->connections().upsert(mine, Sample::now);
    m_workspace->setOperatorName(mine.user);
    DisconnectSheet *sheet = open({u"c-0be2000005"_s});
    QVERIFY(!sheet->findChild<QLabel *>(u"includesYou"_s));
    sheet->reject();
    sheet = open({u"c-0be2000005"_s, mine.id});
    const auto *warning = sheet->findChild<QLabel *>(u"includesYou"_s);
    QVERIFY(warning);
    QVERIFY2(warning->text().contains(mine.user), qPrintable(warning->text()));
    for (const QLabel *label : sheet->findChildren<QLabel *>())
        QVERIFY2(label->text().isEmpty() || label->textFormat() == Qt::PlainText, qPrintable(label->text()));
}

WATCHWORD_GUI_TEST_MAIN(TestDisconnectSheet)
#include "tst_disconnectsheet.moc"
