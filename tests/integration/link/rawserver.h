// SPDX-License-Identifier: Apache-2.0
#pragma once

// A server that says whatever a test wants, byte by byte, and a transport with what came of it.

#include "linkfixture.h"

#include <QCryptographicHash>
#include <QPointer>
#include <QTcpServer>
#include <QTcpSocket>

namespace LinkTest {

/*! Plain TCP on loopback; reads the head of each upgrade and keeps what comes behind it. */
class RawServer
{
public:
    RawServer()
    {
        m_isListening = m_server.listen(QHostAddress::LocalHost);
        QObject::connect(&m_server, &QTcpServer::newConnection, &m_server, [this] {
            QTcpSocket *const socket = m_server.nextPendingConnection();
            m_socket = socket;
            head.clear();
            frames.clear();
            ++connections;
            QObject::connect(socket, &QTcpSocket::readyRead, socket, [this, socket] { read(socket); });
            QObject::connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
        });
    }
    bool isListening() const { return m_isListening; }
    QUrl url() const { return QUrl(u"ws://127.0.0.1:%1/stream"_s.arg(m_server.serverPort())); }
    QTcpSocket *socket() const { return m_socket; }
    bool wasAsked() const { return head.endsWith("\r\n\r\n"); }

    QByteArray accept() const
    {
        const qsizetype at = head.indexOf("Sec-WebSocket-Key: ") + 19;
        const QByteArray key = head.mid(at, head.indexOf("\r\n", at) - at);
        return QCryptographicHash::hash(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", QCryptographicHash::Sha1).toBase64();
    }
    //! The answer of a server that lets the client in, with \a lines besides.
    QByteArray answer(const QByteArray &lines = {}) const
    {
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + accept() + "\r\n" + lines + "\r\n";
    }
    void say(const QByteArray &bytes)
    {
        if (m_socket)
            m_socket->write(bytes);
    }
    void stopReading()
    {
        m_reads = false;
        if (m_socket)
            m_socket->setReadBufferSize(1);
    }
    //! The payload of the first close frame that came, unmasked; "none" without one.
    QByteArray closePayload() const
    {
        const qsizetype at = frames.indexOf('\x88');
        if (at < 0 || frames.size() < at + 6)
            return "none";
        QByteArray payload = frames.mid(at + 6, frames.at(at + 1) & 0x7f);
        for (qsizetype i = 0; i < payload.size(); ++i)
            payload[i] = char(payload.at(i) ^ frames.at(at + 2 + i % 4));
        return payload;
    }

    QByteArray head;
    QByteArray frames; //!< Behind the head.
    int connections = 0;

private:
    void read(QTcpSocket *socket)
    {
        if (!m_reads)
            return;
        QByteArray bytes = socket->readAll();
        if (!wasAsked()) {
            head += bytes;
            const qsizetype end = head.indexOf("\r\n\r\n");
            bytes = end < 0 ? QByteArray() : head.mid(end + 4);
            head.truncate(end < 0 ? head.size() : end + 4);
        }
        frames += bytes;
    }

    QTcpServer m_server;
    QPointer<QTcpSocket> m_socket;
    bool m_isListening = false;
    bool m_reads = true;
};

/*! A transport and what it told. */
struct Way
{
    explicit Way(const ConnectionOptions &options)
        : transport(makeWebSocketTransport(options))
    {
        Transport *t = transport.get();
        QObject::connect(t, &Transport::opened, t, [this](const QString &chosen) { opened.append(chosen); });
        QObject::connect(t, &Transport::textReceived, t, [this](const QString &text) { texts.append(text); });
        QObject::connect(t, &Transport::binaryReceived, t, [this](const QByteArray &bytes) { binaries.append(bytes); });
        QObject::connect(t, &Transport::pongReceived, t, [this](const QByteArray &payload) { pongs.append(payload); });
        QObject::connect(t, &Transport::ended, t, [this](const TransportEnd &end) { ends.append(end); });
    }
    bool isOver() const { return !ends.isEmpty(); }

    std::unique_ptr<Transport> transport;
    QStringList opened;
    QStringList texts;
    QByteArrayList binaries;
    QByteArrayList pongs;
    QList<TransportEnd> ends;
};

} // namespace LinkTest
