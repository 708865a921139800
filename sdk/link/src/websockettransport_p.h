// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/connectionoptions.h"
#include "watchword/link/transport.h"

#include <QAbstractSocket>
#include <QPointer>
#include <QSslError>

class QTcpSocket;
class QWebSocket;

namespace Watchword {

/*! One attempt over TLS with a QWebSocket of its own. */
class WebSocketTransport final : public Transport
{
    Q_OBJECT

public:
    explicit WebSocketTransport(ConnectionOptions options);
    ~WebSocketTransport() override;

    void start(const Secret &token, const QString &scheme) override;
    void sendText(const QString &text) override;
    void sendBinary(const QByteArray &bytes) override;
    void ping(const QByteArray &payload) override;
    void close(int code, const QString &reason) override;
    void abort() override;
    qint64 bytesQueued() const override;

private:
    void makeSocket();
    void watchChild();
    void onEncrypted();
    void onConnected();
    void onError(QAbstractSocket::SocketError error);
    void onDisconnected();
    void finish(TransportEnd end);
    void beginTransaction();
    HttpAnswer recoverAnswer();
    TransportEnd refusedUpgrade(const HttpAnswer &answer) const;
    Error networkError(QAbstractSocket::SocketError error) const;
    bool pinMatches() const;

    const ConnectionOptions m_options;
    QStringList m_offered;
    QWebSocket *m_socket = nullptr;
    QPointer<QTcpSocket> m_child; //!< Of m_socket; null on platforms that have none.
    QList<QSslError> m_tlsErrors;
    bool m_transaction = false;
    bool m_opened = false;
    bool m_dropped = false; //!< The peer went without a close frame.
    bool m_over = false;
    bool m_aborted = false;
};

} // namespace Watchword
