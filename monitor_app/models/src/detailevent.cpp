// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/detail.h"

#include "auditcells.h"
#include "monitor/models/text.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>

namespace Monitor {

namespace {

constexpr qsizetype RawShown = qsizetype(64) << 10;

struct EventWords
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::Detail)
};

QString member(const QJsonObject &data, const char *group, const char *name)
{
    return data.value(QLatin1String(group)).toObject().value(QLatin1String(name)).toVariant().toString();
}

//! What happened and what comes next; kinds that are not known are described by their own message.
QString eventSentence(const QString &kind, const QString &user, const QString &address, const QString &detail)
{
    const QString who = QStringLiteral("**") + (user.isEmpty() ? EventWords::tr("Someone") : user) + QStringLiteral("**");
    const QString where = address.isEmpty() ? EventWords::tr("an unknown address") : address;
    if (kind == u"conn.opened")
        return EventWords::tr("%1 connected from %2.").arg(who, where);
    if (kind == u"conn.closed")
        return EventWords::tr("The connection of %1 was closed: **%2**.").arg(who, detail);
    if (kind == u"conn.rejected")
        return EventWords::tr("A connection from **%1** was refused before it was opened: **%2**. Nothing was exchanged.")
            .arg(where, detail);
    if (kind == u"conn.origin_denied")
        return EventWords::tr("A page of another site tried to connect from **%1**: **%2**. It was refused.").arg(where, detail);
    if (kind == u"credential.in_url")
        return EventWords::tr("A client at **%1** sent its token in the URL, where proxies log it. The upgrade was refused; "
                              "**treat that token as lost** and revoke it.")
            .arg(where);
    if (kind == u"token.refreshed")
        return EventWords::tr("%1 has a new access token; the connection goes on with it.").arg(who);
    if (kind == u"token.issued")
        return EventWords::tr("The issuer gave %1 a token.").arg(who);
    if (kind == u"token.refresh_failed")
        return EventWords::tr("%1 could not renew the access token: **%2**. The connection lives until its token ends.")
            .arg(who, detail);
    if (kind == u"token.expired")
        return EventWords::tr("The token of %1 ended and was not renewed in time, so the connection was closed with **4401**.")
            .arg(who);
    if (kind == u"token.reused")
        return EventWords::tr("A refresh token of %1 that was already spent was sent again from **%2**. One of the two users is "
                              "not the owner, so the whole family was revoked.")
            .arg(who, where);
    if (kind == u"token.revoked" || kind == u"session.revoked")
        return EventWords::tr(
                   "The session of %1 was revoked. Its connections are closed with **4410** and the person has to sign in again.")
            .arg(who);
    if (kind == u"signin.succeeded")
        return EventWords::tr("%1 signed in from %2.").arg(who, where);
    if (kind == u"signin.failed")
        return EventWords::tr("A sign-in as %1 failed at **%2**.").arg(who, where);
    if (kind == u"limit.hit")
        return EventWords::tr("A limit was reached: **%1**.").arg(detail);
    if (kind == u"admin.disconnect")
        return EventWords::tr("%1 disconnected connections: **%2**.").arg(who, detail);
    return detail;
}

DetailBlock whoBlock(const AuditTable &table, const AuditRecord &record)
{
    const Interner &strings = table.strings();
    DetailBlock block;
    const auto add = [&](const QString &label, quint32 id, bool isId) {
        if (id == Interner::Empty)
            return;
        DetailRow row;
        row.label = label;
        row.value = isId ? Text::elideId(strings.text(id)) : strings.text(id);
        row.full = isId ? strings.text(id) : QString();
        row.monospace = isId;
        block.rows.append(row);
    };
    add(EventWords::tr("User"), record.actor, false);
    add(EventWords::tr("Client"), record.client, false);
    add(EventWords::tr("Session"), record.session, true);
    add(EventWords::tr("Connection"), record.connection, true);
    add(EventWords::tr("Token"), record.token, true);
    add(EventWords::tr("Family"), record.family, true);
    if (const QString node = table.nodeName(record.node); !node.isEmpty())
        block.rows.append({EventWords::tr("Node"), node, {}, {}, false, {}, {}});
    if (record.ip != Interner::Empty)
        block.rows.append({EventWords::tr("Address"), strings.text(record.ip), {}, {}, true, {}, {}});
    return block;
}

DetailBlock outcomeBlock(const AuditTable &table, const AuditRecord &record, const QJsonObject &data)
{
    DetailBlock block;
    const auto add = [&](const QString &label, const QString &value, bool mono = false) {
        if (!value.isEmpty())
            block.rows.append({label, value, {}, {}, mono, {}, {}});
    };
    const QStringList outcomes = {QString(), EventWords::tr("success"), EventWords::tr("failure"), EventWords::tr("denied")};
    add(EventWords::tr("Outcome"), outcomes.value(record.outcome & 0x3f));
    add(EventWords::tr("Reason"), table.strings().text(record.reason), true);
    add(EventWords::tr("Message"), table.strings().text(record.message));
    if (record.closeCode != 0)
        add(EventWords::tr("Close code"), QString::number(record.closeCode), true);
    add(EventWords::tr("HTTP status"), member(data, "http", "status"), true);
    add(EventWords::tr("Path"), member(data, "http", "path"), true);
    add(EventWords::tr("Origin"), member(data, "http", "origin"), true);
    add(EventWords::tr("Limit"), member(data, "limit", "name"));
    add(EventWords::tr("Why"), member(data, "admin", "justification"));
    return block;
}

DetailBlock proofBlock(const AuditRecord &record, const QJsonObject &data)
{
    DetailBlock block;
    if (record.sequence != 0)
        block.rows.append({EventWords::tr("Sequence"), Text::count(qint64(record.sequence)), {}, {}, false, {}, {}});
    for (const auto &[label, name] :
         {std::pair{EventWords::tr("Previous hash"), "prev"}, std::pair{EventWords::tr("Hash"), "hash"}}) {
        const QString hash = member(data, "chain", name);
        if (!hash.isEmpty())
            block.rows.append({label, hash.left(4) + u'…' + hash.right(4), {}, hash, true, {}, {}});
    }
    return block;
}

} // namespace

DetailContent describeEvent(const AuditTable &table, quint64 rowId)
{
    DetailContent content;
    const auto at = rowId == 0 ? AuditTable::Located() : table.locate(rowId - 1);
    if (!at)
        return content;
    const AuditCells cells(table, at);
    const AuditRecord &record = cells.record();
    content.valid = true;
    content.severity = cells.severity();
    content.glyph = Text::severityGlyph(content.severity);
    if (cells.kind() == RowKind::Gap) {
        content.title = EventWords::tr("Events are missing");
        content.glyph = QStringLiteral("gap");
        content.sentences =
            cells.sentence() + QStringLiteral(". ") + EventWords::tr("What is counted and shown here does not include them.");
        return content;
    }
    const QByteArray raw = at.segment->payload(at.row);
    const QJsonDocument json = QJsonDocument::fromJson(raw);
    content.raw = json.isNull() ? QString::fromUtf8(raw) : QString::fromUtf8(json.toJson(QJsonDocument::Indented));
    content.rawCut = content.raw.size() > RawShown;
    content.raw.truncate(RawShown);
    content.line = Text::clockTime(record.time, true) + QStringLiteral(" UTC");
    if (record.sequence != 0)
        content.line += EventWords::tr(" · seq %1").arg(Text::count(qint64(record.sequence)));
    if (cells.kind() == RowKind::Bad) {
        content.title = EventWords::tr("Unreadable line");
        content.sentences = cells.text(AuditModel::Message) + u' ' + EventWords::tr("The line is kept as it came; see Raw.");
        return content;
    }
    const QJsonObject data = json.object().value(QLatin1String("data")).toObject();
    const Interner &strings = table.strings();
    content.title = table.kindName(record.kind);
    const QString message = cells.fullText(AuditModel::Message);
    content.sentences = eventSentence(content.title, strings.text(record.actor), strings.text(record.ip),
                                      message.isEmpty() ? content.title : message);
    content.sessionId = strings.text(record.session);
    content.connectionId = strings.text(record.connection);
    for (const DetailBlock &block : {whoBlock(table, record), outcomeBlock(table, record, data), proofBlock(record, data)}) {
        if (!block.rows.isEmpty())
            content.blocks.append(block);
    }
    if (raw.isEmpty())
        content.raw = EventWords::tr("The raw event was dropped to stay within the memory budget.");
    return content;
}

} // namespace Monitor
