// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/closepolicy.h"
#include "watchword/core/testexport.h"
#include "watchword/core/tokenprovider.h"
#include "watchword/link/transport.h"

#include <QString>

#include <optional>
#include <variant>
#include <vector>

namespace Watchword {

/*! What a ConnectionMachine is told. Those with an id are about that attempt; for another one they are ignored. */
struct LinkEvents
{
    using AttemptId = quint64;

    struct Open
    {
    };
    struct Close
    {
    };
    struct RetryNow
    {
    };
    struct Tick
    {
    };
    struct Probe
    {
    };
    struct Woke
    {
    }; //!< The machine slept, the process was stopped, or the date was set.
    struct NetworkDown
    {
    }; //!< The operating system says that there is none.
    struct NetworkUp
    {
    }; //!< It came back, or is another one.
    struct TokenReady
    {
        AttemptId id;
        QString fingerprint;
        std::optional<Instant> expiresAt;
        QString subject{}; //!< Whose it is; empty if unknown.
    };
    struct TokenFailed
    {
        AttemptId id;
        Error error;
    };
    struct TokenChanged
    {
    };
    struct TokenRevoked
    {
    };
    enum class WithoutHello { //!< What a connection is on which the server does not say hello in time.
        Fails,
        IsPlain, //!< Nothing was said yet that a plain server would understand in another way.
        IsOfferedNothing //!< It ends, and the next attempt offers nothing.
    };
    struct Upgraded //!< 101 received.
    {
        AttemptId id;
        bool watchword; //!< The server speaks first.
        WithoutHello withoutHello = WithoutHello::Fails;
        bool needsHello = false; //!< Something waits that only watchword.v1 can do: to be silent once proves nothing.
    };
    struct SpokePlainly //!< The first thing that the server said is no frame of watchword.v1.
    {
        AttemptId id;
    };
    struct Hello
    {
        AttemptId id;
        std::optional<Instant> expiresAt;
        bool inBandRenewal = true;
        std::optional<Duration> heartbeat;
        std::optional<Duration> refreshBefore;
        bool keepsToken = false; //!< The server never asks again: the connection lives as long as it lets it.
        PolicyChanges policy{}; //!< Holds until the next hello, or the end of the connection.
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
        enum class Fault {
            Token,
            Proof, //!< The token's proof was not accepted, or none could be made.
            Nonce, //!< The proof lacks the nonce that came with the answer, and can be made anew (RFC 9449 section 9).
            Key //!< The token is bound to another key, which a connection takes only at its beginning.
        };
        AttemptId id;
        int code;
        Fault fault = Fault::Token;
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
    struct Replace
    {
    }; //!< The application wants another connection in the place of this one.
    struct EndAnnounced //!< "reconnect": the server will close the connection.
    {
        AttemptId id;
        Duration in;
        QString reason;
    };
    struct Drained //!< Nothing is outstanding on the connection that was replaced.
    {
        AttemptId id;
        Duration linger{}; //!< How long it may be before something comes all the same; each event counts anew.
    };
    using Event = std::variant<Open, Close, RetryNow, Tick, Probe, Woke, NetworkDown, NetworkUp, TokenReady, TokenFailed,
                               TokenChanged, TokenRevoked, Upgraded, SpokePlainly, Hello, Pong, RenewalAccepted, RenewalRefused,
                               RenewalDue, Farewell, Ended, Replace, EndAnnounced, Drained>;
};

/*! What a ConnectionMachine wants to be done, in this order. */
struct WATCHWORD_TEST_EXPORT LinkActions : LinkEvents
{
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
        bool offersWatchword = true; //!< Else the server is known to repeat what it is offered without speaking it.
    };
    struct TreatAsPlain //!< The server chose watchword.v1 and does not speak it.
    {
        AttemptId id;
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
    struct ReportRenewed
    {
    };
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
        AttemptId id = 0; //!< Of the attempt or connection that it ended; 0: none, it lives.
    };
    struct ReportWait //!< The attempt is over; \a why is for the record.
    {
        AttemptId id;
        Error error;
        Instant until;
        QString why;
        bool needsSomebody = false; //!< It will not pass by itself.
    };
    struct ReportClosed //!< The end.
    {
        AttemptId id;
        Error reason;
        bool personNeeded;
    };
    struct SwapTransport //!< \a to is in use from now on; \a from delivers until it is drained.
    {
        AttemptId from;
        AttemptId to;
    };
    struct EndDrain //!< Closes what is left of it with 1000; what was held back goes on.
    {
        AttemptId id;
    };
    struct PromoteReplacement //!< The connection in use was lost; its replacement, not accepted yet, is the attempt now.
    {
        AttemptId lost;
        AttemptId id;
    };
    struct AbandonReplacement //!< It is not wanted any more. \a code as for DropTransport.
    {
        AttemptId id;
        int code;
        QString why;
    };
    struct ReportReplacement //!< It failed, and the connection in use lives on.
    {
        AttemptId id;
        Error error;
        std::optional<Instant> until; //!< When the next one begins; empty: there will be none.
        QString why;
    };
    using Action = std::variant<RequestToken, StartTransport, TreatAsPlain, CloseTransport, DropTransport, SendPing, SendRenewal,
                                BecomeReady, ReportRenewed, ReportExpiry, ReportRtt, ReportError, ReportWait, ReportClosed,
                                SwapTransport, EndDrain, PromoteReplacement, AbandonReplacement, ReportReplacement>;
    using Actions = std::vector<Action>;

    static QString toString(const Action &action); //!< For logs and tests; holds no secret.
};

} // namespace Watchword
