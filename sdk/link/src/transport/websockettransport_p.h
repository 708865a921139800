// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/sockettransport.h"

#include <QAbstractSocket>
#include <QPointer>
#include <QWebSocketProtocol>

class QNetworkRequest;
class QTcpSocket;
class QWebSocket;

namespace Watchword {

/*!
    One attempt over TLS with a QWebSocket of its own: ConnectionOptions::Engine::QtWebSockets.

    What Qt does otherwise than RFC 6455 stands at that option.
*/
class WebSocketTransport final : public SocketTransport
{
    Q_OBJECT

public:
    explicit WebSocketTransport(ConnectionOptions options);
    ~WebSocketTransport() override;

    void sendText(const QString &text) override;
    void sendBinary(const QByteArray &bytes) override;
    void ping(const QByteArray &payload) override;
    void close(int code, const QString &reason) override;
    void abort() override;
    qint64 bytesQueued() const override;

private Q_SLOTS:
    void onText(const QString &text);
    void onVerdict(QWebSocketProtocol::CloseCode code, const QString &text);

private:
    struct Answer
    {
        HttpAnswer http{};
        QByteArray newNonce{}; //!< One that the proof of the request does not hold.
    };
    void connectToServer() override;
    Result<void> authorize(QNetworkRequest &request);
    void retireSocket();
    void makeSocket();
    void watchChild();
    void bypassSocketSignals();
    void takeVerdicts(QObject &reader);
    void ignoreSocket();
    void onEncrypted();
    void onRead();
    void onConnected();
    void onError(QAbstractSocket::SocketError error);
    void onRefused(const Answer &answer);
    void onDisconnected();
    void finish(TransportEnd end) override;
    void ask();
    Answer recoverAnswer();

    QByteArray m_proof; //!< Of the present request.
    QWebSocket *m_socket = nullptr;
    QPointer<QTcpSocket> m_child; //!< Of m_socket; null on platforms that have none.
    QPointer<QObject> m_reader; //!< Of m_socket's frames; null if Qt has none that can be found.
};

} // namespace Watchword
