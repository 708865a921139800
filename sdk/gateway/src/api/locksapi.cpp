// SPDX-License-Identifier: Apache-2.0
#include "api/locksapi.h"

#include "audit/auditlog.h"
#include "gate/admission.h"

#include <QJsonArray>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr Duration kLately = std::chrono::hours(1);
constexpr qsizetype kMostOperators = 64;
constexpr qsizetype kSampleOfLock = 10;
constexpr qint64 kLongestLock = 10LL * 366 * 86'400; // seconds

HttpResponse invalidLock(const QString &detail)
{
    return apiProblem(400, u"invalid_request"_s, detail);
}

HttpResponse reasonNeeded()
{
    return invalidLock(u"reason has 1 to 500 characters."_s);
}

} // namespace

LocksApi::LocksApi(Hub &hub, LockBook &locks, AuditLog &audit, Clock &clock)
    : m_hub(hub)
    , m_locks(locks)
    , m_audit(audit)
    , m_clock(clock)
{
}

std::optional<HttpResponse> LocksApi::answer(const ApiRequest &request)
{
    if (request.is("GET", {"locks"}))
        return scopeMissing(request, u"gw:read"_s).value_or(list());
    const bool isUser = request.http.head.method == "POST" && request.segments.size() == 2
        && request.segments.first() == "users"_L1 && request.segments.last().endsWith(":invalidate"_L1);
    const bool isOurs =
        isUser || request.is("POST", {"locks"}) || request.is("DELETE", {"locks", "*"}) || request.is("POST", {"tokens:revoke"});
    if (!isOurs)
        return {};
    if (const auto refusal = scopeMissing(request, u"gw:lock"_s))
        return refusal;
    if (isUser)
        return invalidate(request, request.segments.last().chopped(qsizetype(sizeof(":invalidate") - 1)));
    if (request.is("POST", {"locks"}))
        return add(request);
    return request.is("POST", {"tokens:revoke"}) ? revokeToken(request) : remove(request);
}

HttpResponse LocksApi::list() const
{
    QJsonArray rows;
    const QList<Lock> locks = m_locks.locks();
    for (const Lock &lock : locks.mid(0, 1'000))
        rows.append(lock.toJson());
    return HttpResponse::json(200, {{"locks"_L1, rows}, {"total"_L1, locks.size()}});
}

HttpResponse LocksApi::add(const ApiRequest &request)
{
    using enum ApiMember::Kind;
    const QJsonObject target = request.body.value("target"_L1).toObject();
    if (const auto mistake = memberMistake(request.body,
                                           {{"target", Object},
                                            {"mode", Text},
                                            {"message", Text},
                                            {"ttl_s", Integer},
                                            {"reason", Text},
                                            {"request_id", Text},
                                            {"include_operators", Boolean},
                                            {"dry_run", Boolean}}))
        return invalidLock(*mistake);
    if (const auto mistake = memberMistake(target, {{"kind", Text}, {"value", Text}, {"issuer", Text}, {"user", Text}}))
        return invalidLock(*mistake);
    const auto kind = lockKindOf(target.value("kind"_L1).toString());
    const auto mode = lockModeOf(request.body.value("mode"_L1).toString(u"locked"_s));
    const std::optional<ApiReason> reason = reasonOf(request.body);
    Lock lock;
    lock.target.value = target.value("value"_L1).toString();
    lock.target.issuer = target.value("issuer"_L1).toString();
    lock.target.subject = target.value("user"_L1).toString();
    lock.message = request.body.value("message"_L1).toString();
    if (!kind || lock.target.value.isEmpty() || lock.target.value.size() > 1024 || lock.target.issuer.size() > 1024
        || lock.target.subject.size() > 1024)
        return invalidLock(u"target needs kind (user, session, token, client, address, role or tenant) and value."_s);
    if (*kind != LockTarget::Kind::Session && target.contains("user"_L1))
        return invalidLock(u"\"user\" of the target says whose session is meant; it is for sessions only."_s);
    const bool isAddress = *kind == LockTarget::Kind::Address;
    lock.includesOperators = request.body.value("include_operators"_L1).toBool();
    if (!isAddress && request.body.contains("include_operators"_L1))
        return invalidLock(u"include_operators is for locks of addresses; all others concern operators too."_s);
    const std::optional<AddressRange> range = isAddress ? AddressRange::parse(lock.target.value) : std::nullopt;
    if (isAddress && !range)
        return invalidLock(u"The address is neither an IP address nor a subnet as in \"10.0.0.0/8\"."_s);
    if (range)
        lock.target.value = range->toText();
    if (!mode || lock.message.size() > 200)
        return invalidLock(u"mode is locked, revoked, forbidden, outdated or held; message has at most 200 characters."_s);
    if (!reason)
        return reasonNeeded();
    lock.target.kind = *kind;
    lock.mode = *mode;
    const QJsonValue ttl = request.body.value("ttl_s"_L1);
    if (!ttl.isUndefined()) {
        if (!ttl.isDouble() || ttl.toDouble() < 1 || ttl.toDouble() > double(kLongestLock))
            return invalidLock(u"ttl_s is 1 second to 10 years; leave it out for good."_s);
        lock.until = m_clock.wallNow() + std::chrono::seconds(ttl.toInteger());
    }
    if (*mode == Lock::Mode::Outdated)
        lock.before = m_clock.wallNow();
    return put(request, lock, *reason);
}

HttpResponse LocksApi::revokeToken(const ApiRequest &request)
{
    using enum ApiMember::Kind;
    if (const auto mistake =
            memberMistake(request.body, {{"jti", Text}, {"issuer", Text}, {"reason", Text}, {"request_id", Text}}))
        return invalidLock(*mistake);
    const std::optional<ApiReason> reason = reasonOf(request.body);
    const QString id = request.body.value("jti"_L1).toString();
    if (id.isEmpty() || id.size() > 1024)
        return invalidLock(u"jti is missing."_s);
    if (!reason)
        return reasonNeeded();
    Lock lock;
    lock.mode = Lock::Mode::Revoked;
    lock.target = {LockTarget::Kind::Token, request.body.value("issuer"_L1).toString(), id};
    lock.until = m_clock.wallNow() + m_keep;
    return put(request, lock, *reason);
}

HttpResponse LocksApi::invalidate(const ApiRequest &request, const QString &subject)
{
    using enum ApiMember::Kind;
    if (const auto mistake =
            memberMistake(request.body, {{"issuer", Text}, {"issued_before", Integer}, {"reason", Text}, {"request_id", Text}}))
        return invalidLock(*mistake);
    const std::optional<ApiReason> reason = reasonOf(request.body);
    if (subject.isEmpty())
        return invalidLock(u"the user is missing."_s);
    if (!reason)
        return reasonNeeded();
    const WallTime now = m_clock.wallNow();
    const QJsonValue before = request.body.value("issued_before"_L1);
    Lock lock;
    lock.mode = Lock::Mode::Revoked;
    lock.target = {LockTarget::Kind::User, request.body.value("issuer"_L1).toString(), subject};
    lock.before = before.isDouble() ? std::min(now, wallTimeFromSeconds(before.toInteger())) : now;
    lock.until = now + m_keep;
    return put(request, lock, *reason);
}

void LocksApi::noteOperator(const Identity &by, const QHostAddress &address)
{
    const Instant now = m_clock.now();
    const QString name = by.issuer + u' ' + by.subject;
    if (m_operators.size() >= kMostOperators && !m_operators.contains(name)) {
        const auto oldest =
            std::min_element(m_operators.begin(), m_operators.end(), [](const Seen &a, const Seen &b) { return a.at < b.at; });
        m_operators.erase(oldest);
    }
    m_operators.insert(name, {{by, address}, now});
}

LockScene LocksApi::sceneOf(const ApiRequest &request) const
{
    LockScene scene{.you = {request.by, request.http.peer}, .connections = m_hub.liveConnections(), .server = m_server};
    const auto isYou = [&request](const Identity &who) {
        return who.issuer == request.by.issuer && who.subject == request.by.subject;
    };
    for (const Seen &seen : m_operators) {
        if (!isYou(seen.who.identity) && m_clock.now() - seen.at < kLately)
            scene.operators.append(seen.who);
    }
    m_hub.forEachMonitor([&](const Identity &who, const QHostAddress &address) {
        if (!isYou(who))
            scene.operators.append({who, address});
    });
    for (const LiveConnection &connection : std::as_const(scene.connections)) {
        if (isOperator(connection.identity) && !isYou(connection.identity))
            scene.operators.append({connection.identity, connection.peer});
    }
    const QList<Lock> locks = m_locks.locks();
    for (const Lock &lock : locks) {
        if (lock.target.kind != LockTarget::Kind::Address)
            continue;
        if (const auto range = AddressRange::parse(lock.target.value))
            scene.lockedAddresses.append(*range);
    }
    return scene;
}

HttpResponse LocksApi::put(const ApiRequest &request, Lock lock, const ApiReason &reason)
{
    lock.since = m_clock.wallNow();
    lock.reason = u"admin"_s;
    lock.by = request.by.name;
    const LockReach reach = LockReach::of(lock, sceneOf(request));
    if (request.body.value("dry_run"_L1).toBool()) {
        return HttpResponse::json(200,
                                  {{"dry_run"_L1, true},
                                   {"matched"_L1, reach.connections.size()},
                                   {"sample"_L1, QJsonArray::fromStringList(reach.connections.mid(0, kSampleOfLock))},
                                   {"covers"_L1, QJsonArray::fromStringList(reach.covers)},
                                   {"needs_fresh_sign_in"_L1, reach.needsFreshSignIn()},
                                   {"detail"_L1, reach.toText(lock)}});
    }
    if (const auto refusal =
            reach.needsFreshSignIn() ? freshSignInMissing(request, lock.since, reach.toText(lock)) : std::nullopt)
        return *refusal;
    if (!record(request, u"admin.lock"_s, lock, reason))
        return apiProblem(503, u"audit_unavailable"_s, u"The audit log cannot be written, so nothing was done."_s);
    const Result<Lock> added = m_locks.add(lock);
    if (!added && added.error().code() == ErrorCode::RateLimited)
        return apiProblem(429, u"too_many_locks"_s, added.error().remedy());
    QJsonObject json = added.valueOr(lock).toJson();
    json.insert("effect"_L1, added && m_locks.isDurable() ? u"durable"_s : u"memory"_s);
    return HttpResponse::json(201, json);
}

HttpResponse LocksApi::remove(const ApiRequest &request)
{
    const std::optional<Lock> lock = m_locks.find(request.segments.at(1));
    if (!lock)
        return apiProblem(404, u"not_found"_s, u"There is no lock with this id."_s);
    const ApiReason reason{request.http.query().value(u"reason"_s).left(500), lock->id};
    if (!record(request, u"admin.unlock"_s, *lock, reason))
        return apiProblem(503, u"audit_unavailable"_s, u"The audit log cannot be written, so nothing was done."_s);
    const Result<bool> removed = m_locks.remove(lock->id);
    return removed ? HttpResponse{.status = 204, .headers = {{"Cache-Control", "no-store"}}, .body = {}}
                   : apiProblem(503, u"storage"_s, removed.error().toString());
}

bool LocksApi::record(const ApiRequest &request, const QString &type, const Lock &lock, const ApiReason &reason)
{
    const bool isEnd = type == "admin.unlock"_L1;
    AuditEntry entry;
    entry.type = type;
    entry.subject = lock.id;
    entry.severity = 2;
    entry.outcome = u"success"_s;
    entry.reasonCode = isEnd ? u"operator_request"_s : wireName(lock.mode);
    entry.message = isEnd
        ? u"%1 takes the lock off the %2 %3."_s.arg(request.by.name, wireName(lock.target.kind), lock.target.value)
        : u"%1 locks the %2 %3 (%4): %5"_s.arg(request.by.name, wireName(lock.target.kind), lock.target.value,
                                               wireName(lock.mode), reason.text);
    entry.data = {{"actor"_L1, operatorActor(request.by)},
                  {"initiator"_L1, u"admin"_s},
                  {"target"_L1, QJsonObject{{"kind"_L1, wireName(lock.target.kind)}, {"id"_L1, lock.target.value}}},
                  {"src"_L1, auditSource({.address = request.http.peer, .port = request.http.peerPort})},
                  {"admin"_L1, reason.toAudit()}};
    return m_audit.append(entry).isOk();
}

} // namespace Watchword::Gateway
