// SPDX-License-Identifier: Apache-2.0
#include "connection/connectionfacts.h"

#include "watchword/core/internal/overloaded.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

Connection::State publicState(const ConnectionMachine &machine)
{
    static constexpr Connection::State states[]{Connection::State::Disconnected, Connection::State::Connecting,
                                                Connection::State::Ready, Connection::State::Closing};
    return machine.isWaiting() ? Connection::State::Waiting : states[machine.state().index()];
}

} // namespace

void ConnectionFacts::note(const ConnectionMachine::Actions &actions, ConnectionContext &context)
{
    using M = ConnectionMachine;
    const M &machine = context.machine;
    state = publicState(machine);
    nextRetryAt = context.dateOf(machine.isWaiting() ? machine.deadline() : std::nullopt);
    attempt = machine.failures() + (state == Connection::State::Connecting ? 1 : 0);
    const auto blame = [&](Link::Id id, const Error &error) {
        lastError = error;
        if (id)
            context.log.setError(id, error);
    };
    const auto endUse = [&](Link::Id id) {
        if (Link *ending = context.swap.linkOf(id))
            ending->stage = Link::Stage::Ending;
    };
    for (const M::Action &action : actions) {
        std::visit(Overloaded{[&](const M::ReportError &a) { blame(a.id, a.error); },
                              [&](const M::ReportReplacement &a) { blame(a.id, a.error); },
                              [&](const M::ReportWait &a) { lastError = a.error; },
                              [&](const M::ReportClosed &a) {
                                  if (a.reason.code() != ErrorCode::Cancelled)
                                      lastError = a.reason;
                              },
                              [&](const M::ReportExpiry &a) { tokenExpiresAt = context.dateOf(a.expiresAt); },
                              [&](const M::ReportRtt &a) { rttMs = a.rtt.count(); },
                              [&](const M::TreatAsPlain &a) {
                                  if (Link *plain = context.swap.linkOf(a.id))
                                      plain->speech = Link::Speech::PresumedPlain;
                              },
                              [&](const M::CloseTransport &a) { endUse(a.id); }, [&](const M::DropTransport &a) { endUse(a.id); },
                              [](const auto &) {}},
                   action);
    }
    noteNegotiated(context.swap.current());
}

void ConnectionFacts::noteNegotiated(const Link &current)
{
    watchword = current.isWatchword();
    subprotocol = current.subprotocol;
}

void ConnectionFacts::tellChanges(const ConnectionFacts &before, Connection &whose) const
{
    if (before.lastError != lastError)
        Q_EMIT whose.lastErrorChanged();
    if (before.nextRetryAt != nextRetryAt)
        Q_EMIT whose.nextRetryAtChanged();
    if (before.attempt != attempt)
        Q_EMIT whose.attemptChanged();
    if (before.rttMs != rttMs)
        Q_EMIT whose.rttChanged();
    if (before.tokenExpiresAt != tokenExpiresAt)
        Q_EMIT whose.tokenExpiresAtChanged();
    if (before.watchword != watchword || before.subprotocol != subprotocol)
        Q_EMIT whose.negotiatedChanged();
}

QString ConnectionFacts::explain(const ConnectionMetrics &metrics, const QList<AttemptRecord> &attempts) const
{
    QString text = u"state %1"_s.arg(QVariant::fromValue(state).toString());
    if (nextRetryAt.isValid())
        text += u", next attempt at "_s + nextRetryAt.toString(Qt::ISODateWithMs);
    if (lastError.code() != ErrorCode::Cancelled)
        text += u"\nlast error: %1\nwhat to do: %2"_s.arg(lastError.toString(), lastError.remedy());
    text += u"\nconnects %1, reconnects %2, replacements %3, failures %4, up for %5 ms, round trip %6 ms"_s.arg(metrics.connects)
                .arg(metrics.reconnects)
                .arg(metrics.replacements)
                .arg(metrics.failures)
                .arg(metrics.uptimeMs)
                .arg(metrics.rttMs);
    text += u"\nsent %1 messages (%2 bytes), received %3 (%4 bytes)"_s.arg(metrics.messagesSent)
                .arg(metrics.bytesSent)
                .arg(metrics.messagesReceived)
                .arg(metrics.bytesReceived);
    for (const AttemptRecord &record : attempts)
        text += u'\n' + record.toString();
    return text;
}

} // namespace Watchword
