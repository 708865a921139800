// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility> // Asio of Boost 1.74 does not include what GCC 12 needs for C++20

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr_storage;

namespace Watchword::Gateway::Net {

using IpAddress = boost::asio::ip::address;

//! An IPv4 address that a dual-stack socket shows as ::ffff:a.b.c.d becomes a.b.c.d, so that limits and logs know one name.
IpAddress normalised(const IpAddress &address);

//! Who shares limits with \a address: an IPv4 address alone, an IPv6 address with its /64, since one machine owns that much.
IpAddress networkOf(const IpAddress &address);

/*! Address and port of one end of a TCP connection; the address is normalised. Threads: reentrant value. */
struct SocketAddress
{
    IpAddress address;
    std::uint16_t port = 0;

    //! Empty for families other than IP.
    static std::optional<SocketAddress> fromNative(const sockaddr_storage &native);
    //! Fills \a native and returns its size.
    std::size_t toNative(sockaddr_storage &native) const;
    std::string toText() const; //!< "192.0.2.1:443", "[2001:db8::1]:443"
    friend bool operator==(const SocketAddress &, const SocketAddress &) = default;
};

/*! A list of addresses and subnets ("10.0.0.0/8", "::1"). Threads: reentrant value. */
class SubnetList
{
public:
    //! False, and nothing is added, if \a text is no address and no subnet.
    bool add(std::string_view text);
    bool contains(const IpAddress &address) const;
    bool isEmpty() const { return m_subnets.empty(); }

private:
    struct Subnet
    {
        IpAddress address;
        unsigned prefix = 0;
    };
    std::vector<Subnet> m_subnets;
};

} // namespace Watchword::Gateway::Net
