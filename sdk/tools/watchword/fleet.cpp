// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "fleetmember.h"

#include <QCoreApplication>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kMostClients = 5'000;

FleetMember::Manner mannerOf(int number)
{
    // One in twenty misbehaves, each in its own way.
    if (number % 20 != 19)
        return FleetMember::Manner::Good;
    switch (number / 20 % 4) {
    case 0:
        return FleetMember::Manner::WrongPassword;
    case 1:
        return FleetMember::Manner::WrongOrigin;
    case 2:
        return FleetMember::Manner::Talkative;
    default:
        return FleetMember::Manner::ExpiredToken;
    }
}

Result<FleetPlan> planOf(const QString &source)
{
    QFile file(source);
    const bool open = source == "-"_L1 ? file.open(stdin, QIODevice::ReadOnly) : file.open(QIODevice::ReadOnly);
    if (!open)
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(source, file.errorString()));
    const QByteArray line = file.readLine(1024 * 1024);
    Result<FleetPlan> plan = FleetPlan::fromJson(line);
    if (!plan)
        return plan;
    const Result<QList<QSslCertificate>> authorities =
        certificatesIn(QJsonDocument::fromJson(line).object().value("ca"_L1).toString());
    if (!authorities)
        return authorities.error();
    plan.value().authorities = *authorities;
    return plan;
}

class Fleet : public QObject
{
public:
    Fleet(FleetPlan plan, int size, int perSecond, std::chrono::milliseconds duration)
        : m_plan(std::move(plan))
        , m_size(size)
    {
        connect(&m_start, &QTimer::timeout, this, [this] { addOne(); });
        m_start.start(std::max(1, 1000 / perSecond));
        connect(&m_status, &QTimer::timeout, this, [this] { printStatus(); });
        m_status.start(10s);
        if (duration > 0ms)
            QTimer::singleShot(duration, this, [] { QCoreApplication::exit(Done); });
    }

    void end()
    {
        m_start.stop();
        m_status.stop();
        for (FleetMember *member : std::as_const(m_members))
            member->end();
        printStatus();
    }

private:
    void addOne()
    {
        auto *member = new FleetMember(int(m_members.size()), mannerOf(int(m_members.size())), m_plan, m_counts,
                                       RandomSource::system(), this);
        m_members.append(member);
        member->begin();
        if (m_members.size() >= m_size)
            m_start.stop();
    }

    void printStatus()
    {
        qint64 ready = 0;
        qint64 signedIn = 0;
        for (const FleetMember *member : std::as_const(m_members)) {
            ready += member->isReady() ? 1 : 0;
            signedIn += member->isSignedIn() ? 1 : 0;
        }
        QJsonObject errors;
        for (auto it = m_counts.errors.cbegin(); it != m_counts.errors.cend(); ++it)
            errors.insert(it.key(), qint64(it.value()));
        const QJsonObject status{{"time"_L1, toRfc3339(Clock::system().wallNow())},
                                 {"clients"_L1, m_members.size()},
                                 {"signed_in"_L1, signedIn},
                                 {"ready"_L1, ready},
                                 {"sign_ins"_L1, qint64(m_counts.signIns)},
                                 {"sign_ins_refused"_L1, qint64(m_counts.signInsRefused)},
                                 {"sent"_L1, qint64(m_counts.sent)},
                                 {"received"_L1, qint64(m_counts.received)},
                                 {"drops"_L1, qint64(m_counts.drops)},
                                 {"returns"_L1, qint64(m_counts.returns)},
                                 {"errors"_L1, errors}};
        printLine(QJsonDocument(status).toJson(QJsonDocument::Compact));
    }

    FleetPlan m_plan;
    FleetCounts m_counts;
    QList<FleetMember *> m_members;
    const int m_size;
    QTimer m_start;
    QTimer m_status;
};

} // namespace

int runFleet(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Runs many real clients against \"watchword-gateway --demo\": they sign in, talk, "
                                     "rest, drop and come back; one in twenty misbehaves. A status line in JSON every "
                                     "10 s; ends cleanly on SIGTERM."_s);
    parser.addOption({u"demo-info"_s, u"The line that the demo gateway prints; \"-\" is standard input."_s, u"file"_s});
    parser.addOption({u"clients"_s, u"How many."_s, u"number"_s, u"200"_s});
    parser.addOption({u"rate"_s, u"How many start in a second."_s, u"number"_s, u"20"_s});
    parser.addOption({u"duration"_s, u"When to end; else it runs until it is stopped."_s, u"duration"_s, u"0"_s});
    if (const std::optional<int> end = parse(parser, u"fleet"_s, arguments))
        return *end;
    const int clients = parser.value(u"clients"_s).toInt();
    const int rate = parser.value(u"rate"_s).toInt();
    const auto duration = durationOf(parser.value(u"duration"_s));
    if (!parser.isSet(u"demo-info"_s))
        return usage(u"--demo-info is needed"_s);
    if (clients < 1 || clients > kMostClients || rate < 1 || rate > 1000 || !duration)
        return usage(u"--clients is 1 to 5000, --rate 1 to 1000, --duration a number with ms, s, min or h"_s);
    const Result<FleetPlan> plan = planOf(parser.value(u"demo-info"_s));
    if (!plan)
        return report(plan.error(), parser.isSet(u"json"_s));
    interruptOnSignals();
    Fleet fleet(*plan, clients, rate, *duration);
    const int code = QCoreApplication::exec();
    fleet.end();
    // Let the goodbyes leave before the sockets go.
    QTimer::singleShot(500ms, &fleet, [] { QCoreApplication::quit(); });
    QCoreApplication::exec();
    return code;
}

} // namespace Watchword::Tool
