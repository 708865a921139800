// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

int runAccounts(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Lists the accounts that were signed in here. The first one, with a star, is used "
                                     "where --account is not given. It asks nobody: see \"watchword explain\"."_s);
    if (const std::optional<int> end = parse(parser, u"accounts"_s, arguments))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    const Result<Accounts> accounts = Accounts::load();
    if (!accounts)
        return report(accounts.error(), json);
    QJsonArray array;
    const QList<Account> all = accounts->all();
    for (const Account &account : all) {
        QJsonObject listed = account.toJson();
        listed.insert("account"_L1, account.name);
        listed.insert("default"_L1, array.isEmpty());
        array.append(listed);
        if (!json)
            printLine(u"%1 %2  %3  %4"_s
                          .arg(array.size() == 1 ? u"*"_s : u" "_s, account.name, account.person, account.issuer.toString())
                          .toUtf8());
    }
    if (json)
        printLine(QJsonDocument(array).toJson(QJsonDocument::Compact));
    else if (array.isEmpty())
        printNote(u"No account yet. Run: watchword sign-in --issuer URL --client-id ID"_s);
    return Done;
}

} // namespace Watchword::Tool
