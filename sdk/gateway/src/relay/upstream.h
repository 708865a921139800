// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/peer.h"
#include "relay/readpause.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QQueue>
#include <QWebSocket>

namespace Watchword::Gateway {

/*!
    The gateway's connection to the upstream server on behalf of one client.

    Messages that come while it connects wait, and from kQueueBytes on the client is paused; a "msg" is acknowledged when
    the operating system has all bytes of it. Where one side reads slower than the other sends, the sender is paused, towards
    the client from the endpoint's queue_bytes on or earlier; a side that takes nothing for kStallTime ends the connection
    (4440 for the client, 1013 for the upstream).

    Life cycle: open(), then closed() exactly once. finishAfterAnswers() before the gateway closes the client: nothing more is
    taken from it, and what the upstream answers to what was taken still goes to it. A WebSocket ping behind the last message
    tells: servers answer it in its turn. finish() after the client went: what was accepted still goes out.
    Threads: one. Ownership: borrows the peer until finish().
*/
class Upstream : public QObject
{
    Q_OBJECT

public:
    static constexpr qint64 kQueueBytes = 1024 * 1024; //!< Waiting for the upstream; then the client is paused.
    static constexpr qint64 kMostQueueBytes = 32 * 1024 * 1024; //!< Beyond this the client is closed.
    static constexpr Duration kConnectTime = std::chrono::seconds(10);
    static constexpr Duration kStallTime = std::chrono::seconds(30);
    static constexpr Duration kAnswerTime = std::chrono::seconds(1); //!< For the upstream's last answers.

    Upstream(const EndpointConfig &config, Peer &peer, QObject *parent = nullptr);
    ~Upstream() override;

    void open();
    void sendText(const QString &text, const QString &messageId = {});
    void sendBinary(const QByteArray &data);
    void finishAfterAnswers(const PeerClose &close);
    void finish();

Q_SIGNALS:
    void closed();
    void taken(const QString &messageId); //!< Just before its acknowledgement.

private:
    struct Message
    {
        QString text;
        QByteArray binary;
        bool isBinary = false;
        QString id;
    };
    enum class State { New, Connecting, Open, Answering, Finishing, Closed };

    QNetworkRequest request() const;
    void connected();
    void send(const Message &message);
    void enqueue(const Message &message, qint64 bytes);
    void acknowledgeSent();
    void pauseClient(bool isPaused);
    void brake();
    void answered();
    void ended();
    void end(CloseCode code, const QString &reason, const QString &cause);

    EndpointConfig m_config;
    Peer *m_peer;
    std::unique_ptr<QWebSocket> m_socket;
    QPointer<QTcpSocket> m_transport;
    State m_state = State::New;
    Alarm m_deadline;
    Alarm m_poll; // runs only while one side is paused
    QQueue<Message> m_waiting;
    qint64 m_waitingBytes = 0;
    QStringList m_unacknowledged;
    bool m_sawClose = false;
    std::optional<PeerClose> m_lastClose; // while Answering
    bool m_isClientPaused = false;
    ReadPause m_upstreamPause;
    qint64 m_lastQueued = 0;
    Instant m_progressAt{};
};

} // namespace Watchword::Gateway
