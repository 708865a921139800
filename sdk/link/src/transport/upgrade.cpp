// SPDX-License-Identifier: Apache-2.0
#include "transport/upgrade.h"

#include "watchword/core/internal/httptime.h"
#include "watchword/core/internal/loopback.h"

#include <QCryptographicHash>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QSslCertificate>
#include <QUrlQuery>

#include <openssl/x509.h>

#include <algorithm>
#include <memory>

namespace Watchword::Upgrade {

using namespace Qt::StringLiterals;

namespace {

bool isAlphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consistsOf(QByteArrayView value, QByteArrayView others)
{
    return std::all_of(value.begin(), value.end(), [&](char c) { return isAlphanumeric(c) || others.contains(c); });
}

// The parameter of each challenge; one header may hold those of several schemes.
QList<QByteArray> challengeParameters(const QByteArray &header, QLatin1StringView name)
{
    static const QRegularExpression pattern(uR"re(([A-Za-z0-9_-]+)\s*=\s*(?:"([^"]*)"|([^\s,]+)))re"_s);
    QList<QByteArray> values;
    auto parameters = pattern.globalMatch(QString::fromLatin1(header));
    while (parameters.hasNext()) {
        const auto parameter = parameters.next();
        if (parameter.captured(1).compare(name, Qt::CaseInsensitive) != 0)
            continue;
        const bool quoted = parameter.hasCaptured(2) && !parameter.capturedView(2).isNull();
        values.append((quoted ? parameter.captured(2) : parameter.captured(3)).toLatin1());
    }
    return values;
}

} // namespace

bool isToken68(QByteArrayView value)
{
    qsizetype end = value.size();
    while (end > 0 && value.at(end - 1) == '=')
        --end;
    return end > 0 && consistsOf(value.first(end), "-._~+/");
}

bool isHeaderName(QByteArrayView value)
{
    return !value.isEmpty() && consistsOf(value, "!#$%&'*+-.^_`|~");
}

bool isHeaderValue(QByteArrayView value)
{
    return std::none_of(value.begin(), value.end(), [](char c) { return (uchar(c) < 0x20 && c != '\t') || c == 0x7f; });
}

bool isReservedHeader(QByteArrayView name)
{
    const QByteArray lower = name.toByteArray().toLower();
    static const QList<QByteArray> reserved{
        "authorization", "connection", "content-length",      "dpop",    "host",
        "keep-alive",    "origin",     "proxy-authorization", "te",      "trailer",
        "upgrade",       "expect",     "transfer-encoding",   "cookie2", "proxy-connection",
    };
    return reserved.contains(lower) || lower.startsWith("sec-websocket-");
}

QUrl normalised(QUrl url)
{
    if (url.path().isEmpty())
        url.setPath(u"/"_s);
    url.setFragment({});
    return url;
}

Result<void> checkUrl(const QUrl &url, bool allowLoopbackPlain)
{
    const QString scheme = url.scheme();
    if (!url.isValid() || url.host().isEmpty() || (scheme != "wss"_L1 && scheme != "ws"_L1))
        return Error(ErrorCode::InvalidArgument, u"url is not of the form wss://host/path"_s);
    if (scheme == "ws"_L1 && !(allowLoopbackPlain && isLoopbackHost(url.host())))
        return Error(ErrorCode::InsecureTransport,
                     u"%1 is not encrypted"_s.arg(url.toString(QUrl::RemoveUserInfo | QUrl::RemoveQuery)));
    if (!url.userInfo().isEmpty())
        return Error(ErrorCode::InvalidArgument, u"url holds a user name or password; credentials travel as a token"_s);
    const QUrlQuery query(url);
    for (const QLatin1StringView name : {"access_token"_L1, "token"_L1, "id_token"_L1}) {
        if (query.hasQueryItem(name))
            return Error(ErrorCode::InvalidArgument, u"url holds a token (%1); URLs end in logs"_s.arg(name));
    }
    return {};
}

QUrl redirectTarget(const QUrl &from, const QByteArray &location)
{
    const QUrl relative = QUrl::fromEncoded(location, QUrl::StrictMode);
    if (location.isEmpty() || !relative.isValid())
        return {};
    QUrl target = from.resolved(relative);
    if (target.scheme() == "https"_L1)
        target.setScheme(u"wss"_s);
    else if (target.scheme() == "http"_L1)
        target.setScheme(u"ws"_s);
    return normalised(target);
}

QString tlsRemedy(QSslError::SslError error)
{
    switch (error) {
    case QSslError::CertificateExpired:
        return u"Renew the server's certificate; if it is new, check the date of this machine."_s;
    case QSslError::CertificateNotYetValid:
        return u"Check the date of this machine, then that of the server's certificate."_s;
    case QSslError::HostNameMismatch:
        return u"Use the name that the certificate was issued for, or issue one for this name."_s;
    case QSslError::SelfSignedCertificate:
    case QSslError::SelfSignedCertificateInChain:
    case QSslError::UnableToGetIssuerCertificate:
    case QSslError::UnableToGetLocalIssuerCertificate:
    case QSslError::UnableToVerifyFirstCertificate:
    case QSslError::CertificateUntrusted:
        return u"Add the authority of the certificate to this system or to ConnectionOptions::additionalCertificateAuthorities, "
               u"and let "
               "the server send its whole chain."_s;
    case QSslError::CertificateRevoked:
        return u"The authority revoked this certificate: do not trust the server until it has a new one."_s;
    default:
        return {};
    }
}

QByteArray keyHash(const QSslCertificate &certificate)
{
    const QByteArray der = certificate.toDer();
    const auto *in = reinterpret_cast<const unsigned char *>(der.constData());
    const std::unique_ptr<X509, decltype(&X509_free)> x509(d2i_X509(nullptr, &in, long(der.size())), &X509_free);
    if (!x509)
        return {};
    unsigned char *out = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509.get()), &out);
    if (size <= 0)
        return {};
    const QByteArray key(reinterpret_cast<const char *>(out), size);
    OPENSSL_free(out);
    return QCryptographicHash::hash(key, QCryptographicHash::Sha256);
}

bool isTlsVerdict(const QString &text)
{
    return text.contains("error:"_L1) && !text.contains("error:00000000"_L1) && !text.contains("unexpected eof"_L1);
}

HttpAnswer parseAnswer(const QByteArray &bytes, qsizetype *headLength)
{
    constexpr qsizetype largestBody = 2048;
    HttpAnswer answer;
    const qsizetype end = bytes.indexOf("\r\n\r\n");
    if (headLength)
        *headLength = end < 0 ? -1 : end + 4;
    if (end < 0 || !bytes.startsWith("HTTP/1."))
        return answer;
    const QList<QByteArray> lines = bytes.first(end).split('\n');
    const QList<QByteArray> words = lines.first().trimmed().split(' ');
    const int status = words.value(1).toInt();
    if (words.value(1).size() != 3 || status < 100 || status > 599)
        return answer;
    answer.status = status;
    for (const QByteArray &line : lines.mid(1)) {
        const qsizetype colon = line.indexOf(':');
        if (colon > 0)
            answer.headers.append({line.first(colon).trimmed().toLower(), line.mid(colon + 1).trimmed()});
    }
    answer.body = bytes.mid(end + 4, largestBody);
    return answer;
}

bool hasChallengeError(const HttpAnswer &answer, QByteArrayView error)
{
    return std::any_of(answer.headers.cbegin(), answer.headers.cend(), [&](const auto &header) {
        return header.first == "www-authenticate" && challengeParameters(header.second, "error"_L1).contains(error);
    });
}

QByteArray challengeParameter(const HttpAnswer &answer, QLatin1StringView name)
{
    for (const auto &[header, value] : answer.headers) {
        const QList<QByteArray> found = header == "www-authenticate" ? challengeParameters(value, name) : QList<QByteArray>();
        if (!found.isEmpty())
            return found.first();
    }
    return {};
}

QByteArray nonceOf(const QByteArray &proof)
{
    const QByteArray claims = QByteArray::fromBase64(proof.split('.').value(1), QByteArray::Base64UrlEncoding);
    return QJsonDocument::fromJson(claims).object().value("nonce"_L1).toString().toLatin1();
}

std::optional<std::chrono::seconds> maxAgeOf(const QString &text)
{
    bool isNumber = false;
    const int seconds = text.toInt(&isNumber);
    if (!isNumber || seconds < 0 || seconds > 10 * 366 * 24 * 3600)
        return std::nullopt;
    return std::chrono::seconds(seconds);
}

QString problemText(const HttpAnswer &answer)
{
    if (!answer.header("content-type").startsWith("application/problem+json"))
        return {};
    const QJsonObject problem = QJsonDocument::fromJson(answer.body).object();
    QString text = problem.value("title"_L1).toString().left(120);
    if (const QString ref = problem.value("ref"_L1).toString().left(70); !ref.isEmpty())
        text += u" (%1)"_s.arg(ref);
    // It ends in logs: one line, whatever the server wrote.
    for (QChar &c : text) {
        if (c.category() == QChar::Other_Control)
            c = u' ';
    }
    return text;
}

Error refusal(const HttpAnswer &answer, WallTime now)
{
    // RFC 9449 sections 7.1 and 9 say 401; providers say 400 at their own endpoints, and some services do as they do.
    const auto says = [&](QByteArrayView error) {
        return (answer.status == 401 || answer.status == 400) && hasChallengeError(answer, error);
    };
    ErrorCode code = answer.status == 511 ? ErrorCode::CaptivePortal : ErrorCode::UpgradeRejected;
    QString detail = u"the server refused the upgrade"_s;
    QString remedy;
    if (answer.status == 401 && hasChallengeError(answer, "insufficient_user_authentication")) {
        code = ErrorCode::InsufficientAuthentication;
    } else if (says("use_dpop_nonce")) {
        code = ErrorCode::WrongNonce;
        detail = u"the server wants its nonce in the DPoP proof"_s;
        remedy = u"It was given and is asked for again: the server's nonces do not last from one request to the next."_s;
    } else if (says("invalid_dpop_proof")) {
        code = ErrorCode::InvalidRequest;
        detail = u"the server refused the DPoP proof"_s;
        remedy = u"Check the clocks of both machines. Behind a proxy, the server must know the address that its clients use."_s;
    }
    if (const QString problem = problemText(answer); !problem.isEmpty())
        detail = problem;
    return Error(code, detail)
        .withHttpStatus(answer.status)
        .withRemedy(remedy)
        .withRetryAfter(parseRetryAfter(answer.header("retry-after"), now));
}

int statusFromText(const QString &text)
{
    static const QRegularExpression pattern(u"\\b([1-5][0-9][0-9]) \\("_s);
    if (const auto match = pattern.match(text); match.hasMatch())
        return match.captured(1).toInt();
    // Qt 6.6 and later name a 401 without its number.
    return text.contains("WWW-Authenticate"_L1) || text.contains("Host requires authentication"_L1) ? 401 : 0;
}

} // namespace Watchword::Upgrade
