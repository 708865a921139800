// SPDX-License-Identifier: Apache-2.0
#include "gate/firstmessage.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

SocketRules FirstMessage::rules(Duration time)
{
    SocketRules rules;
    rules.largestMessage = kLargest;
    rules.fragments = 16;
    rules.controlFramesPerSecond = 5;
    rules.messageTime = time;
    return rules;
}

FirstMessage::FirstMessage(std::unique_ptr<ClientSocket> socket,
                           std::function<void(const Secret &token, const QByteArray &proof)> received)
    : m_socket(std::move(socket))
    , m_received(std::move(received))
{
    connect(m_socket.get(), &ClientSocket::textReceived, this, &FirstMessage::textReceived);
    connect(m_socket.get(), &ClientSocket::binaryReceived, this,
            [this] { spoil(u"auth_expected"_s, u"the first message was binary data and no \"auth\" frame"_s); });
    connect(m_socket.get(), &ClientSocket::disconnected, this, [this] {
        if (std::exchange(m_state, State::Ended) != State::Ended)
            Q_EMIT left(m_socket->brokenLimit());
    });
}

FirstMessage::~FirstMessage()
{
    if (!m_socket)
        return;
    m_socket->disconnect(this);
    m_socket.release()->deleteLater(); // this may run inside one of its signals
}

std::unique_ptr<ClientSocket> FirstMessage::release()
{
    m_state = State::Ended;
    m_socket->disconnect(this);
    return std::move(m_socket);
}

void FirstMessage::refuse(const PeerClose &close)
{
    m_state = State::Ended;
    const QString reason = close.reason.isEmpty() ? closeCodeName(int(close.code)) : close.reason;
    m_socket->sendUtf8(byeOf(close).toText().toUtf8());
    m_socket->close(int(close.code), reason);
}

bool FirstMessage::askAgain(const QByteArray &nonce)
{
    if (m_state != State::Asked || m_attempts > 1)
        return false;
    m_state = State::Waiting;
    const QJsonObject fields{
        {u"code"_s, int(CloseCode::TokenInvalid)}, {u"reason"_s, u"use_dpop_nonce"_s}, {u"nonce"_s, QString::fromLatin1(nonce)}};
    m_socket->sendUtf8(Frame(QLatin1StringView(FrameType::AuthFail), fields).toText().toUtf8());
    return true;
}

void FirstMessage::textReceived(const QString &text)
{
    if (m_state == State::Ended)
        return;
    const Result<Frame> frame = Frame::parse(text);
    if (m_state == State::Asked) {
        spoil(u"auth_expected"_s, u"more came before it was clear who it is"_s);
    } else if (!frame || frame->type() != QLatin1StringView(FrameType::Auth)) {
        spoil(u"auth_expected"_s, u"the first message was no \"auth\" frame"_s);
    } else {
        m_state = State::Asked;
        ++m_attempts;
        const QJsonValue proof = frame->fields().value("dpop"_L1);
        m_received(Secret::copy(frame->fields().value("token"_L1).toString().toUtf8()),
                   proof.isUndefined() ? QByteArray() : proof.toString(u""_s).toLatin1());
    }
}

void FirstMessage::spoil(const QString &reasonCode, const QString &message)
{
    if (m_state == State::Ended)
        return;
    m_state = State::Asked; // until it is refused
    Q_EMIT spoiled(reasonCode, message);
}

} // namespace Watchword::Gateway
