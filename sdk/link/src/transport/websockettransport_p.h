// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/destination.h"
#include "transport/hearing.h"
#include "transport/textsource.h"

#include "watchword/link/connectionoptions.h"
#include "watchword/link/transport.h"

#include <QAbstractSocket>
#include <QPointer>
#include <QSslError>
#include <QWebSocketProtocol>

class QNetworkRequest;
class QTcpSocket;
class QWebSocket;

namespace Watchword {

/*!
    One attempt over TLS with a QWebSocket of its own: ConnectionOptions::Engine::QtWebSockets.

    What Qt does otherwise than RFC 6455 stands at that option.
*/
class WebSocketTransport final : public Transport, public TextSource
{
    Q_OBJECT

public:
    explicit WebSocketTransport(ConnectionOptions options);
    ~WebSocketTransport() override;

    void start(const AccessToken &token) override;
    QUrl authorizedUrl() const override;
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
    enum class State {
        Idle,
        Connecting, //!< Up to TLS and pins.
        Asking, //!< The request left; what comes back is an answer, which is kept in the socket's buffer.
        Open,
        Dropped, //!< The peer went without a close frame. What Qt read before it is still told.
        Over, //!< ended() is on its way or was told.
        Aborted
    };
    struct Answer
    {
        HttpAnswer http{};
        QByteArray newNonce{}; //!< One that the proof of the request does not hold.
    };
    bool isAlive() const { return m_state < State::Over; }
    void connectToServer();
    Result<void> authorize(QNetworkRequest &request);
    void retireSocket();
    void makeSocket();
    void watchChild();
    void shortenWay();
    void takeVerdicts(QObject &reader);
    void ignoreSocket();
    void onEncrypted();
    void onRead();
    bool beginSending();
    void onConnected();
    void onError(QAbstractSocket::SocketError error);
    void onRefused(const Answer &answer);
    void onDisconnected();
    void finish(TransportEnd end);
    void ask();
    Answer recoverAnswer();

    const ConnectionOptions m_options;
    Destination m_destination;
    State m_state = State::Idle;
    QByteArray m_proof; //!< Of the present request.
    QWebSocket *m_socket = nullptr;
    QPointer<QTcpSocket> m_child; //!< Of m_socket; null on platforms that have none.
    QPointer<QObject> m_reader; //!< Of m_socket's frames; null if Qt has none that can be found.
    Hearing m_hearing;
    QList<QSslError> m_tlsErrors;
};

} // namespace Watchword
