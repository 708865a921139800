// SPDX-License-Identifier: Apache-2.0
#include "api/connectionsapi.h"

#include "audit/auditlog.h"
#include "gate/admission.h"
#include "lock/addressrange.h"

#include <QJsonArray>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qsizetype kMostListed = 1'000;
constexpr qsizetype kSample = 10;
constexpr qsizetype kMostInOneEvent = 100;
constexpr Duration kTurn = 100ms;
constexpr int kTurnsPerSecond = 10;
constexpr qsizetype kMostPaced = 20;

QJsonObject connectionJson(const LiveConnection &connection)
{
    const Identity &who = connection.identity;
    QJsonObject json{{"id"_L1, connection.id},
                     {"session"_L1, who.sessionId},
                     {"user"_L1, who.subject},
                     {"name"_L1, who.name},
                     {"issuer"_L1, who.issuer},
                     {"client"_L1, who.clientId},
                     {"endpoint"_L1, connection.path},
                     {"address"_L1, connection.peer.toString()},
                     {"opened"_L1, toRfc3339(connection.opened)}};
    if (who.expiresAt)
        json.insert("token_expires"_L1, toRfc3339(*who.expiresAt));
    return json;
}

/*! Which connections are meant: all that is given has to fit. */
struct Selector
{
    QStringList ids;
    QString issuer;
    QString user;
    QString session;
    QString client;
    QString endpoint;
    QString address;
    std::optional<AddressRange> range; //!< Of the address.
    bool all = false;

    bool isEmpty() const
    {
        return ids.isEmpty() && issuer.isEmpty() && user.isEmpty() && session.isEmpty() && client.isEmpty() && endpoint.isEmpty()
            && address.isEmpty();
    }
    bool fits(const LiveConnection &connection) const
    {
        const auto isGood = [](const QString &wanted, const QString &value) { return wanted.isEmpty() || wanted == value; };
        const Identity &who = connection.identity;
        const bool isThere = address.isEmpty() || (range && range->contains(connection.peer));
        return isThere && (ids.isEmpty() || ids.contains(connection.id)) && isGood(issuer, who.issuer)
            && isGood(user, who.subject) && isGood(session, who.sessionId) && isGood(client, who.clientId)
            && isGood(endpoint, connection.path);
    }
};

// A member that is not known could have been meant to narrow it.
std::optional<QString> mistakeIn(const QJsonObject &json)
{
    static const QStringList texts{u"issuer"_s, u"user"_s, u"session"_s, u"client"_s, u"endpoint"_s, u"address"_s};
    for (auto it = json.begin(); it != json.end(); ++it) {
        const bool isText = texts.contains(it.key()) && !it.value().toString().isEmpty();
        const bool isOther = (it.key() == "ids"_L1 && it.value().isArray()) || (it.key() == "all"_L1 && it.value().isBool());
        if (!isText && !isOther)
            return u"\"%1\" of the selector is unknown or has no good value."_s.arg(it.key().left(64));
    }
    const QString address = json.value("address"_L1).toString();
    if (!address.isEmpty() && !AddressRange::parse(address))
        return u"The address is neither an IP address nor a subnet as in \"10.0.0.0/8\"."_s;
    return {};
}

Selector selectorOf(const QJsonObject &json)
{
    Selector selector;
    const QJsonArray ids = json.value("ids"_L1).toArray();
    for (const QJsonValue &id : ids)
        selector.ids.append(id.toString());
    selector.issuer = json.value("issuer"_L1).toString();
    selector.user = json.value("user"_L1).toString();
    selector.session = json.value("session"_L1).toString();
    selector.client = json.value("client"_L1).toString();
    selector.endpoint = json.value("endpoint"_L1).toString();
    selector.address = json.value("address"_L1).toString();
    selector.range = AddressRange::parse(selector.address);
    selector.all = json.value("all"_L1).toBool();
    return selector;
}

QStringList idsThatFit(const QList<LiveConnection> &connections, const Selector &selector)
{
    QStringList ids;
    for (const LiveConnection &connection : connections) {
        if (selector.fits(connection))
            ids.append(connection.id);
    }
    ids.sort();
    return ids;
}

} // namespace

ConnectionsApi::ConnectionsApi(Hub &hub, AuditLog &audit, Clock &clock)
    : m_hub(hub)
    , m_audit(audit)
    , m_clock(clock)
    , m_turn(clock)
{
    connect(&m_turn, &Alarm::due, this, &ConnectionsApi::takeTurn);
}

std::optional<HttpResponse> ConnectionsApi::answer(const ApiRequest &request)
{
    if (request.is("GET", {"connections"}))
        return scopeMissing(request, u"gw:read"_s).value_or(list(request));
    if (request.is("GET", {"connections", "*"}))
        return scopeMissing(request, u"gw:read"_s).value_or(show(request));
    if (request.is("POST", {"connections:disconnect"})) {
        const std::optional<HttpResponse> refusal = scopeMissing(request, u"gw:kick"_s);
        return refusal ? *refusal : disconnect(request);
    }
    return {};
}

HttpResponse ConnectionsApi::list(const ApiRequest &request) const
{
    const FormFields query = request.http.query();
    static const QStringList known{u"user"_s, u"session"_s, u"client"_s, u"endpoint"_s, u"address"_s, u"limit"_s, u"cursor"_s};
    for (const QString &name : query.names()) {
        if (!known.contains(name) || (name != "cursor"_L1 && query.value(name).isEmpty())) // else it would list everybody
            return apiProblem(400, u"invalid_request"_s, u"\"%1\" is unknown here or empty."_s.arg(name.left(64)));
    }
    Selector selector;
    selector.user = query.value(u"user"_s);
    selector.session = query.value(u"session"_s);
    selector.client = query.value(u"client"_s);
    selector.endpoint = query.value(u"endpoint"_s);
    selector.address = query.value(u"address"_s);
    selector.range = AddressRange::parse(selector.address);
    bool isNumber = true;
    const qsizetype limit = query.contains(u"limit"_s) ? query.value(u"limit"_s).toInt(&isNumber) : 100;
    if (!isNumber || limit < 1 || limit > kMostListed)
        return apiProblem(400, u"invalid_request"_s, u"limit is 1 to 1000."_s);
    QList<LiveConnection> connections = m_hub.liveConnections();
    std::sort(connections.begin(), connections.end(),
              [](const LiveConnection &a, const LiveConnection &b) { return a.id < b.id; });
    const QString cursor = query.value(u"cursor"_s);
    QJsonArray rows;
    QString next;
    for (const LiveConnection &connection : std::as_const(connections)) {
        if (connection.id <= cursor || !selector.fits(connection))
            continue;
        if (rows.size() == limit) {
            next = rows.last()["id"_L1].toString();
            break;
        }
        rows.append(connectionJson(connection));
    }
    QJsonObject json{{"connections"_L1, rows}};
    if (!next.isEmpty())
        json.insert("cursor"_L1, next);
    return HttpResponse::json(200, json);
}

HttpResponse ConnectionsApi::show(const ApiRequest &request) const
{
    const QList<LiveConnection> connections = m_hub.liveConnections();
    for (const LiveConnection &connection : connections) {
        if (connection.id == request.segments.at(1))
            return HttpResponse::json(200, connectionJson(connection));
    }
    return apiProblem(404, u"not_found"_s, u"No open connection has this id."_s);
}

HttpResponse ConnectionsApi::disconnect(const ApiRequest &request)
{
    using enum ApiMember::Kind;
    if (!request.http.head.query.isEmpty())
        return apiProblem(400, u"invalid_request"_s, u"What to do stands in the body, not in the query."_s);
    if (const auto mistake = memberMistake(request.body,
                                           {{"selector", Object},
                                            {"code", Integer},
                                            {"after_ms", Integer},
                                            {"per_second", Integer},
                                            {"reason", Text},
                                            {"request_id", Text},
                                            {"dry_run", Boolean}}))
        return apiProblem(400, u"invalid_request"_s, *mistake);
    const QJsonObject selectorJson = request.body.value("selector"_L1).toObject();
    if (const auto mistake = mistakeIn(selectorJson))
        return apiProblem(400, u"invalid_request"_s, *mistake);
    const Selector selector = selectorOf(selectorJson);
    if (selector.isEmpty() != selector.all)
        return apiProblem(400, u"invalid_request"_s, u"Name whom to disconnect in \"selector\", or write \"all\": true alone."_s);
    const qint64 code = request.body.value("code"_L1).toInteger(int(CloseCode::KickedMayReturn));
    const bool isCode =
        code == int(CloseCode::KickedMayReturn) || code == int(CloseCode::SessionRevoked) || code == int(CloseCode::Forbidden);
    const qint64 after = request.body.value("after_ms"_L1).toInteger();
    const qint64 pace = request.body.value("per_second"_L1).toInteger();
    const std::optional<ApiReason> reason = reasonOf(request.body);
    if (!isCode || after < 0 || after > 86'400'000 || pace < 0 || pace > 100'000 || !reason)
        return apiProblem(
            400, u"invalid_request"_s,
            u"code is 4411, 4410 or 4403; reason has 1 to 500 characters; after_ms and per_second are not below 0."_s);
    const QList<LiveConnection> connections = m_hub.liveConnections();
    const QStringList ids = idsThatFit(connections, selector);
    // Whatever it was called.
    const bool isBroad = selector.range && areMany(countAddresses({*selector.range}));
    const bool isEverybody = selector.all || isBroad || (ids.size() > 1 && ids.size() == connections.size());
    if (const auto refusal =
            isEverybody ? freshSignInMissing(request, m_clock.wallNow(), u"This concerns everybody."_s) : std::nullopt)
        return *refusal;
    QJsonObject json{{"matched"_L1, ids.size()}, {"sample"_L1, QJsonArray::fromStringList(ids.mid(0, kSample))}};
    if (request.body.value("dry_run"_L1).toBool()) {
        json.insert("dry_run"_L1, true);
        return HttpResponse::json(200, json);
    }
    if (pace > 0 && qsizetype(m_paced.size()) >= kMostPaced)
        return apiProblem(429, u"busy"_s, u"Too many paced disconnects run."_s).with("Retry-After", "10");
    if (!record(request, *reason, ids, int(code)))
        return apiProblem(503, u"audit_unavailable"_s, u"The audit log cannot be written, so nothing was done."_s);
    if (pace > 0) {
        m_paced.push_back({std::deque<QString>(ids.begin(), ids.end()), std::max(1, int(pace) / kTurnsPerSecond), int(code),
                           reason->text, Duration(after), request.by});
        json.insert("paced"_L1, true);
        m_turn.start(Duration::zero());
        return HttpResponse::json(202, json);
    }
    const DisconnectOutcome outcome = m_hub.disconnectConnections(ids, int(code), reason->text, Duration(after), request.by);
    json.insert("done"_L1, outcome.done.size());
    json.insert("gone"_L1, outcome.gone.size());
    return HttpResponse::json(200, json);
}

// Several events where one could not name all whom it concerns.
bool ConnectionsApi::record(const ApiRequest &request, const ApiReason &reason, const QStringList &ids, int code)
{
    for (qsizetype from = 0; from == 0 || from < ids.size(); from += kMostInOneEvent) {
        const QStringList some = ids.mid(from, kMostInOneEvent);
        AuditEntry entry;
        entry.type = u"admin.disconnect"_s;
        entry.subject = some.size() == 1 ? some.first() : QString();
        entry.severity = 2;
        entry.outcome = u"success"_s;
        entry.reasonCode = u"operator_request"_s;
        entry.message = u"%1 ends %2 connection(s) with %3: %4"_s.arg(request.by.name, QString::number(ids.size()),
                                                                      QString::number(code), reason.text);
        QJsonObject target{{"kind"_L1, u"connection"_s}};
        if (some.size() == 1)
            target.insert("id"_L1, some.first());
        else
            target.insert("ids"_L1, QJsonArray::fromStringList(some));
        entry.data = {{"actor"_L1, operatorActor(request.by)},
                      {"initiator"_L1, u"admin"_s},
                      {"target"_L1, target},
                      {"src"_L1, auditSource({.address = request.http.peer, .port = request.http.peerPort})},
                      {"ws"_L1, QJsonObject{{"close_code"_L1, code}}},
                      {"admin"_L1, reason.toAudit()}};
        if (!m_audit.append(entry))
            return false;
    }
    return true;
}

void ConnectionsApi::takeTurn()
{
    for (Paced &paced : m_paced) {
        QStringList ids;
        for (; !paced.ids.empty() && ids.size() < paced.perTurn; paced.ids.pop_front())
            ids.append(paced.ids.front());
        m_hub.disconnectConnections(ids, paced.code, paced.reason, paced.after, paced.by);
    }
    std::erase_if(m_paced, [](const Paced &paced) { return paced.ids.empty(); });
    if (!m_paced.empty())
        m_turn.start(kTurn);
}

} // namespace Watchword::Gateway
