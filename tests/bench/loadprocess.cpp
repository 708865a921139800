// SPDX-License-Identifier: Apache-2.0
#include "loadprocess.h"

#include "attacker.h"
#include "loadgenerator.h"
#include "peers.h"
#include "processfacts.h"

#include <QCoreApplication>
#include <QDeadlineTimer>

#include <chrono>
#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr auto kLongestCommand = 180s;

double processorSecondsOf(const QList<qint64> &processes)
{
    double sum = 0;
    for (const qint64 pid : processes)
        sum += processorSeconds(pid);
    return sum;
}

} // namespace

LoadProcess::LoadProcess(const LoadOptions &options)
{
    start(u"load"_s, options, options.binary ? u"type=binary"_s : u"type=text"_s);
}

LoadProcess::LoadProcess(const LoadOptions &options, const QString &attack)
{
    start(u"attack"_s, options, u"kind="_s + attack);
}

void LoadProcess::start(const QString &peer, const LoadOptions &options, const QString &more)
{
    m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_process.start(QCoreApplication::applicationFilePath(),
                    {u"--peer"_s, peer, u"port=%1"_s.arg(options.port), u"path="_s + options.path,
                     u"ca="_s + options.authorityFile, u"tokens="_s + options.tokensFile, u"subprotocol="_s + options.subprotocol,
                     u"connections=%1"_s.arg(options.connections), u"bytes=%1"_s.arg(options.bytes),
                     u"in-flight=%1"_s.arg(options.inFlight), more});
    const QByteArray line = answer();
    m_isReady = line.startsWith("READY");
    if (!m_isReady)
        std::fprintf(stderr, "the clients of port %d: %s\n", int(options.port), line.constData());
}

LoadProcess::~LoadProcess()
{
    m_process.closeWriteChannel();
    if (!m_process.waitForFinished(10'000))
        m_process.kill();
    m_process.waitForFinished();
}

std::optional<LoadResult> LoadProcess::run(const QString &command)
{
    if (!m_isReady)
        return std::nullopt;
    m_process.write(command.toLatin1() + '\n');
    const QByteArray line = answer();
    const QList<QByteArray> words = line.split(' ');
    if (words.size() == 4 && words.first() == "RESULT")
        return LoadResult{words.at(1).toDouble(), words.at(2).toDouble(), words.at(3).toDouble()};
    std::fprintf(stderr, "\"%s\": %s\n", qPrintable(command), line.constData());
    m_isReady = false;
    return std::nullopt;
}

std::optional<Figure> LoadProcess::run(const QString &command, const QList<qint64> &servers)
{
    const double before = processorSecondsOf(servers);
    const auto result = run(command);
    if (!result)
        return std::nullopt;
    return Figure{result->perSecond, processorSecondsOf(servers) - before};
}

QByteArray LoadProcess::answer()
{
    const QDeadlineTimer deadline(kLongestCommand);
    while (!m_process.canReadLine() && !deadline.hasExpired()) {
        if (!m_process.waitForReadyRead(200) && m_process.state() == QProcess::NotRunning && !m_process.canReadLine())
            return "it ended";
    }
    return m_process.canReadLine() ? m_process.readLine().trimmed() : QByteArray("no answer");
}

namespace {

std::vector<std::string> wordsOf(const QStringList &arguments)
{
    std::vector<std::string> words;
    for (const QString &argument : arguments)
        words.push_back(argument.toStdString());
    return words;
}

} // namespace

int generateLoad(const QStringList &arguments)
{
    return runLoad(wordsOf(arguments));
}

int attackServer(const QStringList &arguments)
{
    return runAttack(wordsOf(arguments));
}

} // namespace Bench
