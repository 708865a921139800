// SPDX-License-Identifier: Apache-2.0
#include "sampledata.h"

#include <QDateTime>
#include <QJsonDocument>
#include <QJsonObject>

namespace Sample {
using namespace Qt::StringLiterals;

namespace {

constexpr qint64 life = 600'000;

QString userOf(int row)
{
    static const QStringList names{u"j.marek"_s,  u"l.fontaine"_s,   u"driver-1182"_s, u"k.osei"_s,
                                   u"dock-12"_s,  u"e.petrova"_s,    u"svc-edi-02"_s,  u"driver-0417"_s,
                                   u"c.moreau"_s, u"yard-kiosk-3"_s, u"b.schmidt"_s,   u"t.nakamura"_s};
    return row < names.size() ? names.at(row) : u"%1-%2"_s.arg(names.at(row % int(names.size()))).arg(row);
}

QString clientOf(int row)
{
    static const QStringList clients{u"dispatch-desktop"_s, u"driver-tablet"_s, u"dock-scanner"_s, u"tms-web"_s, u"edi-bridge"_s};
    return clients.at(row % int(clients.size()));
}

QString stateOf(int row)
{
    if (row < 2)
        return u"revoked"_s;
    if (row < 7)
        return u"failing"_s;
    return row < 16 ? u"expiring"_s : u"open"_s;
}

QString sessionOf(int row)
{
    return u"s-4c19%1a7"_s.arg(row, 6, 16, QChar(u'0'));
}

Monitor::ConnectionEntry connectionOf(int row)
{
    Monitor::ConnectionEntry connection;
    connection.id = u"c-0be2%1"_s.arg(row, 6, 16, QChar(u'0'));
    connection.session = sessionOf(row);
    connection.subject = u"u-%1"_s.arg(row);
    connection.user = userOf(row);
    connection.client = clientOf(row);
    connection.ip = row % 3 == 0 ? u"10.24.8.%1"_s.arg(row % 250 + 1) : u"203.0.113.%1"_s.arg(row % 250 + 1);
    connection.port = 40'000 + row;
    connection.node = row % 3 == 0 ? u"gw-1"_s : u"gw-2"_s;
    connection.path = u"/v1/stream"_s;
    connection.userAgent = u"dispatch-desktop/4.2.1"_s;
    connection.tls = u"TLSv1.3"_s;
    connection.cipher = u"TLS_AES_256_GCM_SHA384"_s;
    connection.scope = {u"orders:read"_s};
    connection.state = stateOf(row);
    connection.opened = now - 527'000 + row * 1000;
    connection.lastIn = now - (row % 40) * 1000;
    connection.issued = now - 520'000 + row * 5000;
    connection.expires = connection.issued + life;
    connection.messagesIn = 100 + row * 7;
    connection.messagesOut = 300 + row * 31;
    connection.bytesIn = 20'000 + row * 311;
    connection.bytesOut = 90'000 + row * 911;
    connection.queue = row == 4 ? 12'288 : 0;
    connection.rttMs = 20 + row;
    connection.renewals = row % 20;
    connection.renewalsFailed = row >= 2 && row < 7 ? 3 : 0;
    connection.closeCode = row < 2 ? 4410 : 0;
    connection.closed = row < 2 ? now - 20'000 : -1;
    connection.token = u"at-%1-3"_s.arg(row);
    return connection;
}

void fillTokens(Monitor::TokenTable &table, int row)
{
    const Monitor::ConnectionEntry connection = connectionOf(row);
    const bool revoked = connection.state == u"revoked"_s;
    for (int generation = 0; generation < 4; ++generation) {
        const qint64 issued = connection.issued - (3 - generation) * (life - 120'000);
        for (const QString &kind : {u"access"_s, u"refresh"_s}) {
            Monitor::TokenEntry token;
            const QString prefix = kind == u"access"_s ? u"at"_s : u"rt"_s;
            token.id = u"%1-%2-%3"_s.arg(prefix).arg(row).arg(generation);
            token.previous = generation > 0 ? u"%1-%2-%3"_s.arg(prefix).arg(row).arg(generation - 1) : QString();
            token.session = connection.session;
            token.subject = connection.subject;
            token.user = connection.user;
            token.client = connection.client;
            token.node = connection.node;
            token.kind = kind;
            token.family = u"fam-%1"_s.arg(row);
            token.issued = issued;
            token.notBefore = issued;
            token.expires = issued + (kind == u"access"_s ? life : 86'400'000);
            token.refreshAt = kind == u"access"_s ? issued + life - 120'000 : 0;
            if (generation < 3) {
                token.ended = issued + life - 120'000;
                token.end = u"replaced"_s;
            } else if (revoked) {
                token.ended = now - 20'000;
                token.end = kind == u"refresh"_s ? u"reused"_s : u"revoked"_s;
            }
            token.failures = kind == u"access"_s && generation == 3 ? connection.renewalsFailed : 0;
            table.upsert(token);
        }
    }
}

} // namespace

QByteArray event(quint64 sequence, qint64 time, const QString &type, int severity, const QString &user, const QString &message,
                 int row)
{
    const QJsonObject data{{u"severity"_s, severity},
                           {u"outcome"_s, severity >= 3 ? u"failure"_s : u"success"_s},
                           {u"message"_s, message},
                           {u"actor"_s, QJsonObject{{u"type"_s, u"user"_s}, {u"name"_s, user}, {u"client_id"_s, clientOf(row)}}},
                           {u"session"_s, QJsonObject{{u"sid"_s, sessionOf(row)}, {u"conn_id"_s, connectionOf(row).id}}},
                           {u"src"_s, QJsonObject{{u"ip"_s, connectionOf(row).ip}}},
                           {u"node"_s, QJsonObject{{u"id"_s, row % 3 == 0 ? u"gw-1"_s : u"gw-2"_s}}}};
    const QJsonObject root{{u"specversion"_s, u"1.0"_s},
                           {u"id"_s, u"00000000-0000-4000-8000-%1"_s.arg(sequence, 12, 10, QChar(u'0'))},
                           {u"source"_s, u"wss-gateway://sample/gw-2"_s},
                           {u"type"_s, u"dev.watchword.%1.v1"_s.arg(type)},
                           {u"time"_s, QDateTime::fromMSecsSinceEpoch(time, Qt::UTC).toString(Qt::ISODateWithMs)},
                           {u"sequence"_s, u"%1"_s.arg(sequence, 20, 10, QChar(u'0'))},
                           {u"data"_s, data}};
    return QJsonDocument(root).toJson(QJsonDocument::Compact);
}

void fill(Monitor::Workspace &workspace, int count)
{
    workspace.setClock([] { return now; });
    for (int row = 0; row < count; ++row) {
        workspace.connections().upsert(connectionOf(row), now - 1000);
        Monitor::ConnectionEntry later = connectionOf(row);
        later.messagesIn += row % 9;
        later.messagesOut += row % 23;
        workspace.connections().upsert(later, now);
        fillTokens(workspace.tokens(), row);
    }
    QByteArrayList lines;
    struct Kind
    {
        const char *type;
        int severity;
        const char *message;
    };
    constexpr std::array kinds{Kind{"token.refreshed", 1, "in band, 141 ms"},
                               Kind{"token.refresh_failed", 3, "429 from issuer, attempt 1"},
                               Kind{"conn.opened", 1, "TLSv1.3, orders:read"},
                               Kind{"credential.in_url", 4, "token in the query of /v1/stream"},
                               Kind{"limit.hit", 3, "issuer budget 190/s used up"},
                               Kind{"token.reused", 5, "refresh token no. 12 used again"},
                               Kind{"token.issued", 1, "life 600 s"},
                               Kind{"conn.closed", 2, "4441 policy_changed"}};
    for (int index = 0; index < count * 5; ++index) {
        const Kind &kind = kinds[size_t(index * 7 + index / 9) % kinds.size()];
        const quint64 sequence = 48'212'000 + quint64(index) + (index > count * 4 ? 1203 : 0);
        lines << event(sequence, now - qint64(count * 5 - index) * 450, QLatin1String(kind.type), kind.severity,
                       userOf(index % count), QLatin1String(kind.message), index % count);
    }
    workspace.audit().appendLines(lines);
    workspace.setOperatorName(u"n.adeyemi"_s);
    setLink(workspace, Monitor::LinkStatus::State::Live);
    workspace.tickNow();
}

void setLink(Monitor::Workspace &workspace, Monitor::LinkStatus::State state)
{
    Monitor::LinkStatus::Facts facts;
    facts.state = state;
    facts.serverName = u"sample"_s;
    facts.eventRate = 640;
    facts.lagMs = 40;
    facts.clockOffsetMs = 300;
    facts.verifiedTo = 48'216'000;
    facts.completeFrom = 48'212'000;
    facts.gapCount = 1;
    facts.missedEvents = 1203;
    if (state == Monitor::LinkStatus::State::Reconnecting || state == Monitor::LinkStatus::State::Lost) {
        facts.noDataSince = now - 17'000;
        facts.nextTryAt = now + 4'000;
        facts.lostReason = state == Monitor::LinkStatus::State::Lost ? u"The account was locked."_s : QString();
    }
    if (state == Monitor::LinkStatus::State::Loading) {
        facts.loaded = 412'000;
        facts.expected = 1'000'000;
    }
    workspace.status().setNow(now);
    workspace.status().setFacts(facts);
    workspace.status().setNow(now);
}

} // namespace Sample
