// SPDX-License-Identifier: Apache-2.0
#include "measurement.h"

#include "support/process.h"

#include <QCoreApplication>
#include <QProcess>
#include <QTemporaryDir>

#include <algorithm>
#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

std::optional<double> runProgram(const QString &program, const QStringList &arguments, int timeoutMs)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(program, arguments);
    if (!process.waitForFinished(timeoutMs)) {
        std::fprintf(stderr, "%s %s did not end\n", qPrintable(program), qPrintable(arguments.join(u' ')));
        process.kill();
        process.waitForFinished();
        return std::nullopt;
    }
    const QList<QByteArray> lines = process.readAllStandardOutput().trimmed().split('\n');
    bool ok = false;
    const double value = lines.last().trimmed().toDouble(&ok);
    if (process.exitCode() != 0 || !ok) {
        std::fprintf(stderr, "%s %s failed\n", qPrintable(program), qPrintable(arguments.join(u' ')));
        return std::nullopt;
    }
    return value;
}

std::optional<double> runPeer(const QStringList &arguments, int timeoutMs)
{
    return runProgram(QCoreApplication::applicationFilePath(), QStringList {u"--peer"_s} + arguments, timeoutMs);
}

std::optional<double> ratioInTurns(const std::function<std::optional<double>()> &ours,
                                   const std::function<std::optional<double>()> &theirs, int turns)
{
    QList<double> a;
    QList<double> b;
    for (int turn = 0; turn < turns; ++turn) {
        const auto mine = ours();
        const auto other = theirs();
        if (!mine || !other || *other == 0)
            return std::nullopt;
        a.append(*mine);
        b.append(*other);
    }
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    std::fprintf(stderr, "  ours %.6g, theirs %.6g (medians of %d)\n", a.at(turns / 2), b.at(turns / 2), turns);
    return a.at(turns / 2) / b.at(turns / 2);
}

QString certificateFolder()
{
    static const QTemporaryDir folder;
    static const bool made = Support::makeCertificates(folder.path());
    return made ? folder.path() : QString();
}

class PeerServer::Private
{
public:
    Support::ReadyProcess process;
};

PeerServer::PeerServer(const QStringList &arguments)
    : d(std::make_unique<Private>())
{
    const auto port = d->process.start(QCoreApplication::applicationFilePath(), QStringList {u"--peer"_s} + arguments,
                                       u"READY "_s);
    m_port = port ? port->toUShort() : 0;
}

PeerServer::~PeerServer() = default;

qint64 PeerServer::pid() const
{
    return d->process.process().processId();
}

} // namespace Bench
