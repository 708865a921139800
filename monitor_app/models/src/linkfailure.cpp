// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/linkfailure.h"

#include <QCoreApplication>
#include <QStringList>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

struct FailureText
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::LinkFailure)
};

//! The words of the other side as a sentence: they are parts of one, for logs.
QString asSentence(QString text)
{
    text = text.simplified();
    if (text.isEmpty())
        return {};
    text = text.left(1).toUpper() + text.mid(1);
    return text.endsWith(u'.') ? text : text + u'.';
}

QString certificateText(const Watchword::Error &error, const QString &server, const CertificateFacts &certificate)
{
    if (certificate.isAnother()) {
        return FailureText::tr(
                   "%1 shows another certificate than before, and it is not trusted (%2). Before: %3, now: %4. Ask who runs the "
                   "gateway whether it was replaced; then connect with the new authority (--ca). If it was not, somebody "
                   "listens.")
            .arg(server, error.detail(), shortFingerprint(certificate.known), shortFingerprint(certificate.shown));
    }
    const QString shown =
        certificate.shown.isEmpty() ? QString() : u' ' + FailureText::tr("It is %1.").arg(shortFingerprint(certificate.shown));
    return FailureText::tr("The certificate of %1 is not trusted (%2).").arg(server, error.detail()) + shown + u' '
        + FailureText::tr("Give the authority that signed it with --ca, or have the gateway's certificate mended.");
}

//! What the gateway itself answered; empty for what is no answer.
QString refusalText(Watchword::ErrorCode code, const QString &server)
{
    using Watchword::ErrorCode;
    switch (code) {
    case ErrorCode::Unauthorized:
    case ErrorCode::TokenExpired:
    case ErrorCode::RevokedOrExpired:
    case ErrorCode::SessionRevoked:
    case ErrorCode::SignInRequired:
    case ErrorCode::SignedOut:
    case ErrorCode::InvalidGrant:
        return FailureText::tr("%1 does not accept your sign-in any more. Sign in again.").arg(server);
    case ErrorCode::Locked:
        return FailureText::tr("Your access to %1 is locked. Ask who runs it.").arg(server);
    case ErrorCode::Forbidden:
    case ErrorCode::InvalidScope:
        return FailureText::tr(
                   "Your account may not watch %1: the permission gw:read is missing. Ask who runs it, then sign in again.")
            .arg(server);
    case ErrorCode::OriginDenied:
        return FailureText::tr("%1 refuses the Origin of this program.").arg(server);
    case ErrorCode::RateLimited:
    case ErrorCode::ConnectionLimit:
        return FailureText::tr("%1 has too many connections or requests of yours and refuses more for now.").arg(server);
    case ErrorCode::TemporarilyUnavailable:
        return FailureText::tr("%1 refuses connections for now, as it does while it starts or stops.").arg(server);
    case ErrorCode::SubprotocolMismatch:
    case ErrorCode::UpgradeRejected:
    case ErrorCode::HttpStatus:
    case ErrorCode::NotFound:
        return FailureText::tr("What answers at %1 is no gateway that can be watched, or an older one. Check the address.")
            .arg(server);
    case ErrorCode::ProtocolViolation:
    case ErrorCode::InvalidResponse:
        return FailureText::tr("%1 answered something that the Monitor does not understand.").arg(server);
    default:
        return {};
    }
}

} // namespace

QString shortFingerprint(const QString &hex)
{
    QStringList pairs;
    for (qsizetype at = 0; at + 1 < hex.size(); at += 2)
        pairs.append(hex.mid(at, 2).toUpper());
    if (pairs.size() <= 8)
        return pairs.join(u':');
    return pairs.first(4).join(u':') + u":…:"_s + pairs.last(4).join(u':');
}

QString linkFailureText(const Watchword::Error &error, const QString &server, const CertificateFacts &certificate)
{
    using Watchword::ErrorCode;
    const QString theirs = asSentence(error.detail());
    const auto with = [&theirs](const QString &sentences) {
        return theirs.isEmpty() ? sentences : sentences + u" ("_s + theirs + u')';
    };
    switch (error.code()) {
    case ErrorCode::Cancelled:
        return {};
    case ErrorCode::HostNotFound:
        return FailureText::tr("The name of %1 is not known to this machine (DNS). Check the address and the network.")
            .arg(server);
    case ErrorCode::ConnectionRefused:
        return FailureText::tr("Nothing listens at %1. The gateway may be down, or its port blocked.").arg(server);
    case ErrorCode::Offline:
        return FailureText::tr("This machine has no network, or no way to %1.").arg(server);
    case ErrorCode::Timeout:
        return FailureText::tr("%1 does not answer. It may be overloaded, stopped, or behind a firewall that drops packets.")
            .arg(server);
    case ErrorCode::ConnectionLost:
        return with(FailureText::tr("The connection to %1 was lost.").arg(server));
    case ErrorCode::ProxyFailed:
    case ErrorCode::ProxyAuthenticationRequired:
        return with(FailureText::tr("The proxy between this machine and %1 does not let the connection pass.").arg(server));
    case ErrorCode::CaptivePortal:
        return FailureText::tr("The network asks for a sign-in of its own first: open any page in a browser.");
    case ErrorCode::TlsFailed:
    case ErrorCode::PinMismatch:
        return certificateText(error, server, certificate);
    default:
        break;
    }
    if (const QString refused = refusalText(error.code(), server); !refused.isEmpty())
        return with(refused);
    const QString rest = asSentence(error.remedy());
    const QString all = (theirs + u' ' + rest).trimmed();
    return all.isEmpty() ? FailureText::tr("The link to the gateway ended. Connect again.") : all;
}

} // namespace Monitor
