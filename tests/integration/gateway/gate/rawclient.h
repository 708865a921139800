// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gatefixture.h"

/*! A client that writes each byte itself, over TLS, in the test's event loop. */
class RawClient
{
public:
    explicit RawClient(GateFixture &gate)
    {
        m_socket.setSslConfiguration(gate.clientTls());
        QObject::connect(&m_socket, &QIODevice::readyRead, &m_socket, [this] { received += m_socket.readAll(); });
        QObject::connect(&m_socket, &QAbstractSocket::disconnected, &m_socket, [this] { isClosed = true; });
        m_socket.connectToHostEncrypted(QStringLiteral("127.0.0.1"), gate.gateway->port());
    }
    ~RawClient() { m_socket.disconnect(); }

    void send(const QByteArray &bytes)
    {
        m_socket.write(bytes);
        m_socket.flush();
    }
    //! Sends \a request and takes the head of the answer away.
    QByteArray upgrade(const QByteArray &request)
    {
        send(request);
        Support::waitUntil([this] { return received.contains("\r\n\r\n") || isClosed; });
        const qsizetype end = received.indexOf("\r\n\r\n") + 4;
        const QByteArray head = received.first(end < 4 ? 0 : end);
        received.remove(0, head.size());
        return head;
    }
    bool await(const QByteArray &bytes)
    {
        return Support::waitUntil([&] { return received.size() >= bytes.size() || isClosed; }) && received.startsWith(bytes);
    }
    //! The code of the close frame that comes behind whatever; 0 if none does. Pings of the gateway are read over.
    int awaitClose()
    {
        Support::waitUntil([this] { return isClosed || closeCode() != 0; });
        return closeCode();
    }
    QSslSocket &socket() { return m_socket; }

    //! A masked frame of a client; \a first is its first byte.
    static QByteArray frame(int first, const QByteArray &payload, bool isMasked = true)
    {
        const int mask = isMasked ? 0x80 : 0;
        QByteArray bytes(1, char(first));
        if (payload.size() < 126) {
            bytes += char(mask | int(payload.size()));
        } else if (payload.size() < 65536) {
            bytes += char(mask | 126);
            bytes += char(payload.size() >> 8);
            bytes += char(payload.size() & 0xff);
        } else {
            bytes += char(mask | 127);
            for (int shift = 56; shift >= 0; shift -= 8)
                bytes += char(quint64(payload.size()) >> shift & 0xff);
        }
        if (!isMasked)
            return bytes + payload;
        const QByteArray key("\x12\x34\x56\x78", 4);
        bytes += key;
        for (qsizetype i = 0; i < payload.size(); ++i)
            bytes += char(payload.at(i) ^ key.at(i % 4));
        return bytes;
    }

    QByteArray received;
    bool isClosed = false;

private:
    int closeCode() const
    {
        qsizetype at = 0;
        while (at + 2 <= received.size()) {
            const int opcode = received.at(at) & 0x0f;
            qsizetype size = received.at(at + 1) & 0x7f;
            qsizetype head = 2;
            if (size == 126 && at + 4 <= received.size()) {
                size = qsizetype(quint8(received.at(at + 2))) << 8 | quint8(received.at(at + 3));
                head = 4;
            } else if (size == 127) {
                return 0; // not in these tests
            }
            if (opcode == 8 && at + head + 2 <= received.size())
                return int(quint8(received.at(at + head))) << 8 | quint8(received.at(at + head + 1));
            at += head + size;
        }
        return 0;
    }

    QSslSocket m_socket;
};
