// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/error.h"

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
    Locked = 4423,
    RateLimited = 4429,
    ConnectionLimit = 4430,
    SlowConsumer = 4440,
    PolicyChanged = 4441
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

struct RetryDecision
{
    RetryAction action = RetryAction::Retry;
    ErrorCode code = ErrorCode::ConnectionLost;
    Duration after {}; //!< Lower bound from the server ("after_ms", Retry-After), before jitter.
};

/*!
    The table "what does this answer mean for me": HTTP status of a refused upgrade, or close code of a connection.

    Rows may be replaced by the application and by the server; defaultPolicy() holds the table of protocol.md.
    Threads: reentrant value.
*/
class WATCHWORD_CORE_EXPORT ClosePolicy
{
public:
    static ClosePolicy defaultPolicy();

    RetryDecision forHttpStatus(int status, std::optional<Duration> retryAfter = {}) const;
    RetryDecision forCloseCode(int code, std::optional<Duration> after = {}) const;

    void setHttpStatus(int status, RetryAction action, ErrorCode code);
    void setCloseCode(int closeCode, RetryAction action, ErrorCode code);

private:
    struct Row
    {
        RetryAction action;
        ErrorCode code;
    };
    QMap<int, Row> m_statuses;
    QMap<int, Row> m_closeCodes;
};

} // namespace Watchword
