// SPDX-License-Identifier: Apache-2.0
#include "monitortest.h"
#include "pageobjects.h"
#include "sampledata.h"

#include "monitor/widgets/filterbar.h"

#include <QMenu>
#include <QScrollBar>
#include <QSettings>
#include <QTemporaryDir>

using namespace Monitor;
using namespace Qt::StringLiterals;

/*! What a person arranges stays arranged: columns, and what the next run begins with. */
class TestMonitorColumns : public Sample::MonitorTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void columnsMoveSizeHideAndReset();
    void noColumnIsLostForWantOfRoom();
    void theNextRunBeginsWhereTheLastEnded();

private:
    Sample::TableOnScreen connections() const
    {
        return Sample::TableOnScreen(static_cast<ConnectionsPage *>(m_window->page(PageId::Connections)));
    }
};

void TestMonitorColumns::init()
{
    MonitorTest::init();
    Sample::fill(*m_workspace, 60);
    m_window->showPage(PageId::Connections);
}

void TestMonitorColumns::columnsMoveSizeHideAndReset()
{
    m_window->resize(1600, 800);
    const auto table = connections();
    const QStringList usual = table.widget()->shownColumns();
    table.dragHeader(u"node"_s, false, -180);
    QVERIFY(table.widget()->shownColumns() != usual);
    QVERIFY(table.widget()->shownColumns().indexOf(u"node"_s) < usual.indexOf(u"node"_s));
    const int width = table.widget()->columnWidth(table.model().columnOf(u"user"_s));
    table.dragHeader(u"user"_s, true, 60);
    QCOMPARE(table.widget()->columnWidth(table.model().columnOf(u"user"_s)), width + 60);
    // The menu of the header, by the mouse.
    QTest::ignoreMessage(QtWarningMsg, "This plugin does not support raise()");
    QTest::ignoreMessage(QtWarningMsg, "This plugin does not support grabbing the keyboard");
    QContextMenuEvent event(QContextMenuEvent::Mouse, QPoint(300, 10), QPoint(300, 10), Qt::NoModifier);
    QCoreApplication::sendEvent(table.widget()->horizontalHeader()->viewport(), &event);
    auto *menu = m_window->currentPage()->findChild<QMenu *>();
    QVERIFY(menu);
    const auto action = [menu](const QString &text) {
        for (QAction *entry : menu->actions()) {
            if (entry->text() == text)
                return entry;
        }
        return static_cast<QAction *>(nullptr);
    };
    QAction *reset = action(u"Reset columns"_s);
    QVERIFY(reset);
    action(u"Queue"_s)->trigger();
    QVERIFY(!table.widget()->shownColumns().contains(u"queue"_s));
    const QStringList chosen = table.widget()->shownColumns();
    menu->close();
    // The next window has the same columns.
    {
        MainWindow next(*m_workspace);
        next.resize(1600, 800);
        next.setWatching(true);
        next.show();
        const Sample::TableOnScreen again(static_cast<ConnectionsPage *>(next.page(PageId::Connections)));
        QCOMPARE(again.widget()->shownColumns(), chosen);
        QCOMPARE(again.widget()->columnWidth(again.model().columnOf(u"user"_s)), width + 60);
    }
    reset->trigger();
    QCOMPARE(table.widget()->shownColumns(), usual);
    QCOMPARE(table.widget()->columnWidth(table.model().columnOf(u"user"_s)), width);
}

void TestMonitorColumns::noColumnIsLostForWantOfRoom()
{
    m_window->resize(1024, 700);
    const auto table = connections();
    QVERIFY(table.widget()->droppedColumns().contains(u"rate.in"_s));
    table.widget()->setColumnChosen(u"rate.in"_s, true); // asked for by name: it comes, and the table scrolls if need be
    QVERIFY(table.widget()->shownColumns().contains(u"rate.in"_s));
    table.dragHeader(u"user"_s, true, 900);
    QHeaderView *header = table.widget()->horizontalHeader();
    QTRY_COMPARE(table.widget()->horizontalScrollBar()->maximum(), header->length() - table.widget()->viewport()->width());
    QVERIFY(table.widget()->horizontalScrollBar()->maximum() > 0);
    table.widget()->horizontalScrollBar()->setValue(table.widget()->horizontalScrollBar()->maximum());
    const QStringList shown = table.widget()->shownColumns();
    const int last = table.model().columnOf(shown.last());
    QVERIFY(header->sectionViewportPosition(last) + header->sectionSize(last) <= table.widget()->viewport()->width());
    table.widget()->resetColumns();
    QTRY_COMPARE(table.widget()->horizontalScrollBar()->maximum(), 0);
}

void TestMonitorColumns::theNextRunBeginsWhereTheLastEnded()
{
    m_window->keepState();
    const QSize size(m_window->minimumWidth(), 711); // Qt 6.8 keeps to a screen, and this one is 800 wide and high
    m_window->resize(size);
    m_window->currentPage()->applyFilter(u"state:failing"_s);
    m_workspace->connectionsModel().setSortKeys({{ConnectionsModel::Node, Qt::DescendingOrder}});
    m_workspace->lanesModel().setSort(TokenLanesModel::Sort::User);
    m_window->showPage(PageId::Audit);
    m_window->currentPage()->applyFilter(u"sev >= error"_s);
    m_window->close();
    Workspace workspace;
    MainWindow next(workspace);
    next.keepState();
    QCOMPARE(next.size(), size);
    QCOMPARE(next.currentPageId(), PageId::Audit);
    QCOMPARE(next.currentPage()->filter()->text(), u"sev >= error"_s);
    QCOMPARE(next.page(PageId::Connections)->filter()->text(), u"state:failing"_s);
    QCOMPARE(workspace.connectionsModel().sortKeys(),
             (QList<ConnectionsModel::SortKey>{{ConnectionsModel::Node, Qt::DescendingOrder}}));
    QCOMPARE(workspace.lanesModel().sort(), TokenLanesModel::Sort::User);
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorColumns)
#include "tst_monitorcolumns.moc"
