// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

#include <QMetaType>
#include <QObject>
#include <QString>

#include <chrono>
#include <optional>

namespace Watchword {
Q_NAMESPACE_EXPORT(WATCHWORD_CORE_EXPORT)
// In QML "Cancelled" would be both a code and a condition; only ErrorCode.Cancelled is clear.
Q_CLASSINFO("RegisterEnumClassesUnscoped", "false")

/*! The few groups that callers branch on. Every ErrorCode belongs to exactly one. */
enum class ErrorCondition {
    Offline, //!< No answer from the network; trying again later can help.
    Unauthorized, //!< The token or the session is not accepted; a refresh or a sign-in is needed.
    Forbidden, //!< Known, but not allowed. A new token of the same person does not help.
    Rejected, //!< The peer refused for a reason of its own: limits, validation, policy.
    Timeout, //!< No answer in time.
    Protocol, //!< The peer broke the protocol, or sent something that cannot be trusted.
    Storage, //!< Keychain, file or database.
    Configuration, //!< The caller or the administrator has to change something.
    Cancelled, //!< Ended on request, or because the object that worked on it was destroyed.
    Internal //!< A fault of Watchword.
};
Q_ENUM_NS(ErrorCondition)

/*! The exact cause. Codes are stable: logs and scripts may rely on their names. */
enum class ErrorCode {
    Cancelled,
    Timeout,
    InvalidArgument,
    WrongState,
    Internal,

    Offline,
    HostNotFound,
    ConnectionRefused,
    ConnectionLost,
    ProxyFailed,
    ProxyAuthenticationRequired, //!< The proxy wants credentials, or refused those it got (HTTP 407, SOCKS5).
    CaptivePortal,
    TlsFailed, //!< Certificate, protocol version or cipher; never ignored.
    PinMismatch, //!< The certificate is valid but is not one of the pinned keys.

    HttpStatus, //!< An HTTP status that has no code of its own here.
    InvalidResponse, //!< Not the content type, or not the JSON, that the standard asks for.
    ResponseTooLarge,
    IssuerMismatch, //!< RFC 8414 section 3.3, RFC 9207.
    StateMismatch, //!< RFC 6749 section 10.12.
    BrowserFailed,
    WrongUser, //!< Another person signed in than the account belongs to.
    SignedOut,
    SignInRequired,
    AccessDenied, //!< RFC 6749 section 4.1.2.1: the person or the provider refused.
    InvalidGrant,
    RotationLost, //!< The provider rotated the refresh token, and its answer never arrived.
    RevokedOrExpired,
    InteractionRequired,
    InsufficientAuthentication, //!< RFC 9470: a stronger or fresher sign-in is asked for.
    InvalidClient,
    InvalidScope,
    InvalidRequest,
    TemporarilyUnavailable,
    AuthorizationPending, //!< RFC 8628 section 3.5.
    SlowDown, //!< RFC 8628 section 3.5.
    DeviceCodeExpired, //!< RFC 8628 section 3.5, "expired_token".

    MalformedToken,
    UnsupportedAlgorithm,
    UnknownKey,
    UnusableKey,
    BadSignature,
    TokenExpired,
    TokenNotYetValid,
    WrongIssuer,
    WrongAudience,
    WrongTokenType,
    WrongNonce,
    MissingClaim,
    TokenLifetimeTooLong, //!< exp - iat is above what the receiver allows.
    DecryptionFailed,

    KeychainLocked,
    KeychainUnavailable,
    KeychainUnresponsive,
    KeychainInconsistent, //!< There must be a key, because tokens were sealed with it, and the keychain says that there is none.
    StoreCorrupt,
    StorageFailed,
    LockBusy,
    NotFound,

    UpgradeRejected, //!< A refused WebSocket upgrade that has no code of its own here.
    Unauthorized,
    Forbidden,
    OriginDenied,
    RateLimited,
    ConnectionLimit,
    SubprotocolMismatch,
    MessageTooBig,
    SlowConsumer,
    SessionRevoked,
    Locked,
    Replaced,
    ClosedByPeer,
    ProtocolViolation,
    QueueFull,
    IdentityChanged, //!< A renewal came with the token of another person or issuer.
    Superseded, //!< A newer message of the same key took its place (Delivery::LatestOnly).
    RequestRefused, //!< The server answered a request with an error; see the detail.

    ConfigInvalid,
    FileUnreadable,
    AddressInUse,
    PermissionDenied,
    InsecureTransport, //!< ws:// or http:// where only TLS is allowed.

    ChainBroken, //!< The audit hash chain does not verify.
    Gap //!< Events are missing, and it is known which.
};
Q_ENUM_NS(ErrorCode)

/*!
    What went wrong, as a value.

    Threads: reentrant, like a QString. Ownership: none. Units: retryAfter() in milliseconds.
    detail() is English text for developers and logs; it never holds a secret. Text for people is made by the
    application from code() with its own translations; remedy() is the plain hint of what to do next, in English too.
*/
class WATCHWORD_CORE_EXPORT Error
{
    Q_GADGET
    Q_PROPERTY(Watchword::ErrorCode code READ code FINAL)
    Q_PROPERTY(Watchword::ErrorCondition condition READ condition FINAL)
    Q_PROPERTY(QString detail READ detail FINAL)
    Q_PROPERTY(QString remedy READ remedy FINAL)
    Q_PROPERTY(bool retryable READ isRetryable FINAL)

public:
    Error() = default; //!< ErrorCode::Internal without detail; only for containers.
    explicit Error(ErrorCode code, QString detail = {});

    ErrorCode code() const { return m_code; }
    ErrorCondition condition() const;
    QString codeName() const; //!< The name of code(), as in "TokenExpired".
    QString detail() const { return m_detail; }
    QString remedy() const; //!< What the reader can do; a text of the code unless withRemedy() set another.
    bool isRetryable() const; //!< True if the same call can succeed later without any change.

    int httpStatus() const { return m_httpStatus; } //!< 0 if no HTTP answer was received.
    int closeCode() const { return m_closeCode; } //!< 0 if no WebSocket close was received.
    std::optional<std::chrono::milliseconds> retryAfter() const { return m_retryAfter; }

    Error withDetail(QString detail) const;
    Error withRemedy(QString remedy) const;
    Error withHttpStatus(int status) const;
    Error withCloseCode(int code) const;
    Error withRetryAfter(std::optional<std::chrono::milliseconds> after) const;

    QString toString() const; //!< "TokenExpired: exp was 12 s ago (HTTP 401)", for logs.

    friend bool operator==(const Error &a, const Error &b)
    {
        return a.m_code == b.m_code && a.m_detail == b.m_detail && a.m_httpStatus == b.m_httpStatus
            && a.m_closeCode == b.m_closeCode && a.m_retryAfter == b.m_retryAfter;
    }

private:
    ErrorCode m_code = ErrorCode::Internal;
    int m_httpStatus = 0;
    int m_closeCode = 0;
    std::optional<std::chrono::milliseconds> m_retryAfter;
    QString m_detail;
    QString m_remedy;
};

WATCHWORD_CORE_EXPORT QDebug operator<<(QDebug debug, const Error &error);

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::Error)
