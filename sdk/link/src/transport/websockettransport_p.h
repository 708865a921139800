// SPDX-License-Identifier: Apache-2.0
#pragma once

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
    void connectTo(const QUrl &url);
    Result<void> authorize(QNetworkRequest &request);
    bool follow(const HttpAnswer &answer);
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
    void onDisconnected();
    void finish(TransportEnd end);
    void beginTransaction();
    HttpAnswer recoverAnswer();
    QByteArray presentedKey() const;

    const ConnectionOptions m_options;
    QStringList m_offered;
    QUrl m_url; //!< The one that is asked now.
    AccessToken m_token; //!< For redirects to the same origin.
    QByteArray m_proof; //!< Of the present request.
    bool m_nonceIsNew = false; //!< Of the last answer.
    int m_redirectsLeft;
    bool m_atOrigin = true; //!< Not sent to another host or port so far.
    QWebSocket *m_socket = nullptr;
    QPointer<QTcpSocket> m_child; //!< Of m_socket; null on platforms that have none.
    QPointer<QObject> m_reader; //!< Of m_socket's frames; null if Qt has none that can be found.
    Hearing m_hearing;
    QList<QSslError> m_tlsErrors;
    bool m_transaction = false;
    bool m_wasAsked = false; //!< The request left; what came back is an answer.
    bool m_opened = false;
    bool m_dropped = false; //!< The peer went without a close frame.
    bool m_over = false;
    bool m_aborted = false;
};

} // namespace Watchword
