// SPDX-License-Identifier: Apache-2.0
#include "monitortest.h"
#include "sampledata.h"
#include "support/await.h"

#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/mainwindow.h"
#include "monitor/widgets/overviewcards.h"
#include "monitor/widgets/overviewpage.h"
#include "monitor/widgets/pages.h"

#include <QAbstractButton>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

using namespace Monitor;
using namespace Qt::StringLiterals;

/*! The Overview: its numbers are those of the views behind them, and each opens its rows. */
class TestMonitorOverview : public Sample::MonitorTest
{
    Q_OBJECT

public:
    TestMonitorOverview()
        : MonitorTest({1440, 900})
    {
    }

private Q_SLOTS:
    void init() override;
    void countsWhatTheViewsShow();
    void namesWhatNeedsAttention();
    void figuresOpenTheirRows();
    void rowsOpenTheirRows();
    void anEmptyGatewayHasZeros();
    void seesAWaveAhead();

private:
    OverviewPage *page() const { return static_cast<OverviewPage *>(m_window->page(PageId::Overview)); }
    QAbstractButton *button(const QString &text) const;
    bool shows(RowWindowModel &model, const QString &filter, qint64 rows);
};

void TestMonitorOverview::init()
{
    MonitorTest::init();
    Sample::fill(*m_workspace, 60);
    m_window->showPage(PageId::Overview);
    QVERIFY(page()->situation().live > 0);
}

QAbstractButton *TestMonitorOverview::button(const QString &text) const
{
    for (QAbstractButton *entry : page()->findChildren<QAbstractButton *>()) {
        if (entry->text() == text && entry->isVisibleTo(page()))
            return entry;
    }
    return nullptr;
}

bool TestMonitorOverview::shows(RowWindowModel &model, const QString &filter, qint64 rows)
{
    model.setQuery(filter);
    const bool same = Support::waitUntil(
        [&] {
            m_workspace->tickNow();
            return model.queryState().status != QueryState::Status::Running && model.queryState().matched == rows;
        },
        std::chrono::seconds(3));
    if (!same)
        qWarning("%s: %lld instead of %lld", qPrintable(filter), model.queryState().matched, rows);
    return same;
}

void TestMonitorOverview::countsWhatTheViewsShow()
{
    const Situation s = page()->situation();
    QCOMPARE(s.live, 58); // two were revoked
    QCOMPARE(s.users, 58);
    QCOMPARE(s.sessions, 60);
    QVERIFY(shows(m_workspace->connectionsModel(), u"token.left < 2m"_s, s.ending));
    QVERIFY(shows(m_workspace->auditModel(), u"sev >= error and ts within last 5m"_s, s.refusedShort));
    QVERIFY(!s.failures.isEmpty());
    for (const Situation::Line &line : s.failures)
        QVERIFY(shows(m_workspace->auditModel(), line.link.filter, line.count));
    qint64 connections = 0;
    for (const Situation::Node &node : s.nodes)
        connections += node.connections;
    QCOMPARE(connections, s.live);
}

void TestMonitorOverview::namesWhatNeedsAttention()
{
    const Situation s = page()->situation();
    QVERIFY(!s.attention.isEmpty());
    QCOMPARE(s.attention.first().severity, Severity::Critical);
    QVERIFY(s.attention.size() <= 4);
    const auto node = std::find_if(s.nodes.begin(), s.nodes.end(), [](const auto &entry) { return entry.failing >= 3; });
    QVERIFY(node != s.nodes.end());
}

void TestMonitorOverview::figuresOpenTheirRows()
{
    QAbstractButton *figure = button(u"Errors, 5 min"_s);
    QVERIFY(figure);
    QVERIFY(figure->accessibleName().contains(QString::number(page()->situation().refusedShort)));
    QTest::mouseClick(figure, Qt::LeftButton);
    QCOMPARE(m_window->currentPageId(), PageId::Audit);
    QCOMPARE(m_window->currentPage()->filter()->text(), u"sev >= error and ts within last 5m"_s);
    QTest::keyClick(m_window->currentPage()->view(), Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(m_window->currentPageId(), PageId::Overview);
}

void TestMonitorOverview::rowsOpenTheirRows()
{
    QVERIFY(Support::waitUntil([this] { return button(u"gw-2"_s) != nullptr; }));
    QAbstractButton *node = button(u"gw-2"_s);
    node->setFocus();
    QTest::keyClick(node, Qt::Key_Space);
    QCOMPARE(m_window->currentPageId(), PageId::Connections);
    QCOMPARE(m_window->currentPage()->filter()->text(), u"node:gw-2"_s);
    m_window->showPage(PageId::Overview);
    QVERIFY(Support::waitUntil([this] { return button(u"Open the newest in audit"_s) != nullptr; }));
    QAbstractButton *critical = button(u"Open the newest in audit"_s);
    QTest::mouseClick(critical, Qt::LeftButton);
    QCOMPARE(m_window->currentPageId(), PageId::Audit);
    QCOMPARE(m_workspace->auditModel().currentId(), page()->situation().attention.first().link.auditRow);
}

void TestMonitorOverview::anEmptyGatewayHasZeros()
{
    const AuditTable audit;
    const ConnectionTable connections;
    const TokenTable tokens;
    const Situation s = Situation::of(audit, connections, tokens, Sample::now);
    QCOMPARE(s.live, 0);
    QVERIFY(s.attention.isEmpty());
    QVERIFY(s.failures.isEmpty());
    QVERIFY(s.isWhole);
}

void TestMonitorOverview::seesAWaveAhead()
{
    const AuditTable audit;
    const ConnectionTable connections;
    TokenTable tokens;
    for (int at = 0; at < 40; ++at) {
        TokenEntry token;
        token.id = u"at-%1"_s.arg(at);
        token.session = u"s-%1"_s.arg(at);
        token.node = u"gw-1"_s;
        token.kind = u"access"_s;
        token.issued = Sample::now - 60'000;
        token.expires = Sample::now + 600'000;
        token.refreshAt = Sample::now + 430'000;
        tokens.upsert(token);
    }
    const Situation s = Situation::of(audit, connections, tokens, Sample::now);
    QCOMPARE(s.attention.size(), 1);
    QVERIFY2(s.attention.first().title.startsWith(u"Next wave in 7:"_s), qPrintable(s.attention.first().title));
    QVERIFY(s.attention.first().sentence.contains(u"40"_s));
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorOverview)
#include "tst_monitoroverview.moc"
