// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/framesender.h"
#include "transport/sockettransport.h"
#include "transport/websockethandshake.h"

#include "watchword/wire/messagereader.h"

#include <QAbstractSocket>
#include <QTimer>

#include <memory>

class QSslSocket;
class QTcpSocket;

namespace Watchword {

/*!
    One attempt over a QSslSocket, or a QTcpSocket for ws:// on loopback, with the frames of Watchword::Wire.

    What comes in is read in one batch, and what arises from it is sent once at its end. Slots of its signals may send,
    close, abort or destroy it. The socket is never deleted below one of its own slots: it is let go and deletes itself,
    after a moment in which a close frame can still leave.
*/
class WireTransport final : public SocketTransport, private Wire::MessageSink
{
    Q_OBJECT

public:
    explicit WireTransport(ConnectionOptions options);
    ~WireTransport() override;

    void sendText(const QString &text) override;
    void sendBinary(const QByteArray &bytes) override;
    void ping(const QByteArray &payload) override;
    void close(int code, const QString &reason) override;
    void abort() override;
    qint64 bytesQueued() const override;

private:
    /*! One run of the reading loop, on its stack: it learns there that the transport is gone. */
    struct Batch
    {
        bool isGone = false;
    };

    void connectToServer() override;
    void makeSocket();
    void watchSocket();
    void onConnected();
    void onEncrypted();
    void ask();
    void onReadyRead();
    void readAll();
    bool take(Wire::MutableBytes bytes);
    bool takeAnswer(Wire::MutableBytes &bytes);
    bool becomeOpen();
    bool takeFrames(Wire::MutableBytes bytes);
    void onError(QAbstractSocket::SocketError error);
    void onDisconnected();
    void onBytesWritten();

    Wire::Flow messageReceived(Wire::Opcode type, Wire::MutableBytes message) override;
    Wire::Flow pingReceived(Wire::Bytes payload) override;
    Wire::Flow pongReceived(Wire::Bytes payload) override;
    Wire::Flow closeReceived(const Wire::CloseFrame &close) override;
    static Wire::Flow flow(const Batch &batch, const WireTransport *self);

    void sendClose(std::uint16_t code, std::string_view reason);

    void judgeRefusal();
    void failFrames(Wire::Fault fault, std::uint16_t peerCloseCode);
    void finish(TransportEnd end) override { finish(std::move(end), Parting::WhenWritten); }
    void finish(TransportEnd end, Parting how);
    void releaseSocket(Parting how);

    QTcpSocket *m_socket = nullptr; //!< Null once it is let go.
    std::unique_ptr<WebSocketHandshake> m_handshake; //!< Until it is over.
    QTimer m_body; //!< Runs while the rest of a refusal's body is awaited.
    std::unique_ptr<Wire::MessageReader> m_reader; //!< From the 101 on.
    std::unique_ptr<FrameSender> m_sender; //!< From the 101 on, as long as there is a socket.
    Batch *m_batch = nullptr; //!< Of the reading loop that runs; null if none does.
};

} // namespace Watchword
