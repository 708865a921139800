// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/authstrategy.h"

#include "watchword/link/firstmessageauth.h"
#include "watchword/link/subprotocolauth.h"

namespace Watchword {

AuthStrategy::~AuthStrategy() = default;

AuthStrategy::Upgrade AuthStrategy::upgrade(const AccessToken &) const
{
    return {};
}

QStringList AuthStrategy::afterUpgrade(const AccessToken &) const
{
    return {};
}

bool AuthStrategy::awaitsReady() const
{
    return false;
}

AuthStrategy::Reading AuthStrategy::received(const QString &text) const
{
    return {.application = text};
}

std::optional<QString> AuthStrategy::ping(quint64) const
{
    return std::nullopt;
}

std::optional<QString> AuthStrategy::renewal(const AccessToken &) const
{
    return std::nullopt;
}

void AuthStrategy::amend(ClosePolicy &) const
{
}

FirstMessageAuth::FirstMessageAuth(MakeMessage makeMessage, IsReady isReady)
    : m_makeMessage(std::move(makeMessage))
    , m_isReady(std::move(isReady))
{
}

AuthStrategy::Upgrade FirstMessageAuth::upgrade(const AccessToken &) const
{
    return {.bearerHeader = false};
}

QStringList FirstMessageAuth::afterUpgrade(const AccessToken &token) const
{
    return {m_makeMessage(token.value.reveal().toByteArray())};
}

bool FirstMessageAuth::awaitsReady() const
{
    return bool(m_isReady);
}

AuthStrategy::Reading FirstMessageAuth::received(const QString &text) const
{
    if (m_isReady && m_isReady(text))
        return {.notices = {Notice{.kind = Notice::Kind::Ready}}};
    return {.application = text};
}

SubprotocolAuth::SubprotocolAuth(QString prefix)
    : m_prefix(std::move(prefix))
{
}

AuthStrategy::Upgrade SubprotocolAuth::upgrade(const AccessToken &token) const
{
    if (token.value.isEmpty())
        return {.bearerHeader = false};
    const QByteArray encoded =
        token.value.reveal().toByteArray().toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals);
    return {.bearerHeader = false, .subprotocols = {m_prefix + QString::fromLatin1(encoded)}};
}

} // namespace Watchword
