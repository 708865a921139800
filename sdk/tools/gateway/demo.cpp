// SPDX-License-Identifier: Apache-2.0
#include "demo.h"

#include "throwawayca.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/passwordhash.h"

#include <QJsonArray>

namespace Watchword::Tools {

using namespace Qt::StringLiterals;

namespace {

// Hundreds of users must not make the start slow, and what is behind these passwords is worth nothing.
constexpr ScryptCost kDemoCost{1u << 10, 8, 1};
constexpr auto kAudience = "https://watchword.demo"_L1;
constexpr auto kClientId = "watchword-demo"_L1;
constexpr auto kOperator = "operator"_L1;

const QStringList &appScopes()
{
    static const QStringList scopes{u"chat:read"_s, u"chat:write"_s};
    return scopes;
}

const QStringList &operatorScopes()
{
    static const QStringList scopes{u"gw:read"_s, u"gw:audit"_s, u"gw:kick"_s};
    return scopes;
}

Gateway::EndpointConfig endpoint(const QString &path, Gateway::EndpointConfig::Service service)
{
    Gateway::EndpointConfig config;
    config.path = path;
    config.service = service;
    config.scopes = QStringList{u"chat:read"_s};
    config.origins = QStringList{u"https://app.watchword.demo"_s};
    config.limits.connectionsPerUser = 10;
    config.limits.messagesPerSecond = 50;
    config.limits.handshakesPerSecond = 500; // a whole fleet comes from one address
    return config;
}

} // namespace

Result<void> Demo::addUsers(int count)
{
    Gateway::EmbeddedIssuerConfig &issuer = *m_config.embeddedIssuer;
    for (int i = 0; i <= count; ++i) {
        Gateway::EmbeddedIssuerConfig::User user;
        user.name = i == 0 ? QString(kOperator) : u"user%1"_s.arg(i, 3, 10, QChar(u'0'));
        user.scopes = appScopes() + (i == 0 ? operatorScopes() : QStringList());
        const QByteArray password = toBase64Url(Secret::random(12).reveal());
        const Result<QString> hash = hashPassword(Secret::copy(password), kDemoCost);
        if (!hash)
            return hash.error();
        user.passwordHash = *hash;
        issuer.users.append(user);
        m_passwords.append({user.name, QString::fromLatin1(password)});
    }
    return {};
}

Result<void> Demo::prepare(const DemoOptions &options)
{
    if (!m_folder.isValid())
        return Error(ErrorCode::StorageFailed, u"no temporary folder: %1"_s.arg(m_folder.errorString()));
    const Result<ThrowAwayCa> ca = makeThrowAwayCa(m_folder.path());
    if (!ca)
        return ca.error();
    m_caFile = ca->caFile;
    m_config.cluster = u"demo"_s;
    m_config.listen.port = options.port;
    m_config.listen.certificateFile = ca->certificateFile;
    m_config.listen.keyFile = ca->keyFile;
    m_config.endpoints = {endpoint(u"/echo"_s, Gateway::EndpointConfig::Service::Echo),
                          endpoint(u"/room"_s, Gateway::EndpointConfig::Service::Rooms)};
    m_config.audit.database = m_folder.filePath(u"audit.sqlite"_s);
    m_config.watch = Gateway::WatchConfig{};
    Gateway::EmbeddedIssuerConfig issuer;
    issuer.audience = kAudience;
    issuer.accessTokenLifetime = options.accessTokenLifetime;
    Gateway::EmbeddedIssuerConfig::Client client;
    client.id = kClientId;
    client.redirectUris =
        QStringList{u"http://127.0.0.1/callback"_s, u"http://[::1]/callback"_s, u"http://127.0.0.1/"_s, u"http://[::1]/"_s};
    issuer.clients = {client};
    m_config.embeddedIssuer = issuer;
    return addUsers(options.users);
}

QJsonObject Demo::readyLine(const QUrl &gateway, const QUrl &issuer) const
{
    QJsonArray users;
    for (const auto &[name, password] : m_passwords) {
        if (name != kOperator)
            users.append(QJsonObject{{u"name"_s, name}, {u"password"_s, password}});
    }
    users.append(
        QJsonObject{{u"name"_s, m_passwords.first().first}, {u"password"_s, m_passwords.first().second}, {u"operator"_s, true}});
    return {{u"gateway"_s, gateway.toString()},
            {u"issuer"_s, issuer.toString()},
            {u"ca"_s, m_caFile},
            {u"client_id"_s, kClientId},
            {u"audience"_s, kAudience},
            {u"scopes"_s, QJsonArray::fromStringList(QStringList{u"openid"_s, u"offline_access"_s} + appScopes())},
            {u"operator_scopes"_s, QJsonArray::fromStringList(operatorScopes())},
            {u"users"_s, users},
            {u"operator"_s, QString(kOperator)},
            {u"origin"_s, m_config.endpoints.first().origins.first()},
            {u"endpoints"_s, QJsonObject{{u"echo"_s, u"/echo"_s}, {u"room"_s, u"/room"_s}}},
            {u"watch"_s, m_config.watch->path},
            {u"audit"_s, m_config.watch->auditPath}};
}

} // namespace Watchword::Tools
