// SPDX-License-Identifier: Apache-2.0
#include "gate/refusal.h"

#include "http/httpmessage.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

QByteArray retrySecondsOf(Duration after)
{
    return QByteArray::number(std::max<qint64>(1, (after.count() + 999) / 1000));
}

Refusal refusalOfLock(const Error &error, WallTime now)
{
    Refusal result = Refusal::of(403, "Locked", u"locked"_s, error.detail());
    result.type = "urn:watchword:locked";
    result.detail = error.remedy();
    if (const auto left = error.retryAfter()) {
        result.lockedUntil = now + *left;
        result.retryAfter = *left;
        result.headers.append({"Retry-After", retrySecondsOf(*left)});
    }
    return result;
}

} // namespace

QByteArray quotedString(const QString &text)
{
    QByteArray value = text.toUtf8();
    value.replace('\\', "\\\\").replace('"', "\\\"");
    return '"' + value + '"';
}

Refusal Refusal::of(int status, const QByteArray &title, const QString &reasonCode, const QString &message)
{
    Refusal result;
    result.status = status;
    result.title = title;
    result.reasonCode = reasonCode;
    result.message = message;
    return result;
}

QString Refusal::sentence() const
{
    if (message.isEmpty())
        return {};
    const QString begun = message.left(1).toUpper() + message.mid(1);
    return begun.endsWith(u'.') || begun.endsWith(u'?') || begun.endsWith(u'!') ? begun : begun + u'.';
}

void Refusal::challenge(const GateTarget *target, const QByteArray &parameters, bool isDpop)
{
    const bool asksForProof = isDpop || (target && target->requireDpop);
    QByteArrayList list;
    if (target)
        list.append("realm=" + quotedString(target->path));
    if (!parameters.isEmpty())
        list.append(parameters);
    if (asksForProof)
        list.append("algs=\"" + ProofChecker::algorithms() + '"');
    headers.append({"WWW-Authenticate", (asksForProof ? "DPoP " : "Bearer ") + list.join(", ")});
}

Refusal Refusal::until(int status, const QByteArray &title, const QString &reasonCode, const QString &message, Duration after)
{
    Refusal result = of(status, title, reasonCode, message);
    result.retryAfter = after;
    result.headers.append({"Retry-After", retrySecondsOf(after)});
    return result;
}

Refusal Refusal::ofRequest(const QByteArray &title, const QString &reasonCode, const QString &message, const GateTarget *target)
{
    Refusal result = Refusal::of(400, title, reasonCode, message);
    result.challenge(target, "error=\"invalid_request\"", false);
    return result;
}

Refusal Refusal::ofHandshakes(Duration wait)
{
    Refusal result =
        Refusal::until(429, "Too many requests", u"handshakes_per_second"_s, u"too many handshakes from this address"_s, wait);
    result.auditType = u"limit.hit"_s;
    return result;
}

Refusal Refusal::ofFailures(Duration wait)
{
    Refusal result = until(429, "Too many requests", u"failed_auth_per_minute"_s, u"too many credentials were refused"_s, wait);
    result.auditType = u"limit.hit"_s;
    return result;
}

Refusal Refusal::ofUnknownPath()
{
    return Refusal::of(404, "Not found", u"unknown_path"_s, u"there is no endpoint at this path"_s);
}

Refusal Refusal::ofProof(const ProofProblem &problem, const GateTarget *target)
{
    if (problem.kind == ProofProblem::Kind::CannotRemember)
        return Refusal::until(503, "Try again later", problem.reasonCode, problem.message, std::chrono::seconds(5));
    const bool isToken = problem.kind == ProofProblem::Kind::InvalidToken;
    Refusal result = Refusal::of(401, isToken ? "Token not accepted" : "Proof not accepted", problem.reasonCode, problem.message);
    result.challenge(target, "error=\"" + problem.wireError() + '"', true);
    return result;
}

Refusal Refusal::ofToken(const Error &error, const GateTarget *target, bool isDpop, WallTime now)
{
    if (isIssuerTrouble(error))
        return Refusal::until(503, "Try again later", u"keys_unavailable"_s, error.toString(), std::chrono::seconds(5));
    if (error.code() == ErrorCode::RateLimited) {
        Refusal result = until(429, "Too many requests", u"unknown_tokens"_s, error.detail(),
                               error.retryAfter().value_or(std::chrono::seconds(1)));
        result.auditType = u"limit.hit"_s;
        return result;
    }
    if (error.code() == ErrorCode::Locked)
        return refusalOfLock(error, now);
    if (error.code() == ErrorCode::Forbidden)
        return until(429, "Try again later", u"held"_s, error.detail(), error.retryAfter().value_or(std::chrono::seconds(1)));
    Refusal result = Refusal::of(401, "Token not accepted", error.codeName(), error.detail());
    result.challenge(target, "error=\"invalid_token\"", isDpop);
    return result;
}

void spreadReturn(Refusal &refusal, double chance)
{
    if (refusal.status != 503 || !refusal.retryAfter)
        return;
    *refusal.retryAfter += Duration(qint64(chance * double(refusal.retryAfter->count())));
    for (auto &[name, value] : refusal.headers) {
        if (name == "Retry-After")
            value = retrySecondsOf(*refusal.retryAfter);
    }
}

bool isIssuerTrouble(const Error &error)
{
    return error.condition() == ErrorCondition::Offline || error.condition() == ErrorCondition::Timeout
        || error.code() == ErrorCode::TemporarilyUnavailable || error.code() == ErrorCode::InvalidResponse
        || error.code() == ErrorCode::TlsFailed || error.code() == ErrorCode::HttpStatus || error.code() == ErrorCode::Cancelled
        || error.code() == ErrorCode::FileUnreadable;
}

Refusal refusalOfHead(const ParsedHead &parsed)
{
    switch (parsed.status) {
    case 408:
        return Refusal::of(408, "Request timeout", u"head_timeout"_s, parsed.problem);
    case 414:
        return Refusal::of(414, "Request target too long", u"target_too_long"_s, parsed.problem);
    case 431:
        return Refusal::of(431, "Request head too large", u"head_too_large"_s, parsed.problem);
    case 505:
        return Refusal::of(505, "HTTP version not supported", u"http_version"_s, parsed.problem);
    default:
        return Refusal::of(400, "Bad request", u"malformed_head"_s, parsed.problem);
    }
}

Refusal refusalOfPlainPeer()
{
    return Refusal::of(403, "TLS needed", u"plain_peer"_s, u"without TLS only trusted proxies and this machine may connect"_s);
}

QByteArray answerOf(const Refusal &refusal, const QString &ref, bool headOnly)
{
    QJsonObject body{{u"type"_s, refusal.type.isEmpty() ? u"about:blank"_s : QString::fromLatin1(refusal.type)},
                     {u"title"_s, QString::fromLatin1(refusal.title)},
                     {u"status"_s, refusal.status}};
    if (!refusal.detail.isEmpty())
        body.insert("detail"_L1, refusal.detail);
    if (refusal.lockedUntil)
        body.insert("until"_L1, toRfc3339(*refusal.lockedUntil));
    if (!ref.isEmpty())
        body.insert("ref"_L1, ref);
    HttpResponse response;
    response.status = refusal.status;
    response.headers = refusal.headers;
    response.with("Content-Type", "application/problem+json").with("Cache-Control", "no-store");
    response.body = QJsonDocument(body).toJson(QJsonDocument::Compact);
    return response.toBytes(false, headOnly);
}

} // namespace Watchword::Gateway
