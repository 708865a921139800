// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/connectionmachine.h"

#include <QStringList>

#include <algorithm>
#include <functional>

namespace MachineTest {

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using M = ConnectionMachine;

inline constexpr Instant kStart{1'000'000ms};

class FixedRandom final : public RandomSource
{
public:
    double nextUnit() override { return 0.5; }
};

inline QString stateName(const M::State &state)
{
    static const char *const names[] = {"Idle", "Attempt", "Up", "Closing"};
    static const char *const attempts[] = {"Waiting", "AwaitingToken", "Opening", "AwaitingHello"};
    static const char *const steps[] = {"Scheduled", "TokenAsked", "Opening", "AwaitingHello"};
    QString name = QString::fromLatin1(names[state.index()]);
    if (const auto *attempt = std::get_if<Attempt>(&state))
        name = QString::fromLatin1(attempts[attempt->step().index()]);
    if (const auto *up = std::get_if<ConnectionInUse>(&state)) {
        if (up->drainingId())
            name += "+Draining"_L1;
        if (up->replacement())
            name += u'+' + QString::fromLatin1(steps[up->replacement()->step().index()]);
    }
    return name;
}

/*! A machine with its own time and a log of all actions. */
struct Bench
{
    explicit Bench(bool usesTokens = true, const std::function<void(ConnectionOptions &)> &change = {})
        : machine(makeOptions(change), usesTokens ? LinkContext::Tokens::Used : LinkContext::Tokens::None)
    {
    }
    ConnectionOptions makeOptions(const std::function<void(ConnectionOptions &)> &change)
    {
        options.random = &random;
        if (change)
            change(options);
        return options;
    }
    QStringList step(const M::Event &event)
    {
        QStringList lines;
        for (const M::Action &action : machine.step(event, now)) {
            lines.append(M::toString(action));
            if (const auto *closed = std::get_if<M::ReportClosed>(&action))
                lastClosed = closed->reason;
        }
        return lines;
    }
    QStringList after(Duration time, const M::Event &event = M::Tick{})
    {
        now += time;
        return step(event);
    }
    QStringList untilDeadline()
    {
        now = std::max(now, machine.deadline().value());
        return step(M::Tick{});
    }
    M::AttemptId id() const { return machine.attemptId(); }
    QStringList token(const QString &fingerprint, std::optional<Duration> validFor = 1h)
    {
        return step(M::TokenReady{id(), fingerprint, validFor ? std::optional(now + *validFor) : std::nullopt});
    }
    QStringList end(int status, int closeCode, const Error &error = Error(ErrorCode::ConnectionLost))
    {
        return endOf(id(), status, closeCode, error);
    }
    M::Hello hello() const { return {.id = id(), .expiresAt = {}, .inBandRenewal = true, .heartbeat = {}, .refreshBefore = {}}; }
    void up(bool watchword = true, const QString &fingerprint = u"aaaa"_s, Duration validFor = 1h)
    {
        if (std::holds_alternative<M::Idle>(machine.state()))
            step(M::Open{});
        else if (is("Waiting"))
            untilDeadline();
        if (is("AwaitingToken"))
            token(fingerprint, validFor);
        step(M::Upgraded{id(), watchword});
        if (watchword)
            step(hello());
    }
    //! The attempt beside the connection in use, or the connection that it replaced; 0: neither.
    M::AttemptId other() const
    {
        const auto *up = std::get_if<ConnectionInUse>(&machine.state());
        return up && up->drainingId() ? up->drainingId() : machine.replacementId();
    }
    M::Hello helloOf(M::AttemptId attempt) const
    {
        M::Hello fields = hello();
        fields.id = attempt;
        return fields;
    }
    QStringList tokenOf(M::AttemptId attempt, const QString &fingerprint, const QString &subject = {})
    {
        return step(M::TokenReady{attempt, fingerprint, now + 1h, subject});
    }
    QStringList endOf(M::AttemptId attempt, int status, int closeCode, const Error &error = Error(ErrorCode::ConnectionLost))
    {
        TransportEnd end;
        end.http.status = status;
        end.closeCode = closeCode;
        end.error = status ? Error(ErrorCode::UpgradeRejected).withRetryAfter(error.retryAfter()) : error;
        return step(M::Ended{attempt, end});
    }
    const ConnectionInUse &upState() const { return std::get<ConnectionInUse>(machine.state()); }
    Instant renewalAt() const { return upState().renewal().deadline().value(); }
    //! Up, with a replacement that came as far as \a step, or "Draining".
    void bringReplacement(const QString &step)
    {
        if (!std::holds_alternative<ConnectionInUse>(machine.state()))
            up();
        if (step == "Scheduled"_L1) {
            this->step(M::EndAnnounced{id(), 10s, u"drain"_s});
            return;
        }
        this->step(M::Replace{});
        const M::AttemptId attempt = machine.replacementId();
        if (step == "TokenAsked"_L1)
            return;
        tokenOf(attempt, u"bbbb"_s);
        if (step == "Opening"_L1)
            return;
        this->step(M::Upgraded{attempt, true});
        if (step == "Draining"_L1)
            this->step(helloOf(attempt));
    }
    void bring(const QString &state)
    {
        if (state == "Idle"_L1)
            return;
        if (state.startsWith("Up+"_L1)) {
            bringReplacement(state.mid(3));
            return;
        }
        if (state == "Up"_L1 || state == "Closing"_L1) {
            up();
            if (state == "Closing"_L1)
                step(M::Close{});
            return;
        }
        step(M::Open{});
        if (state == "AwaitingToken"_L1)
            return;
        token(u"aaaa"_s);
        if (state == "AwaitingHello"_L1)
            step(M::Upgraded{id(), true});
        if (state == "Waiting"_L1)
            end(503, 0);
    }
    bool is(const char *name) const { return stateName(machine.state()) == QLatin1StringView(name); }

    FixedRandom random;
    ConnectionOptions options;
    M machine;
    Instant now = kStart;
    Error lastClosed;
};

} // namespace MachineTest
