// SPDX-License-Identifier: Apache-2.0
#include "issuer/redirecturi.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

// The two literals alone: "localhost" can be made to resolve to another machine (RFC 8252 section 8.3).
bool isLoopbackRedirect(const QUrl &url)
{
    return url.scheme() == "http"_L1 && (url.host() == "127.0.0.1"_L1 || url.host() == "::1"_L1);
}

QString withoutPort(QUrl url)
{
    url.setPort(-1);
    return url.toString(QUrl::FullyEncoded);
}

} // namespace

bool isUsableRedirectUri(const QString &uri)
{
    const QUrl url(uri, QUrl::StrictMode);
    if (!url.isValid() || url.scheme().isEmpty() || url.hasFragment() || !url.userInfo().isEmpty())
        return false;
    for (const QChar c : uri) {
        if (c.unicode() <= 0x20 || c.unicode() >= 0x7f)
            return false;
    }
    if (url.scheme() == "http"_L1)
        return isLoopbackRedirect(url);
    if (url.scheme() == "https"_L1)
        return !url.host().isEmpty();
    // Private-use schemes are reversed domain names (RFC 8252 section 7.1); this keeps out javascript: and data:.
    return url.scheme().contains(u'.');
}

bool matchesRedirectUri(const QString &registered, const QString &requested)
{
    if (registered == requested)
        return isUsableRedirectUri(requested);
    if (!isUsableRedirectUri(requested))
        return false;
    const QUrl ours(registered, QUrl::StrictMode);
    const QUrl theirs(requested, QUrl::StrictMode);
    return isLoopbackRedirect(ours) && isLoopbackRedirect(theirs) && withoutPort(ours) == withoutPort(theirs);
}

QUrl withParameters(const QString &uri, const QList<std::pair<QByteArray, QString>> &parameters)
{
    QByteArray out = uri.toLatin1();
    char separator = out.contains('?') ? '&' : '?';
    for (const auto &[name, value] : parameters) {
        if (value.isEmpty())
            continue;
        out += separator + name + '=' + QUrl::toPercentEncoding(value);
        separator = '&';
    }
    return QUrl::fromEncoded(out, QUrl::StrictMode);
}

} // namespace Watchword::Gateway
