// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/gateway/endpointconfig.h"

#include <QJsonObject>

namespace Watchword::Gateway {

//! A path that can be connected to, and what it asks for.
struct GateTarget
{
    enum class Kind { Endpoint, Watch, Audit };
    Kind kind = Kind::Endpoint;
    QString path;
    bool isPrefix = false; //!< And all below it.
    bool passesHttp = false; //!< Requests that are no upgrades are served, too.
    QStringList subprotocols; //!< In the order of preference. A monitor has to offer one of them; others may do without.
    EndpointConfig::RejectStyle rejectStyle = EndpointConfig::RejectStyle::Http;
    EndpointConfig::CredentialWays credentials{EndpointConfig::CredentialWay::Header, EndpointConfig::CredentialWay::Subprotocol};
    QStringList scopes;
    QStringList origins;
    QStringList acrValues;
    std::optional<std::chrono::seconds> maxAge;
    Duration sessionLifetime{0};
    Duration sessionIdle{0};
    bool hidden = false;
    bool requireDpop = false;
    QJsonObject policy{}; //!< Of "hello".
    EndpointLimits limits;
};

} // namespace Watchword::Gateway
