// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/authstrategy.h"

#include <functional>

namespace Watchword {

/*!
    The token in the first message after the 101, and not in the request.

        options.strategy = std::make_shared<FirstMessageAuth>(
            [](const QByteArray &token) { return QString::fromLatin1("{\"auth\":\"" + token + "\"}"); },
            [](const QString &text) { return text == "{\"ok\":true}"_L1; });

    Threads: the Connection's. Errors: without the server's answer in ConnectionOptions::readyTimeout the attempt fails.
*/
class WATCHWORD_LINK_EXPORT FirstMessageAuth : public AuthStrategy
{
public:
    using MakeMessage = std::function<QString(const QByteArray &token)>;
    using IsReady = std::function<bool(const QString &text)>;

    //! Without \a isReady the connection is in use at once; with it, from the first text for which it is true, which is
    //! then not given to the application.
    explicit FirstMessageAuth(MakeMessage makeMessage, IsReady isReady = {});

    Upgrade upgrade(const AccessToken &token) const override;
    QStringList afterUpgrade(const AccessToken &token) const override;
    bool awaitsReady() const override;
    Reading received(const QString &text) const override;

private:
    MakeMessage m_makeMessage;
    IsReady m_isReady;
};

} // namespace Watchword
