// SPDX-License-Identifier: Apache-2.0
#include "peers.h"

#include "watchword/link/connection.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QTimer>
#include <QWebSocket>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

// The first messages warm the path up and are not counted.
constexpr int kWarmUp = 2000;

int finish(double figure)
{
    std::printf("%.6f\n", figure);
    QCoreApplication::quit();
    return 0;
}

/*! Counts messages and knows when it is enough. */
class ReceiveCount
{
public:
    explicit ReceiveCount(int wanted)
        : m_wanted(wanted)
    {
    }
    void add()
    {
        ++m_seen;
        if (m_seen == kWarmUp)
            m_timer.start();
        else if (m_seen == kWarmUp + m_wanted)
            finish(m_wanted * 1e9 / double(m_timer.nsecsElapsed()));
    }

private:
    int m_wanted;
    int m_seen = 0;
    QElapsedTimer m_timer;
};

/*! Sends the next message when the last one came back. */
class RoundTrips
{
public:
    RoundTrips(int wanted, std::function<void(const QString &)> send)
        : m_wanted(wanted)
        , m_send(std::move(send))
    {
    }
    void start()
    {
        m_timer.start();
        m_send(m_text);
    }
    void arrived()
    {
        m_times.append(m_timer.nsecsElapsed());
        if (m_times.size() < m_wanted) {
            start();
            return;
        }
        std::sort(m_times.begin(), m_times.end());
        finish(double(m_times.at(m_times.size() / 2)) / 1000.0);
    }

private:
    int m_wanted;
    std::function<void(const QString &)> m_send;
    QString m_text = QString(256, u'x');
    QElapsedTimer m_timer;
    QList<qint64> m_times;
};

/*! Says READY once all are open, and a moment for what follows has passed. */
class IdleCount
{
public:
    explicit IdleCount(int wanted)
        : m_wanted(wanted)
    {
    }
    void add()
    {
        if (++m_seen == m_wanted)
            QTimer::singleShot(std::chrono::seconds(1), QCoreApplication::instance(), [] {
                std::printf("READY 0\n");
                std::fflush(stdout);
            });
    }

private:
    int m_wanted;
    int m_seen = 0;
};

Watchword::ConnectionOptions sdkOptions(const QStringList &arguments)
{
    Watchword::ConnectionOptions options;
    options.url = QUrl(arguments.value(0));
    options.additionalCertificateAuthorities = QSslCertificate::fromPath(arguments.value(1));
    return options;
}

Watchword::AccessToken someToken()
{
    Watchword::AccessToken token;
    token.value = Watchword::Secret::copy("bench");
    return token;
}

void openBare(QWebSocket &socket, const QStringList &arguments)
{
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.addCaCertificates(QSslCertificate::fromPath(arguments.value(1)));
    socket.setSslConfiguration(configuration);
    socket.open(QUrl(arguments.value(0)));
}

} // namespace

int receiveWithSdk(const QStringList &arguments)
{
    Watchword::FixedTokenProvider tokens(someToken());
    Watchword::Connection connection(&tokens, sdkOptions(arguments));
    ReceiveCount count(arguments.value(2).toInt());
    QObject::connect(&connection, &Watchword::Connection::textReceived, &connection, [&count](const QString &) { count.add(); });
    connection.open();
    return QCoreApplication::exec();
}

int receiveWithQWebSocket(const QStringList &arguments)
{
    QWebSocket socket;
    ReceiveCount count(arguments.value(2).toInt());
    QObject::connect(&socket, &QWebSocket::textMessageReceived, &socket, [&count](const QString &) { count.add(); });
    openBare(socket, arguments);
    return QCoreApplication::exec();
}

int idleWithSdk(const QStringList &arguments)
{
    Watchword::ConnectionOptions options = sdkOptions(arguments);
    // The default allows for one program's attempts, and here are many.
    options.budgetAttempts = 1'000'000;
    Watchword::FixedTokenProvider tokens(someToken());
    std::vector<std::unique_ptr<Watchword::Connection>> connections;
    IdleCount count(arguments.value(2).toInt());
    for (int i = 0; i < arguments.value(2).toInt(); ++i) {
        connections.push_back(std::make_unique<Watchword::Connection>(&tokens, options));
        Watchword::Connection *connection = connections.back().get();
        QObject::connect(connection, &Watchword::Connection::ready, connection, [&count] { count.add(); });
        connection->open();
    }
    return QCoreApplication::exec();
}

int idleWithQWebSocket(const QStringList &arguments)
{
    std::vector<std::unique_ptr<QWebSocket>> sockets;
    IdleCount count(arguments.value(2).toInt());
    for (int i = 0; i < arguments.value(2).toInt(); ++i) {
        sockets.push_back(std::make_unique<QWebSocket>());
        QWebSocket *socket = sockets.back().get();
        QObject::connect(socket, &QWebSocket::connected, socket, [&count] { count.add(); });
        openBare(*socket, arguments);
    }
    return QCoreApplication::exec();
}

int roundTripWithSdk(const QStringList &arguments)
{
    Watchword::FixedTokenProvider tokens(someToken());
    Watchword::Connection connection(&tokens, sdkOptions(arguments));
    RoundTrips trips(arguments.value(2).toInt(), [&connection](const QString &text) {
        if (!connection.sendText(text))
            QCoreApplication::exit(1);
    });
    QObject::connect(&connection, &Watchword::Connection::textReceived, &connection,
                     [&trips](const QString &) { trips.arrived(); });
    QObject::connect(&connection, &Watchword::Connection::ready, &connection, [&trips] { trips.start(); });
    connection.open();
    return QCoreApplication::exec();
}

int roundTripWithQWebSocket(const QStringList &arguments)
{
    QWebSocket socket;
    RoundTrips trips(arguments.value(2).toInt(), [&socket](const QString &text) { socket.sendTextMessage(text); });
    QObject::connect(&socket, &QWebSocket::textMessageReceived, &socket, [&trips](const QString &) { trips.arrived(); });
    QObject::connect(&socket, &QWebSocket::connected, &socket, [&trips] { trips.start(); });
    openBare(socket, arguments);
    return QCoreApplication::exec();
}

} // namespace Bench
