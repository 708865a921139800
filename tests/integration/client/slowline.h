// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTcpServer>
#include <QTcpSocket>

#include <memory>
#include <vector>

/*! A line before servers on the loopback address: it can lead to another one, and stop carrying what they say. */
class SlowLine : public QTcpServer
{
public:
    explicit SlowLine(quint16 serverPort)
        : m_serverPort(serverPort)
    {
        connect(this, &QTcpServer::newConnection, this, [this] { accept(); });
        listen(QHostAddress::LocalHost);
    }
    void leadTo(quint16 serverPort) { m_serverPort = serverPort; } //!< Connections that come from now on.
    void stall() { m_isStalled = true; }
    void flow()
    {
        m_isStalled = false;
        for (const Pair &pair : m_pairs)
            pass(*pair.server, *pair.client);
    }

private:
    struct Pair
    {
        std::unique_ptr<QTcpSocket> client;
        std::unique_ptr<QTcpSocket> server;
    };

    static void pass(QTcpSocket &from, QTcpSocket &to)
    {
        if (from.isOpen() && to.isOpen())
            to.write(from.readAll());
    }

    void accept()
    {
        Pair pair{std::unique_ptr<QTcpSocket>(nextPendingConnection()), std::make_unique<QTcpSocket>()};
        QTcpSocket *client = pair.client.get();
        QTcpSocket *server = pair.server.get();
        client->setParent(nullptr);
        server->setReadBufferSize(4096); // what is not read stays with the server
        const auto up = [client, server] { pass(*client, *server); };
        connect(client, &QIODevice::readyRead, server, up);
        connect(server, &QTcpSocket::connected, client, up);
        connect(server, &QIODevice::readyRead, client, [this, client, server] {
            if (!m_isStalled)
                pass(*server, *client);
        });
        connect(server, &QTcpSocket::disconnected, client, [client] { client->disconnectFromHost(); });
        connect(client, &QTcpSocket::disconnected, server, [server] { server->abort(); });
        server->connectToHost(QHostAddress(QHostAddress::LocalHost), m_serverPort);
        m_pairs.push_back(std::move(pair));
    }

    quint16 m_serverPort;
    bool m_isStalled = false;
    std::vector<Pair> m_pairs;
};
