// SPDX-License-Identifier: Apache-2.0
// The part of Peer that speaks control frames and keeps the token fresh.
#include "endpoint/peer.h"

#include "endpoint/endpointservice.h"
#include "gate/tokenverifier.h"
#include "limit/failedauth.h"

#include <QJsonArray>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

void Peer::controlReceived(const QString &text)
{
    const Result<Frame> frame = Frame::parse(text);
    if (!frame) {
        closeForProtocol(frame.error().detail());
        return;
    }
    if (handleFrame(*frame))
        return;
    const bool isRequest = frame->type() == QLatin1StringView(FrameType::Request);
    const QString id = isRequest ? frame->fields().value("id"_L1).toString() : QString();
    if (isRequest && (id.isEmpty() || id.size() > 128))
        closeForProtocol(u"a \"req\" frame needs an id of 1 to 128 characters"_s);
    else if (m_service.frame(*this, *frame))
        applicationSpoke();
    else if (isRequest)
        refuse(id, u"not_supported"_s, u"what serves this endpoint answers no requests"_s);
}

bool Peer::handleFrame(const Frame &frame)
{
    const QString type = frame.type();
    if (type == QLatin1StringView(FrameType::Ping)) {
        sendFrame(Frame(QLatin1StringView(FrameType::Pong), {{u"n"_s, frame.fields().value("n"_L1)}}));
    } else if (type == QLatin1StringView(FrameType::AuthRefresh)) {
        Renewal renewal{Secret::copy(frame.fields().value("token"_L1).toString().toUtf8())};
        if (const QJsonValue proof = frame.fields().value("dpop"_L1); !proof.isUndefined())
            renewal.proof = proof.toString().toLatin1();
        renew(renewal);
    } else if (type == QLatin1StringView(FrameType::Message)) {
        messageReceived(frame);
    } else {
        return type == QLatin1StringView(FrameType::Pong) || type == QLatin1StringView(FrameType::Ack);
    }
    return true;
}

void Peer::messageReceived(const Frame &frame)
{
    const QString id = frame.fields().value("id"_L1).toString();
    if (id.isEmpty() || id.size() > 128) {
        closeForProtocol(u"a \"msg\" frame needs an id of 1 to 128 characters"_s);
        return;
    }
    applicationSpoke();
    m_service.message(*this, id, frame);
}

void Peer::renew(const Renewal &renewal)
{
    if (m_state != State::Open)
        return;
    // One at a time; of several that wait only the last can matter.
    if (m_isRenewing) {
        m_nextRenewal = renewal;
        return;
    }
    m_isRenewing = true;
    const auto answered = [this, renewal](const Result<Identity> &verdict) {
        m_isRenewing = false;
        renewed(renewal, verdict);
        if (const std::optional<Renewal> next = std::exchange(m_nextRenewal, {}))
            renew(*next);
    };
    m_services.verifier.verify(renewal.token, this, answered, m_admission.peer.address);
}

void Peer::renewed(const Renewal &renewal, const Result<Identity> &verdict)
{
    if (m_state != State::Open)
        return;
    const GateTarget &target = *m_admission.target;
    if (!verdict) {
        if (isIssuerTrouble(verdict.error()))
            renewalFailed(int(CloseCode::TryAgainLater), u"keys_unavailable"_s, verdict.error().codeName());
        else if (verdict.error().code() == ErrorCode::RateLimited)
            renewalFailed(int(CloseCode::RateLimited), u"rate_limited"_s, u"unknown_tokens"_s);
        else
            renewalFailed(int(CloseCode::TokenInvalid), u"token_invalid"_s, verdict.error().codeName());
        return;
    }
    if (!verdict->isSamePerson(m_identity)) {
        renewalFailed(int(CloseCode::TokenInvalid), u"identity_changed"_s, u"identity_changed"_s);
        return;
    }
    const Presentation presentation{renewal.proof.has_value(), renewal.proof.value_or(QByteArray()),
                                    QUrl::fromEncoded(m_admission.url), target.requireDpop, m_identity.keyThumbprint};
    if (const auto problem = m_services.proofs.check(*verdict, renewal.token, presentation)) {
        proofFailed(*problem);
        return;
    }
    const bool hasScopes = std::all_of(target.scopes.begin(), target.scopes.end(),
                                       [&verdict](const QString &scope) { return verdict->hasScope(scope); });
    if (!hasScopes) {
        PeerClose close;
        close.code = CloseCode::Forbidden;
        close.auditReason = u"insufficient_scope"_s;
        close.ref = m_record.auditAndWait(u"token.refresh_failed"_s, 3, u"denied"_s, u"insufficient_scope"_s,
                                          u"The new token of %1 lacks a scope of the endpoint."_s.arg(m_record.who()));
        this->close(close);
        return;
    }
    if (const QString weakness = signInWeakness(target, *verdict, m_services.clock.wallNow()); !weakness.isEmpty()) {
        m_record.audit(u"token.refresh_failed"_s, 3, u"denied"_s, weakness,
                       u"The sign-in behind the new token of %1 does not suffice here: %2."_s.arg(m_record.who(), weakness));
        askForStepUp(weakness);
        return;
    }
    takeIdentity(*verdict);
}

void Peer::takeIdentity(const Identity &identity)
{
    const Identity before = std::exchange(m_identity, identity);
    applyIdentity(m_identity);
    m_record.renewed(before.tokenId);
    QJsonObject fields{{u"scope"_s, m_identity.scopes.join(u' ')}};
    if (m_identity.expiresAt)
        fields.insert("exp"_L1, toSecondsSinceEpoch(*m_identity.expiresAt));
    if (const QByteArray nonce = m_services.proofs.nonce(); !nonce.isEmpty() && !m_identity.keyThumbprint.isEmpty())
        fields.insert("nonce"_L1, QString::fromLatin1(nonce));
    sendFrame(Frame(QLatin1StringView(FrameType::AuthOk), fields));
    m_service.renewed(*this, before);
}

void Peer::proofFailed(const ProofProblem &problem)
{
    using Kind = ProofProblem::Kind;
    const QByteArray nonce = m_services.proofs.nonce();
    switch (problem.kind) {
    case Kind::NonceWanted:
        renewalFailed(int(CloseCode::TokenInvalid), u"use_dpop_nonce"_s, problem.reasonCode, nonce);
        return;
    case Kind::CannotRemember:
        renewalFailed(int(CloseCode::TryAgainLater), u"try_again_later"_s, problem.reasonCode, nonce);
        return;
    case Kind::InvalidProof:
    case Kind::InvalidToken:
        renewalFailed(int(CloseCode::TokenInvalid), problem.changesKey() ? u"key_changed"_s : u"invalid_dpop_proof"_s,
                      problem.reasonCode, nonce);
        return;
    }
}

void Peer::renewalFailed(int code, const QString &reason, const QString &auditReason, const QByteArray &nonce)
{
    m_record.renewalFailed();
    m_record.audit(u"token.refresh_failed"_s, 3, u"failure"_s, auditReason,
                   u"A renewal by %1 failed: %2."_s.arg(m_record.who(), auditReason));
    QJsonObject fields{{u"code"_s, code}, {u"reason"_s, reason}};
    if (!nonce.isEmpty())
        fields.insert("nonce"_L1, QString::fromLatin1(nonce));
    sendFrame(Frame(QLatin1StringView(FrameType::AuthFail), fields));
    if (code == int(CloseCode::TokenInvalid) && reason != "use_dpop_nonce"_L1)
        countRefusedToken();
}

void Peer::countRefusedToken()
{
    if (const auto wait = m_services.failures.count(m_admission.peer.address, &m_identity))
        closeForLimit(u"failed_auth_per_minute"_s, CloseCode::RateLimited, 0, m_services.failures.perMinute(), *wait + 1s);
}

// Sets the moments of "auth.due" and of the cut from the identity's token.
void Peer::applyIdentity(const Identity &identity)
{
    m_dueAt.reset();
    m_cutAt.reset();
    if (identity.expiresAt) {
        const WallTime wall = m_services.clock.wallNow();
        const Instant now = m_services.clock.now();
        const WallTime issued = identity.issuedAt.value_or(wall);
        const WallTime due = issued + (*identity.expiresAt - issued) * 4 / 5;
        m_dueAt = now + std::max(due - wall, Duration::zero());
        m_cutAt = now + (*identity.expiresAt - wall) + m_services.grace;
    }
    planSession();
    planStepUp();
}

void Peer::planSession()
{
    m_session.begin(m_services.sessions.lifeOf(m_identity, *m_admission.target, m_services.clock.now(),
                                               m_services.clock.wallNow(), m_session.life()));
    m_sessionAt = m_session.next(*m_admission.target, m_services.clock.now(), m_services.clock.wallNow());
    armAlarm();
}

bool Peer::lookAtSession()
{
    const GateTarget &target = *m_admission.target;
    const Instant now = m_services.clock.now();
    const WallTime wall = m_services.clock.wallNow();
    const SessionWatch::Word word = m_session.look(target, now, wall);
    const std::optional<SessionEnd> end = m_session.end(target, now, wall);
    if (word == SessionWatch::Word::Over) {
        PeerClose close{.code = CloseCode::StepUpRequired, .auditReason = end->reason, .members = stepUpMembers(target, *end)};
        close.text = end->reason;
        this->close(close);
        return false;
    }
    if (word == SessionWatch::Word::Due) {
        sendFrame(Frame(
            QLatin1StringView(FrameType::AuthDue),
            {{u"in_s"_s, qint64(end->in.count() / 1000)}, {u"reason"_s, end->reason}, {u"until"_s, toRfc3339(wall + end->in)}}));
    }
    m_sessionAt = m_session.next(target, now, wall);
    return true;
}

void Peer::applicationSpoke()
{
    m_messageAt = m_services.clock.now();
    m_session.used(m_messageAt);
}

void Peer::planStepUp()
{
    m_stepUpAt.reset();
    const GateTarget &target = *m_admission.target;
    const Instant now = m_services.clock.now();
    const WallTime wall = m_services.clock.wallNow();
    if (!signInWeakness(target, m_identity, wall).isEmpty()) { // after a reload that asks for more
        m_stepUpAt = now;
    } else if (target.maxAge) {
        m_stepUpAt = now + (*m_identity.authTime + *target.maxAge - wall) + 1ms; // "older than", not "as old as"
    }
    armAlarm();
}

void Peer::askForStepUp(const QString &auditReason)
{
    PeerClose close;
    close.code = CloseCode::StepUpRequired;
    close.auditReason = auditReason;
    close.members = stepUpMembers(*m_admission.target);
    this->close(close);
}

void Peer::armAlarm()
{
    std::optional<Instant> next = m_closeAt;
    if (m_state == State::Open) {
        for (const std::optional<Instant> &moment : {m_dueAt, m_cutAt, m_stepUpAt, m_readAt, m_idleAt, m_sessionAt}) {
            if (moment && (!next || *moment < *next))
                next = moment;
        }
    }
    if (next)
        m_alarm.startAt(*next);
    else
        m_alarm.cancel();
}

void Peer::alarmDue()
{
    const Instant now = m_services.clock.now();
    if (m_state == State::Closing) {
        finishClose();
        return;
    }
    if (m_cutAt && now >= *m_cutAt) {
        cut();
        return;
    }
    if (m_stepUpAt && now >= *m_stepUpAt) {
        const QString weakness = signInWeakness(*m_admission.target, m_identity, m_services.clock.wallNow());
        askForStepUp(weakness.isEmpty() ? u"sign_in_too_old"_s : weakness);
        return;
    }
    countRelayed(); // what came within the last second counts, too
    if (m_sessionAt && now >= *m_sessionAt && !lookAtSession())
        return;
    if (m_readAt && now >= *m_readAt)
        readAgain();
    if (m_idleAt && now >= *m_idleAt) {
        if (quietTime() >= m_admission.target->limits.idleTime) {
            closeIdle();
            return;
        }
        planIdle();
    }
    if (m_dueAt && now >= *m_dueAt) {
        m_dueAt.reset();
        const Duration left = *m_identity.expiresAt - m_services.clock.wallNow();
        sendFrame(Frame(QLatin1StringView(FrameType::AuthDue), {{u"in_s"_s, std::max<qint64>(0, qint64(left.count() / 1000))}}));
    }
    armAlarm();
}

void Peer::readAgain()
{
    m_readAt.reset();
    while (m_state == State::Open && !m_arrivals.empty() && isInTime(m_arrivals.front().bytes)) {
        const Arrival next = std::move(m_arrivals.front());
        m_arrivals.pop_front();
        use(next);
    }
    if (!m_readAt)
        m_socket->setReadPaused(m_isHeld);
}

void Peer::setHeld(bool isHeld)
{
    m_isHeld = isHeld;
    m_socket->setReadPaused(m_isHeld || m_readAt);
}

Duration Peer::quietTime() const
{
    const Duration ofMessages = m_services.clock.now() - m_messageAt;
    const bool countsAll = m_admission.target->limits.idleCounts == EndpointLimits::IdleCounts::Anything;
    return countsAll ? std::min<Duration>(ofMessages, m_socket->idleTime()) : ofMessages;
}

void Peer::planIdle()
{
    const Duration most = m_admission.target->limits.idleTime;
    m_idleAt.reset();
    if (most.count() > 0)
        m_idleAt = m_services.clock.now() + std::max(most - quietTime(), Duration(1));
    armAlarm();
}

void Peer::closeIdle()
{
    const Duration most = m_admission.target->limits.idleTime;
    PeerClose close;
    close.code = CloseCode::Idle;
    close.auditReason = u"idle_time"_s;
    ++m_services.metrics.limitsBroken["idle_time"];
    close.ref = m_record.auditLimit(close.auditReason, qint64(quietTime().count()), qint64(most.count()), {});
    this->close(close);
}

void EndpointService::finish(Peer &peer, const PeerClose &close)
{
    peer.close(close);
}

void Peer::finish(const PeerClose &close)
{
    if (m_state == State::Open)
        m_service.finish(*this, close);
}

void Peer::announceEnd(Duration in, const QString &reason)
{
    if (m_state == State::Open)
        sendFrame(Frame(QLatin1StringView(FrameType::Reconnect),
                        {{u"in_ms"_s, qint64(std::max(in, Duration::zero()).count())}, {u"reason"_s, reason}}));
}

void Peer::cut()
{
    PeerClose close;
    close.code = CloseCode::TokenExpired;
    close.ref = m_record.auditAndWait(u"token.expired"_s, 3, u"denied"_s, u"expired"_s,
                                      u"The token of %1 ended and was not renewed: the connection was cut."_s.arg(m_record.who()),
                                      {{u"initiator"_s, u"policy"_s}});
    m_record.tokenExpired();
    this->close(close);
}

} // namespace Watchword::Gateway
