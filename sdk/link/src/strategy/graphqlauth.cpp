// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/graphqlauth.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

QString textOf(const QJsonObject &object)
{
    return QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact));
}

// The four types that are about the connection are short; a large message is not parsed twice for nothing.
constexpr qsizetype kLongest = 16 * 1024;

} // namespace

GraphQlAuth::GraphQlAuth(QString member)
    : m_member(std::move(member))
{
}

AuthStrategy::Upgrade GraphQlAuth::upgrade(const AccessToken &) const
{
    return {.bearerHeader = false, .subprotocols = {u"graphql-transport-ws"_s}};
}

QStringList GraphQlAuth::afterUpgrade(const AccessToken &token) const
{
    QJsonObject init{{u"type"_s, u"connection_init"_s}};
    if (!token.value.isEmpty()) {
        const QString value = u"Bearer "_s + QString::fromLatin1(token.value.reveal());
        init.insert("payload"_L1, QJsonObject{{m_member, value}});
    }
    return {textOf(init)};
}

bool GraphQlAuth::awaitsReady() const
{
    return true;
}

AuthStrategy::Reading GraphQlAuth::received(const QString &text) const
{
    if (text.size() > kLongest)
        return {.application = text};
    const QJsonObject message = QJsonDocument::fromJson(text.toUtf8()).object();
    const QString type = message.value("type"_L1).toString();
    if (type == "connection_ack"_L1)
        return {.notices = {Notice{.kind = Notice::Kind::Ready}}};
    if (type == "pong"_L1) {
        const double nonce = message.value("payload"_L1).toObject().value("n"_L1).toDouble(0);
        const bool isNonce = nonce >= 1 && nonce < 9e15;
        return {.notices = {Notice{.kind = Notice::Kind::Pong, .nonce = isNonce ? quint64(nonce) : 0}}};
    }
    if (type == "ping"_L1) {
        QJsonObject pong{{u"type"_s, u"pong"_s}};
        if (message.contains("payload"_L1))
            pong.insert("payload"_L1, message.value("payload"_L1));
        return {.notices = {Notice{.kind = Notice::Kind::Reply, .text = textOf(pong)}}};
    }
    return {.application = text};
}

std::optional<QString> GraphQlAuth::ping(quint64 nonce) const
{
    return textOf({{u"type"_s, u"ping"_s}, {u"payload"_s, QJsonObject{{u"n"_s, qint64(nonce)}}}});
}

void GraphQlAuth::amend(ClosePolicy &policy) const
{
    policy.setCloseCode(4004, RetryAction::Stop, ErrorCode::ProtocolViolation); // bad response
    policy.setCloseCode(4005, RetryAction::Stop, ErrorCode::ProtocolViolation); // internal client error
    policy.setCloseCode(4400, RetryAction::Stop, ErrorCode::ProtocolViolation); // bad request
    policy.setCloseCode(4401, RetryAction::RefreshThenRetry, ErrorCode::Unauthorized);
    policy.setCloseCode(4403, RetryAction::RefreshThenRetry, ErrorCode::Unauthorized);
    policy.setCloseCode(4406, RetryAction::Stop, ErrorCode::SubprotocolMismatch);
    policy.setCloseCode(4408, RetryAction::Retry, ErrorCode::Timeout); // init came too late
    policy.setCloseCode(4409, RetryAction::Stop, ErrorCode::ProtocolViolation); // subscriber exists
    policy.setCloseCode(4429, RetryAction::Stop, ErrorCode::ProtocolViolation); // two inits
    policy.setCloseCode(4500, RetryAction::Retry, ErrorCode::ClosedByPeer); // internal server error
    policy.setCloseCode(4504, RetryAction::Retry, ErrorCode::Timeout); // no ack
}

} // namespace Watchword
