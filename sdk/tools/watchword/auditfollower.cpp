// SPDX-License-Identifier: Apache-2.0
#include "auditfollower.h"

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr qsizetype kMostEvents = 5000;

} // namespace

AuditFollower::AuditFollower(TokenProvider *tokens, const WatchOptions &options)
    : m_client(tokens, options)
{
    m_patience.setSingleShot(true);
    connect(&m_client, &WatchClient::auditReceived, this, [this](const QList<QByteArray> &lines) {
        for (const QByteArray &line : lines)
            onLine(line);
    });
    connect(
        &m_client, &WatchClient::auditStateChanged, this, [this](WatchClient::AuditState state) { onState(state); },
        Qt::QueuedConnection);
    connect(&m_patience, &QTimer::timeout, this, [this] {
        if (!m_isSettled)
            m_error = Error(ErrorCode::Timeout, u"the audit did not answer in time"_s);
        settle();
        answer();
    });
}

AuditFollower::~AuditFollower() = default;

void AuditFollower::start()
{
    m_patience.start(kPatience);
    m_client.start();
}

void AuditFollower::onLine(const QByteArray &line)
{
    const Result<AuditEvent> event = AuditEvent::fromBytes(line);
    if (!event) {
        m_evidence.chainProblem = event.error().toString();
        return;
    }
    const ChainVerifier::Outcome outcome = m_chain.push(*event);
    if (outcome.verdict == ChainVerifier::Verdict::Broken || outcome.verdict == ChainVerifier::Verdict::Gap)
        m_evidence.chainProblem = outcome.why.isEmpty() ? u"events are missing before %1"_s.arg(outcome.sequence) : outcome.why;
    if (m_evidence.events.size() < kMostEvents)
        m_evidence.events.append(*event);
    if (m_wanted.remove(event->id) && m_wanted.isEmpty())
        answer();
}

void AuditFollower::onState(WatchClient::AuditState state)
{
    if (state == WatchClient::AuditState::Denied || state == WatchClient::AuditState::Lost) {
        m_error = m_client.lastError();
        settle();
        answer();
    } else if (state == WatchClient::AuditState::Live) {
        settle();
    }
}

void AuditFollower::settle()
{
    if (m_isSettled)
        return;
    m_isSettled = true;
    Q_EMIT settled();
}

QFuture<Result<AuditEvidence>> AuditFollower::evidence(const QStringList &ids)
{
    m_promise.emplace();
    m_promise->start();
    const QFuture<Result<AuditEvidence>> future = m_promise->future();
    m_wanted = QSet<QString>(ids.begin(), ids.end());
    for (const AuditEvent &event : std::as_const(m_evidence.events))
        m_wanted.remove(event.id);
    if (m_error || m_wanted.isEmpty())
        answer();
    else
        m_patience.start(kPatience);
    return future;
}

void AuditFollower::answer()
{
    if (!m_promise)
        return;
    m_patience.stop();
    m_evidence.verified = m_chain.verifiedCount();
    m_promise->addResult(m_error ? Result<AuditEvidence>(*m_error) : Result<AuditEvidence>(m_evidence));
    m_promise->finish();
    m_promise.reset();
}

} // namespace Watchword::Tool
