// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "demofolder.h"
#include "demostate.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QJsonObject>

namespace Watchword::Tools {

struct DemoOptions
{
    std::optional<quint16> port; //!< Nothing: the one of before, or a free one.
    std::chrono::seconds accessTokenLifetime{60};
    int users = 200; //!< Of a demo that had more before, all come back.
    QString stateFolder; //!< Empty: nothing stays.
};

/*!
    A gateway that needs nothing: throw-away authority, embedded issuer, audit log, the endpoints /echo and /room, and users
    with passwords that are made up. Everything it writes lies in a private folder that goes with the object. With a
    stateFolder it lies there and stays: the next demo has the same authority, ports, users, sessions and audit log.
*/
class Demo
{
public:
    Result<void> prepare(const DemoOptions &options);
    const Gateway::GatewayConfig &config() const { return m_config; }
    //! Once the gateway listens: the ports that it has are those of the next demo with this stateFolder.
    Result<void> keepPorts(quint16 gateway, quint16 issuer);
    /*!
        Once the gateway listens: writes the key that the issuer signs with into the stateFolder, as test-issuer.pem, so that
        `watchword doctor --signing-key` can make tokens that have ended, or are for somebody else. Nothing without a folder.
        StorageFailed or StoreCorrupt; the demo works all the same.
    */
    Result<void> keepSigningKey();
    //! The one line that programs which start a demo wait for.
    QJsonObject readyLine(const QUrl &gateway, const QUrl &issuer) const;

private:
    Result<void> openCertificate();
    Result<void> writeSecurityText();
    Result<void> addUsers(int count);
    Result<void> save() const; //!< Of a folder that stays.

    DemoFolder m_folder;
    DemoState m_state;
    QString m_caFile;
    QString m_signingKeyFile; //!< Empty: it is not written.
    Gateway::GatewayConfig m_config;
};

} // namespace Watchword::Tools
