// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/error.h"

#include <QDebug>
#include <QMetaEnum>

namespace Watchword {

namespace {

struct Traits
{
    ErrorCondition condition;
    bool retryable;
    const char *remedy;
};

Traits networkTraits(ErrorCode code)
{
    using C = ErrorCondition;
    switch (code) {
    case ErrorCode::Offline:
        return {C::Offline, true, "Check the network connection; Watchword tries again by itself."};
    case ErrorCode::HostNotFound:
        return {C::Offline, true, "Check the host name and the DNS or VPN connection."};
    case ErrorCode::ConnectionRefused:
        return {C::Offline, true, "Check that the server runs and that the port is right."};
    case ErrorCode::ProxyFailed:
        return {C::Offline, true, "Check the proxy: host, port, kind, user name and password, and that it runs."};
    case ErrorCode::ProxyAuthenticationRequired:
        return {C::Configuration, false, "Set the right user name and password of the proxy."};
    case ErrorCode::CaptivePortal:
        return {C::Offline, true, "Open a web page and sign in to the network, then try again."};
    case ErrorCode::TlsFailed:
        return {C::Protocol, false, "Check the server's certificate and that its authority is trusted here."};
    case ErrorCode::PinMismatch:
        return {C::Protocol, false, "The server's key is not a pinned one: update the pins, or suspect an attack."};
    default:
        return {C::Offline, true, "The connection was lost; Watchword tries again by itself."};
    }
}

Traits signInTraits(ErrorCode code)
{
    using C = ErrorCondition;
    switch (code) {
    case ErrorCode::HttpStatus:
        return {C::Rejected, true, "Read the status and the server's log."};
    case ErrorCode::InvalidResponse:
    case ErrorCode::ResponseTooLarge:
        return {C::Protocol, true, "The answer is not what the standard asks for: a proxy page, or a wrong URL."};
    case ErrorCode::IssuerMismatch:
        return {C::Protocol, false, "Use the issuer URL exactly as the provider states it in its discovery document."};
    case ErrorCode::StateMismatch:
        return {C::Protocol, false, "Start the sign-in again from the application."};
    case ErrorCode::BrowserFailed:
        return {C::Configuration, false, "Copy the sign-in link into a browser yourself."};
    case ErrorCode::WrongUser:
        return {C::Rejected, false, "Sign in as the user of this account, or add another account."};
    case ErrorCode::AccessDenied:
        return {C::Rejected, false, "The sign-in was refused; start it again and accept."};
    case ErrorCode::InvalidClient:
        return {C::Configuration, false, "Check the client id, and that the provider knows this client."};
    case ErrorCode::InvalidScope:
        return {C::Configuration, false, "Ask only for scopes that the provider grants to this client."};
    case ErrorCode::InvalidRequest:
        return {C::Configuration, false, "The request does not fit the provider; check redirect URI and parameters."};
    case ErrorCode::TemporarilyUnavailable:
        return {C::Offline, true, "The provider is busy; Watchword tries again by itself."};
    case ErrorCode::AuthorizationPending:
    case ErrorCode::SlowDown:
        return {C::Rejected, true, "Finish the sign-in on the other device."};
    case ErrorCode::DeviceCodeExpired:
        return {C::Timeout, false, "Start the sign-in again; the code was not used in time."};
    case ErrorCode::SignInRequired:
        return {C::Unauthorized, false, "Sign in."};
    default:
        return {C::Unauthorized, false, "Sign in again."};
    }
}

Traits tokenTraits(ErrorCode code)
{
    using C = ErrorCondition;
    switch (code) {
    case ErrorCode::TokenExpired:
        return {C::Unauthorized, false, "Refresh the token; if it was just issued, check the clocks."};
    case ErrorCode::TokenNotYetValid:
        return {C::Unauthorized, false, "Check the clocks of this machine and of the issuer."};
    case ErrorCode::WrongAudience:
        return {C::Unauthorized, false, "Ask the issuer for a token for this service (audience or resource)."};
    case ErrorCode::WrongIssuer:
        return {C::Unauthorized, false, "Add the issuer to the configuration, or sign in at a configured one."};
    case ErrorCode::TokenLifetimeTooLong:
        return {C::Unauthorized, false, "Let the issuer give out shorter tokens, or raise the limit of the receiver."};
    case ErrorCode::UnusableKey:
    case ErrorCode::UnsupportedAlgorithm:
        return {C::Protocol, false, "Use ES256, RS256, PS256 or EdDSA with a key of sufficient size."};
    case ErrorCode::DecryptionFailed:
        return {C::Storage, false, "The data was changed, or encrypted with another key."};
    default:
        return {C::Unauthorized, false, "Get a new token from the issuer."};
    }
}

Traits storageTraits(ErrorCode code)
{
    using C = ErrorCondition;
    switch (code) {
    case ErrorCode::KeychainLocked:
        return {C::Storage, true, "Unlock the keychain of the desktop, then try again."};
    case ErrorCode::KeychainUnavailable:
        return {C::Storage, true, "Start a keychain (Secret Service, KWallet), or let the app keep tokens in memory."};
    case ErrorCode::KeychainUnresponsive:
        return {C::Storage, true, "Look for a password dialog of the keychain, or restart it."};
    case ErrorCode::KeychainInconsistent:
        return {C::Storage, true, "The key is missing from the keychain: unlock it or sign in again."};
    case ErrorCode::StoreCorrupt:
        return {C::Storage, false, "The file was set aside; sign in again."};
    case ErrorCode::LockBusy:
        return {C::Storage, true, "Another program is refreshing this account; try again."};
    case ErrorCode::NotFound:
        return {C::Storage, false, "There is nothing of that name."};
    default:
        return {C::Storage, true, "Check free space and permissions of the data folder."};
    }
}

Traits linkTraits(ErrorCode code)
{
    using C = ErrorCondition;
    switch (code) {
    case ErrorCode::Unauthorized:
        return {C::Unauthorized, false, "Sign in again; the server does not accept the token."};
    case ErrorCode::SessionRevoked:
        return {C::Unauthorized, false, "The session was ended, by a sign-out elsewhere or an administrator; sign in again."};
    case ErrorCode::Forbidden:
        return {C::Forbidden, false, "Ask an administrator for the missing permission."};
    case ErrorCode::OriginDenied:
        return {C::Forbidden, false, "Add this Origin to the endpoint's list of origins."};
    case ErrorCode::Locked:
        return {C::Forbidden, false, "The account is locked; ask an administrator."};
    case ErrorCode::RateLimited:
        return {C::Rejected, true, "Too many requests; Watchword waits as long as the server asks."};
    case ErrorCode::ConnectionLimit:
        return {C::Rejected, false, "Close another session of this user, or raise the limit."};
    case ErrorCode::Replaced:
        return {C::Rejected, false, "Another connection of this user took over."};
    case ErrorCode::SlowConsumer:
        return {C::Rejected, true, "This program reads too slowly; it reconnects and catches up."};
    case ErrorCode::MessageTooBig:
        return {C::Rejected, false, "Send smaller messages, or raise the endpoint's limit."};
    case ErrorCode::QueueFull:
        return {C::Rejected, true, "Wait until the send queue is empty."};
    case ErrorCode::SubprotocolMismatch:
    case ErrorCode::ProtocolViolation:
        return {C::Protocol, false, "Both ends must speak the same protocol; check the endpoint and the versions."};
    case ErrorCode::IdentityChanged:
        return {C::Unauthorized, false, "Reconnect to continue as the other user."};
    case ErrorCode::Superseded:
        return {C::Cancelled, false, "Nothing: the newer message went out instead."};
    case ErrorCode::RequestRefused:
        return {C::Rejected, false, "Read the detail: the server names what it did not like."};
    case ErrorCode::UpgradeRejected:
        return {C::Rejected, false, "Check the URL: the server answered, but not as a WebSocket endpoint."};
    default:
        return {C::Offline, true, "The server closed the connection; Watchword tries again by itself."};
    }
}

Traits traitsOf(ErrorCode code)
{
    using C = ErrorCondition;
    switch (code) {
    case ErrorCode::Cancelled:
        return {C::Cancelled, true, ""};
    case ErrorCode::Timeout:
        return {C::Timeout, true, "Check that the server answers, then try again."};
    case ErrorCode::InvalidArgument:
    case ErrorCode::WrongState:
        return {C::Configuration, false, "Read the documentation of the call."};
    case ErrorCode::Internal:
        return {C::Internal, false, "Please report this with a support bundle."};
    case ErrorCode::ConfigInvalid:
        return {C::Configuration, false, "Correct the configuration at the named place."};
    case ErrorCode::FileUnreadable:
        return {C::Configuration, false, "Check that the file exists and may be read by this user."};
    case ErrorCode::AddressInUse:
        return {C::Configuration, false, "Stop the other program on this port, or choose another port."};
    case ErrorCode::PermissionDenied:
        return {C::Configuration, false, "Run with the needed permission, or choose a port above 1023."};
    case ErrorCode::InsecureTransport:
        return {C::Configuration, false, "Use wss:// or https://; plain text is only for loopback, with the opt-in."};
    case ErrorCode::ChainBroken:
        return {C::Protocol, false, "Treat the log as tampered with: keep a copy and compare with other witnesses."};
    case ErrorCode::Gap:
        return {C::Protocol, false, "Fetch the named events from the server again."};
    default:
        break;
    }
    if (code <= ErrorCode::PinMismatch)
        return networkTraits(code);
    if (code <= ErrorCode::DeviceCodeExpired)
        return signInTraits(code);
    if (code <= ErrorCode::DecryptionFailed)
        return tokenTraits(code);
    if (code <= ErrorCode::NotFound)
        return storageTraits(code);
    return linkTraits(code);
}

} // namespace

Error::Error(ErrorCode code, QString detail)
    : m_code(code)
    , m_detail(std::move(detail))
{
}

ErrorCondition Error::condition() const
{
    return traitsOf(m_code).condition;
}

QString Error::codeName() const
{
    return QString::fromLatin1(QMetaEnum::fromType<ErrorCode>().valueToKey(int(m_code)));
}

QString Error::remedy() const
{
    return m_remedy.isEmpty() ? QString::fromLatin1(traitsOf(m_code).remedy) : m_remedy;
}

bool Error::isRetryable() const
{
    return traitsOf(m_code).retryable;
}

Error Error::withDetail(QString detail) const
{
    Error copy(*this);
    copy.m_detail = std::move(detail);
    return copy;
}

Error Error::withRemedy(QString remedy) const
{
    Error copy(*this);
    copy.m_remedy = std::move(remedy);
    return copy;
}

Error Error::withHttpStatus(int status) const
{
    Error copy(*this);
    copy.m_httpStatus = status;
    return copy;
}

Error Error::withCloseCode(int code) const
{
    Error copy(*this);
    copy.m_closeCode = code;
    return copy;
}

Error Error::withRetryAfter(std::optional<std::chrono::milliseconds> after) const
{
    Error copy(*this);
    copy.m_retryAfter = after;
    return copy;
}

QString Error::toString() const
{
    QString text = codeName();
    if (!m_detail.isEmpty())
        text += QStringLiteral(": ") + m_detail;
    if (m_httpStatus)
        text += QStringLiteral(" (HTTP %1)").arg(m_httpStatus);
    if (m_closeCode)
        text += QStringLiteral(" (close %1)").arg(m_closeCode);
    return text;
}

QDebug operator<<(QDebug debug, const Error &error)
{
    const QDebugStateSaver saver(debug);
    debug.nospace().noquote() << "Error(" << error.toString() << ')';
    return debug;
}

} // namespace Watchword
