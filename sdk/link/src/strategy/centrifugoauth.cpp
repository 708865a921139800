// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/centrifugoauth.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword {

using namespace Qt::StringLiterals;
using Notice = AuthStrategy::Notice;

namespace {

QString command(qint64 id, const QString &name, const AccessToken &token)
{
    QJsonObject parameters;
    if (!token.value.isEmpty())
        parameters.insert("token"_L1, QString::fromLatin1(token.value.reveal()));
    const QJsonObject object{{u"id"_s, id}, {name, parameters}};
    return QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact));
}

std::optional<Duration> seconds(const QJsonValue &value)
{
    const double number = value.toDouble(0);
    if (number <= 0 || number > 366.0 * 24 * 3600)
        return std::nullopt;
    return Duration(qint64(number * 1000));
}

// Error codes of replies, as close codes of our table.
int closeCodeFor(int error)
{
    switch (error) {
    case 101: // unauthorized
        return int(CloseCode::TokenInvalid);
    case 103: // permission denied
        return int(CloseCode::Forbidden);
    case 109: // token expired
    case 110: // expired
        return int(CloseCode::TokenExpired);
    case 111: // too many requests
        return int(CloseCode::RateLimited);
    default:
        return int(CloseCode::TryAgainLater);
    }
}

// What one reply says about the connection; nothing if it is the application's.
std::optional<Notice> noticeOf(const QJsonObject &reply)
{
    if (reply.isEmpty())
        return Notice{.kind = Notice::Kind::Reply, .text = u"{}"_s};
    const qint64 id = reply.value("id"_L1).toInteger(0);
    const bool isConnect = id == CentrifugoAuth::kConnectId;
    if (!isConnect && id != CentrifugoAuth::kRefreshId)
        return std::nullopt;
    const QJsonObject error = reply.value("error"_L1).toObject();
    if (!error.isEmpty()) {
        return Notice{.kind = isConnect ? Notice::Kind::Refused : Notice::Kind::RenewalRefused,
                      .code = closeCodeFor(error.value("code"_L1).toInt()),
                      .reason = error.value("message"_L1).toString().left(200)};
    }
    const QJsonObject result = reply.value(isConnect ? "connect"_L1 : "refresh"_L1).toObject();
    Notice notice{.kind = isConnect ? Notice::Kind::Ready : Notice::Kind::Renewed};
    if (result.value("expires"_L1).toBool(false))
        notice.tokenLifetime = seconds(result.value("ttl"_L1));
    if (isConnect)
        notice.heartbeat = seconds(result.value("ping"_L1));
    return notice;
}

} // namespace

AuthStrategy::Upgrade CentrifugoAuth::upgrade(const AccessToken &) const
{
    return {.bearerHeader = false};
}

QStringList CentrifugoAuth::afterUpgrade(const AccessToken &token) const
{
    return {command(kConnectId, u"connect"_s, token)};
}

bool CentrifugoAuth::awaitsReady() const
{
    return true;
}

AuthStrategy::Reading CentrifugoAuth::received(const QString &text) const
{
    Reading reading;
    QStringList rest;
    for (const QString &line : text.split(u'\n', Qt::SkipEmptyParts)) {
        const QJsonDocument document = QJsonDocument::fromJson(line.toUtf8());
        std::optional<Notice> notice;
        if (document.isObject())
            notice = noticeOf(document.object());
        if (notice)
            reading.notices.push_back(*notice);
        else
            rest.append(line);
    }
    if (!rest.isEmpty())
        reading.application = rest.join(u'\n');
    return reading;
}

std::optional<QString> CentrifugoAuth::renewal(const AccessToken &token) const
{
    return command(kRefreshId, u"refresh"_s, token);
}

void CentrifugoAuth::amend(ClosePolicy &policy) const
{
    policy.setCloseCode(3005, RetryAction::RefreshThenRetry, ErrorCode::TokenExpired);
    policy.setCloseCode(3008, RetryAction::Retry, ErrorCode::SlowConsumer);
    policy.setCloseCode(3013, RetryAction::Retry, ErrorCode::RateLimited);
    policy.setCloseCode(3014, RetryAction::RefreshThenRetry, ErrorCode::ClosedByPeer); // state invalidated
    policy.setCloseCode(3500, RetryAction::SignIn, ErrorCode::Unauthorized); // invalid token
    policy.setCloseCode(3501, RetryAction::Stop, ErrorCode::ProtocolViolation); // bad request
    policy.setCloseCode(3502, RetryAction::Retry, ErrorCode::Timeout); // stale: connect came too late
    policy.setCloseCode(3503, RetryAction::Stop, ErrorCode::ClosedByPeer); // forced
    policy.setCloseCode(3504, RetryAction::Stop, ErrorCode::ConnectionLimit);
    policy.setCloseCode(3507, RetryAction::Stop, ErrorCode::Forbidden);
}

} // namespace Watchword
