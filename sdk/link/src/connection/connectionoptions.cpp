// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/connectionoptions.h"

#include "transport/upgrade.h"

#include "watchword/core/frame.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

Error invalid(const QString &what)
{
    return Error(ErrorCode::InvalidArgument, u"ConnectionOptions: "_s + what);
}

Result<void> validateNames(const ConnectionOptions &options)
{
    if (!Upgrade::isHeaderValue(options.origin))
        return invalid(u"origin holds a control character"_s);
    if (!Upgrade::isHeaderValue(options.userAgent))
        return invalid(u"userAgent holds a control character"_s);
    for (const QString &name : options.subprotocols) {
        if (!Upgrade::isHeaderName(name.toLatin1()) || name != QString::fromLatin1(name.toLatin1()))
            return invalid(u"subprotocols: \"%1\" is not an RFC 9110 token"_s.arg(name.left(60)));
        if (options.subprotocols.count(name) > 1 || (options.offerWatchword && name == QLatin1StringView(kSubprotocol)))
            return invalid(u"subprotocols: \"%1\" is offered twice (RFC 6455 section 4.1)"_s.arg(name.left(60)));
    }
    for (auto header = options.headers.cbegin(); header != options.headers.cend(); ++header) {
        if (!Upgrade::isHeaderName(header.key()))
            return invalid(u"headers: a name is empty or holds a character that names may not have"_s);
        if (Upgrade::isReservedHeader(header.key()))
            return invalid(u"headers: %1 is set by the connection"_s.arg(QString::fromLatin1(header.key())));
        if (!Upgrade::isHeaderValue(header.value()))
            return invalid(u"headers: the value of %1 holds a control character"_s.arg(QString::fromLatin1(header.key())));
    }
    return {};
}

Result<void> validateTls(const ConnectionOptions &options)
{
    for (const QByteArray &pin : options.pinnedKeys) {
        if (pin.size() != 32)
            return invalid(u"pinnedKeys: a pin is not the 32 bytes of a SHA-256"_s);
    }
    if (options.clientCertificates.isEmpty() != options.clientKey.isNull())
        return invalid(u"clientCertificates and clientKey belong together"_s);
    for (const QSslCertificate &certificate : options.clientCertificates) {
        if (certificate.isNull())
            return invalid(u"clientCertificates: one of them is empty"_s);
    }
    if (!options.clientKey.isNull() && options.clientKey.type() != QSsl::PrivateKey)
        return invalid(u"clientKey is not a private key"_s);
    if (options.minimumTls != QSsl::TlsV1_2OrLater && options.minimumTls != QSsl::TlsV1_3OrLater)
        return invalid(u"minimumTls: TLS 1.2 or later, or TLS 1.3 or later"_s);
    return {};
}

Result<void> validateWay(const ConnectionOptions &options)
{
    const QNetworkProxy::ProxyType type = options.proxy.type();
    if (type == QNetworkProxy::HttpCachingProxy || type == QNetworkProxy::FtpCachingProxy)
        return invalid(u"proxy: only HTTP CONNECT (HttpProxy) and SOCKS5 can carry a WebSocket"_s);
    const bool named = type == QNetworkProxy::HttpProxy || type == QNetworkProxy::Socks5Proxy;
    if (named && (options.proxy.hostName().isEmpty() || options.proxy.port() == 0))
        return invalid(u"proxy: host name or port is missing"_s);
    if (options.maximumRedirects < 0 || options.maximumRedirects > 3)
        return invalid(u"maximumRedirects is not 0 to 3"_s);
    const CompressionOptions &compression = options.compression;
    if (compression.windowBits < 8 || compression.windowBits > 15 || compression.memoryLevel < 1 || compression.memoryLevel > 9
        || compression.smallest < 0)
        return invalid(u"compression: windowBits is not 8 to 15, memoryLevel not 1 to 9, or smallest negative"_s);
    return {};
}

} // namespace

Result<void> ConnectionOptions::validate() const
{
    if (const Result<void> checked = Upgrade::checkUrl(url, allowLoopbackPlain); !checked)
        return checked;
    if (const Result<void> checked = validateNames(*this); !checked)
        return checked;
    for (const auto check : {&validateTls, &validateWay}) {
        if (const Result<void> checked = check(*this); !checked)
            return checked;
    }
    for (const Duration duration : {connectTimeout, tokenTimeout, readyTimeout, pongTimeout, probeTimeout, closeTimeout,
                                    renewTimeout, heartbeat, wakeCheck, stableAfter, drainTimeout, budgetWindow, backoff.base}) {
        if (duration <= Duration::zero())
            return invalid(u"a time is zero or negative"_s);
    }
    if (budgetAttempts < 1)
        return invalid(u"budgetAttempts is less than 1"_s);
    if (budgetWindow > std::chrono::hours(1))
        return invalid(u"budgetWindow is longer than an hour"_s);
    if (lowWater < 0 || highWater <= lowWater || offlineQueue < 0 || unacknowledged < 0 || maximumMessage < 1 || drainBytes < 0)
        return invalid(u"a size is negative, or lowWater is not below highWater"_s);
    return {};
}

} // namespace Watchword
