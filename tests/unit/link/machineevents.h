// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machinebench.h"

#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace MachineTest {

using NamedEvents = std::vector<std::pair<QString, M::Event>>;

inline const QStringList kStates{
    u"Idle"_s,         u"AwaitingToken"_s, u"Opening"_s,    u"AwaitingHello"_s,    u"Up"_s,         u"Waiting"_s, u"Closing"_s,
    u"Up+Scheduled"_s, u"Up+TokenAsked"_s, u"Up+Opening"_s, u"Up+AwaitingHello"_s, u"Up+Draining"_s};

/*! How transports end. */
struct Endings
{
    Endings()
    {
        refused.http.status = 401;
        refused.error = Error(ErrorCode::UpgradeRejected);
        dropped.closeCode = 1006;
        revoked.closeCode = 4410;
        revoked.error = Error(ErrorCode::ClosedByPeer);
        nonce = refused;
        nonce.nonceGiven = true;
        nonce.error = Error(ErrorCode::WrongNonce);
        replaced = revoked;
        replaced.closeCode = 4409;
    }
    TransportEnd refused;
    TransportEnd dropped;
    TransportEnd revoked;
    TransportEnd replaced;
    TransportEnd nonce;
};

inline NamedEvents eventsOf(const Bench &bench)
{
    const M::AttemptId id = bench.id();
    const Endings endings;
    return {
        {u"Open"_s, M::Open{}},
        {u"Close"_s, M::Close{}},
        {u"RetryNow"_s, M::RetryNow{}},
        {u"Tick early"_s, M::Tick{}},
        {u"Probe"_s, M::Probe{}},
        {u"Woke"_s, M::Woke{}},
        {u"NetworkDown"_s, M::NetworkDown{}},
        {u"NetworkUp"_s, M::NetworkUp{}},
        {u"TokenReady"_s, M::TokenReady{id, u"bbbb"_s, kStart + 2h}},
        {u"TokenReady of another attempt"_s, M::TokenReady{id + 7, u"bbbb"_s, {}}},
        {u"TokenFailed offline"_s, M::TokenFailed{id, Error(ErrorCode::Offline)}},
        {u"TokenFailed for ever"_s, M::TokenFailed{id, Error(ErrorCode::SignInRequired)}},
        {u"TokenChanged"_s, M::TokenChanged{}},
        {u"TokenRevoked"_s, M::TokenRevoked{}},
        {u"Upgraded plain"_s, M::Upgraded{id, false}},
        {u"Upgraded watchword"_s, M::Upgraded{id, true}},
        {u"Upgraded of another attempt"_s, M::Upgraded{id + 7, true}},
        {u"Hello"_s, bench.hello()},
        {u"Pong"_s, M::Pong{id, 1}},
        {u"RenewalAccepted"_s, M::RenewalAccepted{id, kStart + 3h}},
        {u"RenewalRefused"_s, M::RenewalRefused{id, 4401}},
        {u"RenewalRefused for a nonce"_s, M::RenewalRefused{id, 4401, M::RenewalRefused::Fault::Nonce}},
        {u"RenewalDue"_s, M::RenewalDue{id}},
        {u"Farewell"_s, M::Farewell{id, 1012, RetryAction::Retry, 0ms}},
        {u"Ended 401"_s, M::Ended{id, endings.refused}},
        {u"Ended 401 for a nonce"_s, M::Ended{id, endings.nonce}},
        {u"Ended 1006"_s, M::Ended{id, endings.dropped}},
        {u"Ended 4410"_s, M::Ended{id, endings.revoked}},
        {u"Ended of another attempt"_s, M::Ended{id + 7, endings.dropped}},
        {u"Replace"_s, M::Replace{}},
        {u"EndAnnounced"_s, M::EndAnnounced{id, 4s, u"drain"_s}},
        {u"EndAnnounced of another attempt"_s, M::EndAnnounced{id + 7, 4s, u"drain"_s}},
        {u"Drained"_s, M::Drained{id}},
    };
}

//! About the attempt that will replace the connection in use, or about what it replaced.
inline NamedEvents eventsOfTheOther(const Bench &bench)
{
    const M::AttemptId id = bench.id();
    const M::AttemptId other = bench.other();
    const Endings endings;
    return {
        {u"Ended 4409"_s, M::Ended{id, endings.replaced}},
        {u"TokenReady of the other"_s, M::TokenReady{other, u"bbbb"_s, kStart + 2h}},
        {u"TokenFailed offline of the other"_s, M::TokenFailed{other, Error(ErrorCode::Offline)}},
        {u"TokenFailed for ever of the other"_s, M::TokenFailed{other, Error(ErrorCode::SignInRequired)}},
        {u"Upgraded plain of the other"_s, M::Upgraded{other, false}},
        {u"Upgraded watchword of the other"_s, M::Upgraded{other, true}},
        {u"Hello of the other"_s, bench.helloOf(other)},
        {u"Pong of the other"_s, M::Pong{other, 1}},
        {u"RenewalDue of the other"_s, M::RenewalDue{other}},
        {u"EndAnnounced of the other"_s, M::EndAnnounced{other, 4s, u"drain"_s}},
        {u"Drained of the other"_s, M::Drained{other}},
        {u"Drained soon of the other"_s, M::Drained{other, 100ms}},
        {u"Farewell of the other"_s, M::Farewell{other, 1012, RetryAction::Retry, 0ms}},
        {u"Ended 401 of the other"_s, M::Ended{other, endings.refused}},
        {u"Ended 401 for a nonce of the other"_s, M::Ended{other, endings.nonce}},
        {u"Ended 1006 of the other"_s, M::Ended{other, endings.dropped}},
        {u"Ended 4410 of the other"_s, M::Ended{other, endings.revoked}},
    };
}

inline NamedEvents allEvents(const Bench &bench)
{
    NamedEvents events = eventsOf(bench);
    if (bench.other()) {
        const NamedEvents more = eventsOfTheOther(bench);
        events.insert(events.end(), more.begin(), more.end());
    }
    return events;
}

/*! What the actions of a machine lead to, and what must never happen. */
struct Observed
{
    //! False: such an event cannot come, because a transport ends once.
    bool happens(const M::Event &event, const Bench &bench)
    {
        if (std::holds_alternative<M::Open>(event))
            ended = false;
        const auto *end = std::get_if<M::Ended>(&event);
        if (!end)
            return true;
        if (!transports.contains(end->id))
            return false;
        const bool isAttempt = bench.is("Opening") || end->id == bench.machine.replacementId();
        if (end->end.http.status == 401 && !end->end.nonceGiven && isAttempt)
            lastRefused = transports.at(end->id);
        transports.erase(end->id);
        return true;
    }
    void note(const M::Action &action, const M::Event &event, const Bench &bench)
    {
        if (const auto *start = std::get_if<M::StartTransport>(&action))
            started(start->id, std::get<M::TokenReady>(event).fingerprint, bench);
        else if (const auto *drop = std::get_if<M::DropTransport>(&action))
            transports.erase(drop->id);
        else if (const auto *drained = std::get_if<M::EndDrain>(&action))
            transports.erase(drained->id);
        else if (const auto *abandoned = std::get_if<M::AbandonReplacement>(&action))
            transports.erase(abandoned->id);
        else if (std::holds_alternative<M::ReportClosed>(action))
            ended = true;
    }
    void started(M::AttemptId id, const QString &token, const Bench &bench)
    {
        if (ended)
            wrong = u"an attempt after the end"_s;
        // A second one only beside a connection that is in use.
        if (!transports.empty() && (transports.size() > 1 || id != bench.machine.replacementId()))
            wrong = u"too many transports"_s;
        if (token == lastRefused)
            wrong = u"a refused token"_s;
        transports.emplace(id, token);
        while (!starts.empty() && starts.front() + 60s <= bench.now)
            starts.pop_front();
        starts.push_back(bench.now);
        if (starts.size() > 10)
            wrong = u"more attempts than the budget"_s;
    }

    std::map<M::AttemptId, QString> transports; //!< Alive, with the token that each was given.
    std::deque<Instant> starts;
    QString lastRefused;
    bool ended = true;
    QString wrong;
};

} // namespace MachineTest
