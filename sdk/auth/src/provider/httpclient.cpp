// SPDX-License-Identifier: Apache-2.0
#include "provider/httpclient.h"

#include "watchword/core/internal/httptime.h"
#include "watchword/core/log.h"

#include <QCoreApplication>
#include <QEvent>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QPointer>
#include <QSslSocket>

#include <cstring>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kDeadline = 30s;
constexpr int kMostRedirects = 3;
constexpr Duration kProbeDeadline = 15s;
constexpr Duration kAfterWake = 5s;

// A body that can be read once. It holds the bytes as a Secret, so that they are wiped.
class OneTimeBody final : public QIODevice
{
public:
    OneTimeBody(Secret bytes, QObject *parent)
        : QIODevice(parent)
        , m_bytes(std::move(bytes))
    {
        open(QIODevice::ReadOnly | QIODevice::Unbuffered);
    }
    bool isSequential() const override { return false; }
    qint64 size() const override { return m_bytes.size(); }
    bool seek(qint64 position) override { return !m_started && position == 0 && QIODevice::seek(position); }
    bool reset() override { return seek(0); }

protected:
    qint64 readData(char *data, qint64 size) override
    {
        const qint64 count = std::min<qint64>(size, m_bytes.size() - pos());
        if (count > 0) {
            std::memcpy(data, m_bytes.reveal().data() + pos(), size_t(count));
            m_started = true;
        }
        return count;
    }
    qint64 writeData(const char *, qint64) override { return -1; }

private:
    Secret m_bytes;
    bool m_started = false;
};

ErrorCode codeOf(QNetworkReply::NetworkError error)
{
    switch (error) {
    case QNetworkReply::ConnectionRefusedError:
        return ErrorCode::ConnectionRefused;
    case QNetworkReply::HostNotFoundError:
        return ErrorCode::HostNotFound;
    case QNetworkReply::TimeoutError:
        return ErrorCode::Timeout;
    case QNetworkReply::SslHandshakeFailedError:
        return ErrorCode::TlsFailed;
    case QNetworkReply::ProtocolFailure:
        return ErrorCode::InvalidResponse;
    case QNetworkReply::TemporaryNetworkFailureError:
    case QNetworkReply::NetworkSessionFailedError:
        return ErrorCode::Offline;
    default:
        break;
    }
    if (error >= QNetworkReply::ProxyConnectionRefusedError && error <= QNetworkReply::UnknownProxyError)
        return ErrorCode::ProxyFailed;
    return ErrorCode::ConnectionLost;
}

// A server whose clock was never set says 1970: nothing is learned from it.
std::optional<WallTime> plausibleDate(const std::optional<WallTime> &date)
{
    const bool isPlausible =
        date && *date >= wallTimeFromSeconds(1'577'836'800) && *date < wallTimeFromSeconds(7'258'118'400); // 2020 to 2200
    return isPlausible ? date : std::nullopt;
}

// What is known while a reply runs; shared by its handlers.
struct Exchange
{
    HttpOutcome outcome;
    Instant sent{};
    std::optional<Instant> answered; // the head of the answer was there
    bool done = false;
};

void readHeaders(const QNetworkReply &reply, WallTime now, HttpOutcome &outcome)
{
    outcome.status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    outcome.contentType = reply.rawHeader("Content-Type").split(';').first().trimmed().toLower();
    outcome.cacheControl = reply.rawHeader("Cache-Control");
    outcome.dpopNonce = reply.rawHeader("DPoP-Nonce").left(512);
    outcome.serverDate = plausibleDate(parseHttpDate(reply.rawHeader("Date"), now));
    if (const QUrl target = reply.attribute(QNetworkRequest::RedirectionTargetAttribute).toUrl(); !target.isEmpty())
        outcome.redirect = reply.url().resolved(target);
    if (reply.hasRawHeader("Retry-After"))
        // A date is meant by the server's calendar, not by ours.
        outcome.retryAfter = parseRetryAfter(reply.rawHeader("Retry-After"), outcome.serverDate.value_or(now));
}

// Empty: it may be followed.
QString whyNotFollowed(const QUrl &from, const QUrl &to)
{
    const bool isWeb = to.scheme() == "https"_L1 || to.scheme() == "http"_L1;
    if (!isWeb || to.host().isEmpty())
        return u"a redirect to something that is no web address"_s;
    if (from.scheme() == "https"_L1 && to.scheme() != "https"_L1)
        return u"a redirect that would give up TLS"_s;
    return {};
}

} // namespace

HttpClient::HttpClient(const SessionOptions &options, QByteArray userAgent, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_tls(QSslConfiguration::defaultConfiguration())
    , m_userAgent(std::move(userAgent))
    , m_clock(clock)
{
    m_tls.setProtocol(QSsl::TlsV1_2OrLater);
    m_tls.setPeerVerifyMode(QSslSocket::VerifyPeer);
    if (!options.certificateAuthorities.isEmpty())
        m_tls.setCaCertificates(options.certificateAuthorities);
    m_tls.addCaCertificates(options.additionalCertificateAuthorities);
}

HttpClient::~HttpClient()
{
    const auto replies = findChildren<QNetworkReply *>();
    for (QNetworkReply *reply : replies) {
        reply->disconnect();
        reply->abort();
    }
}

QNetworkRequest HttpClient::requestTo(const QUrl &url) const
{
    QNetworkRequest request(url);
    request.setHeader(QNetworkRequest::UserAgentHeader, m_userAgent); // Qt would say "Mozilla/5.0"
    request.setRawHeader("Accept", "application/json");
    request.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
    request.setAttribute(QNetworkRequest::CookieSaveControlAttribute, QNetworkRequest::Manual);
    request.setAttribute(QNetworkRequest::AuthenticationReuseAttribute, QNetworkRequest::Manual);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    request.setSslConfiguration(m_tls);
    return request;
}

void HttpClient::get(const QUrl &url, qsizetype limit, Callback callback)
{
    follow(url, limit, kMostRedirects, m_clock.now() + kDeadline, std::move(callback));
}

void HttpClient::follow(const QUrl &url, qsizetype limit, int hopsLeft, Instant end, Callback callback)
{
    const QNetworkRequest request = requestTo(url);
    auto *network = new QNetworkAccessManager(this);
    const auto onAnswer = [this, url, limit, hopsLeft, end, callback = std::move(callback)](HttpOutcome outcome) {
        if (outcome.failure || outcome.redirect.isEmpty())
            return callback(outcome);
        const QString refusal =
            hopsLeft == 0 ? u"more than %1 redirects"_s.arg(kMostRedirects) : whyNotFollowed(url, outcome.redirect);
        if (refusal.isEmpty())
            return follow(outcome.redirect, limit, hopsLeft - 1, end, callback);
        outcome.failure = Error(ErrorCode::InvalidResponse, u"%1: %2"_s.arg(redactedUrl(url), refusal));
        callback(outcome);
    };
    watch(network->get(request), limit, end, onAnswer);
}

void HttpClient::postForm(const QUrl &url, const Secret &form, qsizetype limit, Callback callback, const QByteArray &proof)
{
    QNetworkRequest request = requestTo(url);
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/x-www-form-urlencoded"_s);
    request.setHeader(QNetworkRequest::ContentLengthHeader, form.size());
    if (!proof.isEmpty())
        request.setRawHeader("DPoP", proof);
    request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    request.setAttribute(QNetworkRequest::DoNotBufferUploadDataAttribute, true);
    auto *network = new QNetworkAccessManager(this);
    auto *body = new OneTimeBody(form, nullptr);
    QNetworkReply *reply = network->post(request, body);
    body->setParent(reply);
    watch(reply, limit, m_clock.now() + kDeadline, std::move(callback));
}

void HttpClient::watch(QNetworkReply *reply, qsizetype limit, Instant end, Callback callback)
{
    // A kept connection may just be closing, or be dead since a sleep; whether a request reached the server would then be
    // anybody's guess. Clearing the cache of a shared manager would end its other requests without a word, so each request
    // has a manager, and with it a connection, of its own.
    connect(reply, &QObject::destroyed, reply->manager(), &QObject::deleteLater);
    auto exchange = std::make_shared<Exchange>();
    exchange->sent = m_clock.now();
    auto *deadline = new Alarm(m_clock, reply);
    const auto finish = [this, reply, exchange, callback = std::move(callback), limit] {
        if (std::exchange(exchange->done, true))
            return;
        HttpOutcome &outcome = exchange->outcome;
        readHeaders(*reply, m_clock.wallNow(), outcome);
        if (outcome.serverDate && exchange->answered && reply->url().scheme() == "https"_L1)
            Q_EMIT timeLearned({*outcome.serverDate, exchange->sent, *exchange->answered});
        const QNetworkReply::NetworkError error = reply->error();
        const bool answered =
            outcome.status > 0 && (error == QNetworkReply::NoError || error >= QNetworkReply::ContentAccessDenied);
        if (!outcome.failure && !answered) {
            // A refused repetition of the body means that the first connection ended without an answer.
            const bool repeated = error == QNetworkReply::ContentReSendError;
            outcome.failure = Error(repeated ? ErrorCode::ConnectionLost : codeOf(error),
                                    repeated ? u"the server closed the connection without an answer"_s
                                             : u"%1: %2"_s.arg(redactedUrl(reply->url()), reply->errorString()));
            outcome.mayHaveBeenSent = outcome.mayHaveBeenSent || outcome.status > 0 || repeated;
        }
        if (!outcome.failure)
            outcome.body = reply->read(limit);
        reply->deleteLater();
        callback(outcome);
    };
    const auto giveUp = [reply, exchange](ErrorCode code, const QString &why) {
        if (exchange->done || exchange->outcome.failure)
            return;
        exchange->outcome.failure = Error(code, why);
        reply->abort(); // emits finished()
    };
    connect(reply, &QNetworkReply::requestSent, this, [this, exchange] {
        exchange->outcome.mayHaveBeenSent = true;
        exchange->sent = m_clock.now();
    });
    connect(reply, &QNetworkReply::metaDataChanged, this, [this, exchange] {
        if (!exchange->answered)
            exchange->answered = m_clock.now();
    });
    connect(reply, &QNetworkReply::finished, this, finish);
    connect(reply, &QNetworkReply::readyRead, this, [reply, limit, giveUp] {
        if (reply->bytesAvailable() > limit)
            giveUp(ErrorCode::ResponseTooLarge, u"the answer is larger than %1 bytes"_s.arg(limit));
    });
    connect(deadline, &Alarm::due, this,
            [reply, giveUp] { giveUp(ErrorCode::Timeout, u"%1 did not answer in time"_s.arg(redactedUrl(reply->url()))); });
    deadline->startAt(end);
    limitAfterWake(reply, deadline);
}

void HttpClient::limitAfterWake(QObject *exchange, Alarm *deadline)
{
    connect(this, &HttpClient::wokeUp, exchange, [this, deadline] {
        if (deadline->isActive())
            deadline->startAt(std::min(deadline->deadline(), m_clock.now() + kAfterWake));
    });
}

void HttpClient::deliver()
{
    QList<QPointer<QNetworkReply>> replies;
    const auto running = findChildren<QNetworkReply *>();
    for (QNetworkReply *reply : running)
        replies += reply;
    for (const QPointer<QNetworkReply> &reply : std::as_const(replies)) {
        if (reply)
            QCoreApplication::sendPostedEvents(reply, QEvent::MetaCall);
    }
}

void HttpClient::onWake()
{
    Q_EMIT wokeUp();
}

void HttpClient::probe(const QUrl &url, std::function<void(const Result<void> &)> callback)
{
    auto *socket = new QSslSocket(this);
    auto *deadline = new Alarm(m_clock, socket);
    const bool encrypted = url.scheme() == "https"_L1;
    auto done = std::make_shared<bool>(false);
    const auto finish = [socket, done, callback = std::move(callback)](const Result<void> &result) {
        if (std::exchange(*done, true))
            return;
        socket->disconnect();
        socket->abort();
        socket->deleteLater();
        callback(result);
    };
    connect(socket, &QSslSocket::encrypted, this, [finish] { finish({}); });
    if (!encrypted)
        connect(socket, &QSslSocket::connected, this, [finish] { finish({}); });
    connect(socket, &QAbstractSocket::errorOccurred, this, [socket, finish, url](QAbstractSocket::SocketError error) {
        ErrorCode code = ErrorCode::Offline;
        if (error == QAbstractSocket::ConnectionRefusedError)
            code = ErrorCode::ConnectionRefused;
        else if (error == QAbstractSocket::HostNotFoundError)
            code = ErrorCode::HostNotFound;
        else if (error == QAbstractSocket::SslHandshakeFailedError)
            code = ErrorCode::TlsFailed;
        finish(Error(code, u"%1: %2"_s.arg(redactedUrl(url), socket->errorString())));
    });
    connect(deadline, &Alarm::due, this,
            [finish, url] { finish(Error(ErrorCode::Timeout, u"%1 cannot be reached in time"_s.arg(redactedUrl(url)))); });
    deadline->start(kProbeDeadline);
    limitAfterWake(socket, deadline);
    if (encrypted) {
        socket->setSslConfiguration(m_tls);
        socket->connectToHostEncrypted(url.host(), quint16(url.port(443)));
    } else {
        socket->connectToHost(url.host(), quint16(url.port(80)));
    }
}

FormBody &FormBody::add(QByteArrayView name, QByteArrayView value)
{
    if (!m_bytes.isEmpty())
        m_bytes += '&';
    // Only unreserved characters stay; "%20" for a space is understood by every form decoder.
    m_bytes += QByteArray::fromRawData(name.data(), name.size()).toPercentEncoding();
    m_bytes += '=';
    QByteArray encoded = QByteArray::fromRawData(value.data(), value.size()).toPercentEncoding();
    m_bytes += encoded;
    wipe(encoded.data(), encoded.size());
    return *this;
}

} // namespace Watchword
