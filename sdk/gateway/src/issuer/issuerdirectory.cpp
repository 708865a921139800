// SPDX-License-Identifier: Apache-2.0
#include "issuer/issuerdirectory.h"

#include "issuer/redirecturi.h"
#include "watchword/core/log.h"

#include <QSet>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

Error unusableEntry(const QString &what)
{
    return Error(ErrorCode::ConfigInvalid, u"the embedded issuer: "_s + what);
}

Result<void> checkClients(const QList<IssuerClient> &clients)
{
    if (clients.isEmpty())
        return unusableEntry(u"there is no client"_s);
    QSet<QString> seen;
    for (const IssuerClient &client : clients) {
        if (client.id.isEmpty() || seen.contains(client.id))
            return unusableEntry(u"the client id \"%1\" is empty or used twice"_s.arg(client.id));
        seen.insert(client.id);
        for (const QString &uri : client.redirectUris + client.postLogoutRedirectUris) {
            if (!isUsableRedirectUri(uri)) {
                return unusableEntry(u"\"%1\" of client \"%2\" is no usable redirect URI"_s.arg(uri, client.id))
                    .withRemedy(u"Use http://127.0.0.1/path, https://... or a scheme like com.example.app:/path."_s);
            }
        }
    }
    return {};
}

} // namespace

IssuerDirectory::IssuerDirectory(const IssuerOptions &options)
    : m_fixedUsers(options.users)
    , m_users(options.users)
    , m_clients(options.clients)
    , m_url(options.url)
{
}

Result<void> IssuerDirectory::check() const
{
    if (const Result<void> good = checkClients(m_clients); !good)
        return good;
    QSet<QString> seen;
    for (const IssuerUser &user : m_users) {
        if (user.name.isEmpty() || user.subject.isEmpty() || seen.contains(user.name.toCaseFolded()))
            return unusableEntry(u"the user \"%1\" has no name or subject, or comes twice"_s.arg(user.name));
        if (user.passwordHash.isEmpty())
            return unusableEntry(u"the user \"%1\" has no password hash"_s.arg(user.name));
        seen.insert(user.name.toCaseFolded());
    }
    return {};
}

const IssuerClient *IssuerDirectory::client(const QString &id) const
{
    for (const IssuerClient &client : m_clients) {
        if (client.id == id)
            return &client;
    }
    return nullptr;
}

std::optional<IssuerUser> IssuerDirectory::user(const QString &name) const
{
    for (const IssuerUser &user : m_users) {
        if (user.name.compare(name, Qt::CaseInsensitive) == 0)
            return user;
    }
    return {};
}

bool IssuerDirectory::setMoreUsers(const QList<IssuerUser> &users)
{
    QList<IssuerUser> all = m_fixedUsers;
    for (const IssuerUser &user : users) {
        const bool isKnown = std::any_of(all.begin(), all.end(), [&user](const IssuerUser &other) {
            return other.name.compare(user.name, Qt::CaseInsensitive) == 0 || other.subject == user.subject;
        });
        if (isKnown)
            qCWarning(logGateway) << "a user has the name or the subject of another one and is left out:" << user.name;
        else
            all.append(user);
    }
    if (all == m_users)
        return false;
    m_users = all;
    return true;
}

QString IssuerDirectory::url() const
{
    return m_url.toString(QUrl::FullyEncoded | QUrl::StripTrailingSlash);
}

const QStringList &IssuerDirectory::standardScopes()
{
    static const QStringList scopes{u"openid"_s, u"offline_access"_s, u"profile"_s};
    return scopes;
}

QStringList IssuerDirectory::allowedScopes(const QStringList &wanted, const QStringList &most)
{
    QStringList allowed;
    for (const QString &scope : wanted) {
        if ((most.contains(scope) || standardScopes().contains(scope)) && !allowed.contains(scope))
            allowed.append(scope);
    }
    return allowed;
}

} // namespace Watchword::Gateway
