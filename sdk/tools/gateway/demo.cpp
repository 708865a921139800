// SPDX-License-Identifier: Apache-2.0
#include "demo.h"

#include "throwawayca.h"
#include "watchword/core/internal/durablefile.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/passwordhash.h"

#include <QDateTime>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSaveFile>

namespace Watchword::Tools {

using namespace Qt::StringLiterals;

namespace {

// Hundreds of users must not make the start slow, and what is behind these passwords is worth nothing.
constexpr ScryptCost kDemoCost{1u << 10, 8, 1};
constexpr auto kAudience = "https://watchword.demo"_L1;
constexpr auto kClientId = "watchword-demo"_L1;
constexpr auto kOperator = "operator"_L1;
constexpr auto kStateFile = "demo.json"_L1;
constexpr auto kKeyRing = "issuer.key"_L1; // of the embedded issuer
constexpr auto kSigningKey = "test-issuer.pem"_L1;
constexpr int kDays = 7; // of the certificate
constexpr int kKeptDays = 365;
constexpr int kSecurityTextDays = 360;
constexpr std::chrono::hours kAuditRetention{30 * 24};

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
    for (qsizetype i = m_state.passwords.size(); i <= count; ++i) {
        const QString name = i == 0 ? QString(kOperator) : u"user%1"_s.arg(i, 3, 10, QChar(u'0'));
        m_state.passwords.append({name, QString::fromLatin1(toBase64Url(Secret::random(12).reveal()))});
    }
    for (const auto &[name, password] : std::as_const(m_state.passwords)) {
        Gateway::EmbeddedIssuerConfig::User user;
        user.name = name;
        user.scopes = appScopes() + (name == kOperator ? operatorScopes() : QStringList());
        const Result<QString> hash = hashPassword(Secret::copy(password.toLatin1()), kDemoCost);
        if (!hash)
            return hash.error();
        user.passwordHash = *hash;
        m_config.embeddedIssuer->users.append(user);
    }
    return save();
}

Result<void> Demo::openCertificate()
{
    const Result<std::optional<ThrowAwayCa>> known = findThrowAwayCa(m_folder.path());
    if (!known)
        return known.error();
    const Result<ThrowAwayCa> ca =
        *known ? Result<ThrowAwayCa>(**known) : makeThrowAwayCa(m_folder.path(), m_folder.isKept() ? kKeptDays : kDays);
    if (!ca)
        return ca.error();
    m_caFile = ca->caFile;
    m_config.listen.certificateFile = ca->certificateFile;
    m_config.listen.keyFile = ca->keyFile;
    return {};
}

// RFC 9116: less than a year ahead, and new at each start.
Result<void> Demo::writeSecurityText()
{
    m_config.listen.securityTextFile = m_folder.filePath(u"security.txt"_s);
    const QByteArray text = "Contact: mailto:security@watchword.dev\nExpires: "
        + QDateTime::currentDateTimeUtc().addDays(kSecurityTextDays).toString(Qt::ISODate).toLatin1() + '\n';
    QSaveFile file(m_config.listen.securityTextFile);
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size() || !file.commit())
        return Error(ErrorCode::StorageFailed, u"%1: %2"_s.arg(file.fileName(), file.errorString()));
    return {};
}

Result<void> Demo::save() const
{
    return m_folder.isKept() ? m_state.save(m_folder.filePath(kStateFile)) : Result<void>();
}

Result<void> Demo::keepPorts(quint16 gateway, quint16 issuer)
{
    m_state.gatewayPort = gateway;
    m_state.issuerPort = issuer;
    return save();
}

Result<void> Demo::keepSigningKey()
{
    if (!m_folder.isKept())
        return {};
    QFile ring(m_folder.filePath(kKeyRing));
    if (!ring.open(QIODevice::ReadOnly))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(ring.fileName(), ring.errorString()));
    const QJsonArray keys = QJsonDocument::fromJson(ring.readAll()).object().value("keys"_L1).toArray();
    for (const QJsonValue &key : keys) {
        if (key["state"_L1] != "current"_L1)
            continue;
        const QString name = m_folder.filePath(kSigningKey);
        if (const Result<void> written = writeDurably(name, key["pem"_L1].toString().toLatin1()); !written)
            return written;
        m_signingKeyFile = name;
        return {};
    }
    return Error(ErrorCode::StoreCorrupt, u"%1 has no key that signs"_s.arg(ring.fileName()));
}

Result<void> Demo::prepare(const DemoOptions &options)
{
    if (const Result<void> opened = m_folder.open(options.stateFolder); !opened)
        return opened.error();
    const Result<DemoState> state = DemoState::load(m_folder.filePath(kStateFile));
    if (!state)
        return state.error();
    m_state = *state;
    if (const Result<void> opened = openCertificate(); !opened)
        return opened.error();
    if (const Result<void> written = writeSecurityText(); !written)
        return written.error();
    m_config.cluster = u"demo"_s;
    m_config.listen.port = options.port.value_or(m_state.gatewayPort);
    m_config.endpoints = {endpoint(u"/echo"_s, Gateway::EndpointConfig::Service::Echo),
                          endpoint(u"/room"_s, Gateway::EndpointConfig::Service::Rooms),
                          endpoint(u"/strict"_s, Gateway::EndpointConfig::Service::Echo)};
    // As an endpoint of somebody's own should be, who expects no fleet.
    m_config.endpoints.last().limits.handshakesPerSecond = 20;
    m_config.endpoints.last().limits.connectionsPerUser = 5;
    m_config.audit.database = m_folder.filePath(u"audit.sqlite"_s);
    m_config.audit.retention = kAuditRetention;
    m_config.watch = Gateway::WatchConfig{};
    Gateway::EmbeddedIssuerConfig issuer;
    issuer.audience = kAudience;
    issuer.accessTokenLifetime = options.accessTokenLifetime;
    issuer.port = m_state.issuerPort;
    if (m_folder.isKept())
        issuer.stateFolder = m_folder.path();
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
    for (const auto &[name, password] : m_state.passwords) {
        if (name != kOperator)
            users.append(QJsonObject{{u"name"_s, name}, {u"password"_s, password}});
    }
    users.append(QJsonObject{
        {u"name"_s, m_state.passwords.first().first}, {u"password"_s, m_state.passwords.first().second}, {u"operator"_s, true}});
    QJsonObject line{{u"gateway"_s, gateway.toString()},
                     {u"issuer"_s, issuer.toString()},
                     {u"ca"_s, m_caFile},
                     {u"client_id"_s, kClientId},
                     {u"audience"_s, kAudience},
                     {u"scopes"_s, QJsonArray::fromStringList(QStringList{u"openid"_s, u"offline_access"_s} + appScopes())},
                     {u"operator_scopes"_s, QJsonArray::fromStringList(operatorScopes())},
                     {u"users"_s, users},
                     {u"operator"_s, QString(kOperator)},
                     {u"origin"_s, m_config.endpoints.first().origins.first()},
                     {u"endpoints"_s, QJsonObject{{u"echo"_s, u"/echo"_s}, {u"room"_s, u"/room"_s}, {u"strict"_s, u"/strict"_s}}},
                     {u"watch"_s, m_config.watch->path},
                     {u"audit"_s, m_config.watch->auditPath}};
    if (!m_signingKeyFile.isEmpty())
        line.insert("signing_key"_L1, m_signingKeyFile);
    return line;
}

} // namespace Watchword::Tools
