// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/handshake.h"

#include "fieldlist.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace Watchword::Wire {

namespace {

constexpr std::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool isKey(std::string_view key)
{
    // 16 bytes are 22 characters of base64 and two "=".
    constexpr std::size_t size = 24;
    std::array<unsigned char, 18> decoded{};
    return key.size() == size && key.substr(22) == "==" && key.find('=') == 22
        && EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char *>(key.data()), int(size)) == 18;
}

} // namespace

UpgradeFault checkUpgrade(const HttpHead &request)
{
    const bool asks = request.listHas("Connection", "upgrade") && request.listHas("Upgrade", "websocket");
    if (!asks)
        return UpgradeFault::NotAnUpgrade;
    if (request.method() != "GET")
        return UpgradeFault::Method;
    if (request.minorVersion() < 1)
        return UpgradeFault::Version;
    if (request.count("Host") != 1)
        return UpgradeFault::Host;
    if (request.count("Sec-WebSocket-Version") != 1 || request.value("Sec-WebSocket-Version") != "13")
        return UpgradeFault::WebSocketVersion;
    if (request.count("Sec-WebSocket-Key") != 1 || !isKey(request.value("Sec-WebSocket-Key")))
        return UpgradeFault::Key;
    return UpgradeFault::None;
}

int statusOf(UpgradeFault fault)
{
    switch (fault) {
    case UpgradeFault::None:
        return 0;
    case UpgradeFault::NotAnUpgrade:
    case UpgradeFault::WebSocketVersion:
        return 426;
    case UpgradeFault::Method:
        return 405;
    case UpgradeFault::Version:
        return 505;
    default:
        return 400;
    }
}

std::string_view describe(UpgradeFault fault)
{
    switch (fault) {
    case UpgradeFault::None:
        return "no fault";
    case UpgradeFault::NotAnUpgrade:
        return "the request does not ask for WebSocket";
    case UpgradeFault::Method:
        return "the method of an upgrade is GET";
    case UpgradeFault::Version:
        return "an upgrade needs HTTP/1.1";
    case UpgradeFault::Host:
        return "a request has exactly one Host";
    case UpgradeFault::Key:
        return "Sec-WebSocket-Key is missing or wrong";
    case UpgradeFault::WebSocketVersion:
        return "the version of WebSocket is 13";
    }
    return "unknown fault";
}

std::string toBase64(Bytes bytes)
{
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char *>(text.data()), bytes.data(), int(bytes.size()));
    text.resize(std::size_t(size));
    return text;
}

std::string acceptValue(std::string_view key)
{
    // Looking an algorithm up costs more than this hash.
    static const EVP_MD *const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    std::string text(key);
    text += kAcceptGuid;
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (!sha1 || EVP_Digest(text.data(), text.size(), digest.data(), &size, sha1, nullptr) != 1)
        return {};
    return toBase64(Bytes(digest).first(size));
}

std::vector<std::string_view> offeredSubprotocols(const HttpHead &request)
{
    std::vector<std::string_view> offered;
    for (const std::string_view value : request.values("Sec-WebSocket-Protocol")) {
        const auto elements = listElements(value);
        offered.insert(offered.end(), elements.begin(), elements.end());
    }
    return std::all_of(offered.begin(), offered.end(), isToken) ? offered : std::vector<std::string_view>();
}

std::string upgradeAnswer(const HttpHead &request, std::string_view subprotocol, std::string_view extensions,
                          const std::vector<std::pair<std::string, std::string>> &fields)
{
    std::string text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty())
            text.append(name).append(": ").append(value).append("\r\n");
    };
    add("Sec-WebSocket-Accept", acceptValue(request.value("Sec-WebSocket-Key")));
    add("Sec-WebSocket-Protocol", subprotocol);
    add("Sec-WebSocket-Extensions", extensions);
    for (const auto &[name, value] : fields)
        add(name, value);
    return text += "\r\n";
}

} // namespace Watchword::Wire
