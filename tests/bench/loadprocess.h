// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "measurement.h"

#include <QProcess>

namespace Bench {

/*! What a load generator is started with; see runLoad(). */
struct LoadOptions
{
    quint16 port = 0;
    QString path = QStringLiteral("/");
    QString authorityFile;
    QString tokensFile; //!< Empty: no Authorization is sent.
    QString subprotocol;
    int connections = 0;
    int bytes = 256;
    int inFlight = 1;
    bool binary = false;
};

/*! What it says about a command. Times are in microseconds. */
struct LoadResult
{
    double perSecond = 0;
    double median = 0;
    double p99 = 0;
};

/*! The load generator in a process of its own. Its connections stay until the object goes. */
class LoadProcess
{
public:
    explicit LoadProcess(const LoadOptions &options);
    //! Clients that attack instead; see runAttack(). Each has its own token while there are so many.
    LoadProcess(const LoadOptions &options, const QString &attack);
    ~LoadProcess();
    LoadProcess(const LoadProcess &) = delete;
    LoadProcess &operator=(const LoadProcess &) = delete;

    bool isReady() const { return m_isReady; } //!< All connections were open; stderr says why not.
    std::optional<LoadResult> run(const QString &command);
    //! The same; the figure has the rate, and the processor time that \a servers used for it.
    std::optional<Figure> run(const QString &command, const QList<qint64> &servers);

private:
    void start(const QString &peer, const LoadOptions &options, const QString &more);
    QByteArray answer();

    QProcess m_process;
    bool m_isReady = false;
};

} // namespace Bench
