// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a transport tells people of its end, whatever carries its frames. Pure functions.

#include "watchword/link/connectionoptions.h"
#include "watchword/link/transport.h"
#include "watchword/wire/fault.h"

#include <QAbstractSocket>
#include <QSslError>

namespace Watchword {

/*! What is known of an attempt that failed in the network. */
struct FailedWay
{
    QUrl url{}; //!< The one that was asked.
    QString text{}; //!< The socket's own words.
    QList<QSslError> tlsErrors{};
    bool wasAsked = false; //!< The request left.
};

Error networkError(QAbstractSocket::SocketError error, const FailedWay &way);
QStringList textsOf(const QList<QSslError> &errors);
//! The end of an upgrade that \a url answered with a status other than 101. \a nonceIsNew: see TransportEnd::nonceGiven.
TransportEnd refusedUpgrade(const HttpAnswer &answer, const QUrl &url, bool nonceIsNew, const ConnectionOptions &options);
//! The end of a connection in whose frames this end found \a fault. \a peerCloseCode: FrameParser::peerCloseCode().
TransportEnd refusedFrames(Wire::Fault fault, std::uint16_t peerCloseCode);
Error unofferedSubprotocol(const QString &chosen);
//! Where \a answer leads if that is followed: to the same scheme, within what checkUrl() allows. Empty otherwise.
QUrl followedRedirect(const HttpAnswer &answer, const QUrl &url, const ConnectionOptions &options);

} // namespace Watchword
