// SPDX-License-Identifier: Apache-2.0
// Writes every page in its states, in two sizes and three looks, from the sample that the tests use: monitor_shots FOLDER.
#include "sampledata.h"

#include "monitor/widgets/alertrulesheet.h"
#include "monitor/widgets/alertspage.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/mainwindow.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/posturepage.h"
#include "monitor/widgets/style.h"
#include "monitor/widgets/tablepane.h"

#include <QApplication>
#include <QDir>
#include <QEventLoop>
#include <QSettings>
#include <QTemporaryDir>
#include <QTimer>

#include <cstdio>

using namespace Monitor;
using namespace Qt::StringLiterals;

namespace {

class Shots
{
public:
    Shots(QString folder, QString look)
        : m_folder(std::move(folder))
        , m_look(std::move(look))
    {
    }

    void takeAll(QSize size);

private:
    void settle(int milliseconds = 300); //!< The window goes on meanwhile.
    void takeTables(Workspace &workspace, MainWindow &window, QSize size);
    void takePosture(Workspace &workspace, MainWindow &window, Actions actions, QSize size);
    void save(MainWindow &window, const QString &name, QSize size);
    Watchword::Report report(int day, int fails) const;

    QString m_folder;
    QString m_look;
    QTemporaryDir m_data;
};

void Shots::settle(int milliseconds)
{
    QEventLoop loop;
    QTimer::singleShot(milliseconds, &loop, &QEventLoop::quit);
    loop.exec();
}

void Shots::save(MainWindow &window, const QString &name, QSize size)
{
    settle();
    const QString file = u"%1/%2-%3x%4-%5.png"_s.arg(m_folder, name).arg(size.width()).arg(size.height()).arg(m_look);
    window.grab().save(file);
    std::printf("%s\n", qPrintable(file));
}

Watchword::Report Shots::report(int day, int fails) const
{
    using Watchword::Finding;
    Watchword::Report report;
    report.endpoint = QUrl(u"wss://gateway.example.com/watch"_s);
    report.startedAt = QDateTime(QDate(2026, 11, day), QTime(14, 0), Qt::UTC);
    report.took = std::chrono::milliseconds(11'400);
    report.requests = 38;
    int at = 0;
    for (const Watchword::Check &check : Watchword::Check::all()) {
        Finding finding{check.id, Finding::Verdict::Pass, u"As it should be."_s, {}};
        if (at % 11 == 3 && at / 11 < fails) {
            finding.verdict = at % 2 == 0 ? Finding::Verdict::Warn : Finding::Verdict::Fail;
            finding.summary = u"The server let a request in that it should have refused."_s;
            finding.evidence = {u"> GET /watch HTTP/1.1"_s, u"> Origin: https://evil.example"_s,
                                u"> Authorization: Bearer [redacted]"_s, u"< HTTP/1.1 101 Switching Protocols"_s};
        } else if (at % 13 == 5) {
            finding.verdict = Finding::Verdict::Skipped;
            finding.summary = u"needs a valid token"_s;
        }
        report.findings.append(finding);
        ++at;
    }
    return report;
}

void Shots::takeAll(QSize size)
{
    QSettings().clear();
    Workspace workspace;
    MainWindow window(workspace);
    window.resize(size);
    window.setWatching(true);
    window.show();
    Sample::fill(workspace, 200);
    Actions actions;
    actions.disconnect = [](const auto &, int, auto, const auto &) { return Actions::Outcome(); };
    workspace.setActions(actions);
    settle();
    takeTables(workspace, window, size);
    takePosture(workspace, window, actions, size);
    window.showKeys();
    save(window, u"keys"_s, size);
}

void Shots::takeTables(Workspace &workspace, MainWindow &window, QSize size)
{
    workspace.alerts().setRules(usualAlertRules());
    qint64 now = Sample::now;
    QByteArrayList lines;
    for (int at = 0; at < 90; ++at)
        lines << Sample::event(60'000'000 + quint64(at), now + at * 100,
                               at % 30 == 29 ? u"token.reused"_s : u"token.refresh_failed"_s, at % 30 == 29 ? 5 : 3,
                               u"m.okafor"_s, u"429 from issuer"_s, at);
    workspace.audit().appendLines(lines);
    for (int tick = 0; tick < 20; ++tick) {
        workspace.tickNow();
        settle(20);
    }
    window.showPage(PageId::Alerts);
    save(window, u"alerts"_s, size);
    static_cast<AlertsPage *>(window.page(PageId::Alerts))->newRule();
    auto *sheet = window.findChild<AlertRuleSheet *>();
    sheet->findChild<QLineEdit *>(u"ruleName"_s)->setText(u"Refreshes refused on a node"_s);
    sheet->findChild<FilterBar *>()->edit()->setText(u"kind:token.refresh_failed"_s);
    save(window, u"alert-rule"_s, size);
    sheet->reject();
    settle();
    window.showPage(PageId::Overview);
    save(window, u"overview"_s, size);
    window.showPage(PageId::Connections);
    save(window, u"connections"_s, size);
    ConnectionsModel &connections = workspace.connectionsModel();
    connections.select(connections.idAt(2));
    connections.select(connections.idAt(4), RowWindowModel::SelectMode::Extend);
    window.currentPage()->setDetailShown(true);
    for (int at = 0; at < 38; ++at)
        workspace.connections().remove(workspace.connections().id(workspace.connections().slotOfKey(connections.idAt(40 + at))));
    settle(1200); // the order is looked at once a second
    workspace.tickNow();
    save(window, u"connections-held"_s, size);
    static_cast<ConnectionsPage *>(window.currentPage())->pane()->table()->scrollToFirst(connections.totalRows());
    save(window, u"connections-folded"_s, size);
    connections.clearSelection();
    window.showPage(PageId::Tokens);
    save(window, u"tokens"_s, size);
    window.showPage(PageId::Audit);
    save(window, u"audit"_s, size);
    AuditModel &audit = workspace.auditModel();
    audit.select(audit.idAt(audit.totalRows() - 6));
    window.currentPage()->setDetailShown(true);
    save(window, u"audit-detached"_s, size);
    audit.follow();
    window.currentPage()->togglePause();
    save(window, u"audit-paused"_s, size);
    audit.follow();
    Sample::setLink(workspace, LinkStatus::State::Reconnecting);
    window.showPage(PageId::Connections);
    save(window, u"reconnecting"_s, size);
    Sample::setLink(workspace, LinkStatus::State::Live);
}

void Shots::takePosture(Workspace &workspace, MainWindow &window, Actions actions, QSize size)
{
    auto *posture = static_cast<PosturePage *>(window.page(PageId::Posture));
    posture->setFolder(m_data.path());
    window.showPage(PageId::Posture);
    save(window, u"posture-nothing"_s, size);
    actions.doctorOptions = [] {
        Watchword::DoctorOptions options;
        options.endpoint = QUrl(u"wss://gateway.example.com/watch"_s);
        return options;
    };
    {
        PostureHistory history(m_data.path());
        history.open(QUrl(u"wss://gateway.example.com/watch"_s));
        if (history.runs().isEmpty()) {
            for (int day = 1; day <= 28; ++day)
                history.add(report(day, day < 12 ? 4 : day < 27 ? 1 : 2));
        }
    }
    workspace.setActions(actions);
    save(window, u"posture"_s, size);
}

} // namespace

int main(int argc, char *argv[])
{
    QApplication app(argc, argv);
    QCoreApplication::setOrganizationName(u"WatchwordShots"_s);
    QTemporaryDir settings;
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, settings.path());
    QApplication::setStyle(new MonitorStyle);
    const QString folder = argc > 1 ? QString::fromLocal8Bit(argv[1]) : u"shots"_s;
    QDir().mkpath(folder);
    const std::array looks{std::pair(Theme::Choice::Light, u"light"_s), std::pair(Theme::Choice::Dark, u"dark"_s),
                           std::pair(Theme::Choice::HighContrast, u"contrast"_s)};
    for (const auto &[choice, name] : looks) {
        Theme::instance().setChoice(choice);
        Shots shots(folder, name);
        for (const QSize size : {QSize(1440, 900), QSize(1024, 700)})
            shots.takeAll(size);
    }
    return 0;
}
