// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/clientsocket.h"

#include <QElapsedTimer>
#include <QSslConfiguration>
#include <QWebSocket>

#include <memory>

/*! A ClientSocket of Qt's own WebSocket server, which is no code of ours. */
class QtSocket : public Watchword::Gateway::ClientSocket
{
public:
    explicit QtSocket(QWebSocket *socket)
        : m_socket(socket)
    {
        connect(socket, &QWebSocket::textMessageReceived, this, &ClientSocket::textReceived);
        connect(socket, &QWebSocket::binaryMessageReceived, this, &ClientSocket::binaryReceived);
        m_heard.start();
        connect(socket, &QWebSocket::textMessageReceived, this, [this] { m_heard.start(); });
        connect(socket, &QWebSocket::binaryMessageReceived, this, [this] { m_heard.start(); });
        connect(socket, &QWebSocket::pong, this, [this](quint64 took, const QByteArray &payload) {
            m_heard.start();
            m_roundTrip = std::chrono::milliseconds(took);
            Q_EMIT pongReceived(payload);
        });
        connect(socket, &QWebSocket::disconnected, this, &ClientSocket::disconnected);
    }
    ~QtSocket() override
    {
        m_socket->disconnect(this);
        m_socket.release()->deleteLater();
    }

    QString subprotocol() const override { return m_socket->subprotocol(); }
    QString tlsProtocol() const override
    {
        const bool isNewest = m_socket->sslConfiguration().sessionProtocol() == QSsl::TlsV1_3;
        return isNewest ? QStringLiteral("TLSv1.3") : QStringLiteral("TLSv1.2");
    }
    void sendUtf8(const QByteArray &text) override { m_socket->sendTextMessage(QString::fromUtf8(text)); }
    void sendBinary(const QByteArray &data) override { m_socket->sendBinaryMessage(data); }
    void ping(const QByteArray &payload) override { m_socket->ping(payload); }
    // close() and abort() of Qt emit disconnected() at once.
    void close(int code, const QString &reason) override
    {
        QMetaObject::invokeMethod(
            m_socket.get(),
            [socket = m_socket.get(), code, reason] { socket->close(QWebSocketProtocol::CloseCode(code), reason); },
            Qt::QueuedConnection);
    }
    void abort() override { QMetaObject::invokeMethod(m_socket.get(), &QWebSocket::abort, Qt::QueuedConnection); }
    qint64 queuedBytes() const override { return m_socket->bytesToWrite(); }
    quint64 receivedBytes() const override { return 0; } // Qt does not tell
    void setRules(const Watchword::Gateway::SocketRules &) override { }
    void setReadPaused(bool) override { }
    int closeCode() const override { return m_socket->closeCode(); }
    QString closeReason() const override { return m_socket->closeReason(); }
    QString fault() const override { return {}; }
    std::chrono::milliseconds idleTime() const override { return std::chrono::milliseconds(m_heard.elapsed()); }
    std::optional<std::chrono::milliseconds> roundTrip() const override { return m_roundTrip; }

private:
    std::unique_ptr<QWebSocket> m_socket;
    QElapsedTimer m_heard;
    std::optional<std::chrono::milliseconds> m_roundTrip;
};
