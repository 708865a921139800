// SPDX-License-Identifier: Apache-2.0
#include "lock/addressrange.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace Watchword::Gateway {

namespace {

constexpr int kMappedLength = 96;

bool startsAlike(const std::array<quint8, 16> &a, const std::array<quint8, 16> &b, int length)
{
    const int whole = length / 8;
    const int rest = length % 8;
    const auto mask = quint8(0xff << (8 - rest));
    return std::memcmp(a.data(), b.data(), std::size_t(whole)) == 0
        && (rest == 0 || (a[std::size_t(whole)] & mask) == (b[std::size_t(whole)] & mask));
}

} // namespace

AddressRange AddressRange::of(const QHostAddress &address, int length)
{
    AddressRange range;
    const Q_IPV6ADDR v6 = address.toIPv6Address();
    const bool isWritten4 = address.protocol() == QAbstractSocket::IPv4Protocol;
    static constexpr std::array<quint8, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const bool isMapped =
        !isWritten4 && std::memcmp(v6.c, kMapped.data(), kMapped.size()) == 0 && (length < 0 || length >= kMappedLength);
    range.m_isIpv4 = isWritten4 || isMapped;
    if (range.m_isIpv4) {
        const quint32 v4 = isWritten4 ? address.toIPv4Address()
                                      : quint32(v6[12]) << 24 | quint32(v6[13]) << 16 | quint32(v6[14]) << 8 | quint32(v6[15]);
        for (int i = 0; i < 4; ++i)
            range.m_bytes[std::size_t(i)] = quint8(v4 >> (24 - 8 * i));
    } else {
        std::copy(std::begin(v6.c), std::end(v6.c), range.m_bytes.begin());
    }
    range.m_length = length < 0 ? range.bits() : (isMapped ? length - kMappedLength : length);
    for (int bit = range.m_length; bit < 128; ++bit)
        range.m_bytes[std::size_t(bit / 8)] &= quint8(~(0x80 >> (bit % 8)));
    return range;
}

std::optional<AddressRange> AddressRange::parse(const QString &text)
{
    if (text.contains(u'%')) // a zone says nothing about who it is
        return {};
    if (!text.contains(u'/')) {
        const QHostAddress address(text);
        return address.isNull() ? std::nullopt : std::optional(of(address, -1));
    }
    const auto [address, length] = QHostAddress::parseSubnet(text);
    return text.startsWith(u'/') || address.isNull() || length < 0 ? std::nullopt : std::optional(of(address, length));
}

bool AddressRange::contains(const QHostAddress &address) const
{
    return !address.isNull() && contains(of(address, -1));
}

bool AddressRange::contains(const AddressRange &other) const
{
    return m_isIpv4 == other.m_isIpv4 && m_length <= other.m_length && startsAlike(m_bytes, other.m_bytes, m_length);
}

double AddressRange::size() const
{
    return std::ldexp(1.0, bits() - m_length);
}

QString AddressRange::toText() const
{
    QHostAddress address;
    if (m_isIpv4) {
        quint32 v4 = 0;
        for (std::size_t i = 0; i < 4; ++i)
            v4 = v4 << 8 | m_bytes[i];
        address.setAddress(v4);
    } else {
        address.setAddress(m_bytes.data());
    }
    return m_length == bits() ? address.toString() : address.toString() + u'/' + QString::number(m_length);
}

bool areMany(const AddressCount &count)
{
    return count.ipv4 > std::ldexp(1.0, 32 - 8) || count.ipv6 > std::ldexp(1.0, 128 - 32);
}

AddressCount countAddresses(const QList<AddressRange> &ranges)
{
    // Two subnets are one in the other, or have nothing in common.
    AddressCount count;
    for (qsizetype i = 0; i < ranges.size(); ++i) {
        bool isCounted = false;
        for (qsizetype j = 0; j < ranges.size() && !isCounted; ++j)
            isCounted = i != j && ranges.at(j).contains(ranges.at(i)) && (ranges.at(j) != ranges.at(i) || j < i);
        if (!isCounted)
            (ranges.at(i).isIpv4() ? count.ipv4 : count.ipv6) += ranges.at(i).size();
    }
    return count;
}

} // namespace Watchword::Gateway
