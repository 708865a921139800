// SPDX-License-Identifier: Apache-2.0
#include "measurement.h"

#include "support/process.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QProcess>
#include <QTemporaryDir>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <sys/resource.h>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

// Of all children that have ended; QProcess has waited for them.
double processorSecondsOfChildren()
{
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    const auto seconds = [](const timeval &time) { return double(time.tv_sec) + double(time.tv_usec) / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// For ratioInTurns(); what a row does before its turns is not counted.
constexpr std::chrono::seconds kTimeOfTurns{75};
constexpr int kFewestTurns = 3;

/*! Figures of several turns, of which a disturbed one must not decide. */
class Series
{
public:
    void add(double value) { m_values.insert(std::upper_bound(m_values.cbegin(), m_values.cend(), value), value); }
    bool isEmpty() const { return m_values.isEmpty(); }
    qsizetype size() const { return m_values.size(); }
    double median() const { return at(2); }
    //! "0.982 (0.975 to 0.990)": the median, and between what the middle half of them was.
    QByteArray toText() const
    {
        return QByteArray::number(median(), 'f', 3) + " (" + QByteArray::number(at(1), 'f', 3) + " to "
            + QByteArray::number(at(3), 'f', 3) + ')';
    }

private:
    double at(int quarter) const { return m_values.isEmpty() ? 0 : m_values.at((m_values.size() - 1) * quarter / 4); }

    QList<double> m_values; // in order
};

} // namespace

std::optional<Figure> runProgram(const QString &program, const QStringList &arguments, int timeoutMs)
{
    const double before = processorSecondsOfChildren();
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
    return Figure{value, processorSecondsOfChildren() - before};
}

std::optional<Figure> runPeer(const QStringList &arguments, int timeoutMs)
{
    return runProgram(QCoreApplication::applicationFilePath(), QStringList{u"--peer"_s} + arguments, timeoutMs);
}

namespace {

/*! What was measured in turns. */
struct Turns
{
    Series ours;
    Series theirs;
    Series ratios;
    Series processor; //!< Ratios of processor time.
    Series oursProcessor;
    Series theirsProcessor;

    void add(const Figure &mine, const Figure &other);
    void print() const;
};

void Turns::add(const Figure &mine, const Figure &other)
{
    ours.add(mine.value);
    theirs.add(other.value);
    ratios.add(mine.value / other.value);
    if (mine.processorSeconds <= 0 || other.processorSeconds <= 0)
        return;
    oursProcessor.add(mine.processorSeconds);
    theirsProcessor.add(other.processorSeconds);
    processor.add(mine.processorSeconds / other.processorSeconds);
}

void Turns::print() const
{
    std::fprintf(stderr, "  ours %.6g, theirs %.6g (medians of %d); ratio %s", ours.median(), theirs.median(), int(ours.size()),
                 ratios.toText().constData());
    if (!processor.isEmpty())
        std::fprintf(stderr, "; processor time %.4g s, %.4g s; ratio %s", oursProcessor.median(), theirsProcessor.median(),
                     processor.toText().constData());
    std::fprintf(stderr, "\n");
}

std::optional<Turns> measureInTurns(const Measure &ours, const Measure &theirs, int turns)
{
    Turns all;
    const QDeadlineTimer end(kTimeOfTurns);
    for (int turn = 0; turn < turns && (turn < kFewestTurns || !end.hasExpired()); ++turn) {
        std::optional<Figure> other;
        if (turn % 2 == 1)
            other = theirs();
        const std::optional<Figure> mine = ours();
        if (turn % 2 == 0)
            other = theirs();
        if (!mine || !other || other->value == 0)
            return std::nullopt;
        all.add(*mine, *other);
    }
    all.print();
    return all;
}

} // namespace

std::optional<double> ratioInTurns(const Measure &ours, const Measure &theirs, int turns)
{
    const auto all = measureInTurns(ours, theirs, turns);
    return all ? std::optional(all->ratios.median()) : std::nullopt;
}

std::optional<double> processorRatioInTurns(const Measure &ours, const Measure &theirs, int turns)
{
    const auto all = measureInTurns(ours, theirs, turns);
    return all && !all->processor.isEmpty() ? std::optional(all->processor.median()) : std::nullopt;
}

std::optional<double> medianOf(const Measure &measure, int turns)
{
    Series all;
    for (int turn = 0; turn < turns; ++turn) {
        const auto figure = measure();
        if (!figure)
            return std::nullopt;
        all.add(figure->value);
    }
    std::fprintf(stderr, "  median of %d: %s\n", turns, all.toText().constData());
    return all.median();
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
    const auto port =
        d->process.start(QCoreApplication::applicationFilePath(), QStringList{u"--peer"_s} + arguments, u"READY "_s);
    m_port = port ? port->toUShort() : 0;
    m_wasReady = port.has_value();
}

PeerServer::~PeerServer() = default;

bool PeerServer::isRunning() const
{
    return m_wasReady && d->process.process().state() == QProcess::Running;
}

qint64 PeerServer::pid() const
{
    return d->process.process().processId();
}

} // namespace Bench
