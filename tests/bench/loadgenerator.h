// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "loadconnection.h"

namespace Bench {

/*! What the clients of a load do. */
struct LoadPlan
{
    int connections = 0; //!< That are opened first, and stay.
    std::size_t bytes = 256; //!< Payload of a message.
    int inFlight = 1; //!< Messages of a connection on their way at the same time.
    bool binary = false;
};

/*! What a command measured. Times are in microseconds. */
struct LoadFigures
{
    double perSecond = 0;
    double median = 0;
    double p99 = 0;
};

/*!
    Many clients of one server in one thread. A command that fails throws std::runtime_error with what became of the first
    connection that failed; nothing is hidden by going on.
*/
class LoadGenerator final : private LoadUser
{
public:
    LoadGenerator(const LoadTarget &target, const LoadPlan &plan);
    ~LoadGenerator();

    void open(); //!< The connections of the plan, a few at a time.
    //! So many messages over all connections; a connection sends its next ones when the last ones came back.
    LoadFigures echo(int messages);
    //! So many messages, at so many a second, whether or not the last ones came back.
    LoadFigures pace(int messages, double perSecond);
    //! So many connections, some at a time, that end when they got what they wanted.
    LoadFigures open(int count, LoadConnection::Goal goal);
    void closeAll();
    void waitForInput(int descriptor); //!< Serves the connections until there is something to read.

private:
    void opened(LoadConnection &connection) override;
    void messageReceived(LoadConnection &connection, std::uint64_t size) override;
    void failed(LoadConnection &connection, const std::string &what) override;
    void startNext();
    void sendBurst(LoadConnection &connection);
    void turn(int timeoutMs); //!< Returns after one wait; throws what failed.
    LoadFigures figures(LoadClock::time_point start);

    LoadTarget m_target;
    LoadPlan m_plan;
    SSL_CTX *m_tls;
    int m_epoll;
    std::string m_frame;
    std::string m_burst;
    std::vector<std::unique_ptr<LoadConnection>> m_connections;
    std::vector<std::unique_ptr<LoadConnection>> m_passing; //!< Of open() with a goal.
    LoadConnection::Goal m_goal = LoadConnection::Goal::WebSocket;
    bool m_isPassing = false;
    bool m_isPaced = false;
    int m_started = 0;
    std::size_t m_nextToken = 0; //!< In turn, over all commands.
    int m_wanted = 0; //!< Connections or messages.
    int m_sent = 0;
    int m_done = 0;
    std::vector<double> m_times; //!< Of what is done.
    std::string m_failure;
    bool m_hasInput = false;
};

/*!
    NAME=VALUE ...: port, path, ca, tokens (a file, or nothing), subprotocol, connections, bytes, in-flight, type (text or
    binary). Opens the connections, prints READY, and obeys lines of its standard input until that ends: "echo COUNT",
    "pace COUNT PER-SECOND", "upgrades COUNT", "handshakes COUNT", "close". Answers "RESULT per-second median p99", or
    "FAILED why" and ends.
*/
int runLoad(const std::vector<std::string> &arguments);
//! The value of NAME=VALUE, or an empty text.
std::string loadArgument(const std::vector<std::string> &arguments, const std::string &name);
LoadTarget loadTarget(const std::vector<std::string> &arguments);

} // namespace Bench
