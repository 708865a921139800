// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/tokenprovider.h"
#include "watchword/link/connectionoptions.h"
#include "watchword/link/transport.h"

#include <QString>

#include <deque>
#include <optional>
#include <variant>
#include <vector>

namespace Watchword {

/*!
    The decisions of a Connection as a pure machine: step(event, now) returns what is to be done.

    No timers, sockets or tokens are in here. deadline() is when step(Tick) is due; every state but Idle has one, so
    that nothing can wait for ever. Each attempt has an id; events of another one are ignored, so late callbacks do no
    harm. Whatever leads to a new attempt passes beginAttempt() and its budget.

    Threads: none; a value with one owner. Ownership: borrows options.random.
*/
class WATCHWORD_LINK_EXPORT ConnectionMachine
{
public:
    using AttemptId = quint64;

    struct Open { };
    struct Close { };
    struct RetryNow { };
    struct Tick { };
    struct Probe { };
    struct TokenReady
    {
        AttemptId id;
        QString fingerprint;
        std::optional<Instant> expiresAt;
    };
    struct TokenFailed
    {
        AttemptId id;
        Error error;
    };
    struct TokenChanged { };
    struct TokenRevoked { };
    struct Upgraded //!< 101 received.
    {
        AttemptId id;
        bool watchword;
    };
    struct Hello
    {
        AttemptId id;
        std::optional<Instant> expiresAt;
        bool inBandRenewal = true;
        std::optional<Duration> heartbeat;
        std::optional<Duration> refreshBefore;
    };
    struct Pong
    {
        AttemptId id;
        quint64 nonce;
    };
    struct RenewalAccepted
    {
        AttemptId id;
        std::optional<Instant> expiresAt;
    };
    struct RenewalRefused
    {
        AttemptId id;
        int code;
    };
    struct RenewalDue //!< The server says that the token ends soon.
    {
        AttemptId id;
    };
    struct Farewell //!< "bye"
    {
        AttemptId id;
        int code;
        std::optional<RetryAction> action;
        Duration after;
    };
    struct Ended
    {
        AttemptId id;
        TransportEnd end;
    };
    using Event = std::variant<Open, Close, RetryNow, Tick, Probe, TokenReady, TokenFailed, TokenChanged, TokenRevoked,
                               Upgraded, Hello, Pong, RenewalAccepted, RenewalRefused, RenewalDue, Farewell, Ended>;

    struct RequestToken
    {
        AttemptId id;
        TokenRequest request;
        QString why; //!< For the record of the attempt.
    };
    struct StartTransport
    {
        AttemptId id;
        QString why;
    };
    struct CloseTransport //!< Politely; Ended or the close deadline follows.
    {
        AttemptId id;
        int code;
        QString reason;
    };
    struct DropTransport //!< At once. \a code 0 sends no close frame.
    {
        AttemptId id;
        int code;
    };
    struct SendPing
    {
        AttemptId id;
        quint64 nonce;
    };
    struct SendRenewal //!< "auth.refresh" with the token of the last TokenReady.
    {
        AttemptId id;
    };
    struct BecomeReady
    {
        AttemptId id;
    };
    struct ReportRenewed { };
    struct ReportExpiry //!< What the server holds now.
    {
        std::optional<Instant> expiresAt;
    };
    struct ReportRtt
    {
        Duration rtt;
    };
    struct ReportError
    {
        Error error;
    };
    struct ReportWait //!< The attempt is over; \a why is for the record.
    {
        AttemptId id;
        Error error;
        Instant until;
        QString why;
    };
    struct ReportClosed //!< The end.
    {
        AttemptId id;
        Error reason;
        bool personNeeded;
    };
    using Action = std::variant<RequestToken, StartTransport, CloseTransport, DropTransport, SendPing, SendRenewal,
                                BecomeReady, ReportRenewed, ReportExpiry, ReportRtt, ReportError, ReportWait,
                                ReportClosed>;
    using Actions = std::vector<Action>;
    static QString toString(const Action &action); //!< For logs and tests; holds no secret.

    // States
    struct Idle { };
    struct AwaitingToken
    {
        AttemptId id;
        Instant deadline;
        QString why;
    };
    struct Opening
    {
        AttemptId id;
        Instant deadline;
    };
    struct AwaitingHello
    {
        AttemptId id;
        Instant deadline;
        std::optional<Farewell> farewell {};
    };
    struct Renewing //!< A renewal within Up.
    {
        enum class Step { Scheduled, TokenAsked, Sent };
        Step step = Step::Scheduled;
        Instant deadline;
        bool retriedAfterRefusal = false;
        QString fingerprint {}; //!< Of the token on its way.
        std::optional<Instant> expiresAt {}; //!< The same token's.
    };
    struct Up
    {
        AttemptId id;
        bool watchword = false;
        bool inBandRenewal = false;
        Duration heartbeat;
        Duration refreshBefore; //!< Zero unless the server asked for it.
        Instant since;
        Instant lastActivity;
        Instant nextPing;
        std::optional<Instant> pongDeadline {};
        Instant pingSentAt {};
        quint64 nonce = 0;
        std::optional<Renewing> renewal {};
        std::optional<Farewell> farewell {};
        Instant farewellDeadline {};
    };
    struct Waiting
    {
        AttemptId id;
        Instant deadline;
        Instant earliest; //!< What the server asked for; retryNow() cannot go below.
        Error error; //!< Why it waits.
        bool forToken = false; //!< The provider had none; a new one ends the wait.
    };
    struct Closing
    {
        AttemptId id;
        Instant deadline;
    };
    using State = std::variant<Idle, AwaitingToken, Opening, AwaitingHello, Up, Waiting, Closing>;

    ConnectionMachine(const ConnectionOptions &options, bool usesTokens);

    void setOptions(const ConnectionOptions &options) { m_options = options; } //!< Only while Idle.
    [[nodiscard]] Actions step(const Event &event, Instant now);
    void noteActivity(Instant now); //!< Bytes came in; cheap, may be called for each read.
    std::optional<Instant> deadline() const;
    const State &state() const { return m_state; }
    AttemptId attemptId() const { return m_id; }
    int failures() const { return m_failures; } //!< Failed attempts of this outage.
    bool isAlive(AttemptId id) const; //!< An attempt of this id holds or may hold a transport.

private:
    class Run;
    ConnectionOptions m_options;
    bool m_usesTokens;
    State m_state = Idle {};
    AttemptId m_id = 0;
    int m_failures = 0;
    std::optional<Instant> m_outageSince; //!< Since the first failure after the last stable time.
    std::deque<Instant> m_starts; //!< Of attempts within the budget's window.
    QString m_fingerprint; //!< Of the token that the current attempt uses.
    std::optional<Instant> m_tokenExpiresAt;
    QString m_refused; //!< Fingerprint of the last refused token; it is never sent again.
    bool m_refusedInARow = false; //!< A refused token was already replaced once without success since.
};

} // namespace Watchword
