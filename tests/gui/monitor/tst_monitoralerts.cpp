// SPDX-License-Identifier: Apache-2.0
#include "monitortest.h"
#include "sampledata.h"
#include "support/await.h"

#include "monitor/widgets/alertrulesheet.h"
#include "monitor/widgets/alertspage.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/desktopnotifier.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/navigation.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/runlabel.h"

#include <QComboBox>
#include <QLabel>
#include <QMenu>
#include <QSignalSpy>

using namespace Monitor;
using namespace Qt::StringLiterals;

/*! The page Alerts: a rule is tried before it is set, fires, is acknowledged and snoozed, and shows its events. */
class TestMonitorAlerts : public Sample::MonitorTest
{
    Q_OBJECT

public:
    TestMonitorAlerts()
        : MonitorTest({1440, 900})
    {
    }

private Q_SLOTS:
    void init() override;
    void aRuleIsTriedBeforeItIsSet();
    void whatCannotBeARuleSaysWhy();
    void anAlertIsAcknowledgedByTheMouse();
    void aSnoozedRuleTellsNobody();
    void theEventsOfAnAlertAreOneClickAway();
    void aPressedButtonStaysWhileCountsChange();
    void rulesAreKeptAndSwitchedOff();
    void goesOnWhileTheWindowIsHidden();

private:
    AlertsPage *page() const { return static_cast<AlertsPage *>(m_window->page(PageId::Alerts)); }
    AlertEngine &engine() const { return m_workspace->alerts(); }
    void append(const QString &type, const QString &user, int row = 0)
    {
        m_now += 1000;
        m_workspace->audit().appendLines({Sample::event(++m_sequence, m_now, type, 3, user, u"again"_s, row)});
    }
    template <typename F>
    bool settles(F &&condition)
    {
        return Support::waitUntil([&] {
            m_workspace->tickNow();
            return condition();
        });
    }
    QList<Button *> buttons(const QString &name) const
    {
        QList<Button *> shown;
        for (Button *button : page()->findChildren<Button *>(name)) {
            if (button->isVisible())
                shown << button;
        }
        return shown;
    }
    QString words() const
    {
        QStringList texts;
        for (const RunLabel *label : page()->findChildren<RunLabel *>()) {
            if (label->isVisible())
                texts << label->plainText();
        }
        return texts.join(u'\n');
    }
    void setRule(const QString &filter, int events, const QString &by = {})
    {
        engine().setRules({{u"Reused"_s, filter, events, 60'000, by, Severity::Critical, false, true}});
        QVERIFY(settles([this] { return buttons(u"edit"_s).size() == 1; }));
    }
    static QMenu *menuOf(Button *button)
    {
        QTest::ignoreMessage(QtWarningMsg, "This plugin does not support raise()");
        QTest::ignoreMessage(QtWarningMsg, "This plugin does not support grabbing the keyboard");
        QTest::mouseClick(button, Qt::LeftButton);
        return qobject_cast<QMenu *>(QApplication::activePopupWidget());
    }

    qint64 m_now = 0;
    quint64 m_sequence = 0;
};

void TestMonitorAlerts::init()
{
    MonitorTest::init();
    Sample::fill(*m_workspace, 60);
    m_now = Sample::now;
    m_sequence = 48'213'502; // of the last event of the sample
    m_workspace->setClock([this] { return m_now; });
    m_window->showPage(PageId::Alerts);
}

void TestMonitorAlerts::aRuleIsTriedBeforeItIsSet()
{
    QTest::mouseClick(buttons(u"newRule"_s).value(0), Qt::LeftButton);
    auto *sheet = m_window->findChild<AlertRuleSheet *>();
    QVERIFY(sheet);
    auto *save = sheet->findChild<Button *>(u"save"_s);
    QVERIFY(!save->isEnabled());
    QTest::keyClicks(sheet->findChild<QLineEdit *>(u"ruleName"_s), u"Reused"_s);
    auto *filter = sheet->findChild<FilterBar *>();
    QTest::keyClicks(filter->edit(), u"kind:token.reused"_s);
    QVERIFY(Support::waitUntil([&] { return sheet->previewText().startsWith(u"Would have fired"_s); }));
    // One for each user more, and none with a threshold that nobody reaches.
    auto *by = sheet->findChild<QComboBox *>(u"ruleBy"_s);
    by->setCurrentIndex(by->findData(u"user"_s));
    QVERIFY(Support::waitUntil([&] { return sheet->previewText().startsWith(u"Would have fired"_s); }));
    auto *events = sheet->findChild<QLineEdit *>(u"ruleEvents"_s);
    events->selectAll();
    QTest::keyClicks(events, u"500"_s);
    QVERIFY(Support::waitUntil([&] { return sheet->previewText().startsWith(u"Would not have fired"_s); }));
    QVERIFY(engine().rules().isEmpty()); // nothing is set yet
    QVERIFY(save->isEnabled());
    QTest::mouseClick(save, Qt::LeftButton);
    QCOMPARE(engine().rules().size(), 1);
    QCOMPARE(engine().rules().first().events, 500);
    QCOMPARE(engine().rules().first().by, u"user"_s);
    QVERIFY(settles([this] { return words().contains(u"kind:token.reused"_s); }));
}

void TestMonitorAlerts::whatCannotBeARuleSaysWhy()
{
    setRule(u"kind:token.reused"_s, 1);
    QTest::mouseClick(buttons(u"newRule"_s).value(0), Qt::LeftButton);
    auto *sheet = m_window->findChild<AlertRuleSheet *>();
    auto *save = sheet->findChild<Button *>(u"save"_s);
    const auto says = [&](const QString &text) {
        for (const QLabel *label : sheet->findChildren<QLabel *>()) {
            if (label->isVisible() && label->text().contains(text))
                return true;
        }
        return false;
    };
    auto *name = sheet->findChild<QLineEdit *>(u"ruleName"_s);
    QTest::keyClicks(name, u"Reused"_s);
    QTest::keyClicks(sheet->findChild<FilterBar *>()->edit(), u"usr:alice"_s);
    QVERIFY(says(u"Another rule has this name."_s));
    QVERIFY(!save->isEnabled());
    QTest::keyClicks(name, u" twice"_s);
    QVERIFY(says(u"Did you mean user?"_s));
    QVERIFY(!save->isEnabled());
    auto *events = sheet->findChild<QLineEdit *>(u"ruleEvents"_s);
    events->selectAll();
    QTest::keyClick(events, Qt::Key_Delete);
    QVERIFY(!save->isEnabled());
    QTest::keyClick(sheet, Qt::Key_Escape);
    QCOMPARE(engine().rules().size(), 1);
    QVERIFY(!DesktopNotifier::isAvailable()); // offscreen there is no tray, which the sheet says beside the box
}

void TestMonitorAlerts::anAlertIsAcknowledgedByTheMouse()
{
    setRule(u"kind:token.reused"_s, 2, u"user"_s);
    append(u"token.reused"_s, u"m.okafor"_s);
    QVERIFY(settles([this] { return m_workspace->auditModel().totalRows() > 300; }));
    QVERIFY(words().contains(u"Nothing fires"_s));
    append(u"token.reused"_s, u"m.okafor"_s);
    QVERIFY(settles([this] { return buttons(u"acknowledge"_s).size() == 1; }));
    QVERIFY2(words().contains(u"1 firing"_s) && words().contains(u"m.okafor"_s), qPrintable(words()));
    QCOMPARE(engine().firingCount(), 1);
    QTest::mouseClick(buttons(u"acknowledge"_s).value(0), Qt::LeftButton);
    QCOMPARE(engine().firingCount(), 0);
    QVERIFY(!buttons(u"acknowledge"_s).value(0)->isEnabled());
    m_now += 120'000;
    QVERIFY(settles([this] { return buttons(u"acknowledge"_s).isEmpty(); }));
    QVERIFY2(words().contains(u"History"_s) && words().contains(u"over at"_s), qPrintable(words()));
}

void TestMonitorAlerts::aSnoozedRuleTellsNobody()
{
    setRule(u"user:stranger"_s, 1);
    QSignalSpy due(&engine(), &AlertEngine::notificationDue);
    QMenu *menu = menuOf(buttons(u"snooze"_s).value(0));
    QVERIFY(menu);
    QTest::mouseClick(menu, Qt::LeftButton, {}, menu->actionGeometry(menu->actions().at(1)).center());
    QCOMPARE(engine().snoozedUntil(u"Reused"_s), m_now + 3'600'000);
    append(u"token.reused"_s, u"stranger"_s);
    QVERIFY(settles([this] { return engine().alerts().size() == 1; }));
    QCOMPARE(engine().firingCount(), 0);
    QVERIFY(due.isEmpty());
    QVERIFY2(settles([this] { return words().contains(u"1 snoozed"_s); }), qPrintable(words()));
    m_now += 3'600'001; // it ends by itself
    append(u"token.reused"_s, u"stranger"_s);
    QVERIFY(settles([this] { return engine().firingCount() == 1; }));
}

void TestMonitorAlerts::theEventsOfAnAlertAreOneClickAway()
{
    m_now += 3'600'000; // what the sample has is over
    setRule(u"kind:token.reused"_s, 1, u"user"_s);
    append(u"token.reused"_s, u"dock-12"_s);
    QVERIFY(settles([this] { return buttons(u"showEvents"_s).size() == 1; }));
    QTest::mouseClick(buttons(u"showEvents"_s).value(0), Qt::LeftButton);
    QCOMPARE(m_window->currentPageId(), PageId::Audit);
    QCOMPARE(m_window->currentPage()->filter()->text(), u"(kind:token.reused) and user:dock-12"_s);
    QVERIFY(settles([this] {
        const AuditModel &model = m_workspace->auditModel();
        return model.queryState().status == QueryState::Status::Applied && model.viewRowOf(model.currentId()) >= 0;
    }));
}

void TestMonitorAlerts::aPressedButtonStaysWhileCountsChange()
{
    setRule(u"user:stranger"_s, 1);
    append(u"token.reused"_s, u"stranger"_s);
    QVERIFY(settles([this] { return buttons(u"acknowledge"_s).size() == 1; }));
    const Button *before = buttons(u"acknowledge"_s).value(0);
    for (int at = 0; at < 5; ++at)
        append(u"token.reused"_s, u"stranger"_s);
    QVERIFY(settles([this] { return words().contains(u"6 event"_s); }));
    QCOMPARE(buttons(u"acknowledge"_s).value(0), before);
}

void TestMonitorAlerts::rulesAreKeptAndSwitchedOff()
{
    m_window->keepState();
    QCOMPARE(engine().rules(), usualAlertRules()); // of the first run
    m_window->showPage(PageId::Alerts);
    QVERIFY(settles([this] { return buttons(u"enabled"_s).size() == usualAlertRules().size(); }));
    QTest::mouseClick(buttons(u"enabled"_s).value(0), Qt::LeftButton);
    QVERIFY(!engine().rules().first().enabled);
    QCOMPARE(buttons(u"enabled"_s).value(0)->text(), u"Off"_s);
    m_window->saveState();
    Workspace workspace;
    MainWindow next(workspace);
    next.keepState();
    QVERIFY(!workspace.alerts().rules().first().enabled);
    QCOMPARE(workspace.alerts().rules().size(), usualAlertRules().size());
}

void TestMonitorAlerts::goesOnWhileTheWindowIsHidden()
{
    setRule(u"user:stranger"_s, 1);
    m_window->hide();
    append(u"token.reused"_s, u"stranger"_s);
    QVERIFY(Support::waitUntil([this] { return engine().firingCount() == 1; }, std::chrono::seconds(10)));
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorAlerts)
#include "tst_monitoralerts.moc"
