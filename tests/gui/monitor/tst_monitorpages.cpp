// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/auditmodel.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/connectpage.h"
#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/mainwindow.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/tablepane.h"
#include "monitortest.h"
#include "sampledata.h"
#include "support/await.h"

#include <QAbstractButton>
#include <QHeaderView>
#include <QHelpEvent>
#include <QLineEdit>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>

using namespace Monitor;
using namespace Qt::StringLiterals;

/*! What each page shows in each state, at both sizes and in every scheme. */
class TestMonitorPages : public Sample::MonitorTest
{
    Q_OBJECT

public:
    TestMonitorPages()
        : MonitorTest({1440, 900})
    {
    }

private Q_SLOTS:
    void connectionsShowRows();
    void emptyPagesSayWhy();
    void loadingShowsSkeleton();
    void filterThatHidesAllNamesTheTerm();
    void wrongFilterKeepsTheAppliedOne();
    void reconnectingKeepsTheRowsAndBlocksActions();
    void lostSaysWhy();
    void narrowWindowDropsColumnsAndLabels();
    void detailFollowsTheSelection();
    void nothingIsClipped_data();
    void nothingIsClipped();
    void everyControlHasAName();
    void connectPageChecksItsInput();
    void hiddenWindowDoesNotTick();
    void namesAreNoMarkup();
    void saysWhyItCannotReconnect();
    void nothingIsCompleteBeforeTheFirstEvent();

private:
    RunLabel *label(const QString &name) const { return m_window->findChild<RunLabel *>(name); }
    TablePane *connectionsPane() const { return static_cast<ConnectionsPage *>(m_window->page(PageId::Connections))->pane(); }
};

void TestMonitorPages::connectionsShowRows()
{
    Sample::fill(*m_workspace, 60);
    QVERIFY(Support::waitUntil([this] { return connectionsPane()->content() == TablePane::Content::Rows; }));
    const auto &model = m_workspace->connectionsModel();
    QCOMPARE(model.totalRows(), 60);
    QVERIFY(model.rowCount() > 20 && model.rowCount() < 60); // A window, not the table.
    QCOMPARE(m_window->windowTitle().contains(u"sample"_s), true);
    QVERIFY(label(u"linkState"_s)->plainText().startsWith(u"Live"_s));
}

void TestMonitorPages::emptyPagesSayWhy()
{
    Sample::setLink(*m_workspace, LinkStatus::State::Live);
    m_workspace->tickNow();
    QCOMPARE(connectionsPane()->content(), TablePane::Content::Empty);
    QVERIFY(!connectionsPane()->empty()->heading().isEmpty());
    m_window->showPage(PageId::Audit);
    QCOMPARE(static_cast<AuditPage *>(m_window->currentPage())->pane()->content(), TablePane::Content::Empty);
}

void TestMonitorPages::loadingShowsSkeleton()
{
    Sample::setLink(*m_workspace, LinkStatus::State::Loading);
    m_workspace->tickNow();
    QCOMPARE(connectionsPane()->content(), TablePane::Content::Skeleton);
    Sample::fill(*m_workspace, 5);
    QVERIFY(Support::waitUntil([this] { return connectionsPane()->content() == TablePane::Content::Rows; }));
}

void TestMonitorPages::filterThatHidesAllNamesTheTerm()
{
    Sample::fill(*m_workspace, 60);
    Page *page = m_window->currentPage();
    page->applyFilter(u"node:gw-2 and user:nobody"_s);
    QVERIFY(Support::waitUntil([this] {
        m_workspace->tickNow();
        return connectionsPane()->content() == TablePane::Content::Empty;
    }));
    QVERIFY(connectionsPane()->empty()->heading().contains(u"60"_s));
    QVERIFY(connectionsPane()->empty()->action()->isVisible());
    connectionsPane()->empty()->action()->click();
    QVERIFY(Support::waitUntil([this] { return connectionsPane()->content() == TablePane::Content::Rows; }));
    QCOMPARE(page->filter()->text(), QString());
}

void TestMonitorPages::wrongFilterKeepsTheAppliedOne()
{
    Sample::fill(*m_workspace, 60);
    Page *page = m_window->currentPage();
    page->applyFilter(u"state:failing"_s);
    QVERIFY(Support::waitUntil([this] {
        m_workspace->tickNow();
        return m_workspace->connectionsModel().queryState().status == QueryState::Status::Applied;
    }));
    const qint64 matched = m_workspace->connectionsModel().totalRows();
    QCOMPARE(matched, 5);
    page->applyFilter(u"tokn.left < 5m"_s);
    m_workspace->tickNow();
    QCOMPARE(m_workspace->connectionsModel().queryState().status, QueryState::Status::Error);
    QCOMPARE(m_workspace->connectionsModel().totalRows(), matched);
    QVERIFY(page->filter()->stateText().contains(u"tokn.left"_s));
}

void TestMonitorPages::reconnectingKeepsTheRowsAndBlocksActions()
{
    Sample::fill(*m_workspace, 60);
    Sample::setLink(*m_workspace, LinkStatus::State::Reconnecting);
    m_workspace->tickNow();
    QCOMPARE(m_workspace->connectionsModel().totalRows(), 60);
    QVERIFY(m_workspace->connectionsModel().isStale());
    QVERIFY(label(u"linkBanner"_s)->isVisible());
    QVERIFY(!label(u"linkBanner"_s)->plainText().isEmpty());
    Sample::setLink(*m_workspace, LinkStatus::State::Live);
    QVERIFY(!label(u"linkBanner"_s)->isVisible());
}

void TestMonitorPages::lostSaysWhy()
{
    Sample::fill(*m_workspace, 10);
    Sample::setLink(*m_workspace, LinkStatus::State::Lost);
    QVERIFY(label(u"linkBanner"_s)->plainText().contains(u"The account was locked."_s));
    QCOMPARE(m_workspace->connectionsModel().totalRows(), 10);
}

void TestMonitorPages::narrowWindowDropsColumnsAndLabels()
{
    Sample::fill(*m_workspace, 30);
    m_window->resize(1440, 900);
    QVERIFY(connectionsPane()->table()->droppedColumns().isEmpty());
    m_window->resize(960, 600);
    QVERIFY(Support::waitUntil([this] { return !connectionsPane()->table()->droppedColumns().isEmpty(); }));
    QCOMPARE(connectionsPane()->table()->droppedColumns().first(), u"rate.in"_s);
    QVERIFY(m_window->findChild<Navigation *>()->isRail());
}

void TestMonitorPages::detailFollowsTheSelection()
{
    Sample::fill(*m_workspace, 30);
    ConnectionsModel &model = m_workspace->connectionsModel();
    model.select(model.idAt(3));
    Page *page = m_window->currentPage();
    page->setDetailShown(true);
    QVERIFY(page->isDetailShown());
    const QString first = page->detail()->content().connectionId;
    model.select(model.idAt(5));
    QVERIFY(page->detail()->content().connectionId != first);
    QVERIFY(!page->detail()->content().plainSentences().isEmpty());
    QVERIFY(!page->detail()->content().blocks.isEmpty());
}

void TestMonitorPages::nothingIsClipped_data()
{
    QTest::addColumn<QSize>("size");
    QTest::addColumn<int>("pageId");
    for (const QSize size : {QSize(1440, 900), QSize(1024, 700), QSize(960, 600)}) {
        for (const PageId id : {PageId::Connections, PageId::Tokens, PageId::Audit})
            QTest::addRow("%dx%d page %d", size.width(), size.height(), int(id)) << size << int(id);
    }
}

void TestMonitorPages::nothingIsClipped()
{
    QFETCH(QSize, size);
    QFETCH(int, pageId);
    Sample::fill(*m_workspace, 60);
    m_window->resize(size);
    m_window->showPage(PageId(pageId));
    m_workspace->connectionsModel().select(m_workspace->connectionsModel().idAt(2));
    m_workspace->auditModel().select(m_workspace->auditModel().idAt(m_workspace->auditModel().totalRows() - 2));
    m_window->currentPage()->setDetailShown(true);
    QCoreApplication::processEvents();
    for (const Button *button : m_window->findChildren<Button *>()) {
        if (button->isVisible())
            QVERIFY2(button->width() >= button->sizeHint().width() || button->width() == 22, qPrintable(button->text()));
    }
    for (const RunLabel *facts : m_window->findChildren<RunLabel *>()) {
        // The facts of the status bar may give way; what is beside a button or in the top bar may not.
        if (facts->isVisible() && facts->objectName() != u"statusLeft"_s && facts->parentWidget()->objectName() != u"detail"_s)
            QVERIFY2(facts->width() >= facts->sizeHint().width() || facts->sizeHint().width() > 300,
                     qPrintable(facts->plainText()));
    }
}

void TestMonitorPages::everyControlHasAName()
{
    Sample::fill(*m_workspace, 20);
    for (const PageId id : {PageId::Connections, PageId::Tokens, PageId::Audit}) {
        m_window->showPage(id);
        m_workspace->auditModel().select(m_workspace->auditModel().idAt(3));
        m_workspace->connectionsModel().select(m_workspace->connectionsModel().idAt(3));
        m_window->currentPage()->setDetailShown(true);
    }
    m_window->showKeys();
    for (const QWidget *widget : m_window->findChildren<QWidget *>()) {
        if (widget->isHidden() || widget->focusPolicy() == Qt::NoFocus || widget->focusProxy() || widget->inherits("QTabBar")
            || widget->inherits("QMenu"))
            continue;
        const auto *button = qobject_cast<const QAbstractButton *>(widget);
        const bool named = !widget->accessibleName().isEmpty() || (button && !button->text().isEmpty());
        const bool interactive = button || qobject_cast<const QLineEdit *>(widget) || widget->focusPolicy() & Qt::TabFocus;
        if (interactive && !widget->inherits("QHeaderView") && !widget->inherits("QDialog"))
            QVERIFY2(named, qPrintable(QString::fromLatin1(widget->metaObject()->className()) + u' ' + widget->objectName()));
    }
}

void TestMonitorPages::connectPageChecksItsInput()
{
    m_window->setWatching(false);
    ConnectPage *page = m_window->connectPage();
    QSignalSpy wanted(page, &ConnectPage::connectRequested);
    auto *go = page->findChild<Button *>(u"signIn"_s);
    const auto attempt = [&](const ServerSettings &settings) {
        page->setSettings(settings);
        go->click();
    };
    attempt({});
    QVERIFY(page->problem().contains(u"wss://"_s));
    attempt({QUrl(u"ws://gateway.example.com"_s), QUrl(u"https://login.example.com"_s), u"monitor"_s, {}});
    QVERIFY(page->problem().contains(u"wss://"_s));
    attempt({QUrl(u"wss://gateway.example.com"_s), QUrl(u"http://login.example.com"_s), u"monitor"_s, {}});
    QVERIFY(page->problem().contains(u"https://"_s));
    attempt({QUrl(u"wss://gateway.example.com"_s), QUrl(u"https://login.example.com"_s), {}, {}});
    QVERIFY(!page->problem().isEmpty());
    attempt({QUrl(u"wss://gateway.example.com"_s), QUrl(u"https://login.example.com"_s), u"monitor"_s, u"no-such-file.pem"_s});
    QVERIFY(page->problem().contains(u"no-such-file.pem"_s));
    QCOMPARE(wanted.count(), 0);
    attempt({QUrl(u"wss://gateway.example.com"_s), QUrl(u"https://login.example.com"_s), u"monitor"_s, {}});
    QCOMPARE(wanted.count(), 1);
}

void TestMonitorPages::hiddenWindowDoesNotTick()
{
    Sample::fill(*m_workspace, 20);
    m_window->hide();
    QSignalSpy ticked(m_workspace.get(), &Workspace::ticked);
    m_workspace->noteChange();
    QVERIFY(!ticked.wait(300));
    m_window->show();
    QVERIFY(ticked.wait(2000));
}

void TestMonitorPages::namesAreNoMarkup()
{
    Monitor::ConnectionEntry row;
    row.id = u"c-1"_s;
    row.user = u"<img src=http://192.0.2.1/x>"_s;
    row.state = u"open"_s;
    m_workspace->connections().upsert(row, Sample::now);
    QVERIFY(Support::waitUntil([this] {
        m_workspace->tickNow();
        return m_workspace->connectionsModel().totalRows() == 1;
    }));
    RowTable *table = connectionsPane()->table();
    const int column = m_workspace->connectionsModel().columnOf(u"user"_s);
    table->horizontalHeader()->resizeSection(column, 60);
    const QPoint at = table->visualRect(m_workspace->connectionsModel().index(0, column)).center();
    QTest::ignoreMessage(QtWarningMsg, "This plugin does not support raise()");
    QHelpEvent help(QEvent::ToolTip, at, table->viewport()->mapToGlobal(at));
    QCoreApplication::sendEvent(table->viewport(), &help);
    QVERIFY2(table->toolTip().contains(u"&lt;img"_s), qPrintable(table->toolTip()));
    QVERIFY(!table->toolTip().contains(u"<img"_s));
}

void TestMonitorPages::saysWhyItCannotReconnect()
{
    Sample::fill(*m_workspace, 10);
    LinkStatus::Facts facts = m_workspace->status().facts();
    facts.state = LinkStatus::State::Reconnecting;
    facts.noDataSince = Sample::now - 17'000;
    facts.nextTryAt = Sample::now + 281'000;
    facts.failure = u"The certificate is not signed by an authority that is trusted here."_s;
    m_workspace->status().setFacts(facts);
    m_workspace->tickNow();
    QVERIFY2(label(u"linkConsequence"_s)->plainText().contains(u"The certificate is not signed"_s),
             qPrintable(label(u"linkConsequence"_s)->plainText()));
    facts.state = LinkStatus::State::Live;
    facts.silentSince = Sample::now - 30'000;
    facts.noDataSince = 0;
    m_workspace->status().setFacts(facts);
    QVERIFY(m_workspace->connectionsModel().isStale()); // nothing counts on
    facts.silentSince = 0;
    m_workspace->status().setFacts(facts);
    QVERIFY(!m_workspace->connectionsModel().isStale());
}

void TestMonitorPages::nothingIsCompleteBeforeTheFirstEvent()
{
    Sample::setLink(*m_workspace, LinkStatus::State::Live);
    auto *block = m_window->findChild<CompletenessBlock *>();
    QVERIFY(block);
    const auto green = [block] {
        const QImage picture = block->grab().toImage();
        const QColor ok = ink(Ink::SeverityOk);
        return picture.pixelColor(40, 37) == ok;
    };
    QVERIFY(!green());
    Sample::fill(*m_workspace, 10);
    LinkStatus::Facts facts = m_workspace->status().facts();
    facts.gapCount = 0;
    facts.missedEvents = 0;
    m_workspace->status().setFacts(facts);
    QVERIFY(green());
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorPages)
#include "tst_monitorpages.moc"
