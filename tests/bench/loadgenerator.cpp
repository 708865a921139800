// SPDX-License-Identifier: Apache-2.0
#include "loadgenerator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include <sys/epoll.h>
#include <unistd.h>

namespace Bench {

namespace {

constexpr int kAtOnce = 16; // handshakes
constexpr int kPatience = 30'000; // milliseconds in which something has to happen

double loadMicroseconds(LoadClock::duration time)
{
    return std::chrono::duration<double, std::micro>(time).count();
}

} // namespace

LoadGenerator::LoadGenerator(const LoadTarget &target, const LoadPlan &plan)
    : m_target(target)
    , m_plan(plan)
    , m_tls(makeLoadTls(target))
    , m_epoll(::epoll_create1(EPOLL_CLOEXEC))
    , m_frame(loadFrame(plan.binary ? Wire::Opcode::Binary : Wire::Opcode::Text, plan.bytes))
{
    for (int i = 0; i < plan.inFlight; ++i)
        m_burst += m_frame;
}

LoadGenerator::~LoadGenerator()
{
    closeAll();
    ::close(m_epoll);
    SSL_CTX_free(m_tls);
}

void LoadGenerator::open()
{
    m_isPassing = false;
    m_goal = LoadConnection::Goal::WebSocket;
    m_started = m_done = 0;
    m_wanted = m_plan.connections;
    m_times.clear();
    for (int i = 0; i < kAtOnce; ++i)
        startNext();
    while (m_done < m_wanted)
        turn(kPatience);
}

LoadFigures LoadGenerator::open(int count, LoadConnection::Goal goal)
{
    m_isPassing = true;
    m_goal = goal;
    m_started = m_done = 0;
    m_wanted = count;
    m_times.clear();
    const auto start = LoadClock::now();
    for (int i = 0; i < kAtOnce; ++i)
        startNext();
    while (m_done < m_wanted) {
        turn(kPatience);
        std::erase_if(m_passing, [](const auto &one) { return one->state() == LoadConnection::State::Ended; });
    }
    m_isPassing = false;
    return figures(start);
}

LoadFigures LoadGenerator::echo(int messages)
{
    m_isPaced = false;
    m_sent = m_done = 0;
    m_wanted = messages;
    m_times.clear();
    const auto start = LoadClock::now();
    for (const auto &connection : m_connections)
        sendBurst(*connection);
    while (m_done < m_sent)
        turn(kPatience);
    return figures(start);
}

LoadFigures LoadGenerator::pace(int messages, double perSecond)
{
    m_isPaced = true;
    m_sent = m_done = 0;
    m_wanted = messages;
    m_times.clear();
    const auto start = LoadClock::now();
    while (m_done < m_wanted) {
        const auto due = std::min(double(messages), perSecond * loadMicroseconds(LoadClock::now() - start) / 1e6 + 1);
        for (; m_sent < int(due); ++m_sent) {
            LoadConnection &connection = *m_connections.at(std::size_t(m_sent) % m_connections.size());
            connection.sentAt.push_back(LoadClock::now());
            connection.send(m_frame);
        }
        turn(m_sent < messages ? 1 : kPatience);
    }
    return figures(start);
}

void LoadGenerator::closeAll()
{
    m_connections.clear();
    m_passing.clear();
}

void LoadGenerator::waitForInput(int descriptor)
{
    epoll_event event{};
    event.events = EPOLLIN;
    m_hasInput = false;
    ::epoll_ctl(m_epoll, EPOLL_CTL_ADD, descriptor, &event);
    while (!m_hasInput)
        turn(-1);
    ::epoll_ctl(m_epoll, EPOLL_CTL_DEL, descriptor, nullptr);
}

void LoadGenerator::opened(LoadConnection &connection)
{
    m_times.push_back(loadMicroseconds(LoadClock::now() - connection.startedAt()));
    ++m_done;
    if (m_isPassing)
        connection.close();
    startNext();
}

void LoadGenerator::messageReceived(LoadConnection &connection, std::uint64_t size)
{
    // Messages of the server's own are not ours.
    if (size != m_plan.bytes || connection.sentAt.empty())
        return;
    m_times.push_back(loadMicroseconds(LoadClock::now() - connection.sentAt.front()));
    connection.sentAt.pop_front();
    ++m_done;
    if (!m_isPaced && connection.sentAt.empty() && m_sent < m_wanted)
        sendBurst(connection);
}

void LoadGenerator::failed(LoadConnection &, const std::string &what)
{
    if (m_failure.empty())
        m_failure = what;
}

void LoadGenerator::startNext()
{
    if (m_started == m_wanted)
        return;
    const auto &tokens = m_target.tokens;
    const std::string token = tokens.empty() ? std::string() : tokens.at(m_nextToken++ % tokens.size());
    ++m_started;
    auto &list = m_isPassing ? m_passing : m_connections;
    LoadUser &user = *this; // make_unique() does not see that it is one
    list.push_back(std::make_unique<LoadConnection>(m_tls, m_target, token, m_goal, user));
    if (!list.back()->start(m_epoll, m_target.port))
        m_failure = "cannot connect";
}

void LoadGenerator::sendBurst(LoadConnection &connection)
{
    const auto now = LoadClock::now();
    for (int i = 0; i < m_plan.inFlight; ++i)
        connection.sentAt.push_back(now);
    m_sent += m_plan.inFlight;
    connection.send(m_burst);
}

void LoadGenerator::turn(int timeoutMs)
{
    std::array<epoll_event, 128> events;
    const int count = ::epoll_wait(m_epoll, events.data(), int(events.size()), timeoutMs);
    if (count == 0 && timeoutMs == kPatience)
        throw std::runtime_error("nothing came for " + std::to_string(kPatience / 1000) + " s");
    for (int i = 0; i < count; ++i) {
        if (auto *connection = static_cast<LoadConnection *>(events[std::size_t(i)].data.ptr))
            connection->wakeUp();
        else
            m_hasInput = true;
    }
    if (!m_failure.empty())
        throw std::runtime_error(m_failure);
}

LoadFigures LoadGenerator::figures(LoadClock::time_point start)
{
    LoadFigures figures;
    figures.perSecond = m_done * 1e6 / loadMicroseconds(LoadClock::now() - start);
    std::sort(m_times.begin(), m_times.end());
    const auto at = [this](double share) {
        return m_times.empty() ? 0 : m_times.at(std::size_t(std::floor(share * double(m_times.size() - 1))));
    };
    figures.median = at(0.5);
    figures.p99 = at(0.99);
    return figures;
}

std::string loadArgument(const std::vector<std::string> &arguments, const std::string &name)
{
    for (const std::string &argument : arguments) {
        if (argument.starts_with(name + '='))
            return argument.substr(name.size() + 1);
    }
    return {};
}

LoadTarget loadTarget(const std::vector<std::string> &arguments)
{
    LoadTarget target;
    target.port = static_cast<unsigned short>(std::stoi(loadArgument(arguments, "port")));
    target.path = loadArgument(arguments, "path");
    target.authorityFile = loadArgument(arguments, "ca");
    target.subprotocol = loadArgument(arguments, "subprotocol");
    std::ifstream tokens(loadArgument(arguments, "tokens"));
    for (std::string token; std::getline(tokens, token);)
        target.tokens.push_back(token);
    return target;
}

namespace {

LoadPlan loadPlan(const std::vector<std::string> &arguments)
{
    LoadPlan plan;
    plan.connections = std::stoi(loadArgument(arguments, "connections"));
    plan.bytes = std::stoul(loadArgument(arguments, "bytes"));
    plan.inFlight = std::stoi(loadArgument(arguments, "in-flight"));
    plan.binary = loadArgument(arguments, "type") == "binary";
    return plan;
}

LoadFigures obey(LoadGenerator &load, const std::string &line)
{
    std::istringstream words(line);
    std::string command;
    int count = 0;
    double perSecond = 0;
    words >> command >> count >> perSecond;
    if (command == "echo")
        return load.echo(count);
    if (command == "pace")
        return load.pace(count, perSecond);
    if (command == "upgrades")
        return load.open(count, LoadConnection::Goal::WebSocket);
    if (command == "handshakes")
        return load.open(count, LoadConnection::Goal::Tls);
    if (command != "close")
        throw std::runtime_error("unknown command " + command);
    load.closeAll();
    return {};
}

} // namespace

int runLoad(const std::vector<std::string> &arguments)
{
    // Lines are read one at a time, so that none of them waits where epoll does not see it.
    std::cin.sync_with_stdio(true);
    std::setvbuf(stdin, nullptr, _IONBF, 0);
    try {
        LoadGenerator load(loadTarget(arguments), loadPlan(arguments));
        load.open();
        std::printf("READY 0\n");
        std::fflush(stdout);
        for (;;) {
            load.waitForInput(STDIN_FILENO);
            std::string line;
            if (!std::getline(std::cin, line))
                return 0;
            const LoadFigures figures = obey(load, line);
            std::printf("RESULT %.6f %.3f %.3f\n", figures.perSecond, figures.median, figures.p99);
            std::fflush(stdout);
        }
    } catch (const std::exception &error) {
        std::printf("FAILED %s\n", error.what());
        std::fflush(stdout);
        return 1;
    }
}

} // namespace Bench
