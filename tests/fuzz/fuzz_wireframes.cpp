// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/compression.h"
#include "watchword/wire/messagereader.h"

#include <cstdlib>
#include <string>
#include <vector>

using namespace Watchword::Wire;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

/*! Writes down what comes, so that two ways of feeding can be compared. */
class Journal final : public MessageSink
{
public:
    Flow messageReceived(Opcode type, MutableBytes message) override
    {
        require(type != Opcode::Text || isUtf8(message));
        require(message.size() <= limit);
        return note(type, message);
    }
    Flow pingReceived(Bytes payload) override { return note(Opcode::Ping, payload); }
    Flow pongReceived(Bytes payload) override { return note(Opcode::Pong, payload); }
    Flow closeReceived(const CloseFrame &close) override
    {
        require(close.code == 1005 || isSendableCloseCode(close.code));
        require(isUtf8(bytesOf(close.reason)));
        return note(Opcode::Close, bytesOf(std::to_string(close.code) + std::string(close.reason)));
    }
    Flow note(Opcode opcode, Bytes payload)
    {
        require(payload.size() <= limit);
        text += char(opcode);
        text += std::to_string(payload.size()) + ':';
        text += textOf(payload);
        return stops ? Flow::Stop : Flow::GoOn;
    }
    static constexpr std::size_t limit = 100'000;
    std::string text;
    bool stops = false;
};

std::string journalOf(std::vector<std::uint8_t> bytes, Role role, bool compresses, bool stops, std::size_t step)
{
    const auto compression = compresses ? std::make_shared<Compression>(role, DeflateParameters{}, DeflateOptions{}) : nullptr;
    MessageReader reader({.role = role, .limits = {.frame = 65536, .message = Journal::limit, .fragments = 50}}, compression);
    Journal journal;
    journal.stops = stops;
    MutableBytes rest(bytes);
    FeedStatus status = FeedStatus::Hungry;
    while (!rest.empty() && status != FeedStatus::Failed) {
        MutableBytes piece = rest.first(std::min(rest.size(), step));
        rest = rest.subspan(piece.size());
        do {
            const FeedResult result = reader.feed(piece, journal);
            require(result.consumed <= piece.size());
            piece = piece.subspan(result.consumed);
            status = result.status;
        } while (status == FeedStatus::Stopped);
        require(status == FeedStatus::Failed || piece.empty());
    }
    require((status == FeedStatus::Failed) == (reader.fault() != Fault::None));
    return journal.text + '|' + std::to_string(int(reader.fault()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const Role role = (data[0] & 1) ? Role::Server : Role::Client;
    const bool compresses = (data[0] & 2) != 0;
    const std::vector<std::uint8_t> bytes(data + 1, data + size);
    // However the stream is cut, the same comes out of it.
    const std::string whole = journalOf(bytes, role, compresses, false, bytes.size() + 1);
    require(journalOf(bytes, role, compresses, false, 1) == whole);
    require(journalOf(bytes, role, compresses, true, 1 + (data[0] >> 2)) == whole);
    return 0;
}
