// SPDX-License-Identifier: Apache-2.0
#include "accounts.h"

#include "watchword/core/internal/durablefile.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStandardPaths>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

QString Accounts::path()
{
    return QDir(QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation)).filePath(u"accounts.json"_s);
}

Result<Accounts> Accounts::load()
{
    Accounts accounts;
    QFile file(path());
    if (!file.exists())
        return accounts;
    if (!file.open(QIODevice::ReadOnly))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(path(), file.errorString()));
    const QJsonDocument document = QJsonDocument::fromJson(file.readAll());
    const QJsonValue list = document.object().value("accounts"_L1);
    if (!list.isArray()) {
        return Error(ErrorCode::StoreCorrupt, u"%1 is not a list of accounts"_s.arg(path()))
            .withRemedy(u"Repair or remove the file, then sign in again."_s);
    }
    const QJsonArray array = list.toArray();
    for (const QJsonValue &value : array) {
        const QJsonObject json = value.toObject();
        Account account;
        account.name = json.value("name"_L1).toString();
        account.issuer = QUrl(json.value("issuer"_L1).toString());
        account.clientId = json.value("client_id"_L1).toString();
        account.scopes = json.value("scope"_L1).toString().split(u' ', Qt::SkipEmptyParts);
        account.resource = QUrl(json.value("resource"_L1).toString());
        if (json.value("dpop"_L1).toBool())
            account.binding = TokenBinding::Required;
        else if (json.value("dpop_when_offered"_L1).toBool())
            account.binding = TokenBinding::WhenOffered;
        account.passphraseFile = json.value("passphrase_file"_L1).toString();
        account.lifetimeFromJwt = json.value("lifetime_from_jwt"_L1).toBool();
        account.certificateAuthority = json.value("ca"_L1).toString();
        account.person = json.value("person"_L1).toString();
        if (!account.name.isEmpty())
            accounts.m_accounts.append(account);
    }
    return accounts;
}

QJsonObject Account::toJson() const
{
    return {{"issuer"_L1, issuer.toString()},
            {"client_id"_L1, clientId},
            {"scope"_L1, scopes.join(u' ')},
            {"resource"_L1, resource.toString()},
            {"dpop"_L1, binding == TokenBinding::Required},
            {"dpop_when_offered"_L1, binding == TokenBinding::WhenOffered},
            {"passphrase_file"_L1, passphraseFile},
            {"lifetime_from_jwt"_L1, lifetimeFromJwt},
            {"ca"_L1, certificateAuthority},
            {"person"_L1, person}};
}

std::optional<Account> Accounts::find(const QString &name) const
{
    for (const Account &account : m_accounts) {
        if (name.isEmpty() || account.name == name)
            return account;
    }
    return {};
}

void Accounts::put(const Account &account)
{
    remove(account.name);
    m_accounts.prepend(account);
}

void Accounts::remove(const QString &name)
{
    m_accounts.removeIf([&](const Account &account) { return account.name == name; });
}

Result<void> Accounts::save() const
{
    QJsonArray array;
    for (const Account &account : m_accounts) {
        QJsonObject json = account.toJson();
        json.insert("name"_L1, account.name);
        array.append(json);
    }
    QDir().mkpath(QFileInfo(path()).path());
    return writeDurably(path(), QJsonDocument(QJsonObject{{"accounts"_L1, array}}).toJson());
}

} // namespace Watchword::Tool
