// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/gatedecision.h"

#include <QJsonObject>

namespace Watchword::Gateway {

//! Everything that is known about an accepted upgrade; what the endpoint layer starts from.
struct Admission
{
    std::shared_ptr<const GateTarget> target;
    Identity identity;
    GatePeer peer;
    QString origin;
    QString userAgent;
    QString host;
    QByteArray path; //!< As it was sent.
    QByteArray query;
    QByteArray url; //!< Of the upgrade, encoded, as a DPoP proof has to name it; empty if its host is none of ours.
    QString tlsProtocol; //!< "TLSv1.3"; empty on plain sockets.
    QString cipher;
    std::shared_ptr<ConnectionCaps::Slot> slot;
    WallTime at{};
};

//! Members of an audit entry (protocol.md section 4) that describe a request.
QJsonObject auditSource(const GatePeer &peer);
QJsonObject auditHttp(const RequestHead &head, int status);
QJsonObject auditActor(const Identity &identity);
QJsonObject auditToken(const Identity &identity);
//! Text of a client for tables and the audit: Latin-1, without control characters, at most 256 characters.
QString clientText(const QByteArray &bytes);

} // namespace Watchword::Gateway
