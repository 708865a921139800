// SPDX-License-Identifier: Apache-2.0
#include "transport/framesender.h"

#include <QRandomGenerator>
#include <QSslSocket>
#include <QTimer>

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

namespace Watchword {

namespace {

constexpr qint64 kRoomForPong = 64 * 1024;
constexpr std::size_t kKeptFrame = 64 * 1024;
constexpr std::chrono::seconds kPartingTime(2);

} // namespace

FrameSender::FrameSender(QTcpSocket *socket, std::shared_ptr<Wire::Compression> compression)
    : m_socket(socket)
    , m_compression(std::move(compression))
{
}

void FrameSender::sendMessage(Wire::Opcode type, Wire::Bytes payload)
{
    std::vector<std::uint8_t> deflated;
    const bool isCompressed = m_compression && m_compression->deflate(payload, deflated);
    sendFrame({.opcode = type, .compressed = isCompressed}, isCompressed ? Wire::Bytes(deflated) : payload);
}

void FrameSender::sendPing(Wire::Bytes payload)
{
    sendFrame({.opcode = Wire::Opcode::Ping}, payload.first(std::min(payload.size(), Wire::kLargestControl)));
}

void FrameSender::sendClose(std::uint16_t code, std::string_view reason)
{
    std::array<std::uint8_t, Wire::kLargestControl> payload{};
    const std::size_t size = Wire::writeClosePayload(payload.data(), code, reason);
    m_pong.reset();
    sendFrame({.opcode = Wire::Opcode::Close}, Wire::Bytes(payload).first(size));
}

void FrameSender::owePong(Wire::Bytes payload)
{
    m_pong = QByteArray(reinterpret_cast<const char *>(payload.data()), qsizetype(payload.size()));
}

void FrameSender::sendPong()
{
    if (!m_pong || bytesUnsent(m_socket) >= kRoomForPong)
        return;
    const QByteArray payload = *std::exchange(m_pong, std::nullopt);
    sendFrame({.opcode = Wire::Opcode::Pong}, viewOf(payload));
}

qint64 FrameSender::bytesQueued() const
{
    return bytesUnsent(m_socket) + (m_pong ? m_pong->size() : 0);
}

void FrameSender::sendFrame(const Wire::FrameHeader &header, Wire::Bytes payload)
{
    m_frame.resize(Wire::headerSize(payload.size(), true) + payload.size());
    const Wire::MaskKey mask = nextMask();
    Wire::writeFrame(m_frame.data(), header, payload, &mask);
    m_socket->write(reinterpret_cast<const char *>(m_frame.data()), qint64(m_frame.size()));
    if (m_frame.capacity() > kKeptFrame)
        m_frame = {};
}

// RFC 6455 section 10.3: not to be guessed. Asking the system for each frame would cost more than the frame.
Wire::MaskKey FrameSender::nextMask()
{
    if (m_masksLeft == 0) {
        QRandomGenerator::system()->fillRange(m_masks.data(), qsizetype(m_masks.size()));
        m_masksLeft = m_masks.size();
    }
    return std::bit_cast<Wire::MaskKey>(m_masks[--m_masksLeft]);
}

qint64 bytesUnsent(const QTcpSocket *socket)
{
    const auto *tls = qobject_cast<const QSslSocket *>(socket);
    return socket->bytesToWrite() + (tls ? tls->encryptedBytesToWrite() : 0);
}

void partFrom(QTcpSocket *socket, Parting how)
{
    socket->setParent(nullptr);
    if (how == Parting::AtOnce || socket->state() != QAbstractSocket::ConnectedState) {
        socket->abort();
        socket->deleteLater();
        return;
    }
    QObject::connect(socket, &QIODevice::readyRead, socket, [socket] { socket->skip(socket->bytesAvailable()); });
    QObject::connect(socket, &QAbstractSocket::disconnected, socket, &QObject::deleteLater);
    socket->flush();
    if (how == Parting::WhenWritten)
        socket->disconnectFromHost();
    QTimer::singleShot(kPartingTime, socket, [socket] {
        socket->abort();
        socket->deleteLater();
    });
}

} // namespace Watchword
