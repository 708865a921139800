// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "demofolder.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QJsonObject>

namespace Watchword::Tools {

struct DemoOptions
{
    quint16 port = 0;
    std::chrono::seconds accessTokenLifetime{60};
    int users = 200;
};

/*!
    A gateway that needs nothing: throw-away authority, embedded issuer, in-memory audit log, the endpoints /echo and
    /room, and users with passwords that are made up at each start. Everything it writes lies in a private folder that
    goes with the object.
*/
class Demo
{
public:
    Result<void> prepare(const DemoOptions &options);
    const Gateway::GatewayConfig &config() const { return m_config; }
    //! The one line that programs which start a demo wait for.
    QJsonObject readyLine(const QUrl &gateway, const QUrl &issuer) const;

private:
    Result<void> addUsers(int count);

    DemoFolder m_folder;
    QString m_caFile;
    Gateway::GatewayConfig m_config;
    QList<std::pair<QString, QString>> m_passwords; // demo passwords are printed: they protect nothing
};

} // namespace Watchword::Tools
