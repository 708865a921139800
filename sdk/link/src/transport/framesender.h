// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/compression.h"

#include <QByteArray>

#include <array>
#include <memory>
#include <optional>
#include <vector>

class QTcpSocket;

namespace Watchword {

inline Wire::Bytes viewOf(const QByteArray &bytes)
{
    return {reinterpret_cast<const std::uint8_t *>(bytes.constData()), std::size_t(bytes.size())};
}

/*!
    The sending half of an open WebSocket: frames, masks, compression, and the one pong that may wait.

    Ownership: the socket is borrowed; nothing is called behind its end. Frames are written to its buffer; it sends them when
    the event loop turns, or when it is flushed.
*/
class FrameSender
{
public:
    //! \a compression is null unless it was agreed on.
    FrameSender(QTcpSocket *socket, std::shared_ptr<Wire::Compression> compression);

    void sendMessage(Wire::Opcode type, Wire::Bytes payload);
    void sendPing(Wire::Bytes payload);
    void sendClose(std::uint16_t code, std::string_view reason);
    //! RFC 6455 section 5.5.3: the last ping alone needs an answer. It waits for room in sendPong().
    void owePong(Wire::Bytes payload);
    //! Sends what is owed unless much is unsent already: a peer that asks and never reads gets no more than one.
    void sendPong();
    qint64 bytesQueued() const; //!< Plain and encrypted bytes that the system has not taken yet, and the pong that waits.

private:
    void sendFrame(const Wire::FrameHeader &header, Wire::Bytes payload);
    Wire::MaskKey nextMask();

    QTcpSocket *m_socket;
    std::shared_ptr<Wire::Compression> m_compression;
    std::optional<QByteArray> m_pong;
    std::vector<std::uint8_t> m_frame; //!< Room for what is sent.
    std::array<quint32, 32> m_masks{}; //!< From the system's random generator.
    std::size_t m_masksLeft = 0;
};

//! What \a socket has not handed to the system: bytesToWrite() alone falls to 0 while megabytes wait behind a stalled TLS peer.
qint64 bytesUnsent(const QTcpSocket *socket);

enum class Parting {
    AtOnce,
    WhenWritten, //!< What is written still leaves; two seconds at most.
    WhenPeerEnds //!< And more that comes is read over, else the system would cut the connection under what was written.
};
//! Lets go of a socket that may be in the middle of one of its signals: it deletes itself later. Disconnect from it before.
void partFrom(QTcpSocket *socket, Parting how);

} // namespace Watchword
