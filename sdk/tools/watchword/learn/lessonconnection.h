// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/httphead.h"
#include "watchword/wire/messagereader.h"

#include <QJsonObject>
#include <QSslSocket>
#include <QTimer>

#include <optional>

namespace Watchword::Tool {

class LessonServer;

/*!
    One connection of a LessonServer: TLS, one request, then frames. Everything that it refuses it refuses for one reason, as the
    guide says, but what the server's flaw lets pass.

    Life: deletes itself when its socket is closed; belongs to the server.
*/
class LessonConnection : public QObject, private Wire::MessageSink
{
    Q_OBJECT

public:
    static constexpr char kPath[] = "/v1/stream";
    static constexpr char kIssuer[] = "https://login.example.com";
    static constexpr char kAudience[] = "wss://orders.example.com";
    static constexpr char kScope[] = "orders:read";

    LessonConnection(LessonServer *server, qintptr descriptor);

private:
    enum class Phase { FirstByte, Head, Frames, Ending };

    void read();
    void readHead(const QByteArray &bytes);
    void readFrames(QByteArray bytes);
    void decide(const Wire::HttpHead &head);
    bool isUpgradeTo(const Wire::HttpHead &head, QByteArrayView path);
    std::optional<QByteArray> tokenOf(const Wire::HttpHead &head); //!< Nothing if the request was refused for it.
    std::optional<QJsonObject> claimsOf(const QByteArray &token) const;
    void accept(const Wire::HttpHead &head, const QJsonObject &claims);
    void refuse(int status, const QByteArray &fields = {});
    void answer(int status, const QByteArray &fields, const QByteArray &body);
    void send(Wire::Opcode opcode, Wire::Bytes payload);
    void close(std::uint16_t code, std::string_view reason);
    void end();

    Wire::Flow messageReceived(Wire::Opcode, Wire::MutableBytes) override { return Wire::Flow::GoOn; }
    Wire::Flow pingReceived(Wire::Bytes payload) override;
    Wire::Flow pongReceived(Wire::Bytes) override { return Wire::Flow::GoOn; }
    Wire::Flow closeReceived(const Wire::CloseFrame &close) override;

    LessonServer *m_server;
    QSslSocket *m_socket;
    Phase m_phase = Phase::FirstByte;
    Wire::HeadReader m_head{Wire::HeadKind::Request};
    Wire::MessageReader m_frames;
    QTimer m_deadline; //!< Of the head; then of the token.
};

} // namespace Watchword::Tool
