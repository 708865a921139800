// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/sessiontext.h"

namespace Watchword {

namespace {

QString networkReason(ErrorCode code)
{
    switch (code) {
    case ErrorCode::Offline:
        return SessionText::tr("There is no connection to the network.");
    case ErrorCode::HostNotFound:
        return SessionText::tr("The sign-in service cannot be found in the network.");
    case ErrorCode::ConnectionRefused:
        return SessionText::tr("The sign-in service does not accept connections.");
    case ErrorCode::ConnectionLost:
        return SessionText::tr("The connection to the sign-in service was lost.");
    case ErrorCode::ProxyFailed:
        return SessionText::tr("The network's proxy did not let the request through.");
    case ErrorCode::ProxyAuthenticationRequired:
        return SessionText::tr("The network's proxy wants a user name and a password.");
    case ErrorCode::CaptivePortal:
        return SessionText::tr("This network wants you to sign in to it first.");
    case ErrorCode::TlsFailed:
    case ErrorCode::PinMismatch:
        return SessionText::tr("The connection to the sign-in service is not secure.");
    case ErrorCode::Timeout:
        return SessionText::tr("There was no answer in time.");
    case ErrorCode::TemporarilyUnavailable:
    case ErrorCode::SlowDown:
    case ErrorCode::RateLimited:
        return SessionText::tr("The sign-in service is busy.");
    case ErrorCode::HttpStatus:
    case ErrorCode::InvalidResponse:
    case ErrorCode::ResponseTooLarge:
        return SessionText::tr("The sign-in service gave an answer that makes no sense.");
    default:
        return {};
    }
}

QString personReason(ErrorCode code)
{
    switch (code) {
    case ErrorCode::SignInRequired:
        return SessionText::tr("Nobody is signed in yet.");
    case ErrorCode::SignedOut:
        return SessionText::tr("The account was signed out.");
    case ErrorCode::Cancelled:
        return SessionText::tr("The sign-in was cancelled.");
    case ErrorCode::AccessDenied:
    case ErrorCode::Forbidden:
        return SessionText::tr("The sign-in was refused.");
    case ErrorCode::WrongUser:
    case ErrorCode::IdentityChanged:
        return SessionText::tr("Somebody else signed in than the owner of this account.");
    case ErrorCode::RotationLost:
        return SessionText::tr("An answer of the sign-in service was lost on the way, and your session with it.");
    case ErrorCode::RevokedOrExpired:
    case ErrorCode::InvalidGrant:
    case ErrorCode::SessionRevoked:
        return SessionText::tr("The sign-in service has ended your session.");
    case ErrorCode::InteractionRequired:
    case ErrorCode::Unauthorized:
        return SessionText::tr("The sign-in service wants to ask you something.");
    case ErrorCode::InsufficientAuthentication:
        return SessionText::tr("This needs a fresher or stronger sign-in.");
    case ErrorCode::TokenExpired:
        return SessionText::tr("Your session has to be renewed.");
    case ErrorCode::AuthorizationPending:
        return SessionText::tr("The sign-in on the other device is not finished yet.");
    case ErrorCode::DeviceCodeExpired:
        return SessionText::tr("The sign-in code has expired.");
    case ErrorCode::BrowserFailed:
        return SessionText::tr("The web browser could not be opened.");
    case ErrorCode::StateMismatch:
        return SessionText::tr("The answer does not belong to this sign-in.");
    default:
        return {};
    }
}

QString storageReason(ErrorCode code)
{
    switch (code) {
    case ErrorCode::KeychainLocked:
        return SessionText::tr("The keychain is locked.");
    case ErrorCode::KeychainUnavailable:
        return SessionText::tr("There is no keychain on this computer, or it does not run.");
    case ErrorCode::KeychainUnresponsive:
        return SessionText::tr("The keychain does not answer.");
    case ErrorCode::KeychainInconsistent:
        return SessionText::tr("The keychain has lost the key of your stored sign-in.");
    case ErrorCode::StoreCorrupt:
    case ErrorCode::DecryptionFailed:
        return SessionText::tr("Your stored sign-in cannot be read.");
    case ErrorCode::StorageFailed:
    case ErrorCode::FileUnreadable:
    case ErrorCode::PermissionDenied:
        return SessionText::tr("Your sign-in cannot be stored on this computer.");
    case ErrorCode::LockBusy:
        return SessionText::tr("Another window of this program is busy with your sign-in.");
    case ErrorCode::NotFound:
        return SessionText::tr("No sign-in is stored on this computer.");
    default:
        return {};
    }
}

QString setupReason(ErrorCode code)
{
    switch (code) {
    case ErrorCode::InvalidClient:
        return SessionText::tr("The sign-in service does not know this program.");
    case ErrorCode::InvalidScope:
        return SessionText::tr("The sign-in service does not allow what this program asks for.");
    case ErrorCode::InvalidRequest:
    case ErrorCode::InvalidArgument:
    case ErrorCode::ConfigInvalid:
    case ErrorCode::InsecureTransport:
        return SessionText::tr("The sign-in of this program is not set up correctly.");
    case ErrorCode::AddressInUse:
        return SessionText::tr("The sign-in cannot come back to this program: its ports are in use.");
    case ErrorCode::IssuerMismatch:
    case ErrorCode::WrongIssuer:
    case ErrorCode::WrongAudience:
    case ErrorCode::WrongNonce:
    case ErrorCode::WrongTokenType:
    case ErrorCode::BadSignature:
    case ErrorCode::UnknownKey:
    case ErrorCode::UnusableKey:
    case ErrorCode::UnsupportedAlgorithm:
    case ErrorCode::MalformedToken:
    case ErrorCode::MissingClaim:
    case ErrorCode::TokenLifetimeTooLong:
        return SessionText::tr("The sign-in could not be verified, and was refused for your safety.");
    case ErrorCode::TokenNotYetValid:
        return SessionText::tr("The clock of this computer and that of the sign-in service differ too much.");
    default:
        return {};
    }
}

QString suggestionFor(ErrorCode code)
{
    switch (code) {
    case ErrorCode::Offline:
    case ErrorCode::HostNotFound:
    case ErrorCode::ConnectionLost:
        return SessionText::tr("Check your network connection; the program tries again by itself.");
    case ErrorCode::CaptivePortal:
        return SessionText::tr("Open a web page, sign in to the network, and come back.");
    case ErrorCode::ProxyAuthenticationRequired:
        return SessionText::tr("Enter the proxy's user name and password in the network settings.");
    case ErrorCode::ProxyFailed:
        return SessionText::tr("Check the proxy settings, or ask whoever runs your network.");
    case ErrorCode::TlsFailed:
    case ErrorCode::PinMismatch:
        return SessionText::tr("Do not enter a password; tell your administrator.");
    case ErrorCode::KeychainLocked:
        return SessionText::tr("Unlock your keychain.");
    case ErrorCode::KeychainUnavailable:
        return SessionText::tr("Start your keychain, then try again.");
    case ErrorCode::KeychainUnresponsive:
        return SessionText::tr("Look for a password window of your keychain.");
    case ErrorCode::KeychainInconsistent:
    case ErrorCode::StoreCorrupt:
    case ErrorCode::DecryptionFailed:
        return SessionText::tr("Sign in again.");
    case ErrorCode::StorageFailed:
    case ErrorCode::FileUnreadable:
    case ErrorCode::PermissionDenied:
        return SessionText::tr("Make room on the disk, and check that you may write to your own folders.");
    case ErrorCode::WrongUser:
    case ErrorCode::IdentityChanged:
        return SessionText::tr("Sign in as the owner of this account, or use another account.");
    case ErrorCode::BrowserFailed:
        return SessionText::tr("Copy the sign-in link into a web browser.");
    case ErrorCode::TokenNotYetValid:
        return SessionText::tr("Set the date and time of this computer.");
    case ErrorCode::AddressInUse:
        return SessionText::tr("Close other programs, and sign in again.");
    default:
        break;
    }
    if (!setupReason(code).isEmpty())
        return SessionText::tr("Tell whoever looks after this program.");
    return {};
}

} // namespace

QString SessionText::ofState(Session::State state)
{
    switch (state) {
    case Session::State::SignedOut:
        return tr("You are signed out.");
    case Session::State::KeychainWaiting:
        return tr("Waiting for the keychain.");
    case Session::State::Restoring:
        return tr("Looking for your stored sign-in.");
    case Session::State::SigningIn:
        return tr("Waiting for you to sign in.");
    case Session::State::Active:
        return tr("You are signed in.");
    case Session::State::Offline:
        return tr("You are signed in, but the sign-in service cannot be reached.");
    case Session::State::NeedsSignIn:
        return tr("You need to sign in again.");
    case Session::State::StepUp:
        return tr("You are asked to confirm who you are.");
    case Session::State::Degraded:
        return tr("You are signed in until this program ends.");
    }
    return {};
}

QString SessionText::ofReason(ErrorCode code)
{
    for (const auto &reasons : {networkReason, personReason, storageReason, setupReason}) {
        if (const QString text = reasons(code); !text.isEmpty())
            return text;
    }
    return tr("Something unexpected happened.");
}

QString SessionText::suggestion(Session::State state, const Error &reason)
{
    const QString special = suggestionFor(reason.code());
    switch (state) {
    case Session::State::Active:
        return {};
    case Session::State::SigningIn:
        return tr("Finish the sign-in in the web browser, or on the device that shows it.");
    case Session::State::SignedOut:
        return tr("Sign in.");
    case Session::State::StepUp:
        return tr("Sign in once more to go on.");
    case Session::State::NeedsSignIn:
        return special.isEmpty() ? tr("Sign in again.") : special;
    case Session::State::Restoring:
        return special.isEmpty() ? tr("Wait a moment.") : special;
    case Session::State::Offline:
        return special.isEmpty() ? tr("Wait a moment; the program tries again by itself.") : special;
    case Session::State::KeychainWaiting:
        return special.isEmpty() ? tr("Unlock your keychain.") : special;
    case Session::State::Degraded:
        return special.isEmpty() ? tr("Make room on the disk, and check that you may write to your own folders.") : special;
    }
    return special;
}

} // namespace Watchword
