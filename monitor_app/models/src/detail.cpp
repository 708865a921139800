// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/detail.h"

#include "monitor/models/text.h"

#include <QCoreApplication>

namespace Monitor {

namespace {

using S = ConnectionTable;

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::Detail)
};

QString messages(qint64 count)
{
    return Words::tr("%1 message(s)", nullptr, int(std::min<qint64>(count, 2))).arg(Text::count(count));
}

QString strong(const QString &text)
{
    return QStringLiteral("**") + text + QStringLiteral("**");
}

void add(DetailBlock &block, const QString &label, const QString &value, const QString &note = {}, bool mono = false)
{
    if (value.isEmpty())
        return;
    DetailRow row;
    row.label = label;
    row.value = value;
    row.note = note;
    row.monospace = mono;
    block.rows.append(row);
}

void addId(DetailBlock &block, const QString &label, const QString &id, const QString &note = {})
{
    if (id.isEmpty())
        return;
    DetailRow row;
    row.label = label;
    row.value = Text::elideId(id);
    row.note = note;
    row.full = id;
    row.monospace = true;
    block.rows.append(row);
}

QString closeText(const ConnectionTable &table, quint32 slot)
{
    const QString reason = table.text(slot, S::CloseReason);
    const QString code = table.closeCode(slot) == 0 ? QString() : QString::number(table.closeCode(slot));
    return reason.isEmpty() ? code : (code.isEmpty() ? reason : code + u' ' + reason);
}

QString failingSentence(const ConnectionTable &table, quint32 slot, const QString &node, qint64 left)
{
    const quint32 failed = table.renewalsFailed(slot);
    QString text = failed <= 1 ? Words::tr("The last renewal of the token was refused.")
                               : Words::tr("The last %1 renewals of the token were refused.").arg(Text::count(failed));
    if (left != S::Unknown && left > 0) {
        text += u' '
            + Words::tr("If none succeeds, %1 closes this connection in %2, at %3, with %4.")
                  .arg(node, strong(Text::duration(left)), Text::clockTime(table.number(slot, S::Expires)),
                       strong(QStringLiteral("4401 token_expired")));
    }
    return text;
}

QString connectionSentence(const ConnectionTable &table, quint32 slot, qint64 now)
{
    const QString node = table.text(slot, S::Node).isEmpty() ? Words::tr("the gateway") : table.text(slot, S::Node);
    const qint64 expires = table.number(slot, S::Expires);
    const qint64 left = expires == S::Unknown ? S::Unknown : expires - now;
    if (!table.isLive(slot))
        return Words::tr("This connection is over and has left the table.");
    switch (table.state(slot)) {
    case S::RevokedState:
        return Words::tr("The session was revoked, and %1 closed the connection with %2. The person has to sign in again.")
            .arg(node, strong(closeText(table, slot).isEmpty() ? QStringLiteral("4410") : closeText(table, slot)));
    case S::ClosedState:
        return Words::tr("The connection was closed%1. It leaves the table a minute later.")
            .arg(closeText(table, slot).isEmpty() ? QString() : Words::tr(" with %1").arg(strong(closeText(table, slot))));
    case S::FailingState:
        return failingSentence(table, slot, node, left);
    case S::ExpiringState:
        if (left == S::Unknown)
            break;
        return Words::tr("The token ends in %1 and was not renewed yet. Without a renewal %2 closes the connection at %3.")
            .arg(strong(Text::duration(left)), node, strong(Text::clockTime(expires)));
    default:
        break;
    }
    if (left == S::Unknown)
        return Words::tr("The connection is open. Its token does not say when it ends.");
    return Words::tr("The connection is open and its token is good for %1. The app is expected to renew it before %2.")
        .arg(strong(Text::duration(left)), strong(Text::clockTime(expires)));
}

QString tokenEndSentence(const TokenInterval &token)
{
    switch (token.end) {
    case TokenInterval::End::Reused:
        return Words::tr("A refresh token that was spent came again at %1. One of the two users is not the owner, so the "
                         "whole family was revoked.")
            .arg(strong(Text::clockTime(token.ended)));
    case TokenInterval::End::Revoked:
        return Words::tr("The session was revoked at %1. The person has to sign in again.")
            .arg(strong(Text::clockTime(token.ended)));
    case TokenInterval::End::SignedOut:
        return Words::tr("The person signed out at %1.").arg(strong(Text::clockTime(token.ended)));
    case TokenInterval::End::Expired:
        return Words::tr("The token expired at %1 without a successor.").arg(strong(Text::clockTime(token.ended)));
    case TokenInterval::End::Replaced:
    case TokenInterval::End::None:
        break;
    }
    return {};
}

QString attemptText(const TokenInterval &token)
{
    if (token.failures > 0)
        return token.failures == 1 ? Words::tr("1 renewal failed") : Words::tr("%1 renewals failed").arg(token.failures);
    return token.previous.isEmpty() ? Words::tr("issued at sign-in") : Words::tr("accepted");
}

DetailBlock refreshBlock(const TokenTable &tokens, quint32 lane)
{
    constexpr int Shown = 4;
    DetailBlock block;
    block.title = Words::tr("Refreshes");
    const auto &chain = tokens.lane(lane).access;
    for (auto it = chain.rbegin(); it != chain.rend() && block.rows.size() < Shown; ++it) {
        const TokenInterval &token = tokens.token(*it);
        DetailRow row;
        const bool failed = token.failures > 0;
        row.glyph = failed ? QStringLiteral("cross") : QStringLiteral("check");
        row.glyphColour = failed ? QStringLiteral("severity.error") : QStringLiteral("severity.okInk");
        row.label = Text::clockTime(token.issued);
        row.value = attemptText(token);
        if (token.expires > token.issued && token.issued > 0)
            row.note = Words::tr("life %1").arg(Text::duration(token.expires - token.issued));
        block.rows.append(row);
    }
    return block;
}

} // namespace

QString DetailContent::plainSentences() const
{
    return QString(sentences).remove(QStringLiteral("**"));
}

DetailContent describeConnection(const ConnectionTable &table, const TokenTable &tokens, quint64 rowId, qint64 now)
{
    DetailContent content;
    const quint32 slot = table.slotOfKey(rowId);
    if (rowId == 0 || slot == ConnectionTable::noSlot())
        return content;
    const auto text = [&](S::IdColumn column) { return table.text(slot, column); };
    content.valid = true;
    content.severity = Text::stateSeverity(table.stateName(slot));
    content.glyph = Text::severityGlyph(content.severity);
    content.title = text(S::User).isEmpty() ? text(S::Subject) : text(S::User);
    if (content.title.isEmpty())
        content.title = table.id(slot);
    QStringList line = {text(S::Client), text(S::UserAgent), text(S::Node)};
    line.removeAll(QString());
    content.line = line.join(QStringLiteral(" · "));
    content.sentences = connectionSentence(table, slot, now);
    content.sessionId = text(S::Session);
    content.connectionId = table.id(slot);

    DetailBlock who;
    add(who, Words::tr("User"), text(S::User), text(S::Subject) == text(S::User) ? QString() : text(S::Subject));
    add(who, Words::tr("Client"), text(S::Client));
    addId(who, Words::tr("Session"), text(S::Session));
    addId(who, Words::tr("Connection"), table.id(slot));
    addId(who, Words::tr("Token"), text(S::Token));
    if (const quint32 token = tokens.indexOf(text(S::Token)); token != TokenTable::none())
        addId(who, Words::tr("Family"), tokens.token(token).family);
    const QString port = table.port(slot) == 0 ? QString() : Words::tr("port %1").arg(table.port(slot));
    add(who, Words::tr("Address"), text(S::Ip), port, true);
    add(who, Words::tr("Endpoint"), text(S::Path), {}, true);
    add(who, Words::tr("Origin"), text(S::Origin).isEmpty() ? Words::tr("none, bearer in header") : text(S::Origin));
    add(who, Words::tr("TLS"), text(S::Tls), text(S::Cipher));
    add(who, Words::tr("Scope"), text(S::Scope));
    content.blocks.append(who);

    DetailBlock traffic;
    const qint64 opened = table.number(slot, S::Opened);
    if (opened != S::Unknown)
        add(traffic, Words::tr("Opened"), Text::clockTime(opened), Words::tr("%1 ago").arg(Text::duration(now - opened)));
    add(traffic, Words::tr("Received"), messages(table.number(slot, S::MessagesIn)), Text::bytes(table.number(slot, S::BytesIn)));
    add(traffic, Words::tr("Sent"), messages(table.number(slot, S::MessagesOut)), Text::bytes(table.number(slot, S::BytesOut)));
    add(traffic, Words::tr("Rates"), Words::tr("%1 /s in").arg(Text::rate(table.inRate(slot, now))),
        Words::tr("%1 /s out").arg(Text::rate(table.outRate(slot, now))));
    add(traffic, Words::tr("Queue"), Text::bytes(table.queue(slot)));
    if (table.rttMs(slot) >= 0)
        add(traffic, Words::tr("Round trip"), Words::tr("%1 ms").arg(table.rttMs(slot)));
    add(traffic, Words::tr("Renewals"), Text::count(table.renewals(slot)),
        table.renewalsFailed(slot) == 0 ? QString() : Words::tr("%1 failed").arg(Text::count(table.renewalsFailed(slot))));
    add(traffic, Words::tr("Close"), closeText(table, slot));
    content.blocks.append(traffic);
    if (const quint32 lane = tokens.laneOf(content.sessionId); lane != TokenTable::none())
        content.blocks.append(refreshBlock(tokens, lane));
    return content;
}

DetailContent describeSession(const TokenTable &tokens, const QString &sessionId, qint64 now)
{
    DetailContent content;
    const quint32 lane = tokens.laneOf(sessionId);
    if (lane == TokenTable::none())
        return content;
    const TokenLane &session = tokens.lane(lane);
    content.valid = true;
    content.title = session.user.isEmpty() ? sessionId : session.user;
    QStringList line = {session.client, session.node};
    line.removeAll(QString());
    content.line = line.join(QStringLiteral(" · "));
    content.sessionId = sessionId;
    const quint32 current = tokens.current(lane);
    content.severity = session.failures > 0 ? Severity::Error : Severity::Ok;
    if (current != TokenTable::none()) {
        const TokenInterval &token = tokens.token(current);
        content.sentences = tokenEndSentence(token);
        const bool bad = token.end == TokenInterval::End::Revoked || token.end == TokenInterval::End::Reused;
        if (token.end != TokenInterval::End::None)
            content.severity = bad ? Severity::Critical : Severity::Neutral;
        else if (token.expires == 0)
            content.sentences = Words::tr("The token is opaque and does not say when it ends.");
        else if (token.expires <= now)
            content.sentences =
                Words::tr("The token ended at %1 and was not renewed.").arg(strong(Text::clockTime(token.expires)));
        else if (token.refreshAt > now)
            content.sentences = Words::tr("The token is good until %1. The next refresh is expected at %2.")
                                    .arg(strong(Text::clockTime(token.expires)), strong(Text::clockTime(token.refreshAt)));
        else
            content.sentences = Words::tr("The token ends in %1, at %2, and its refresh is due.")
                                    .arg(strong(Text::duration(token.expires - now)), Text::clockTime(token.expires));
    } else {
        content.sentences = Words::tr("No access token of this session is known; only its refresh token is.");
    }
    content.glyph = Text::severityGlyph(content.severity);
    DetailBlock facts;
    add(facts, Words::tr("User"), session.user);
    add(facts, Words::tr("Client"), session.client);
    addId(facts, Words::tr("Session"), sessionId);
    if (current != TokenTable::none()) {
        const TokenInterval &token = tokens.token(current);
        addId(facts, Words::tr("Token"), token.id);
        addId(facts, Words::tr("Family"), token.family, Words::tr("%1 tokens").arg(session.refresh.size()));
    }
    add(facts, Words::tr("Node"), session.node);
    add(facts, Words::tr("Failures"), session.failures == 0 ? Words::tr("none") : Text::count(session.failures));
    content.blocks.append(facts);
    content.blocks.append(refreshBlock(tokens, lane));
    return content;
}

} // namespace Monitor
