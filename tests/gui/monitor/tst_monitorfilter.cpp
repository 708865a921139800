// SPDX-License-Identifier: Apache-2.0
#include "monitortest.h"
#include "pageobjects.h"
#include "sampledata.h"
#include "support/await.h"

#include "monitor/models/filterbook.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/chipbar.h"
#include "monitor/widgets/completionlist.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/navigation.h"
#include "monitor/widgets/savefiltersheet.h"

#include <QMenu>
#include <QSettings>

using namespace Monitor;
using namespace Qt::StringLiterals;

/*! The filter by keyboard and mouse: what is wrong, what stays, what is kept, and that nothing need be hidden. */
class TestMonitorFilter : public Sample::MonitorTest
{
    Q_OBJECT

public:
    TestMonitorFilter()
        : MonitorTest({1440, 900})
    {
    }

private Q_SLOTS:
    void init() override;
    void aWrongTextLeavesTheLastGoodOne();
    void escapeBringsTheGoodTextBack();
    void tabTakesTheFix();
    void titlesAreNames();
    void whatIsSavedIsOneClickAway();
    void aNameIsReplacedKnowingly();
    void theHistoryIsUnderTheArrow();
    void chipsAreTheSameText();
    void highlightHidesNothing();
    void aCellFiltersByAltAndAClick();
    void whatIsKeptIsThereAgain();

private:
    Sample::TableOnScreen connections() const
    {
        return Sample::TableOnScreen(static_cast<ConnectionsPage *>(m_window->page(PageId::Connections)));
    }
    FilterBar *bar() const { return m_window->currentPage()->filter(); }
    void type(const QString &text)
    {
        bar()->edit()->setFocus();
        bar()->edit()->selectAll();
        QTest::keyClick(bar()->edit(), Qt::Key_Delete);
        QTest::keyClicks(bar()->edit(), text);
        QTest::keyClick(bar()->edit(), Qt::Key_Return);
    }
    bool shows(qint64 rows)
    {
        return Support::waitUntil([this, rows] {
            m_workspace->tickNow();
            return connections().model().totalRows() == rows
                && connections().model().queryState().status != QueryState::Status::Running;
        });
    }
    QString strip() const
    {
        QStringList texts;
        for (const RunLabel *label : m_window->currentPage()->findChildren<RunLabel *>()) {
            if (label->isVisible())
                texts << label->plainText();
        }
        return texts.join(u'\n');
    }
    //! Opens the menu of a button by the mouse.
    QMenu *menuOf(QAbstractButton *button)
    {
        QTest::ignoreMessage(QtWarningMsg, "This plugin does not support raise()");
        QTest::ignoreMessage(QtWarningMsg, "This plugin does not support grabbing the keyboard");
        QTest::mouseClick(button, Qt::LeftButton);
        return qobject_cast<QMenu *>(QApplication::activePopupWidget());
    }
    static bool choose(QMenu *menu, const QString &words)
    {
        if (!menu)
            return false;
        for (QAction *action : menu->actions()) {
            if (action->text().startsWith(words) && action->isEnabled()) {
                QTest::mouseClick(menu, Qt::LeftButton, {}, menu->actionGeometry(action).center());
                return true;
            }
        }
        return false;
    }
    QAbstractButton *tools() const { return m_window->currentPage()->findChild<QAbstractButton *>(u"filterTools"_s); }
    QList<Button *> chips() const
    {
        QList<Button *> shown;
        for (Button *chip : m_window->currentPage()->findChildren<Button *>(u"chip"_s)) {
            if (chip->isVisible())
                shown << chip;
        }
        return shown;
    }
    void save(const QString &name)
    {
        QVERIFY(choose(menuOf(tools()), u"Save this filter"_s));
        auto *sheet = m_window->findChild<SaveFilterSheet *>();
        QVERIFY(sheet);
        auto *edit = sheet->findChild<QLineEdit *>();
        QTest::keyClicks(edit, name);
        QTest::keyClick(edit, Qt::Key_Return);
        QVERIFY(Support::waitUntil([this] { return !m_window->findChild<SaveFilterSheet *>(); }));
    }
};

void TestMonitorFilter::init()
{
    MonitorTest::init();
    Sample::fill(*m_workspace, 60);
    m_window->showPage(PageId::Connections);
    QVERIFY(shows(60));
}

void TestMonitorFilter::aWrongTextLeavesTheLastGoodOne()
{
    type(u"state:failing"_s);
    QVERIFY(shows(5));
    type(u"state:failing and nod:gw-1"_s);
    QVERIFY(shows(5));
    QVERIFY2(strip().contains(u"Still applied"_s) && strip().contains(u"state:failing"_s), qPrintable(strip()));
    QVERIFY2(strip().contains(u"Did you mean node?"_s), qPrintable(strip()));
    QVERIFY(strip().contains(u"Tab takes the fix"_s));
}

void TestMonitorFilter::escapeBringsTheGoodTextBack()
{
    type(u"state:failing"_s);
    QVERIFY(shows(5));
    type(u"state:failing and nod:gw-1"_s);
    QTest::keyClick(bar()->edit(), Qt::Key_Escape);
    QCOMPARE(bar()->text(), u"state:failing"_s);
    QVERIFY(shows(5));
    QVERIFY(!bar()->hasUnappliedText());
    QVERIFY(!strip().contains(u"Still applied"_s));
    // An edit that was not applied is taken back as well.
    QTest::keyClicks(bar()->edit(), u" x"_s);
    if (m_window->findChild<CompletionList *>()->isVisible())
        QTest::keyClick(bar()->edit(), Qt::Key_Escape); // the list
    QTest::keyClick(bar()->edit(), Qt::Key_Escape);
    QCOMPARE(bar()->text(), u"state:failing"_s);
    QVERIFY(shows(5));
}

void TestMonitorFilter::tabTakesTheFix()
{
    type(u"usr:j.marek"_s);
    QVERIFY(shows(60));
    QTest::keyClick(bar()->edit(), Qt::Key_Tab);
    QCOMPARE(bar()->text(), u"user:j.marek"_s);
    QVERIFY(bar()->hasUnappliedText()); // it is for the person to apply
    QTest::keyClick(bar()->edit(), Qt::Key_Escape);
    QTest::keyClick(bar()->edit(), Qt::Key_Return);
    QVERIFY(Support::waitUntil([this] {
        m_workspace->tickNow();
        return connections().model().totalRows() > 0;
    }));
}

void TestMonitorFilter::titlesAreNames()
{
    const auto &model = connections().model();
    for (const RowWindowModel::Column &column : model.columns()) {
        for (const QString &value : {u"0"_s, u"open"_s, u"10.0.0.0/8"_s}) {
            if (model.parse(u"\"%1\" in (%2)"_s.arg(column.title, value)).root) {
                const ParsedQuery parsed = model.parse(u"\"%1\" in (%2)"_s.arg(column.title, value));
                QVERIFY2(parsed.root->field, qPrintable(column.title));
                QCOMPARE(QString::fromLatin1(parsed.root->field->name), column.key);
                break;
            }
            QVERIFY2(value != u"10.0.0.0/8"_s, qPrintable(column.title)); // one of them fits each
        }
    }
    type(u"\"Token left\" < 5m and State:failing"_s);
    QVERIFY(Support::waitUntil([this] {
        m_workspace->tickNow();
        return connections().model().queryState().status == QueryState::Status::Applied;
    }));
}

void TestMonitorFilter::whatIsSavedIsOneClickAway()
{
    type(u"state:failing"_s);
    QVERIFY(shows(5));
    save(u"Failing ones"_s);
    QCOMPARE(m_workspace->filters().saved(u"connections"_s).value(u"failing-ones"_s), u"state:failing"_s);
    type(QString());
    QVERIFY(shows(60));
    const auto items = m_window->findChildren<SavedFilterItem *>();
    QCOMPARE(items.size(), 1);
    QCOMPARE(items.first()->text(), u"failing-ones"_s);
    m_window->showPage(PageId::Overview);
    QTest::mouseClick(items.first(), Qt::LeftButton);
    QCOMPARE(m_window->currentPageId(), PageId::Connections);
    QVERIFY(shows(5));
    type(u"$failing-ones and node:gw-1"_s);
    QVERIFY(Support::waitUntil([this] {
        m_workspace->tickNow();
        return connections().model().totalRows() < 5;
    }));
    type(u"$no-such-name"_s);
    QVERIFY2(strip().contains(u"no saved filter named"_s), qPrintable(strip()));
    // Taken away it is gone from the navigation.
    QMenu *menu = menuOf(tools());
    QVERIFY(menu);
    QMenu *removal = nullptr;
    for (QAction *action : menu->actions())
        removal = action->menu() ? action->menu() : removal;
    QVERIFY(removal);
    removal->actions().first()->trigger();
    menu->close();
    QVERIFY(m_window->findChildren<SavedFilterItem *>().isEmpty());
}

void TestMonitorFilter::aNameIsReplacedKnowingly()
{
    type(u"state:failing"_s);
    QVERIFY(shows(5));
    save(u"mine"_s);
    type(u"state:expiring"_s);
    QVERIFY(shows(9));
    QVERIFY(choose(menuOf(tools()), u"Save this filter"_s));
    auto *sheet = m_window->findChild<SaveFilterSheet *>();
    auto *button = sheet->findChild<Button *>(u"save"_s);
    QVERIFY(!button->isEnabled()); // without a name there is nothing to do
    auto *edit = sheet->findChild<QLineEdit *>();
    QTest::keyClick(edit, Qt::Key_Return);
    QVERIFY(m_window->findChild<SaveFilterSheet *>());
    QTest::keyClicks(edit, u"Mine"_s);
    QCOMPARE(button->text(), u"Replace"_s);
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(m_workspace->filters().saved(u"connections"_s).value(u"mine"_s), u"state:expiring"_s);
}

void TestMonitorFilter::theHistoryIsUnderTheArrow()
{
    type(u"state:failing"_s);
    type(u"state:expiring"_s);
    type(u"state:failing"_s); // once in the list
    type(QString());
    QVERIFY(shows(60));
    QCOMPARE(m_workspace->filters().history(u"connections"_s), (QStringList{u"state:failing"_s, u"state:expiring"_s}));
    QTest::keyClick(bar()->edit(), Qt::Key_Escape);
    bar()->edit()->setFocus();
    QTest::keyClick(bar()->edit(), Qt::Key_Down);
    QTest::keyClick(bar()->edit(), Qt::Key_Down);
    QTest::keyClick(bar()->edit(), Qt::Key_Tab);
    QCOMPARE(bar()->text(), u"state:expiring"_s);
    QTest::keyClick(bar()->edit(), Qt::Key_Return);
    QVERIFY(shows(9));
}

void TestMonitorFilter::chipsAreTheSameText()
{
    type(u"state:failing node:gw-2"_s);
    QVERIFY(shows(3));
    QVERIFY(chips().isEmpty());
    QVERIFY(choose(menuOf(tools()), u"Show as chips"_s));
    QCOMPARE(chips().size(), 2);
    QCOMPARE(chips().at(1)->text(), u"node:gw-2"_s);
    QVERIFY(choose(menuOf(chips().at(1)), u"The opposite"_s));
    QCOMPARE(bar()->text(), u"state:failing and not node:gw-2"_s);
    QVERIFY(shows(2));
    QCOMPARE(chips().size(), 2);
    QVERIFY(choose(menuOf(chips().at(1)), u"Take away"_s));
    QCOMPARE(bar()->text(), u"state:failing"_s);
    QVERIFY(shows(5));
    QVERIFY(choose(menuOf(chips().at(0)), u"Edit"_s));
    QCOMPARE(bar()->edit()->selectedText(), u"state:failing"_s);
    auto *add = m_window->currentPage()->findChild<Button *>(u"chipAdd"_s);
    QVERIFY(choose(menuOf(add), u"node"_s));
    QCOMPARE(bar()->text(), u"(state:failing) and node"_s);
    QCOMPARE(QApplication::focusWidget(), bar()->edit());
    QTest::keyClicks(bar()->edit(), u":gw-1"_s);
    QTest::keyClick(bar()->edit(), Qt::Key_Return);
    QVERIFY(shows(2));
    QCOMPARE(m_window->currentPage()->findChild<ChipBar *>()->texts(), (QStringList{u"(state:failing)"_s, u"node:gw-1"_s}));
}

void TestMonitorFilter::highlightHidesNothing()
{
    type(u"state:failing"_s);
    QVERIFY(shows(5));
    QTest::keyClick(m_window.get(), Qt::Key_F, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(shows(60));
    const auto table = connections();
    const auto marked = [&] {
        QStringList states;
        for (int row = 0; row < table.rows(); ++row) {
            if (table.widget()->isMarked(row))
                states << table.model().index(row, 0).data(StateRole).toString();
        }
        return states;
    };
    QVERIFY(Support::waitUntil([&] {
        m_workspace->tickNow();
        return marked().size() == 5;
    }));
    for (const QString &state : marked())
        QCOMPARE(state, u"failing"_s);
    QVERIFY2(bar()->stateText().contains(u"highlighted"_s), qPrintable(bar()->stateText()));
    QVERIFY(bar()->stateText().startsWith(u'5'));
    // F3 goes from match to match and says where there is none.
    table.widget()->setFocus();
    QList<quint64> visited;
    for (int step = 0; step < 5; ++step) {
        QTest::keyClick(table.widget(), Qt::Key_F3);
        visited << table.model().currentId();
        QCOMPARE(table.model().index(int(table.model().viewRowOf(visited.last()) - table.model().firstRow()), 0).data(StateRole),
                 QVariant(u"failing"_s));
    }
    QCOMPARE(QSet<quint64>(visited.begin(), visited.end()).size(), 5);
    QTest::keyClick(table.widget(), Qt::Key_F3);
    QCOMPARE(table.model().currentId(), visited.last());
    QVERIFY(m_window->findChild<RunLabel *>(u"statusLeft"_s)->plainText().contains(u"No match further down"_s));
    QTest::keyClick(table.widget(), Qt::Key_F3, Qt::ShiftModifier);
    QCOMPARE(table.model().currentId(), visited.at(3));
    table.model().clearSelection();
    // And back: the same filter hides again.
    QTest::keyClick(m_window.get(), Qt::Key_F, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(shows(5));
    QCOMPARE(bar()->text(), u"state:failing"_s);
    QVERIFY(marked().isEmpty());
}

void TestMonitorFilter::aCellFiltersByAltAndAClick()
{
    const auto table = connections();
    const int column = table.model().columnOf(u"node"_s);
    const QString node = table.text(0, u"node"_s);
    const auto cell = [&] { return table.widget()->visualRect(table.model().index(0, column)).center(); };
    QTest::mouseClick(table.widget()->viewport(), Qt::LeftButton, Qt::AltModifier, cell());
    QCOMPARE(bar()->text(), u"node:"_s + node);
    QVERIFY(table.model().selectedIds().isEmpty()); // it is no selection
    QVERIFY(Support::waitUntil([&] {
        m_workspace->tickNow();
        return table.model().totalRows() < 60;
    }));
    const QString user = table.text(0, u"user"_s);
    QTest::mouseClick(table.widget()->viewport(), Qt::LeftButton, Qt::AltModifier | Qt::ShiftModifier,
                      table.widget()->visualRect(table.model().index(0, table.model().columnOf(u"user"_s))).center());
    QCOMPARE(bar()->text(), u"(node:%1) and not user:%2"_s.arg(node, quoted(user)));
}

void TestMonitorFilter::whatIsKeptIsThereAgain()
{
    m_window->keepState();
    type(u"state:failing"_s);
    QVERIFY(shows(5));
    save(u"bad & worse"_s);
    m_window->saveState();
    m_window.reset();
    m_workspace = std::make_unique<Workspace>();
    m_window = std::make_unique<MainWindow>(*m_workspace);
    m_window->keepState();
    m_window->setWatching(true);
    m_window->show();
    Sample::fill(*m_workspace, 60);
    QCOMPARE(m_workspace->filters().saved(u"connections"_s).value(u"bad-worse"_s), u"state:failing"_s);
    QCOMPARE(m_workspace->filters().history(u"connections"_s).value(0), u"state:failing"_s);
    QCOMPARE(bar()->text(), u"state:failing"_s);
    QVERIFY(shows(5));
    // What a broken file says does no harm.
    QSettings settings;
    settings.setValue(u"filters/saved"_s, u"nonsense"_s);
    settings.setValue(u"filters/history"_s, 7);
    m_workspace->filters().load(settings);
    QVERIFY(m_workspace->filters().savedNames(u"connections"_s).isEmpty());
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorFilter)
#include "tst_monitorfilter.moc"
