// SPDX-License-Identifier: Apache-2.0
#pragma once

// Qt's and the reactors' names for the same things.

#include "net/address.h"
#include "watchword/core/result.h"

#include <QHostAddress>
#include <QMap>

#include <system_error>

namespace Watchword::Gateway {

QHostAddress toQt(const Net::IpAddress &address);
//! QHostAddress::Any is "::", which takes IPv4 too.
Net::IpAddress toNet(const QHostAddress &address);
//! Why Net::Listener::open() failed, and what to do.
Error listenError(const std::error_code &error, const QHostAddress &address, quint16 port);

namespace Net {
struct ListenerCounters;
}
//! Sockets that a listener closed unseen, by the limit that they were over.
QMap<QByteArray, quint64> droppedOf(const Net::ListenerCounters &counters);

} // namespace Watchword::Gateway
