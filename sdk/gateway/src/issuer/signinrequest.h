// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <QString>
#include <QStringList>

#include <optional>

namespace Watchword::Gateway {

/*! What an app asked /authorize for, on its way to the password. Nothing in it is secret: the browser brought it. */
struct WATCHWORD_TEST_EXPORT SignInRequest
{
    QString id;
    QString clientId;
    QString redirectUri;
    QString state;
    QString nonce;
    QString challenge;
    QString loginHint;
    QStringList scopes;
    WallTime expires{};

    QByteArray toBytes() const;
    static std::optional<SignInRequest> fromBytes(const QByteArray &bytes); //!< Nothing for what toBytes() never gave.
};

} // namespace Watchword::Gateway
