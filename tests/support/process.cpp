// SPDX-License-Identifier: Apache-2.0
#include "support/process.h"

#include <QDeadlineTimer>
#include <QDir>
#include <QFile>

#include <cstdio>

namespace Support {

using namespace Qt::StringLiterals;

ReadyProcess::ReadyProcess()
    : m_environment(QProcessEnvironment::systemEnvironment())
{
    QObject::connect(&m_process, &QProcess::readyReadStandardError, &m_process, [this] {
        const QByteArray text = m_process.readAllStandardError();
        m_log += text;
        std::fwrite(text.constData(), 1, size_t(text.size()), stderr);
    });
    QObject::connect(&m_process, &QProcess::readyReadStandardOutput, &m_process, [this] {
        const QByteArray text = m_process.readAllStandardOutput();
        m_log += text;
        m_pending += text;
    });
}

ReadyProcess::~ReadyProcess()
{
    terminate();
    m_process.disconnect();
}

void ReadyProcess::setEnvironment(const QString &name, const QString &value)
{
    m_environment.insert(name, value);
}

void ReadyProcess::setWorkingDirectory(const QString &folder)
{
    m_process.setWorkingDirectory(folder);
}

std::optional<QString> ReadyProcess::start(const QString &program, const QStringList &arguments, const QString &prefix,
                                           int timeoutMs)
{
    m_pending.clear();
    m_process.setProcessEnvironment(m_environment);
    m_process.start(program, arguments);
    if (!m_process.waitForStarted(timeoutMs))
        return std::nullopt;
    const QDeadlineTimer deadline(timeoutMs);
    while (!deadline.hasExpired()) {
        for (qsizetype end = m_pending.indexOf('\n'); end >= 0; end = m_pending.indexOf('\n')) {
            const QString line = QString::fromUtf8(m_pending.first(end)).trimmed();
            m_pending.remove(0, end + 1);
            if (line.startsWith(prefix))
                return line.mid(prefix.size()).trimmed();
        }
        if (m_process.state() == QProcess::NotRunning)
            return std::nullopt;
        m_process.waitForReadyRead(50);
    }
    return std::nullopt;
}

void ReadyProcess::terminate(int timeoutMs)
{
    if (m_process.state() == QProcess::NotRunning)
        return;
    m_process.terminate();
    if (!m_process.waitForFinished(timeoutMs))
        kill();
}

void ReadyProcess::kill()
{
    m_process.kill();
    m_process.waitForFinished(5'000);
}

QString peersFolder()
{
    const QString folder = QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers");
    if (QDir(folder + u"/node_modules/oidc-provider"_s).exists())
        return folder;
    std::fprintf(stderr, "the npm packages of tests/peers are not installed; ./dev test installs them\n");
    return {};
}

bool onCi()
{
    return qEnvironmentVariable("CI") == "true"_L1;
}

bool makeCertificates(const QString &folder)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(u"sh"_s, {QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/support/certificates.sh"), folder});
    const bool done = process.waitForFinished(30'000) && process.exitCode() == 0;
    if (!done)
        std::fprintf(stderr, "%s", process.readAll().constData());
    return done;
}

} // namespace Support
