// SPDX-License-Identifier: Apache-2.0
#include "config/policyreader.h"

#include "watchword/core/closepolicy.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostRows = 64;

void insertInteger(QJsonObject &object, TableReader &table, const char *key, int least, int most)
{
    if (table.has(key))
        object.insert(QLatin1StringView(key), table.integer(key, least, least, most));
}

QJsonObject readRow(TableReader table)
{
    QJsonObject row;
    if (table.has("action")) {
        const QString action = table.text("action");
        if (!retryActionFromName(action))
            table.fail("action", u"action must be one of retry, slow, refresh, stop and sign_in"_s);
        row.insert("action"_L1, action);
    }
    insertInteger(row, table, "after_s", 0, 300);
    table.finish();
    return row;
}

// The keys are numbers, written as TOML writes keys: 503 = { ... } or "503" = { ... }.
void readRows(QJsonObject &policy, TableReader &table, const char *key, int least, int most)
{
    auto rows = table.table(key);
    if (!rows)
        return;
    QJsonObject object;
    const QStringList names = rows->keys();
    for (const QString &name : names) {
        const QByteArray latin = name.toLatin1();
        bool isNumber = false;
        const int number = name.toInt(&isNumber);
        const auto row = rows->table(latin.constData());
        if (!isNumber || QString::number(number) != name || number < least || number > most)
            rows->fail(latin.constData(), u"\"%1\" must be a number from %2 to %3"_s.arg(name).arg(least).arg(most));
        else if (row)
            object.insert(name, readRow(*row));
    }
    if (names.size() > kMostRows)
        table.fail(key, u"%1 has more than %2 rows, which no client takes"_s.arg(QString::fromLatin1(key)).arg(kMostRows));
    policy.insert(QLatin1StringView(key), object);
}

} // namespace

QJsonObject readPolicy(TableReader table)
{
    QJsonObject policy;
    readRows(policy, table, "status", 200, 599);
    readRows(policy, table, "close", 1000, 4999);
    if (auto backoff = table.table("backoff")) {
        QJsonObject object;
        insertInteger(object, *backoff, "base_ms", 100, 60'000);
        insertInteger(object, *backoff, "cap_s", 1, 300);
        backoff->finish();
        policy.insert("backoff"_L1, object);
    }
    insertInteger(policy, table, "attempts_per_minute", 1, 600);
    table.finish();
    return policy;
}

} // namespace Watchword::Gateway
