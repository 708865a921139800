// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include <netinet/in.h>
#include <sys/socket.h>

namespace Watchword::Gateway::Net {

namespace ip = boost::asio::ip;

namespace {

bool sharesPrefix(std::span<const unsigned char> a, std::span<const unsigned char> b, unsigned bits)
{
    const std::size_t whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + std::ptrdiff_t(whole), b.begin()))
        return false;
    const unsigned rest = bits % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

} // namespace

IpAddress normalised(const IpAddress &address)
{
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

IpAddress networkOf(const IpAddress &address)
{
    if (address.is_v4())
        return address;
    ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), 0);
    return ip::address_v6(bytes);
}

std::optional<SocketAddress> SocketAddress::fromNative(const sockaddr_storage &native)
{
    if (native.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &native, sizeof v4);
        return SocketAddress{ip::address_v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
    }
    if (native.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &native, sizeof v6);
        ip::address_v6::bytes_type bytes{};
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        return SocketAddress{normalised(ip::address_v6(bytes, v6.sin6_scope_id)), ntohs(v6.sin6_port)};
    }
    return {};
}

std::size_t SocketAddress::toNative(sockaddr_storage &native) const
{
    native = {};
    if (address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        v4.sin_addr.s_addr = htonl(address.to_v4().to_uint());
        std::memcpy(&native, &v4, sizeof v4);
        return sizeof v4;
    }
    const ip::address_v6 address6 = address.to_v6();
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_scope_id = std::uint32_t(address6.scope_id());
    std::memcpy(&v6.sin6_addr, address6.to_bytes().data(), 16);
    std::memcpy(&native, &v6, sizeof v6);
    return sizeof v6;
}

std::string SocketAddress::toText() const
{
    const std::string host = address.is_v6() ? '[' + address.to_string() + ']' : address.to_string();
    return host + ':' + std::to_string(port);
}

bool SubnetList::add(std::string_view text)
{
    const std::size_t slash = text.find('/');
    boost::system::error_code error;
    const IpAddress parsed = ip::make_address(std::string(text.substr(0, slash)), error);
    if (error)
        return false;
    const bool isMapped = parsed.is_v6() && parsed.to_v6().is_v4_mapped();
    const unsigned most = parsed.is_v4() ? 32 : 128;
    unsigned prefix = most;
    if (slash != std::string_view::npos) {
        const std::string_view number = text.substr(slash + 1);
        const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), prefix);
        if (problem != std::errc() || end != number.data() + number.size() || prefix > most || (isMapped && prefix < 96))
            return false;
    }
    m_subnets.push_back({normalised(parsed), isMapped ? prefix - 96 : prefix});
    return true;
}

bool SubnetList::contains(const IpAddress &address) const
{
    const IpAddress wanted = normalised(address);
    return std::any_of(m_subnets.begin(), m_subnets.end(), [&wanted](const Subnet &subnet) {
        if (wanted.is_v4() != subnet.address.is_v4())
            return false;
        if (wanted.is_v4())
            return sharesPrefix(wanted.to_v4().to_bytes(), subnet.address.to_v4().to_bytes(), subnet.prefix);
        return sharesPrefix(wanted.to_v6().to_bytes(), subnet.address.to_v6().to_bytes(), subnet.prefix);
    });
}

} // namespace Watchword::Gateway::Net
