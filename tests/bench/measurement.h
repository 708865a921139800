// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

#include <functional>
#include <memory>
#include <optional>

namespace Bench {

/*! What one round measured. */
struct Figure
{
    double value = 0; //!< In the unit of the row.
    double processorSeconds = 0; //!< That the measured process used for it; 0 if unknown.
};

/*! One line of the table: a ratio of ours against theirs, both measured in this run. */
struct Row
{
    QString id;
    QString what;
    QString against;
    double reach = 1.0;
    bool atMost = false; //!< The ratio must not exceed reach; else it must not fall below it.
    std::function<std::optional<double>()> measure; //!< Empty result: could not be measured, and stderr says why.
};

//! Starts this program as --peer \a arguments, waits for its end, and reads the number in its last line.
std::optional<Figure> runPeer(const QStringList &arguments, int timeoutMs = 120'000);
//! The same for any program.
std::optional<Figure> runProgram(const QString &program, const QStringList &arguments, int timeoutMs = 120'000);

using Measure = std::function<std::optional<Figure>()>;

/*!
    Measures two things in turns, changing which comes first, so that a busy moment of the machine hits both, and returns
    the median of the turns' ratios. It ends after \a turns, or when the time for one row is over and three turns are done.
    The medians, the spread of the ratios and, where known, the ratio of processor time go to stderr.
*/
std::optional<double> ratioInTurns(const Measure &ours, const Measure &theirs, int turns = 9);
//! The same, but returns the ratio of the processor time, which both used for the same work.
std::optional<double> processorRatioInTurns(const Measure &ours, const Measure &theirs, int turns = 9);
//! A figure that stands alone: the median of \a turns.
std::optional<double> medianOf(const Measure &measure, int turns = 3);

//! A folder with ca.pem, server.pem and server.key for the length of the run.
QString certificateFolder();

/*! A server of ours in its own process, stopped when the object goes. */
class PeerServer
{
public:
    explicit PeerServer(const QStringList &arguments);
    ~PeerServer();
    quint16 port() const { return m_port; } //!< 0 if it did not start.
    bool isRunning() const; //!< It said READY, and did not end since.
    qint64 pid() const;

private:
    class Private;
    std::unique_ptr<Private> d;
    quint16 m_port = 0;
    bool m_wasReady = false;
};

} // namespace Bench
