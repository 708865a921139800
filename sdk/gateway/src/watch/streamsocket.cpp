// SPDX-License-Identifier: Apache-2.0
#include "watch/streamsocket.h"

#include "audit/auditlog.h"
#include "gate/admission.h"
#include "gate/refusal.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/log.h"

#include <QJsonDocument>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qint64 kPingEvery = 32 * 1024;
constexpr int kInvalidPayload = 1007;
constexpr double kMessagesPerSecond = 20;
constexpr double kMessageBurst = 100;
constexpr Duration kLastBytes = 2s; // for the close frame of a peer that does not read

} // namespace

void AuditTail::append(quint64 sequence, const QString &text)
{
    if (m_texts.empty() || sequence != m_first + m_texts.size()) {
        m_texts.clear();
        m_first = sequence;
    }
    m_texts.push_back(text);
    if (m_texts.size() > kLength) {
        m_texts.pop_front();
        ++m_first;
    }
}

const QString *AuditTail::behind(quint64 sequence) const
{
    const quint64 wanted = sequence + 1;
    if (wanted < m_first || wanted >= m_first + m_texts.size())
        return nullptr;
    return &m_texts[wanted - m_first];
}

StreamSocket::StreamSocket(std::unique_ptr<ClientSocket> socket, const Identity &identity, StreamContext &context,
                           QObject *parent)
    : QObject(parent)
    , m_socket(socket.release())
    , m_identity(identity)
    , m_context(context)
    , m_cut(context.clock)
    , m_progress(context.clock)
    , m_abort(context.clock)
    , m_credit(kMessageBurst)
    , m_creditAt(context.clock.now())
{
    m_socket->setParent(this);
    connect(m_socket, &ClientSocket::textReceived, this, [this](const QString &text) {
        if (m_closing)
            return;
        if (isFlooding())
            close(int(CloseCode::PolicyViolation), u"too_many_messages"_s);
        else
            receive(text);
    });
    connect(m_socket, &ClientSocket::binaryReceived, this, [this] {
        if (!m_closing)
            close(int(CloseCode::ProtocolError), u"binary_message"_s);
    });
    connect(m_socket, &ClientSocket::pongReceived, this, &StreamSocket::acknowledge);
    connect(m_socket, &ClientSocket::disconnected, this, &StreamSocket::end);
    connect(&m_cut, &Alarm::due, this, &StreamSocket::planCut);
    connect(&m_progress, &Alarm::due, this,
            [this] { close(int(CloseCode::SlowConsumer), closeCodeName(int(CloseCode::SlowConsumer))); });
    connect(&m_abort, &Alarm::due, this, [this] {
        m_socket->abort();
        end(); // a socket that was gone before it came here says nothing
    });
    planCut();
}

StreamSocket::~StreamSocket()
{
    m_socket->disconnect(this);
    if (!m_closing)
        m_socket->close(int(CloseCode::GoingAway), u"going_away"_s);
}

void StreamSocket::end()
{
    m_closing = true;
    if (!std::exchange(m_ended, true))
        Q_EMIT ended();
}

QString StreamSocket::tlsProtocol() const
{
    return m_socket->tlsProtocol();
}

void StreamSocket::planCut()
{
    if (!m_identity.expiresAt || m_closing)
        return;
    const Duration left = *m_identity.expiresAt + m_context.limits.tokenGrace - m_context.clock.wallNow();
    if (left <= Duration::zero())
        close(int(CloseCode::TokenExpired), closeCodeName(int(CloseCode::TokenExpired)));
    else
        m_cut.start(left);
}

void StreamSocket::close(int code, const QString &reason)
{
    if (m_closing)
        return;
    m_closing = true;
    m_cut.cancel();
    m_progress.cancel();
    m_abort.start(kLastBytes);
    m_socket->close(code, reason);
}

void StreamSocket::send(const QJsonObject &json)
{
    sendText(QString::fromUtf8(QJsonDocument(json).toJson(QJsonDocument::Compact)));
}

void StreamSocket::sendText(const QString &text)
{
    if (m_closing)
        return;
    const qint64 size = m_socket->sendText(text);
    if (m_acknowledged == m_sent)
        m_progress.start(m_context.limits.stallLimit);
    m_sent += std::max<qint64>(size, 1);
    if (m_pinged == m_acknowledged || m_sent - m_pinged >= kPingEvery)
        pingBehind();
    sent();
}

void StreamSocket::pingBehind()
{
    m_pinged = m_sent;
    m_socket->ping(QByteArray::number(m_sent));
}

void StreamSocket::acknowledge(const QByteArray &payload)
{
    const qint64 read = payload.toLongLong();
    if (m_closing || read <= m_acknowledged || read > m_pinged)
        return;
    m_acknowledged = read;
    if (m_acknowledged == m_sent)
        m_progress.cancel();
    else
        m_progress.start(m_context.limits.stallLimit);
    if (m_pinged == m_acknowledged && m_sent > m_pinged)
        pingBehind();
    if (m_stalled && m_sent - m_acknowledged <= m_context.limits.resumeAt) {
        m_stalled = false;
        Q_EMIT turnWanted();
    }
}

bool StreamSocket::canSend()
{
    if (m_sent - m_acknowledged >= m_context.limits.stallAt) {
        m_stalled = true;
        if (m_pinged < m_sent)
            pingBehind();
    }
    return !m_stalled && !m_closing;
}

bool StreamSocket::isFlooding()
{
    const Instant now = m_context.clock.now();
    m_credit = std::min(kMessageBurst, m_credit + double((now - m_creditAt).count()) * kMessagesPerSecond / 1000);
    m_creditAt = now;
    m_credit -= 1;
    return m_credit < 0;
}

void StreamSocket::violate(const Error &error)
{
    // Quoted, and so without line ends of its own: it is the issuer's word, or its user's.
    qCInfo(logGateway) << "monitor" << m_identity.subject << "closed:" << qUtf8Printable(error.detail());
    if (error.code() == ErrorCode::InvalidResponse)
        close(kInvalidPayload, u"invalid_payload"_s);
    else
        close(int(CloseCode::ProtocolError), u"protocol_error"_s);
}

void StreamSocket::confirmRenewal()
{
    QJsonObject fields;
    if (m_identity.expiresAt)
        fields.insert("exp"_L1, milliseconds(*m_identity.expiresAt));
    if (const QByteArray nonce = m_context.nonce ? m_context.nonce() : QByteArray();
        !nonce.isEmpty() && !m_identity.keyThumbprint.isEmpty())
        fields.insert("nonce"_L1, QString::fromLatin1(nonce));
    send(renewed(fields));
}

void StreamSocket::refuseRenewal(const Error &error)
{
    switch (error.code()) {
    case ErrorCode::WrongNonce:
        return refuseRenewal(CloseCode::TokenInvalid, u"use_dpop_nonce"_s);
    case ErrorCode::InvalidRequest:
        return refuseRenewal(CloseCode::TokenInvalid, u"invalid_dpop_proof"_s);
    case ErrorCode::IdentityChanged:
        return refuseRenewal(CloseCode::TokenInvalid, u"key_changed"_s);
    case ErrorCode::RateLimited:
        return refuseRenewal(CloseCode::RateLimited, u"rate_limited"_s);
    default:
        return isIssuerTrouble(error) ? refuseRenewal(CloseCode::TryAgainLater, u"try_again_later"_s)
                                      : refuseRenewal(CloseCode::TokenInvalid, u"token_invalid"_s);
    }
}

void StreamSocket::recordFailure(const QString &reasonCode, bool isLimit)
{
    AuditEntry entry;
    entry.type = isLimit ? u"limit.hit"_s : u"token.refresh_failed"_s;
    entry.severity = 3;
    entry.outcome = isLimit ? u"denied"_s : u"failure"_s;
    entry.reasonCode = reasonCode;
    entry.message = isLimit ? u"The monitor of %1 was closed: too many of its tokens were refused."_s.arg(m_identity.name)
                            : u"A renewal by the monitor of %1 failed: %2."_s.arg(m_identity.name, reasonCode);
    entry.data = {{"actor"_L1, auditActor(m_identity)},
                  {"token"_L1, auditToken(m_identity)},
                  {"src"_L1, auditSource({.address = m_peer})},
                  {"initiator"_L1, u"policy"_s}};
    if (isLimit)
        entry.data.insert("limit"_L1, QJsonObject{{"name"_L1, reasonCode}});
    m_context.audit.postLimited(entry, m_peer);
}

void StreamSocket::refuseRenewal(CloseCode code, const QString &reason)
{
    QJsonObject fields{{"code"_L1, int(code)}, {"reason"_L1, reason}};
    if (const QByteArray nonce = m_context.nonce ? m_context.nonce() : QByteArray();
        !nonce.isEmpty() && (reason == "use_dpop_nonce"_L1 || !m_identity.keyThumbprint.isEmpty()))
        fields.insert("nonce"_L1, QString::fromLatin1(nonce));
    send(notRenewed(fields));
    if (code != CloseCode::TokenInvalid || reason == "use_dpop_nonce"_L1)
        return; // says nothing about the token
    recordFailure(reason, false);
    if (!m_context.failed || !m_context.failed(m_peer, m_identity))
        return;
    recordFailure(u"failed_auth_per_minute"_s, true);
    close(int(CloseCode::RateLimited), closeCodeName(int(CloseCode::RateLimited)));
}

void StreamSocket::renew(const WatchMessage::Refresh &refresh)
{
    if (m_renewing) {
        refuseRenewal(CloseCode::RateLimited, u"rate_limited"_s);
        return;
    }
    if (!m_context.check) {
        refuseRenewal(CloseCode::TokenInvalid, u"token_invalid"_s);
        return;
    }
    m_renewing = true;
    const QFuture<Result<Identity>> checked =
        m_context.check({refresh.token, refresh.proof, m_url, m_identity.keyThumbprint, m_peer});
    whenDone(checked, this, [this](const Result<Identity> &result) {
        m_renewing = false;
        if (!result) {
            refuseRenewal(result.error());
            return;
        }
        if (!result->isSamePerson(m_identity)) {
            refuseRenewal(CloseCode::TokenInvalid, u"identity_changed"_s);
            return;
        }
        if (!result->hasScope(neededScope())) {
            close(int(CloseCode::Forbidden), closeCodeName(int(CloseCode::Forbidden)));
            return;
        }
        m_identity = *result;
        m_cut.cancel();
        planCut();
        confirmRenewal();
    });
}

} // namespace Watchword::Gateway
