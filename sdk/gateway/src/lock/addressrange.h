// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QHostAddress>
#include <QList>
#include <QString>

#include <array>
#include <optional>

namespace Watchword::Gateway {

/*!
    An address, or a subnet of them. An IPv4 address that is written as an IPv6 one (RFC 4291 section 2.5.5.2) is the IPv4
    address; so is a subnet of such addresses. IPv4 and IPv6 have nothing in common besides. Threads: reentrant value.
*/
class WATCHWORD_TEST_EXPORT AddressRange
{
public:
    static std::optional<AddressRange> parse(const QString &text); //!< "192.0.2.1", "10.0.0.0/8", "2001:db8::/32"

    bool contains(const QHostAddress &address) const;
    bool contains(const AddressRange &other) const;
    bool isIpv4() const { return m_isIpv4; }
    double size() const; //!< How many addresses.
    QString toText() const; //!< The same for all spellings; without a length for one address.

    friend bool operator==(const AddressRange &, const AddressRange &) = default;

private:
    static AddressRange of(const QHostAddress &address, int length); // -1: all of it
    int bits() const { return m_isIpv4 ? 32 : 128; }

    std::array<quint8, 16> m_bytes{}; // those of an IPv4 address are the first four
    int m_length = 0;
    bool m_isIpv4 = false;
};

/*! How many addresses \a ranges have together, of each protocol; those in several count once. */
struct AddressCount
{
    double ipv4 = 0;
    double ipv6 = 0;
};
//! More than a /8 of IPv4, or a /32 of IPv6: who names so many means no one.
WATCHWORD_TEST_EXPORT bool areMany(const AddressCount &count);
WATCHWORD_TEST_EXPORT AddressCount countAddresses(const QList<AddressRange> &ranges);

} // namespace Watchword::Gateway
