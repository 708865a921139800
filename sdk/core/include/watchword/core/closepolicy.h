// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/error.h"
#include "watchword/core/result.h"

#include <QJsonObject>
#include <QMap>

#include <optional>

namespace Watchword {

/*! Close codes of watchword.v1; each comes with a last "bye" frame. */
enum class CloseCode : quint16 {
    Normal = 1000,
    GoingAway = 1001,
    ProtocolError = 1002,
    Abnormal = 1006, //!< Never on the wire: the connection dropped without a close frame.
    PolicyViolation = 1008,
    MessageTooBig = 1009,
    InternalError = 1011,
    ServiceRestart = 1012,
    TryAgainLater = 1013,
    BadGateway = 1014,
    DeadPeer = 4000, //!< Ours: no sign of life in time.
    TokenExpired = 4401,
    TokenInvalid = 4402,
    Forbidden = 4403,
    AuthTimeout = 4408,
    Replaced = 4409,
    SessionRevoked = 4410,
    KickedMayReturn = 4411,
    Idle = 4412, //!< Nothing happened on it for as long as the server allows.
    Locked = 4423,
    RateLimited = 4429,
    ConnectionLimit = 4430,
    SlowConsumer = 4440,
    PolicyChanged = 4441,
    StepUpRequired = 4442 //!< A stronger or fresher sign-in is needed (RFC 9470).
};
WATCHWORD_CORE_EXPORT QString closeCodeName(int code); //!< "token_expired"; empty for unknown codes.

/*! What a client does after an attempt or a connection ended. */
enum class RetryAction {
    Retry, //!< With backoff.
    RetrySlowly, //!< Someone has to change something; look again every few minutes.
    RefreshThenRetry, //!< Get a token that is not the refused one, then at once; a second refusal in a row stops.
    Stop, //!< Nothing that the client can do helps; wait for the application.
    SignIn //!< As Stop, and the person has to sign in again.
};
//! "retry", "slow", "refresh", "stop" or "sign_in": the words of protocol.md. Nothing for others.
WATCHWORD_CORE_EXPORT std::optional<RetryAction> retryActionFromName(const QString &name);
WATCHWORD_CORE_EXPORT QString retryActionName(RetryAction action);

struct RetryDecision
{
    RetryAction action = RetryAction::Retry;
    ErrorCode code = ErrorCode::ConnectionLost;
    Duration after{}; //!< Lower bound: of the row, of "after_ms" or of Retry-After, before jitter.
};

/*!
    Changes of the table and of the patience of a client, as they travel in JSON: the member "policy" of "hello"
    (protocol.md section 3), or a configuration file of the application.

        {"status": {"503": {"action": "slow", "after_s": 30}}, "close": {"1012": {"after_s": 20}},
         "backoff": {"base_ms": 2000, "cap_s": 60}, "attempts_per_minute": 4}

    Every member may be missing. There is no way to name TLS or network errors: those are the client's alone.
*/
struct WATCHWORD_CORE_EXPORT PolicyChanges
{
    struct Row
    {
        std::optional<RetryAction> action{}; //!< Nothing: stays as it is.
        Duration after{};
    };
    QMap<int, Row> statuses{}; //!< HTTP status of a refused upgrade, 200 to 599.
    QMap<int, Row> closeCodes{}; //!< 1000 to 4999.
    std::optional<Duration> backoffBase{};
    std::optional<Duration> backoffCap{};
    std::optional<int> attemptsPerMinute{};

    //! Refuses the whole with ErrorCode::ProtocolViolation, and names the member, if any value is not of its type or
    //! outside of its range, or if there are more than 64 rows. Unknown members are ignored.
    static Result<PolicyChanges> fromJson(const QJsonObject &object);
};

/*!
    The table of what a client does after an HTTP status of a refused upgrade, a close code of a connection, or an error of
    the network.

    defaultPolicy() holds the table of protocol.md. The application may replace any row; a server only through
    restricted(), which never makes the client less patient.
    Threads: reentrant value.
*/
class WATCHWORD_CORE_EXPORT ClosePolicy
{
public:
    static ClosePolicy defaultPolicy();

    RetryDecision forHttpStatus(int status, std::optional<Duration> retryAfter = {}) const;
    RetryDecision forCloseCode(int code, std::optional<Duration> after = {}) const;
    RetryDecision forNetworkError(ErrorCode code, std::optional<Duration> after = {}) const;

    //! \a after is the shortest wait whenever this row applies.
    void setHttpStatus(int status, RetryAction action, ErrorCode code, Duration after = {});
    void setCloseCode(int closeCode, RetryAction action, ErrorCode code, Duration after = {});
    //! Errors without HTTP answer and close code: DNS, TCP, TLS, pins, proxy, and what this end finds wrong in the frames of the
    //! other one (ProtocolViolation, MessageTooBig). TLS errors can be retried, never ignored.
    void setNetworkError(ErrorCode code, RetryAction action, Duration after = {});
    void apply(const PolicyChanges &changes); //!< For changes by the application: rows become as they are written.
    /*!
        For changes by a server: a copy in which rows are as strict or stricter, and waits as long or longer. Retry may become
        RetrySlowly, anything may become Stop or SignIn, Stop may become SignIn; all else in \a changes has no effect.
    */
    [[nodiscard]] ClosePolicy restricted(const PolicyChanges &changes) const;

private:
    struct Row
    {
        RetryAction action;
        ErrorCode code;
        Duration after{};
    };
    static QMap<int, Row> defaultCloseCodes();
    Row statusRow(int status) const;
    Row closeRow(int code) const;
    QMap<int, Row> m_statuses;
    QMap<int, Row> m_closeCodes;
    QMap<ErrorCode, Row> m_network;
};

} // namespace Watchword
