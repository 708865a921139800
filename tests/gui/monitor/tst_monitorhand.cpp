// SPDX-License-Identifier: Apache-2.0
#include "monitortest.h"
#include "pageobjects.h"
#include "sampledata.h"
#include "support/await.h"

#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/frame.h"
#include "monitor/widgets/orderbutton.h"
#include "monitor/widgets/timelineview.h"

#include <QClipboard>
#include <QLineEdit>
#include <QSettings>
#include <QTemporaryDir>

using namespace Monitor;
using namespace Qt::StringLiterals;

/*! What stays where it is under the hand, by real mouse and key events. */
class TestMonitorHand : public Sample::MonitorTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void selectingDetachesTheTail();
    void aDetachedTailSaysSo();
    void followLetsGoOfTheSelection();
    void aPointerAtRestHoldsNothing();
    void aMovingPointerHoldsForTwoSeconds();
    void rowsThatEndedFoldIntoOneLine();
    void rowsInSightStayWhereTheyAre();
    void refreshOrderKeepsTheSelection();
    void pausedTakesAnotherFilter();
    void keysOfTheConnections();
    void keysOfTheAudit();
    void keysOfTheTimeline();
    void draggingSelects();
    void copiesWhatIsShown();
    void tabLeavesTheTable();
    void lanesKeepTheirPlaces();
    void hoverSentenceNamesTheLaneUnderThePointer();

private:
    Sample::TableOnScreen connections() const
    {
        return Sample::TableOnScreen(static_cast<ConnectionsPage *>(m_window->page(PageId::Connections)));
    }
    Sample::TableOnScreen audit() const { return Sample::TableOnScreen(static_cast<AuditPage *>(m_window->page(PageId::Audit))); }
    TimelineView *timeline() const { return static_cast<TokensPage *>(m_window->page(PageId::Tokens))->timeline(); }
    QString status() const { return m_window->findChild<RunLabel *>(u"statusLeft"_s)->plainText(); }
    void upsert(const QString &id, const QString &user, const QString &state = u"open"_s);
    //! Time passes, and the model takes over what changed.
    bool pass(qint64 ms, const std::function<bool()> &until);
    void append(int count);

    qint64 m_now = Sample::now;
    quint64 m_sequence = 0;
};

void TestMonitorHand::init()
{
    MonitorTest::init();
    m_now = Sample::now;
    m_sequence = 48'213'502; // of the last event of the sample
    Sample::fill(*m_workspace, 60);
    m_workspace->setClock([this] { return m_now; });
    m_window->showPage(PageId::Connections);
    QVERIFY(pass(0, [this] { return connections().model().totalRows() == 60 && audit().model().totalRows() >= 300; }));
}

bool TestMonitorHand::pass(qint64 ms, const std::function<bool()> &until)
{
    m_now += ms;
    return Support::waitUntil([&] {
        m_workspace->tickNow();
        return until();
    });
}

void TestMonitorHand::upsert(const QString &id, const QString &user, const QString &state)
{
    ConnectionEntry row;
    row.id = id;
    row.user = user;
    row.state = state;
    row.client = u"dispatch-desktop"_s;
    row.node = u"gw-1"_s;
    row.opened = m_now - 1000;
    row.issued = m_now - 1000;
    row.expires = m_now + 600'000;
    m_workspace->connections().upsert(row, m_now);
}

void TestMonitorHand::append(int count)
{
    QByteArrayList lines;
    for (int at = 0; at < count; ++at)
        lines << Sample::event(++m_sequence, Sample::now, u"conn.opened"_s, 1, u"late"_s, u"later"_s);
    m_workspace->audit().appendLines(lines);
}

void TestMonitorHand::selectingDetachesTheTail()
{
    m_window->showPage(PageId::Audit);
    AuditModel &model = m_workspace->auditModel();
    QCOMPARE(model.mode(), AuditModel::TailMode::Following);
    const int row = audit().rows() / 2;
    const quint64 id = audit().idAt(row);
    const int before = audit().yOf(id);
    audit().click(row);
    QCOMPARE(model.mode(), AuditModel::TailMode::Detached);
    QVERIFY(model.selectedIds().contains(id));
    QCoreApplication::processEvents();
    QCOMPARE(audit().yOf(id), before); // what says so does not push the row from under the pointer
    append(200);
    QVERIFY(pass(1000, [&] { return model.newRows() == 200; }));
    QCOMPARE(audit().yOf(id), before);
    // Reading to the end does not take the row away either.
    audit().widget()->scrollToFirst(model.totalRows());
    QCOMPARE(model.mode(), AuditModel::TailMode::Detached);
}

void TestMonitorHand::aDetachedTailSaysSo()
{
    m_window->showPage(PageId::Audit);
    audit().click(3);
    auto *edge = m_window->findChild<TailEdge *>();
    QVERIFY(edge->isVisible());
    QVERIFY2(edge->text().startsWith(u"Detached at"_s), qPrintable(edge->text()));
    append(12);
    QVERIFY(pass(1000, [&] { return m_workspace->auditModel().newRows() == 12; }));
    QVERIFY2(edge->text().contains(u"12 new"_s), qPrintable(edge->text()));
    QTest::mouseClick(edge, Qt::LeftButton);
    QCOMPARE(m_workspace->auditModel().mode(), AuditModel::TailMode::Following);
    QVERIFY2(edge->text().startsWith(u"Live edge"_s), qPrintable(edge->text()));
}

void TestMonitorHand::followLetsGoOfTheSelection()
{
    m_window->showPage(PageId::Audit);
    audit().click(3);
    audit().key(Qt::Key_End);
    QCOMPARE(m_workspace->auditModel().mode(), AuditModel::TailMode::Following);
    QVERIFY(m_workspace->auditModel().selectedIds().isEmpty());
    QVERIFY(m_window->findChild<TailEdge *>()->text().startsWith(u"Live edge"_s));
}

void TestMonitorHand::aPointerAtRestHoldsNothing()
{
    connections().point(4);
    QVERIFY(m_workspace->connectionsModel().orderHeld());
    for (int second = 0; second < 45; ++second) {
        m_now += 1000;
        upsert(u"n-%1"_s.arg(second), u"new-%1"_s.arg(second), u"failing"_s);
        if (second % 2 == 0)
            m_workspace->connections().remove(u"n-%1"_s.arg(second));
        m_workspace->tickNow();
    }
    QVERIFY(pass(0, [this] { return connections().model().totalRows() == 82; }));
    QVERIFY(!m_workspace->connectionsModel().orderHeld());
    QCOMPARE(m_workspace->connections().size(), 82);
    QVERIFY2(status().startsWith(u"82 of 82 shown"_s), qPrintable(status()));
    // Worst first: what failed meanwhile is above everything that is open.
    const QStringList states = connections().column(u"state"_s);
    QVERIFY(states.lastIndexOf(u"Failing"_s) < (states.contains(u"Open"_s) ? states.indexOf(u"Open"_s) : 1000));
    QVERIFY(connections().model().viewRowOf(m_workspace->connectionsModel().idOf(u"n-43"_s)) < 30);
}

void TestMonitorHand::aMovingPointerHoldsForTwoSeconds()
{
    connections().point(4);
    const QStringList before = connections().column(u"user"_s);
    upsert(u"n-1"_s, u"new-1"_s, u"revoked"_s);
    QVERIFY(pass(1900, [this] { return connections().model().totalRows() == 61; }));
    QCOMPARE(connections().column(u"user"_s), before); // it came at the end
    QVERIFY2(status().contains(u"order held under the pointer"_s), qPrintable(status()));
    QVERIFY(!m_window->findChild<OrderButton *>()->isVisible());
    QVERIFY(pass(200, [this] { return connections().column(u"user"_s).contains(u"new-1"_s); }));
    QVERIFY(!status().contains(u"order held"_s));
}

void TestMonitorHand::rowsThatEndedFoldIntoOneLine()
{
    const auto table = connections();
    m_workspace->connectionsModel().setSortKeys({{ConnectionsModel::User, Qt::AscendingOrder}});
    QVERIFY(pass(0, [&] { return table.text(0, u"user"_s).startsWith(u"b.schmidt"_s); }));
    table.click(2);
    const int page = table.rows();
    const quint32 slotsBefore = m_workspace->connections().slotCount();
    // A thousand connections come and go while one row is selected.
    for (int round = 0; round < 10; ++round) {
        for (int at = 0; at < 100; ++at)
            upsert(u"r-%1-%2"_s.arg(round).arg(at), u"z-%1"_s.arg(at));
        const quint64 newest = m_workspace->connectionsModel().idOf(u"r-%1-99"_s.arg(round));
        QVERIFY(pass(1000, [&] { return table.model().viewRowOf(newest) >= 0; }));
        for (int at = 0; at < 100; ++at)
            m_workspace->connections().remove(u"r-%1-%2"_s.arg(round).arg(at));
    }
    QVERIFY(pass(1000, [&] { return table.model().totalRows() <= 60 + page + 1; }));
    QVERIFY2(m_workspace->connections().slotCount() < slotsBefore + 400,
             qPrintable(QString::number(m_workspace->connections().slotCount())));
    QVERIFY2(status().contains(u"order held while rows are selected"_s), qPrintable(status()));
    table.widget()->scrollToFirst(table.model().totalRows());
    const int last = table.rows() - 1;
    QCOMPARE(table.model().index(last, 0).data(RowKindRole).toInt(), int(RowKind::Folded));
    QVERIFY(table.text(last, u"state"_s).contains(u"ended or left the filter"_s));
    table.click(last); // a line that stands for many is no row
    QVERIFY(!table.model().selectedIds().contains(table.idAt(last)));
}

void TestMonitorHand::rowsInSightStayWhereTheyAre()
{
    const auto table = connections();
    m_workspace->connectionsModel().setSortKeys({{ConnectionsModel::User, Qt::AscendingOrder}});
    QVERIFY(pass(0, [&] { return table.text(0, u"user"_s).startsWith(u"b.schmidt"_s); }));
    table.widget()->scrollToFirst(20);
    table.click(5);
    const QStringList before = table.column(u"user"_s);
    const QString gone = m_workspace->connections().id(m_workspace->connections().slotOfKey(table.idAt(7)));
    // One in sight and ten above it end.
    QStringList ended{gone};
    for (qint64 row = 0; row < 10; ++row)
        ended << m_workspace->connections().id(m_workspace->connections().slotOfKey(table.model().idAt(row)));
    for (const QString &id : std::as_const(ended))
        m_workspace->connections().remove(id);
    QVERIFY(pass(1000, [&] { return m_workspace->connectionsModel().changedRows() == 11; }));
    QCOMPARE(table.column(u"user"_s), before);
    QCOMPARE(table.model().index(7, 0).data(StateRole).toString(), u"gone"_s);
    QCOMPARE(table.model().firstRow(), 10);
}

void TestMonitorHand::refreshOrderKeepsTheSelection()
{
    const auto table = connections();
    table.click(12);
    const quint64 id = table.model().currentId();
    for (int at = 0; at < 4; ++at)
        upsert(u"n-%1"_s.arg(at), u"new-%1"_s.arg(at), u"revoked"_s);
    auto *button = m_window->page(PageId::Connections)->findChild<OrderButton *>();
    QVERIFY(!button->isVisible());
    QVERIFY(pass(1000, [&] { return button->isVisible(); }));
    QCOMPARE(button->text(), u"Refresh order (4 changed)"_s);
    QTest::mouseClick(button, Qt::LeftButton);
    const quint64 newest = m_workspace->connectionsModel().idOf(u"n-3"_s);
    QVERIFY(pass(0, [&] { return table.model().viewRowOf(newest) < 6; }));
    QVERIFY(table.model().selectedIds().contains(id));
    QVERIFY(table.yOf(id) >= 0);
    QVERIFY(!button->isVisible());
}

void TestMonitorHand::pausedTakesAnotherFilter()
{
    m_window->currentPage()->togglePause();
    upsert(u"n-1"_s, u"new-1"_s);
    QVERIFY(pass(3000, [] { return true; }));
    QCOMPARE(connections().model().totalRows(), 60);
    m_window->currentPage()->applyFilter(u"state:failing"_s);
    QVERIFY(pass(0, [this] { return connections().model().totalRows() == 5; }));
    QVERIFY(m_workspace->connectionsPaused());
}

void TestMonitorHand::keysOfTheConnections()
{
    const auto table = connections();
    RowWindowModel &model = table.model();
    table.key(Qt::Key_PageDown); // nothing is current: it scrolls
    QVERIFY(model.firstRow() > 0);
    table.key(Qt::Key_Home);
    QCOMPARE(model.firstRow(), 0);
    table.click(3);
    table.key(Qt::Key_End);
    QCOMPARE(model.viewRowOf(model.currentId()), 59);
    table.key(Qt::Key_PageUp);
    QCOMPARE(model.viewRowOf(model.currentId()), 59 - table.widget()->pageRows());
    table.key(Qt::Key_PageDown);
    QCOMPARE(model.viewRowOf(model.currentId()), 59);
    table.key(Qt::Key_Home, Qt::ShiftModifier);
    QCOMPARE(model.selectedIds().size(), 60);
    table.key(Qt::Key_Escape);
    QVERIFY(model.selectedIds().isEmpty());
    table.key(Qt::Key_A, Qt::ControlModifier);
    QCOMPARE(model.selectedIds().size(), 60);
    QVERIFY2(status().startsWith(u"60 selected"_s), qPrintable(status()));
    table.key(Qt::Key_Delete);
    QVERIFY2(status().contains(u"not possible"_s), qPrintable(status())); // no gateway
}

void TestMonitorHand::keysOfTheAudit()
{
    m_window->showPage(PageId::Audit);
    const auto table = audit();
    RowWindowModel &model = table.model();
    const qint64 rows = model.totalRows();
    table.click(table.rows() - 1);
    table.key(Qt::Key_Home);
    QCOMPARE(model.viewRowOf(model.currentId()), 0);
    table.key(Qt::Key_PageDown);
    QCOMPARE(model.viewRowOf(model.currentId()), table.widget()->pageRows());
    table.key(Qt::Key_A, Qt::ControlModifier);
    QCOMPARE(model.selectedIds().size(), rows);
    table.key(Qt::Key_Escape);
    // Del works on the selected event, whether its detail is open or not.
    m_window->currentPage()->applyFilter(u"kind:conn.opened"_s);
    QVERIFY(pass(0, [&] { return model.totalRows() > 0 && model.totalRows() < rows; }));
    table.click(0);
    table.key(Qt::Key_Delete);
    QVERIFY2(status().contains(u"not possible"_s), qPrintable(status()));
    Actions actions;
    actions.disconnect = [](const auto &, int, auto, const auto &) { return Actions::Outcome(); };
    m_workspace->setActions(actions);
    m_workspace->connections().clear();
    table.key(Qt::Key_Delete);
    QVERIFY2(status().contains(u"Nothing to disconnect"_s), qPrintable(status()));
}

void TestMonitorHand::keysOfTheTimeline()
{
    m_window->showPage(PageId::Tokens);
    TokenLanesModel &model = m_workspace->lanesModel();
    QVERIFY(pass(0, [&] { return model.rowCount() > 60; }));
    const auto rowNow = [&] { return model.rowOfSession(model.selectedSession()); };
    QTest::keyClick(timeline(), Qt::Key_Home);
    QCOMPARE(rowNow(), 1); // under the header of its group
    QTest::keyClick(timeline(), Qt::Key_PageDown);
    const int page = rowNow();
    QVERIFY(page > 4);
    QTest::keyClick(timeline(), Qt::Key_PageUp);
    QCOMPARE(rowNow(), 1);
    QTest::keyClick(timeline(), Qt::Key_End);
    QCOMPARE(rowNow(), model.rowCount() - 1);
    QTest::keyClick(timeline(), Qt::Key_C, Qt::ControlModifier);
    QVERIFY(QGuiApplication::clipboard()->text().contains(u"token left"_s));
    QTest::keyClick(timeline(), Qt::Key_Delete);
    QVERIFY2(status().contains(u"not possible"_s) || status().contains(u"Nothing to disconnect"_s), qPrintable(status()));
    QTest::keyClick(timeline(), Qt::Key_N);
    QVERIFY(timeline()->isFollowing());
}

void TestMonitorHand::draggingSelects()
{
    const auto table = connections();
    QTest::mousePress(table.widget()->viewport(), Qt::LeftButton, {}, table.middleOf(2));
    for (int row = 3; row <= 6; ++row) {
        QMouseEvent move(QEvent::MouseMove, QPointF(table.middleOf(row)),
                         table.widget()->viewport()->mapToGlobal(QPointF(table.middleOf(row))), Qt::NoButton, Qt::LeftButton,
                         Qt::NoModifier);
        QCoreApplication::sendEvent(table.widget()->viewport(), &move);
    }
    QTest::mouseRelease(table.widget()->viewport(), Qt::LeftButton, {}, table.middleOf(6));
    QCOMPARE(table.model().selectedIds().size(), 5);
    table.point(9); // let go: nothing more
    QCOMPARE(table.model().selectedIds().size(), 5);
}

void TestMonitorHand::copiesWhatIsShown()
{
    const auto table = connections();
    table.click(0);
    table.click(1, Qt::ShiftModifier);
    table.key(Qt::Key_C, Qt::ControlModifier);
    QStringList lines = QGuiApplication::clipboard()->text().split(u'\n');
    QCOMPARE(lines.size(), 2);
    QCOMPARE(lines.at(0).split(u'\t').size(), table.widget()->shownColumns().size());
    QVERIFY(lines.at(0).startsWith(u"Revoked\t"_s));
    QVERIFY2(status().contains(u"Copied 2 row"_s), qPrintable(status()));
    table.key(Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY2(QGuiApplication::clipboard()->text().startsWith(u'{'), qPrintable(QGuiApplication::clipboard()->text()));
    m_window->showPage(PageId::Audit);
    const auto events = audit();
    events.click(4);
    events.key(Qt::Key_C, Qt::ControlModifier);
    QVERIFY(QGuiApplication::clipboard()->text().contains(events.text(4, u"kind"_s)));
    events.key(Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(QGuiApplication::clipboard()->text().contains(u"\"specversion\""_s));
}

void TestMonitorHand::tabLeavesTheTable()
{
    for (const PageId page : {PageId::Connections, PageId::Audit, PageId::Tokens}) {
        m_window->showPage(page);
        QWidget *view = m_window->currentPage()->view();
        QCOMPARE(QApplication::focusWidget(), view);
        QTest::keyClick(view, Qt::Key_Tab);
        QVERIFY(QApplication::focusWidget() != view);
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Backtab, Qt::ShiftModifier);
        QCOMPARE(QApplication::focusWidget(), view);
    }
}

void TestMonitorHand::lanesKeepTheirPlaces()
{
    m_window->showPage(PageId::Tokens);
    TokenLanesModel &model = m_workspace->lanesModel();
    QVERIFY(pass(1000, [&] { return model.rowCount() > 60; }));
    QTest::keyClick(timeline(), Qt::Key_Home);
    QTest::keyClick(timeline(), Qt::Key_Down);
    const auto sessions = [&] {
        QStringList all;
        for (int row = 0; row < 12; ++row)
            all << model.row(row).session;
        return all;
    };
    const QStringList before = sessions();
    // Ten minutes later nearly every token fell due or ended, and a session is new.
    TokenEntry fresh;
    fresh.id = u"at-new"_s;
    fresh.session = u"s-new"_s;
    fresh.node = u"gw-1"_s;
    fresh.kind = u"access"_s;
    fresh.issued = m_now;
    fresh.expires = m_now + 30'000;
    m_workspace->tokens().upsert(fresh);
    QVERIFY(pass(600'000, [&] { return model.changedRows() > 0; }));
    QCOMPARE(sessions(), before);
    auto *button = m_window->page(PageId::Tokens)->findChild<OrderButton *>();
    QVERIFY(button->isVisible());
    QVERIFY2(status().contains(u"order held"_s), qPrintable(status()));
    QTest::mouseClick(button, Qt::LeftButton);
    QVERIFY(pass(1000, [&] { return model.changedRows() == 0; }));
    // Paused is a hand too.
    QTest::keyClick(timeline(), Qt::Key_Escape);
    m_window->currentPage()->togglePause();
    QCOMPARE(model.holdReason(), OrderHold::Reason::Pause);
    const QStringList paused = sessions();
    fresh.id = u"at-other"_s;
    fresh.session = u"s-a"_s;
    fresh.issued = m_now;
    fresh.expires = m_now + 1000;
    m_workspace->tokens().upsert(fresh);
    QVERIFY(pass(5000, [&] { return model.changedRows() > 0; }));
    QCOMPARE(sessions(), paused);
}

void TestMonitorHand::hoverSentenceNamesTheLaneUnderThePointer()
{
    m_window->showPage(PageId::Tokens);
    TokenLanesModel &model = m_workspace->lanesModel();
    QVERIFY(pass(1000, [&] { return model.rowCount() > 60; }));
    const QPoint at(100, 200);
    QTest::mouseMove(timeline(), at);
    QVERIFY(!timeline()->sentence().isEmpty());
    // The pointer rests; after its two seconds the lanes take their places, and the sentence follows what is there.
    model.setSort(TokenLanesModel::Sort::User);
    QVERIFY(pass(10'000, [&] { return model.sort() == TokenLanesModel::Sort::User; }));
    const QString shown = timeline()->sentence();
    QTest::mouseMove(timeline(), at + QPoint(0, 1));
    QCOMPARE(timeline()->sentence(), shown);
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorHand)
#include "tst_monitorhand.moc"
