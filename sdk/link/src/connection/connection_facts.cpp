// SPDX-License-Identifier: Apache-2.0
// What a Connection knows and tells of itself.
#include "connection/connection_p.h"

#include "watchword/core/internal/overloaded.h"
#include "watchword/core/log.h"

#include <QMetaMethod>

#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

Connection::State publicState(const ConnectionMachine &machine)
{
    static constexpr Connection::State states[]{Connection::State::Disconnected, Connection::State::Connecting,
                                                Connection::State::Ready, Connection::State::Closing};
    return machine.isWaiting() ? Connection::State::Waiting : states[machine.state().index()];
}

} // namespace

void Connection::Private::noteFacts(const M::Actions &actions)
{
    facts.state = publicState(machine);
    facts.nextRetryAt = machine.isWaiting() ? dateOf(*machine.deadline()) : QDateTime();
    facts.attempt = machine.failures() + (facts.state == State::Connecting ? 1 : 0);
    const auto blame = [this](M::AttemptId id, const Error &error) {
        facts.lastError = error;
        if (id)
            log.setError(id, error);
    };
    const auto endUse = [this](M::AttemptId id) {
        if (Link *ending = swap.linkOf(id))
            ending->stage = Link::Stage::Ending;
    };
    for (const M::Action &action : actions) {
        std::visit(
            Overloaded{[&](const M::ReportError &a) { blame(a.id, a.error); },
                       [&](const M::ReportReplacement &a) { blame(a.id, a.error); },
                       [&](const M::ReportWait &a) { facts.lastError = a.error; },
                       [&](const M::ReportClosed &a) {
                           if (a.reason.code() != ErrorCode::Cancelled)
                               facts.lastError = a.reason;
                       },
                       [&](const M::ReportExpiry &a) { facts.tokenExpiresAt = a.expiresAt ? dateOf(*a.expiresAt) : QDateTime(); },
                       [&](const M::ReportRtt &a) { facts.rttMs = a.rtt.count(); },
                       [&](const M::TreatAsPlain &a) {
                           if (Link *plain = swap.linkOf(a.id))
                               plain->speech = Link::Speech::PresumedPlain;
                       },
                       [&](const M::CloseTransport &a) { endUse(a.id); }, [&](const M::DropTransport &a) { endUse(a.id); },
                       [](const auto &) {}},
            action);
    }
    noteNegotiated();
}

void Connection::Private::noteNegotiated()
{
    facts.watchword = swap.current().isWatchword();
    facts.subprotocol = swap.current().subprotocol;
}

// A slot may lead to more events, which wait: the facts stay as they are.
void Connection::Private::tell(const Facts &before)
{
    const State state = facts.state;
    const bool stateIsNew = before.state != state;
    if (stateIsNew)
        countState();
    if (before.lastError != facts.lastError)
        Q_EMIT q->lastErrorChanged();
    if (before.nextRetryAt != facts.nextRetryAt) {
        Q_EMIT q->nextRetryAtChanged();
        countDown();
    }
    if (before.attempt != facts.attempt)
        Q_EMIT q->attemptChanged();
    if (before.rttMs != facts.rttMs)
        Q_EMIT q->rttChanged();
    if (before.tokenExpiresAt != facts.tokenExpiresAt)
        Q_EMIT q->tokenExpiresAtChanged();
    if (before.watchword != facts.watchword || before.subprotocol != facts.subprotocol)
        Q_EMIT q->negotiatedChanged();
    if (!stateIsNew)
        return;
    if (before.state == State::Ready || state == State::Ready)
        Q_EMIT q->metricsChanged();
    Q_EMIT q->stateChanged(state);
}

void Connection::Private::complain(const Error &error)
{
    facts.lastError = error;
    Q_EMIT q->lastErrorChanged();
    Q_EMIT q->errorOccurred(error);
}

void Connection::Private::countState()
{
    if (facts.state == State::Disconnected)
        surroundings.rest();
    if (facts.state != State::Ready) {
        metricsTimer.stop();
        return;
    }
    counts.reconnects += counts.connects++ > connectsBeforeOpen ? 1 : 0;
    readySince = clock.now();
    tellMetricsEachSecond();
}

void Connection::Private::tellMetricsEachSecond()
{
    static const QMetaMethod changed = QMetaMethod::fromSignal(&Connection::metricsChanged);
    if (facts.state == State::Ready && q->isSignalConnected(changed) && !metricsTimer.isActive())
        metricsTimer.start(1s);
}

void Connection::Private::countDown()
{
    static const QMetaMethod changed = QMetaMethod::fromSignal(&Connection::secondsToRetryChanged);
    nextSecond.cancel();
    if (!q->isSignalConnected(changed))
        return;
    if (const int seconds = q->secondsToRetry(); seconds > 0)
        nextSecond.startAt(*machine.deadline() - std::chrono::seconds(seconds - 1));
    Q_EMIT q->secondsToRetryChanged();
}

QDateTime Connection::Private::dateOf(Instant instant) const
{
    return toDateTime(clock.wallNow() + (instant - clock.now()));
}

void Connection::Private::finishRecord(M::AttemptId id, const QString &what, bool willRetry, const QDateTime &nextTryAt)
{
    if (const std::optional<ConnectError> failure = log.finish(id, what, willRetry, nextTryAt)) {
        ++counts.failures;
        Q_EMIT q->attemptFailed(*failure);
        Q_EMIT q->metricsChanged();
    }
}

// Of the attempt, and of one before it for whose refused token this one wanted another.
void Connection::Private::finishRecords(M::AttemptId id, const QString &next, bool willRetry, const QDateTime &nextTryAt)
{
    if (const M::AttemptId before = std::exchange(recordId, id); before != id)
        finishRecord(before, next, willRetry, nextTryAt);
    finishRecord(id, next, willRetry, nextTryAt);
}

void Connection::Private::perform(const M::ReportRenewed &)
{
    Q_EMIT q->tokenRenewed();
}

void Connection::Private::perform(const M::ReportError &action)
{
    qCInfo(logLink).noquote() << redactedUrl(options.url) << action.error.toString();
    Q_EMIT q->errorOccurred(action.error);
}

void Connection::Private::perform(const M::ReportWait &action)
{
    finishRecords(action.id, action.why, true, facts.nextRetryAt);
    if (action.needsSomebody && std::exchange(warnedOf, action.error.code()) != action.error.code())
        qCWarning(logLink).noquote() << redactedUrl(options.url) << action.error.toString() << '-' << action.error.remedy();
}

void Connection::Private::perform(const M::ReportClosed &action)
{
    retire(swap.current());
    const bool asked = action.reason.code() == ErrorCode::Cancelled;
    finishRecords(action.id, asked ? u"closed"_s : u"stopped: "_s + action.reason.toString(), false);
    if (const qsizetype count = sender.finish(action.reason)) {
        const QString what = count == 1 ? u"1 message that waited for the connection was discarded"_s
                                        : u"%1 messages that waited for the connection were discarded"_s.arg(count);
        Q_EMIT q->errorOccurred(
            Error(ErrorCode::Offline, what).withRemedy(u"Send again what still counts when it is connected."_s));
    }
    if (action.personNeeded)
        Q_EMIT q->authenticationRequired(action.reason);
    Q_EMIT q->closed(action.reason);
}

void Connection::Private::refuseOptions(const Error &error)
{
    refusedOptions.reset();
    facts.lastError = error;
    Q_EMIT q->lastErrorChanged();
    Q_EMIT q->closed(error);
}

ConnectionMetrics Connection::metrics() const
{
    ConnectionMetrics metrics = d->counts;
    metrics.uptimeMs = d->facts.state == State::Ready ? Duration(d->clock.now() - d->readySince).count() : 0;
    metrics.rttMs = d->facts.rttMs;
    return metrics;
}

QString Connection::explain() const
{
    QString text = u"state %1"_s.arg(QVariant::fromValue(d->facts.state).toString());
    if (d->facts.nextRetryAt.isValid())
        text += u", next attempt at "_s + d->facts.nextRetryAt.toString(Qt::ISODateWithMs);
    if (d->facts.lastError.code() != ErrorCode::Cancelled)
        text += u"\nlast error: %1\nwhat to do: %2"_s.arg(d->facts.lastError.toString(), d->facts.lastError.remedy());
    const ConnectionMetrics m = metrics();
    text += u"\nconnects %1, reconnects %2, replacements %3, failures %4, up for %5 ms, round trip %6 ms"_s.arg(m.connects)
                .arg(m.reconnects)
                .arg(m.replacements)
                .arg(m.failures)
                .arg(m.uptimeMs)
                .arg(m.rttMs);
    text += u"\nsent %1 messages (%2 bytes), received %3 (%4 bytes)"_s.arg(m.messagesSent)
                .arg(m.bytesSent)
                .arg(m.messagesReceived)
                .arg(m.bytesReceived);
    for (const AttemptRecord &record : d->log.records())
        text += u'\n' + record.toString();
    return text;
}

} // namespace Watchword
