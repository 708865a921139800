// SPDX-License-Identifier: Apache-2.0
#include "net/proxyheader.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace Watchword::Gateway::Net {

namespace {

using Octets = std::span<const std::uint8_t>;

constexpr std::array<std::uint8_t, 12> kSignature{0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
constexpr std::string_view kTextStart = "PROXY ";
constexpr std::size_t kLargestText = 107;
constexpr std::size_t kFixedPart = 16;

ProxyHeader invalid()
{
    return {ProxyHeader::State::Invalid, 0, {}};
}

ProxyHeader incomplete()
{
    return {ProxyHeader::State::Incomplete, 0, {}};
}

template <typename Prefix>
bool startsLike(Octets bytes, const Prefix &prefix)
{
    const std::size_t common = std::min(bytes.size(), prefix.size());
    return std::equal(bytes.begin(), bytes.begin() + std::ptrdiff_t(common), prefix.begin(),
                      [](std::uint8_t a, auto b) { return a == std::uint8_t(b); });
}

// The parser of addresses reads up to a zero byte, and takes names of interfaces.
std::optional<IpAddress> addressOfWord(std::string_view word)
{
    if (word.find_first_not_of("0123456789abcdefABCDEF.:") != std::string_view::npos)
        return {};
    boost::system::error_code error;
    const IpAddress address = boost::asio::ip::make_address(std::string(word), error);
    return error ? std::optional<IpAddress>() : address;
}

// Without leading zeros, as the PROXY protocol has it (section 2.1).
std::optional<std::uint16_t> portOfWord(std::string_view word)
{
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), port);
    const bool isGood = problem == std::errc() && end == word.data() + word.size() && (word.size() == 1 || word.front() != '0');
    return isGood ? std::optional<std::uint16_t>(port) : std::nullopt;
}

// "TCP4 192.0.2.1 198.51.100.1 56324 443", already without the start and the line's end.
std::optional<SocketAddress> sourceOfLine(std::string_view line)
{
    std::array<std::string_view, 5> words;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::size_t space = line.find(' ');
        if ((space == std::string_view::npos) != (i + 1 == words.size()))
            return {};
        words[i] = line.substr(0, space);
        line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    }
    const bool isV4 = words[0] == "TCP4";
    const std::optional<IpAddress> source = addressOfWord(words[1]);
    const std::optional<IpAddress> destination = addressOfWord(words[2]);
    const std::optional<std::uint16_t> port = portOfWord(words[3]);
    if (!source || source->is_v4() != isV4 || !destination || destination->is_v4() != isV4 || !port || !portOfWord(words[4]))
        return {};
    return SocketAddress{normalised(*source), *port};
}

ProxyHeader parseText(Octets bytes)
{
    // Bytes of text may be read as characters.
    const std::string_view text(reinterpret_cast<const char *>(bytes.data()), std::min(bytes.size(), kLargestText));
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos)
        return bytes.size() < kLargestText ? incomplete() : invalid();
    ProxyHeader header{ProxyHeader::State::Complete, end + 2, {}};
    if (end < kTextStart.size())
        return invalid();
    const std::string_view line = text.substr(kTextStart.size(), end - kTextStart.size());
    if (line == "UNKNOWN" || line.starts_with("UNKNOWN "))
        return header;
    if (!line.starts_with("TCP4 ") && !line.starts_with("TCP6 "))
        return invalid();
    header.source = sourceOfLine(line);
    return header.source ? header : invalid();
}

ProxyHeader parseBinary(Octets bytes)
{
    if (bytes.size() < kFixedPart)
        return incomplete();
    const unsigned version = bytes[12] >> 4;
    const unsigned command = bytes[12] & 0xf;
    const unsigned family = bytes[13] >> 4;
    const std::size_t length = std::size_t(bytes[14]) << 8 | bytes[15];
    if (version != 2 || command > 1 || family > 3 || kFixedPart + length > kLargestProxyHeader)
        return invalid();
    if (bytes.size() < kFixedPart + length)
        return incomplete();
    ProxyHeader header{ProxyHeader::State::Complete, kFixedPart + length, {}};
    if (command == 0)
        return header;
    const Octets body = bytes.subspan(kFixedPart, length);
    if (family == 1) {
        if (body.size() < 12)
            return invalid();
        boost::asio::ip::address_v4::bytes_type address;
        std::copy_n(body.begin(), 4, address.begin());
        header.source = SocketAddress{boost::asio::ip::address_v4(address), std::uint16_t(body[8] << 8 | body[9])};
    } else if (family == 2) {
        if (body.size() < 36)
            return invalid();
        boost::asio::ip::address_v6::bytes_type address;
        std::copy_n(body.begin(), 16, address.begin());
        header.source = SocketAddress{normalised(boost::asio::ip::address_v6(address)), std::uint16_t(body[32] << 8 | body[33])};
    }
    return header;
}

} // namespace

ProxyHeader parseProxyHeader(Octets bytes)
{
    if (startsLike(bytes, kSignature))
        return bytes.size() < kSignature.size() ? incomplete() : parseBinary(bytes);
    if (startsLike(bytes, kTextStart))
        return bytes.size() < kTextStart.size() ? incomplete() : parseText(bytes);
    return invalid();
}

} // namespace Watchword::Gateway::Net
