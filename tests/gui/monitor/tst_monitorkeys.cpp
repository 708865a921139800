// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/commandpalette.h"
#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/keysheet.h"
#include "monitor/widgets/mainwindow.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/tablepane.h"
#include "monitor/widgets/timelineview.h"
#include "monitortest.h"
#include "sampledata.h"
#include "support/await.h"

#include <QLineEdit>
#include <QListWidget>
#include <QSettings>
#include <QTemporaryDir>

using namespace Monitor;
using namespace Qt::StringLiterals;

/*! The whole program by keyboard. */
class TestMonitorKeys : public Sample::MonitorTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void pagesAndHistory();
    void slashFocusesTheFilterAndEscapeLeavesIt();
    void enterAppliesTypingDoesNot();
    void arrowsSelectAndSpaceOpensTheDetail();
    void deleteWithoutGatewaySaysWhy();
    void pauseAndFollowTheAudit();
    void scrollingUpDetaches();
    void pausedConnectionsStayAsTheyAre();
    void timelineZoomPanAndNow();
    void panesCycle();
    void questionMarkShowsKeys();
    void commandsAreFoundByTheirWords();

private:
    void key(int code, Qt::KeyboardModifiers modifiers = Qt::NoModifier)
    {
        QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : m_window.get(), Qt::Key(code), modifiers);
    }
};

void TestMonitorKeys::init()
{
    MonitorTest::init();
    Sample::fill(*m_workspace, 60);
    m_window->showPage(PageId::Connections);
}

void TestMonitorKeys::pagesAndHistory()
{
    key(Qt::Key_3, Qt::ControlModifier);
    QCOMPARE(m_window->currentPageId(), PageId::Tokens);
    key(Qt::Key_4, Qt::ControlModifier);
    QCOMPARE(m_window->currentPageId(), PageId::Audit);
    key(Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(m_window->currentPageId(), PageId::Tokens);
    key(Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(m_window->currentPageId(), PageId::Connections);
    key(Qt::Key_Right, Qt::AltModifier);
    QCOMPARE(m_window->currentPageId(), PageId::Tokens);
}

void TestMonitorKeys::slashFocusesTheFilterAndEscapeLeavesIt()
{
    key(Qt::Key_Slash);
    QCOMPARE(QApplication::focusWidget(), m_window->currentPage()->filter()->edit());
    key(Qt::Key_Escape);
    QCOMPARE(QApplication::focusWidget(), m_window->currentPage()->view());
    key(Qt::Key_F, Qt::ControlModifier);
    QCOMPARE(QApplication::focusWidget(), m_window->currentPage()->filter()->edit());
}

void TestMonitorKeys::enterAppliesTypingDoesNot()
{
    FilterBar *filter = m_window->currentPage()->filter();
    filter->edit()->setFocus();
    QTest::keyClicks(filter->edit(), u"state:failing"_s);
    QVERIFY(filter->hasUnappliedText());
    QCOMPARE(m_workspace->connectionsModel().totalRows(), 60);
    key(Qt::Key_Return);
    QVERIFY(Support::waitUntil([this] {
        m_workspace->tickNow();
        return m_workspace->connectionsModel().totalRows() == 5;
    }));
    QVERIFY(!filter->hasUnappliedText());
    key(Qt::Key_Escape);
    QVERIFY(Support::waitUntil([this] {
        m_workspace->tickNow();
        return m_workspace->connectionsModel().totalRows() == 60;
    }));
}

void TestMonitorKeys::arrowsSelectAndSpaceOpensTheDetail()
{
    ConnectionsModel &model = m_workspace->connectionsModel();
    key(Qt::Key_Down);
    const quint64 first = model.currentId();
    QVERIFY(first != 0);
    key(Qt::Key_Down);
    QVERIFY(model.currentId() != first);
    key(Qt::Key_Down, Qt::ShiftModifier);
    QCOMPARE(model.selectedIds().size(), 2);
    key(Qt::Key_Space);
    QVERIFY(m_window->currentPage()->isDetailShown());
    key(Qt::Key_Space);
    QVERIFY(!m_window->currentPage()->isDetailShown());
    key(Qt::Key_Escape);
    QVERIFY(model.selectedIds().isEmpty());
}

void TestMonitorKeys::deleteWithoutGatewaySaysWhy()
{
    key(Qt::Key_Down);
    key(Qt::Key_Delete);
    QVERIFY(m_window->findChildren<QDialog *>().isEmpty());
    QVERIFY(m_window->findChild<RunLabel *>(u"statusLeft"_s)->plainText().contains(u"not possible"_s));
}

void TestMonitorKeys::pauseAndFollowTheAudit()
{
    key(Qt::Key_4, Qt::ControlModifier);
    AuditModel &model = m_workspace->auditModel();
    QCOMPARE(model.mode(), AuditModel::TailMode::Following);
    key(Qt::Key_Space, Qt::ControlModifier);
    QCOMPARE(model.mode(), AuditModel::TailMode::Paused);
    m_workspace->audit().appendLines({Sample::event(48'300'000, Sample::now, u"conn.opened"_s, 1, u"late"_s, u"later"_s)});
    QVERIFY(Support::waitUntil([this, &model] {
        m_workspace->tickNow();
        return model.newRows() > 0;
    }));
    QVERIFY(m_window->findChild<RunLabel *>(u"tailBanner"_s)->isVisible());
    key(Qt::Key_End);
    QCOMPARE(model.mode(), AuditModel::TailMode::Following);
    QVERIFY(!m_window->findChild<RunLabel *>(u"tailBanner"_s)->isVisible());
}

void TestMonitorKeys::scrollingUpDetaches()
{
    key(Qt::Key_4, Qt::ControlModifier);
    AuditModel &model = m_workspace->auditModel();
    QVERIFY(Support::waitUntil([this, &model] {
        m_workspace->tickNow();
        return model.totalRows() >= 300;
    }));
    const qint64 first = model.firstRow();
    key(Qt::Key_PageUp);
    QCOMPARE(model.mode(), AuditModel::TailMode::Detached);
    QVERIFY(model.firstRow() < first);
    const quint64 top = model.idAt(model.firstRow());
    m_workspace->audit().appendLines({Sample::event(48'300'000, Sample::now, u"conn.opened"_s, 1, u"late"_s, u"later"_s)});
    QVERIFY(Support::waitUntil([this, &model] {
        m_workspace->tickNow();
        return model.newRows() > 0;
    }));
    QCOMPARE(model.idAt(model.firstRow()), top); // New rows do not move what is read.
    key(Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(model.mode(), AuditModel::TailMode::Following);
}

void TestMonitorKeys::pausedConnectionsStayAsTheyAre()
{
    key(Qt::Key_Space, Qt::ControlModifier);
    QVERIFY(m_workspace->connectionsPaused());
    Monitor::ConnectionEntry row;
    row.id = u"c-new"_s;
    row.state = u"open"_s;
    m_workspace->connections().upsert(row, Sample::now);
    m_workspace->tickNow();
    QCOMPARE(m_workspace->connectionsModel().totalRows(), 60);
    key(Qt::Key_End, Qt::ControlModifier);
    QVERIFY(Support::waitUntil([this] {
        m_workspace->tickNow();
        return m_workspace->connectionsModel().totalRows() == 61;
    }));
}

void TestMonitorKeys::timelineZoomPanAndNow()
{
    key(Qt::Key_3, Qt::ControlModifier);
    TimelineView *timeline = static_cast<TokensPage *>(m_window->currentPage())->timeline();
    QCOMPARE(QApplication::focusWidget(), timeline);
    const qint64 span = timeline->span();
    key(Qt::Key_W);
    QVERIFY(timeline->span() < span);
    QVERIFY(timeline->isFollowing()); // Zooming keeps now in its place.
    key(Qt::Key_A);
    QVERIFY(!timeline->isFollowing());
    key(Qt::Key_N);
    QVERIFY(timeline->isFollowing());
    key(Qt::Key_Down);
    QVERIFY(!m_workspace->lanesModel().selectedSession().isEmpty());
    key(Qt::Key_Right);
    QVERIFY(!timeline->sentence().isEmpty());
    QCOMPARE(timeline->accessibleDescription(), timeline->sentence());
    key(Qt::Key_Escape);
    QVERIFY(m_workspace->lanesModel().selectedSession().isEmpty());
}

void TestMonitorKeys::panesCycle()
{
    key(Qt::Key_Down);
    key(Qt::Key_Space);
    Page *page = m_window->currentPage();
    QVERIFY(page->isDetailShown());
    QCOMPARE(QApplication::focusWidget(), page->view());
    key(Qt::Key_F6);
    QVERIFY(page->detail()->isAncestorOf(QApplication::focusWidget()));
    key(Qt::Key_F6);
    QCOMPARE(QApplication::focusWidget(), page->filter()->edit());
    key(Qt::Key_F6, Qt::ShiftModifier);
    QVERIFY(page->detail()->isAncestorOf(QApplication::focusWidget()));
}

void TestMonitorKeys::questionMarkShowsKeys()
{
    key(Qt::Key_Question);
    QVERIFY(m_window->findChild<KeySheet *>());
    key(Qt::Key_Escape);
    QVERIFY(Support::waitUntil([this] { return !m_window->findChild<KeySheet *>(); }));
    QCOMPARE(QApplication::focusWidget(), m_window->currentPage()->view());
}

void TestMonitorKeys::commandsAreFoundByTheirWords()
{
    const auto palette = [this] { return m_window->findChild<CommandPalette *>(); };
    key(Qt::Key_K, Qt::ControlModifier);
    QVERIFY(palette());
    auto *line = palette()->findChild<QLineEdit *>();
    auto *list = palette()->findChild<QListWidget *>();
    QCOMPARE(QApplication::focusWidget(), line);
    const int all = list->count();
    QVERIFY(all > 15);
    key(Qt::Key_K, Qt::ControlModifier); // one is enough
    QCOMPARE(m_window->findChildren<CommandPalette *>().size(), 1);
    QTest::keyClicks(line, u"TOK go"_s); // any of the words, in any order
    QCOMPARE(list->count(), 1);
    QCOMPARE(list->currentItem()->text(), u"Go to Tokens"_s);
    QVERIFY2(list->currentItem()->data(Qt::AccessibleTextRole).toString().contains(u"Ctrl+3"_s),
             qPrintable(list->currentItem()->data(Qt::AccessibleTextRole).toString()));
    key(Qt::Key_Return);
    QVERIFY(Support::waitUntil([&] { return !palette() && m_window->currentPageId() == PageId::Tokens; }));
    QVERIFY(Support::waitUntil([&] { return QApplication::focusWidget() == m_window->currentPage()->view(); }));
    key(Qt::Key_K, Qt::ControlModifier);
    line = palette()->findChild<QLineEdit *>();
    list = palette()->findChild<QListWidget *>();
    QTest::keyClicks(line, u"no such thing"_s);
    QCOMPARE(list->count(), 0);
    key(Qt::Key_Return); // nothing to run
    QVERIFY(palette());
    line->clear();
    key(Qt::Key_Down);
    QCOMPARE(list->currentRow(), 1);
    key(Qt::Key_PageUp);
    QCOMPARE(list->currentRow(), 0);
    key(Qt::Key_Escape);
    QVERIFY(Support::waitUntil([&] { return !palette(); }));
    QCOMPARE(m_window->currentPageId(), PageId::Tokens);
    // By the mouse.
    key(Qt::Key_K, Qt::ControlModifier);
    list = palette()->findChild<QListWidget *>();
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(0)).center());
    QVERIFY(Support::waitUntil([&] { return m_window->currentPageId() == PageId::Overview; }));
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorKeys)
#include "tst_monitorkeys.moc"
