// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/demoprocess.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStandardPaths>

#include <utility>

#ifdef Q_OS_LINUX
#include <csignal>
#include <sys/prctl.h>
#include <unistd.h>
#endif

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int endTimeoutMs = 4000;

QJsonObject operatorOf(const QJsonArray &users)
{
    for (const QJsonValue &user : users) {
        const QString name = user["name"_L1].toString();
        const bool mayWatch =
            user["scopes"_L1].toArray().contains(u"gw:read"_s) || user["scope"_L1].toString().contains("gw:read"_L1);
        if (mayWatch || name.startsWith("operator"_L1) || user["operator"_L1].toBool())
            return user.toObject();
    }
    return users.first().toObject();
}

// A demo whose Monitor crashed or was killed would run, and load the machine, until somebody finds it.
void endWithThisProgram(QProcess &process)
{
#ifdef Q_OS_LINUX
    process.setChildProcessModifier([parent = ::getpid()] {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != parent) // it ended in between
            ::_exit(1);
    });
#else
    Q_UNUSED(process)
#endif
}

} // namespace

Watchword::Result<DemoInfo> DemoInfo::fromJson(const QByteArray &line)
{
    const auto wrong = [](const QString &text) { return Watchword::Error(Watchword::ErrorCode::InvalidArgument, text); };
    const QJsonObject root = QJsonDocument::fromJson(line.trimmed()).object();
    if (root.isEmpty())
        return wrong(u"the demo's description is not a JSON object"_s);
    DemoInfo info;
    info.gateway = QUrl(root["gateway"_L1].toString());
    info.issuer = QUrl(root["issuer"_L1].toString());
    info.caFile = root["ca"_L1].toString();
    info.clientId = root["client_id"_L1].toString();
    info.audience = root["audience"_L1].toString();
    info.watchPath = root["watch"_L1].toString();
    info.auditPath = root["audit"_L1].toString();
    for (const auto &[name, missing] :
         {std::pair("gateway", info.gateway.isEmpty()), std::pair("issuer", info.issuer.isEmpty()),
          std::pair("ca", info.caFile.isEmpty()), std::pair("client_id", info.clientId.isEmpty()),
          std::pair("watch", info.watchPath.isEmpty()), std::pair("audit", info.auditPath.isEmpty()),
          std::pair("users", root["users"_L1].toArray().isEmpty())}) {
        if (missing)
            return wrong(u"the demo's description has no \"%1\""_s.arg(QLatin1String(name)));
    }
    const QJsonObject person = operatorOf(root["users"_L1].toArray());
    info.operatorName = person["name"_L1].toString();
    info.operatorPassword = Watchword::Secret::take(person["password"_L1].toString().toUtf8());
    return info;
}

DemoProcess::DemoProcess(QObject *parent)
    : QObject(parent)
{
    m_gateway.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_fleet.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    endWithThisProgram(m_gateway);
    endWithThisProgram(m_fleet);
    connect(&m_gateway, &QProcess::readyReadStandardOutput, this, &DemoProcess::readGateway);
    connect(&m_gateway, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            fail(tr("The demo's gateway did not start: %1").arg(m_gateway.errorString()));
    });
    connect(&m_gateway, &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
        fail(status == QProcess::CrashExit ? tr("The demo's gateway was ended by signal %1.").arg(code)
                                           : tr("The demo's gateway ended with code %1.").arg(code));
    });
}

DemoProcess::~DemoProcess()
{
    m_gateway.disconnect(this);
    m_fleet.disconnect(this);
    end(m_fleet);
    end(m_gateway);
}

void DemoProcess::end(QProcess &process)
{
    if (process.state() == QProcess::NotRunning)
        return;
    process.terminate();
    if (!process.waitForFinished(endTimeoutMs)) {
        process.kill();
        process.waitForFinished(endTimeoutMs);
    }
}

QString DemoProcess::findProgram(const QString &name)
{
    const QString beside = QStandardPaths::findExecutable(name, {QCoreApplication::applicationDirPath()});
    return beside.isEmpty() ? QStandardPaths::findExecutable(name) : beside;
}

void DemoProcess::fail(const QString &reason)
{
    if (m_failed)
        return;
    m_failed = true;
    Q_EMIT failed(reason);
}

void DemoProcess::start()
{
    const QString gateway = findProgram(u"watchword-gateway"_s);
    if (gateway.isEmpty()) {
        QMetaObject::invokeMethod(
            this,
            [this] {
                fail(tr("The program watchword-gateway is neither beside this one nor in PATH. Install the package "
                        "watchword-gateway."));
            },
            Qt::QueuedConnection);
        return;
    }
    m_gateway.start(gateway, {u"--demo"_s});
}

void DemoProcess::readGateway()
{
    if (m_ready) {
        m_gateway.readAllStandardOutput();
        return;
    }
    m_line += m_gateway.readAllStandardOutput();
    const qsizetype end = m_line.indexOf('\n');
    if (end < 0)
        return;
    m_line.truncate(end);
    const auto info = DemoInfo::fromJson(m_line);
    if (!info) {
        fail(info.error().detail());
        return;
    }
    m_ready = true;
    startFleet();
    Q_EMIT ready(*info);
}

void DemoProcess::startFleet()
{
    const QString fleet = findProgram(u"watchword"_s);
    if (fleet.isEmpty()) {
        qWarning("The demo has no clients: the program watchword was not found");
        return;
    }
    m_fleet.start(fleet, {u"fleet"_s, u"--demo-info"_s, u"-"_s});
    m_fleet.write(std::exchange(m_line, {}) + '\n');
    m_fleet.closeWriteChannel();
}

} // namespace Monitor
