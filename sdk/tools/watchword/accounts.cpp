// SPDX-License-Identifier: Apache-2.0
#include "accounts.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
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
        account.bound = json.value("dpop"_L1).toBool();
        account.certificateAuthority = json.value("ca"_L1).toString();
        account.person = json.value("person"_L1).toString();
        if (!account.name.isEmpty())
            accounts.m_accounts.append(account);
    }
    return accounts;
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
        array.append(QJsonObject{{"name"_L1, account.name},
                                 {"issuer"_L1, account.issuer.toString()},
                                 {"client_id"_L1, account.clientId},
                                 {"scope"_L1, account.scopes.join(u' ')},
                                 {"resource"_L1, account.resource.toString()},
                                 {"dpop"_L1, account.bound},
                                 {"ca"_L1, account.certificateAuthority},
                                 {"person"_L1, account.person}});
    }
    QDir().mkpath(QFileInfo(path()).path());
    QSaveFile file(path());
    const QByteArray bytes = QJsonDocument(QJsonObject{{"accounts"_L1, array}}).toJson();
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return Error(ErrorCode::StorageFailed, u"%1: %2"_s.arg(path(), file.errorString()));
    return {};
}

} // namespace Watchword::Tool
