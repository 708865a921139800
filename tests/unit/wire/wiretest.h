// SPDX-License-Identifier: Apache-2.0
#pragma once

// Frames by hand, and what a reader makes of them as one line each.

#include "support/testmain.h"
#include "watchword/wire/compression.h"
#include "watchword/wire/messagereader.h"

#include <QByteArray>
#include <QRandomGenerator>
#include <QStringList>

#include <memory>
#include <vector>

namespace WireTest {

using namespace Watchword::Wire;
using namespace Qt::StringLiterals;

inline Bytes bytesOf(const QByteArray &bytes)
{
    return {reinterpret_cast<const std::uint8_t *>(bytes.constData()), std::size_t(bytes.size())};
}

inline QByteArray arrayOf(Bytes bytes)
{
    return QByteArray(reinterpret_cast<const char *>(bytes.data()), qsizetype(bytes.size()));
}

/*! A frame that a test wants on the wire, right or wrong. */
struct Frame
{
    int opcode = 1;
    QByteArray payload{};
    bool fin = true;
    int rsv = 0; //!< 4, 2, 1.
    qint64 announced = -1; //!< Instead of the payload's size.
    int lengthBytes = -1; //!< 0, 2 or 8 instead of the shortest.

    QByteArray encoded(bool masked) const
    {
        const quint64 length = announced < 0 ? quint64(payload.size()) : quint64(announced);
        QByteArray bytes;
        bytes.append(char((fin ? 0x80 : 0) | rsv << 4 | opcode));
        const int extra = lengthBytes >= 0 ? lengthBytes : length < 126 ? 0 : length < 65536 ? 2 : 8;
        bytes.append(char((masked ? 0x80 : 0) | (extra == 0 ? int(length) : extra == 2 ? 126 : 127)));
        for (int shift = 8 * (extra - 1); shift >= 0; shift -= 8)
            bytes.append(char(length >> shift));
        if (!masked)
            return bytes + payload;
        const QByteArray key = QByteArray::fromHex("37fa213d");
        bytes += key;
        for (qsizetype i = 0; i < payload.size(); ++i)
            bytes.append(char(payload.at(i) ^ key.at(i % 4)));
        return bytes;
    }
};

inline QByteArray encoded(const QList<Frame> &frames, Role reader)
{
    QByteArray bytes;
    for (const Frame &frame : frames)
        bytes += frame.encoded(reader == Role::Server);
    return bytes;
}

inline QByteArray shortened(const QByteArray &bytes)
{
    return bytes.size() <= 200 ? bytes
                               : QByteArray::number(bytes.size()) + " bytes, checksum " + QByteArray::number(qChecksum(bytes));
}

/*! Writes down what comes. */
class Journal final : public MessageSink
{
public:
    Flow messageReceived(Opcode type, MutableBytes message) override
    {
        return note((type == Opcode::Text ? "text " : "binary ") + shortened(arrayOf(message)));
    }
    Flow pingReceived(Bytes payload) override { return note("ping " + shortened(arrayOf(payload))); }
    Flow pongReceived(Bytes payload) override { return note("pong " + shortened(arrayOf(payload))); }
    Flow closeReceived(const CloseFrame &close) override
    {
        const QByteArray reason(close.reason.data(), qsizetype(close.reason.size()));
        return note("close " + QByteArray::number(close.code) + ' ' + reason);
    }
    Flow note(const QByteArray &line)
    {
        lines.append(line.trimmed());
        return stopsAlways ? Flow::Stop : Flow::GoOn;
    }

    QByteArrayList lines;
    bool stopsAlways = false;
};

/*! Feeds a stream in pieces and says what came of it: its messages, and the fault as the last line. */
struct Reading
{
    FrameRules rules{};
    std::shared_ptr<Compression> compression{};
    bool stopsAlways = false;

    template <typename NextPiece>
    QByteArrayList of(QByteArray stream, NextPiece nextPiece) const
    {
        MessageReader reader(rules, compression);
        Journal journal;
        journal.stopsAlways = stopsAlways;
        MutableBytes rest(reinterpret_cast<std::uint8_t *>(stream.data()), std::size_t(stream.size()));
        FeedStatus status = FeedStatus::Hungry;
        while (!rest.empty() && status != FeedStatus::Failed) {
            // A piece of its own, so that AddressSanitizer sees a step too far.
            const std::size_t size = std::clamp<std::size_t>(nextPiece(), 1, rest.size());
            std::vector<std::uint8_t> piece(rest.begin(), rest.begin() + std::ptrdiff_t(size));
            rest = rest.subspan(size);
            MutableBytes left(piece);
            do {
                const FeedResult result = reader.feed(left, journal);
                left = left.subspan(result.consumed);
                status = result.status;
            } while (status == FeedStatus::Stopped);
        }
        if (reader.fault() != Fault::None)
            journal.lines.append("fault " + QByteArray::number(closeCodeOf(reader.fault())) + ' '
                                 + QByteArray(describe(reader.fault()).data(), qsizetype(describe(reader.fault()).size())));
        return journal.lines;
    }
    QByteArrayList whole(const QByteArray &stream) const
    {
        return of(stream, [] { return std::size_t(1) << 40; });
    }
};

} // namespace WireTest
