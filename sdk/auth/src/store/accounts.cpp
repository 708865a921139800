// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/accounts.h"

#include "store/accountfile.h"
#include "watchword/core/internal/durablefile.h"

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr auto kSuffix = ".account"_L1;
constexpr auto kTokens = ".tokens"_L1;
constexpr qsizetype kLargestAccountFile = 16 * 1024;
constexpr qsizetype kMostAccounts = 1000;

QString accountFileOf(const QString &tokenFile)
{
    return tokenFile.chopped(kTokens.size()) + kSuffix;
}

std::optional<StoredAccount> parse(const QByteArray &bytes)
{
    const QJsonObject object = QJsonDocument::fromJson(bytes).object();
    StoredAccount one;
    one.account = object.value("account"_L1).toString();
    one.issuer = QUrl(object.value("issuer"_L1).toString());
    one.clientId = object.value("client_id"_L1).toString();
    one.name = object.value("name"_L1).toString();
    one.subject = object.value("sub"_L1).toString();
    one.signedInAt = QDateTime::fromString(object.value("signed_in_at"_L1).toString(), Qt::ISODateWithMs).toUTC();
    if (one.account.isEmpty() || one.issuer.isEmpty())
        return std::nullopt;
    return one;
}

} // namespace

Result<void> writeAccountFile(const QString &tokenFile, const StoredAccount &account)
{
    const QJsonObject object{
        {u"account"_s, account.account},    {u"issuer"_s, account.issuer.toString(QUrl::FullyEncoded)},
        {u"client_id"_s, account.clientId}, {u"name"_s, account.name},
        {u"sub"_s, account.subject},        {u"signed_in_at"_s, account.signedInAt.toString(Qt::ISODateWithMs)},
    };
    return writeDurably(accountFileOf(tokenFile), QJsonDocument(object).toJson(QJsonDocument::Compact));
}

void removeAccountFile(const QString &tokenFile)
{
    QFile::remove(accountFileOf(tokenFile));
}

QList<StoredAccount> Accounts::stored(const SessionOptions &options)
{
    const QDir folder(options.completed().storageFolder);
    QList<StoredAccount> all;
    const QStringList names = folder.entryList({u'*' + kSuffix}, QDir::Files);
    for (const QString &name : names.first(std::min(names.size(), kMostAccounts))) {
        const Result<QByteArray> bytes = readBounded(folder.filePath(name), kLargestAccountFile);
        if (const auto one = bytes ? parse(*bytes) : std::nullopt)
            all += *one;
    }
    std::sort(all.begin(), all.end(), [](const StoredAccount &a, const StoredAccount &b) {
        return a.signedInAt != b.signedInAt ? a.signedInAt > b.signedInAt : a.account < b.account;
    });
    return all;
}

} // namespace Watchword
