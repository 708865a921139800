// SPDX-License-Identifier: Apache-2.0
#include "bridge/netvalues.h"

#include "net/counters.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

QHostAddress toQt(const Net::IpAddress &address)
{
    return address.is_v4() ? QHostAddress(address.to_v4().to_uint()) : QHostAddress(address.to_v6().to_bytes().data());
}

Net::IpAddress toNet(const QHostAddress &address)
{
    if (address == QHostAddress(QHostAddress::Any))
        return boost::asio::ip::address_v6::any();
    boost::system::error_code error;
    return boost::asio::ip::make_address(address.toString().toStdString(), error);
}

Error listenError(const std::error_code &error, const QHostAddress &address, quint16 port)
{
    const QString where = u"%1:%2"_s.arg(address.toString()).arg(port);
    if (error == std::errc::address_in_use) {
        return Error(ErrorCode::AddressInUse, u"%1 is in use by another program"_s.arg(where))
            .withRemedy(u"Stop that program, or choose another port."_s);
    }
    if (error == std::errc::permission_denied) {
        return Error(ErrorCode::PermissionDenied, u"not allowed to listen on %1"_s.arg(where))
            .withRemedy(u"Ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one or grant it."_s);
    }
    return Error(ErrorCode::ConfigInvalid, u"cannot listen on %1: %2"_s.arg(where, QString::fromStdString(error.message())))
        .withRemedy(u"Check that the address belongs to this machine."_s);
}

QMap<QByteArray, quint64> droppedOf(const Net::ListenerCounters &counters)
{
    return {{"max_connections", counters.totalReached.value()},
            {"connections_per_address", counters.addressReached.value()},
            {"accepts_per_second", counters.tooFast.value()},
            {"max_handshakes", counters.handshakesReached.value()},
            {"handshakes_per_address", counters.addressHandshakesReached.value()},
            {"open_files", counters.noDescriptor.value()},
            {"proxy_protocol", counters.badProxyHeader.value()}};
}

} // namespace Watchword::Gateway
