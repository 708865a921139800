// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gatefixture.h"
#include "watchword/wire/frame.h"
#include "watchword/wire/handshake.h"

#include <QPointer>
#include <QTcpServer>
#include <QTcpSocket>

/*! Frames by hand: what no library sends. */
namespace RawFrames {

inline QByteArray header(unsigned char first, quint64 length, bool isMasked)
{
    QByteArray bytes(1, char(first));
    const unsigned char mask = isMasked ? 0x80 : 0;
    if (length < 126) {
        bytes += char(mask | length);
    } else if (length < 65536) {
        bytes += char(mask | 126);
        bytes += char(length >> 8);
        bytes += char(length);
    } else {
        bytes += char(mask | 127);
        for (int shift = 56; shift >= 0; shift -= 8)
            bytes += char(length >> shift);
    }
    return isMasked ? bytes + QByteArray(4, '\0') : bytes; // masked with zeros
}
inline QByteArray fromClient(unsigned char first, const QByteArray &payload)
{
    return header(first, quint64(payload.size()), true) + payload;
}
inline QByteArray fromServer(unsigned char first, const QByteArray &payload)
{
    return header(first, quint64(payload.size()), false) + payload;
}
inline QByteArray closing(quint16 code, const QByteArray &reason)
{
    return QByteArray(1, char(code >> 8)) + char(code & 0xff) + reason;
}

struct Frame
{
    unsigned char first = 0; //!< FIN, RSV and opcode.
    bool isMasked = false;
    QByteArray payload;
};

//! Takes whole frames from the front of \a bytes.
inline QList<Frame> take(QByteArray &bytes)
{
    QList<Frame> frames;
    while (bytes.size() >= 2) {
        const auto at = [&bytes](qsizetype i) { return quint64(static_cast<unsigned char>(bytes[i])); };
        quint64 length = at(1) & 0x7f;
        qsizetype head = 2;
        const qsizetype extra = length == 126 ? 2 : length == 127 ? 8 : 0;
        const bool isMasked = (at(1) & 0x80) != 0;
        if (bytes.size() < head + extra + (isMasked ? 4 : 0))
            break;
        if (extra > 0)
            length = 0;
        for (qsizetype i = 0; i < extra; ++i)
            length = length << 8 | at(head + i);
        head += extra;
        const QByteArray mask = isMasked ? bytes.mid(head, 4) : QByteArray(4, '\0');
        head += isMasked ? 4 : 0;
        if (quint64(bytes.size()) < quint64(head) + length)
            break;
        Frame frame{static_cast<unsigned char>(bytes[0]), isMasked, bytes.mid(head, qsizetype(length))};
        for (qsizetype i = 0; i < frame.payload.size(); ++i)
            frame.payload[i] = char(frame.payload[i] ^ mask[i % 4]);
        frames.append(frame);
        bytes.remove(0, head + qsizetype(length));
    }
    return frames;
}

} // namespace RawFrames

/*! A server that answers what the test tells it, for one connection after the other. */
class RawUpstream
{
public:
    RawUpstream()
    {
        QObject::connect(&m_server, &QTcpServer::newConnection, &m_server, [this] {
            if (socket)
                socket->disconnect();
            socket = m_server.nextPendingConnection();
            ++connections;
            isGone = false;
            request.clear();
            bytes.clear();
            frames.clear();
            m_isWebSocket = false;
            QObject::connect(socket, &QIODevice::readyRead, socket, [this] { read(); });
            QObject::connect(socket, &QAbstractSocket::disconnected, socket, [this] { isGone = true; });
        });
    }
    bool listen() { return m_server.listen(QHostAddress(QHostAddress::LocalHost)); }
    quint16 port() const { return m_server.serverPort(); }
    QUrl url(const QString &path = {}) const { return QUrl(QStringLiteral("ws://127.0.0.1:%1%2").arg(port()).arg(path)); }
    void stopListening() { m_server.close(); }

    //! Of a connection that is not the last one that this was asked for.
    bool awaitRequest()
    {
        const bool isThere = Support::waitUntil([this] { return connections > m_answered && request.endsWith("\r\n\r\n"); });
        m_answered = connections;
        return isThere;
    }
    void forget() { m_answered = connections; } //!< Connections that nobody asked for.
    //! The 101, with \a before it and \a fields in it.
    void accept(const QByteArray &fields = {}, const QByteArray &before = {}, const QByteArray &connection = "Upgrade")
    {
        m_isWebSocket = true;
        const QByteArray key = value("Sec-WebSocket-Key");
        const std::string accept = Watchword::Wire::acceptValue({key.constData(), size_t(key.size())});
        write(before + "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: " + connection
              + "\r\nSec-WebSocket-Accept: " + QByteArray::fromStdString(accept) + "\r\n" + fields + "\r\n");
    }
    QByteArray value(const QByteArray &name) const
    {
        for (const QByteArray &line : request.split('\n')) {
            if (line.toLower().startsWith(name.toLower() + ':'))
                return line.mid(name.size() + 1).trimmed();
        }
        return {};
    }
    void write(const QByteArray &data) { socket->write(data); }
    void send(unsigned char first, const QByteArray &payload) { write(RawFrames::fromServer(first, payload)); }
    QList<RawFrames::Frame> frames; //!< That the gateway sent.
    QByteArray request; //!< Its head.
    QByteArray bytes; //!< Behind it; after accept() only what is no whole frame yet.
    QPointer<QTcpSocket> socket;
    int connections = 0;
    bool isGone = false;

private:
    void read()
    {
        bytes += socket->readAll();
        if (!request.endsWith("\r\n\r\n")) {
            const qsizetype end = bytes.indexOf("\r\n\r\n");
            if (end < 0)
                return;
            request = bytes.left(end + 4);
            bytes.remove(0, end + 4);
        }
        if (m_isWebSocket)
            frames += RawFrames::take(bytes);
    }

    QTcpServer m_server;
    int m_answered = 0;
    bool m_isWebSocket = false;
};

/*! A client over TLS that sends what the test says. */
class RawClient
{
public:
    explicit RawClient(const GateFixture &gate, const QByteArray &path, const QByteArray &fields = {})
        : RawClient(gate, Head{GateFixture::upgrade(path, gate.token(), fields)})
    {
    }
    struct Head
    {
        QByteArray bytes;
    };
    RawClient(const GateFixture &gate, const Head &head)
    {
        m_socket.setSslConfiguration(gate.clientTls());
        QObject::connect(&m_socket, &QAbstractSocket::disconnected, &m_socket, [this] { isGone = true; });
        QObject::connect(&m_socket, &QIODevice::readyRead, &m_socket, [this] { read(); });
        QObject::connect(&m_socket, &QSslSocket::encrypted, &m_socket, [this, head] { m_socket.write(head.bytes); });
        m_socket.connectToHostEncrypted(QStringLiteral("127.0.0.1"), gate.gateway->port());
    }
    ~RawClient() { m_socket.disconnect(); }

    bool awaitAnswer()
    {
        return Support::waitUntil([this] { return answer.contains("\r\n\r\n"); });
    }
    int status() const { return answer.mid(9, 3).toInt(); }
    bool isOpen() { return awaitAnswer() && status() == 101; }
    void write(const QByteArray &data) { m_socket.write(data); }
    void send(unsigned char first, const QByteArray &payload) { write(RawFrames::fromClient(first, payload)); }
    //! The code of the close frame that came; 0 if none did.
    int closeCode() const
    {
        for (const RawFrames::Frame &frame : frames) {
            if (frame.first == 0x88)
                return frame.payload.size() < 2 ? 1005 : (uchar(frame.payload[0]) << 8 | uchar(frame.payload[1]));
        }
        return 0;
    }
    QByteArray closeReason() const
    {
        for (const RawFrames::Frame &frame : frames) {
            if (frame.first == 0x88)
                return frame.payload.mid(2);
        }
        return {};
    }
    QSslSocket &socket() { return m_socket; }

    QByteArray answer; //!< The head, or all of it if it is none of a 101.
    QList<RawFrames::Frame> frames;
    bool isGone = false;

private:
    void read()
    {
        m_bytes += m_socket.readAll();
        if (answer.isEmpty()) {
            const qsizetype end = m_bytes.indexOf("\r\n\r\n");
            if (end < 0)
                return;
            answer = m_bytes.left(end + 4);
            m_bytes.remove(0, end + 4);
        }
        if (status() == 101)
            takeFrames();
        else
            answer += std::exchange(m_bytes, {});
    }

    void takeFrames()
    {
        const QList<RawFrames::Frame> taken = RawFrames::take(m_bytes);
        for (const RawFrames::Frame &frame : taken) {
            if (frame.first != 0x89) // the gateway's heartbeat
                frames.append(frame);
        }
    }

    QSslSocket m_socket;
    QByteArray m_bytes;
};
