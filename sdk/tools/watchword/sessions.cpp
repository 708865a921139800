// SPDX-License-Identifier: Apache-2.0
// The commands that look at sessions and locks of a gateway, and end them.
#include "apicall.h"

#include <QJsonArray>
#include <QUrl>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

QString segment(const QString &text)
{
    return QString::fromLatin1(QUrl::toPercentEncoding(text));
}

QString queryOf(const QList<std::pair<QString, QString>> &fields)
{
    QStringList pairs;
    for (const auto &[name, value] : fields) {
        if (!value.isEmpty())
            pairs.append(name + u'=' + segment(value));
    }
    return pairs.isEmpty() ? QString() : u'?' + pairs.join(u'&');
}

void printRow(const QStringList &cells)
{
    printLine(cells.join(u'\t').toUtf8());
}

QString textOf(const QJsonValue &row, QLatin1StringView name)
{
    return row[name].isDouble() ? QString::number(row[name].toInteger()) : row[name].toString();
}

void addReason(QCommandLineParser &parser)
{
    parser.addOption({u"reason"_s, u"Why; it is in the audit."_s, u"text"_s});
}

void addSelectors(QCommandLineParser &parser)
{
    for (const auto &[name, text] :
         {std::pair{u"user"_s, u"Of this user (sub)."_s}, std::pair{u"session"_s, u"Of this session (sid)."_s},
          std::pair{u"client"_s, u"Of this app (client_id)."_s}, std::pair{u"address"_s, u"From this address or subnet."_s}})
        parser.addOption({name, text, name});
}

} // namespace

int runSessions(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        u"Lists the sessions at a gateway: your own, with --user those of a user, with --connections "
        "what is connected. With --end ends one."_s);
    ApiCall::addOptions(parser);
    parser.addOption({u"user"_s, u"Of this user (sub)."_s, u"user"_s});
    parser.addOption({u"connections"_s, u"Lists connections in place of sessions."_s});
    parser.addOption({u"end"_s, u"Ends this session: one of your own, or any with --user."_s, u"session"_s});
    addReason(parser);
    if (const std::optional<int> end = parse(parser, u"sessions"_s, arguments, 1))
        return *end;
    ApiCall call(parser);
    const QString user = parser.value(u"user"_s);
    if (parser.isSet(u"end"_s)) {
        call.method = "DELETE";
        const QString id = segment(parser.value(u"end"_s));
        call.path = user.isEmpty()
            ? u"/me/sessions/"_s + id
            : u"/sessions/"_s + id + queryOf({{u"user"_s, user}, {u"reason"_s, parser.value(u"reason"_s)}});
        return call.run([](const QJsonObject &answer) { printNote(u"%1 is over."_s.arg(answer.value("ended"_L1).toString())); });
    }
    if (parser.isSet(u"connections"_s)) {
        call.path = u"/connections"_s + queryOf({{u"user"_s, user}, {u"limit"_s, u"1000"_s}});
        return call.run([](const QJsonObject &answer) {
            for (const QJsonValue &row : answer.value("connections"_L1).toArray())
                printRow({textOf(row, "id"_L1), textOf(row, "user"_L1), textOf(row, "session"_L1), textOf(row, "endpoint"_L1),
                          textOf(row, "address"_L1), textOf(row, "opened"_L1)});
            if (answer.contains("cursor"_L1))
                printNote(u"There are more than 1000; --user narrows it."_s);
        });
    }
    call.path = user.isEmpty() ? u"/me/sessions"_s : u"/users/"_s + segment(user) + u"/sessions"_s;
    return call.run([](const QJsonObject &answer) {
        for (const QJsonValue &row : answer.value("sessions"_L1).toArray())
            printRow({textOf(row, "id"_L1), textOf(row, "user"_L1), textOf(row, "client"_L1), textOf(row, "connections"_L1),
                      textOf(row, "since"_L1), row["current"_L1].toBool() ? u"this one"_s : QString()});
    });
}

int runLocks(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Lists who is kept out of a gateway. With --user, --session, --client or --address keeps "
                                     u"somebody out; with --remove lets "
                                     "somebody in again."_s);
    ApiCall::addOptions(parser);
    addSelectors(parser);
    parser.addOption({u"for"_s, u"How long; for good without it."_s, u"duration"_s});
    parser.addOption({u"message"_s, u"What the person is told."_s, u"text"_s});
    parser.addOption({u"dry-run"_s, u"Says whom it would keep out, and does nothing."_s});
    parser.addOption({u"include-operators"_s, u"With --address: operators, too; without it they stay."_s});
    parser.addOption({u"remove"_s, u"Takes this lock off."_s, u"lock"_s});
    addReason(parser);
    if (const std::optional<int> end = parse(parser, u"locks"_s, arguments, 1))
        return *end;
    QJsonObject target;
    int targets = parser.isSet(u"remove"_s) ? 1 : 0;
    for (const QString &kind : {u"user"_s, u"session"_s, u"client"_s, u"address"_s}) {
        if (!parser.isSet(kind))
            continue;
        target = {{"kind"_L1, kind}, {"value"_L1, parser.value(kind)}};
        ++targets;
    }
    if (targets > 1)
        return usage(u"one lock at a time"_s);
    ApiCall call(parser);
    call.path = u"/locks"_s;
    if (parser.isSet(u"remove"_s)) {
        call.method = "DELETE";
        call.path += u'/' + segment(parser.value(u"remove"_s)) + queryOf({{u"reason"_s, parser.value(u"reason"_s)}});
        return call.run([](const QJsonObject &) { printNote(u"The lock is off."_s); });
    }
    if (target.isEmpty()) {
        return call.run([](const QJsonObject &answer) {
            for (const QJsonValue &row : answer.value("locks"_L1).toArray())
                printRow({textOf(row, "id"_L1), textOf(row, "mode"_L1), row["target"_L1]["kind"_L1].toString(),
                          row["target"_L1]["value"_L1].toString(), textOf(row, "until"_L1), textOf(row, "by"_L1),
                          textOf(row, "reason"_L1)});
        });
    }
    const auto length = parser.isSet(u"for"_s) ? durationOf(parser.value(u"for"_s)) : std::nullopt;
    if (!parser.isSet(u"reason"_s) || (parser.isSet(u"for"_s) && (!length || *length < std::chrono::seconds(1))))
        return usage(u"a lock needs --reason, and --for takes a number with s, min or h"_s);
    call.method = "POST";
    call.body = {{"target"_L1, target}, {"reason"_L1, parser.value(u"reason"_s)}};
    if (length)
        call.body.insert("ttl_s"_L1, qint64(std::chrono::duration_cast<std::chrono::seconds>(*length).count()));
    if (parser.isSet(u"message"_s))
        call.body.insert("message"_L1, parser.value(u"message"_s));
    if (parser.isSet(u"include-operators"_s))
        call.body.insert("include_operators"_L1, true);
    if (parser.isSet(u"dry-run"_s)) {
        call.body.insert("dry_run"_L1, true);
        return call.run([](const QJsonObject &answer) {
            printRow({textOf(answer, "matched"_L1), answer.value("covers"_L1).toVariant().toStringList().join(u' '),
                      textOf(answer, "detail"_L1)});
        });
    }
    return call.run([](const QJsonObject &answer) { printLine(answer.value("id"_L1).toString().toUtf8()); });
}

int runKick(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        u"Ends the connections at a gateway that all given selectors fit, and says how many. They may "
        "return, but see --code."_s);
    ApiCall::addOptions(parser);
    addSelectors(parser);
    parser.addOption({u"all"_s, u"All connections; needs a sign-in within five minutes."_s});
    parser.addOption({u"code"_s, u"4411: may return; 4410: the session is revoked; 4403: may not return with this session."_s,
                      u"code"_s, u"4411"_s});
    parser.addOption({u"after"_s, u"With 4411: when they may return."_s, u"duration"_s, u"0"_s});
    parser.addOption({u"per-second"_s, u"So many a second."_s, u"number"_s});
    parser.addOption({u"dry-run"_s, u"Says whom it would be, and does nothing."_s});
    addReason(parser);
    if (const std::optional<int> end = parse(parser, u"kick"_s, arguments, 1))
        return *end;
    QJsonObject selector;
    for (const QString &name : {u"user"_s, u"session"_s, u"client"_s, u"address"_s}) {
        if (parser.isSet(name))
            selector.insert(name, parser.value(name));
    }
    if (parser.isSet(u"all"_s))
        selector.insert("all"_L1, true);
    const auto after = durationOf(parser.value(u"after"_s));
    bool isNumber = true;
    const int pace = parser.isSet(u"per-second"_s) ? parser.value(u"per-second"_s).toInt(&isNumber) : 0;
    if (selector.isEmpty() || !parser.isSet(u"reason"_s) || !after || !isNumber)
        return usage(u"say whom (--user, --session, --client, --address or --all) and --reason"_s);
    ApiCall call(parser);
    call.method = "POST";
    call.path = u"/connections:disconnect"_s;
    call.body = {{"selector"_L1, selector},
                 {"reason"_L1, parser.value(u"reason"_s)},
                 {"code"_L1, parser.value(u"code"_s).toInt()},
                 {"after_ms"_L1, qint64(after->count())},
                 {"per_second"_L1, pace},
                 {"dry_run"_L1, parser.isSet(u"dry-run"_s)}};
    return call.run([](const QJsonObject &answer) {
        const QString count = QString::number(answer.value("matched"_L1).toInteger());
        printLine(answer.value("dry_run"_L1).toBool() ? u"%1 would end"_s.arg(count).toUtf8() : u"%1 end"_s.arg(count).toUtf8());
        for (const QJsonValue &id : answer.value("sample"_L1).toArray())
            printLine("  " + id.toString().toUtf8());
    });
}

} // namespace Watchword::Tool
