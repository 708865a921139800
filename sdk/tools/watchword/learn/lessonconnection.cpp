// SPDX-License-Identifier: Apache-2.0
#include "learn/lessonconnection.h"

#include "learn/lessonserver.h"
#include "watchword/core/clock.h"
#include "watchword/jose/jwt.h"
#include "watchword/wire/handshake.h"

#include <QDateTime>
#include <QJsonDocument>
#include <QUrlQuery>

#include <array>
#include <limits>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr auto kHeadTime = 3s;
constexpr auto kGrace = 200ms;
constexpr std::uint64_t kLargestMessage = 64 * 1024;
constexpr char kTlsRecord = 22; // the first byte of a handshake

Wire::FrameRules frameRules()
{
    Wire::FrameRules rules;
    rules.role = Wire::Role::Server;
    rules.limits.frame = kLargestMessage;
    rules.limits.message = kLargestMessage;
    return rules;
}

QByteArray bytesOf(std::string_view text)
{
    return QByteArray(text.data(), qsizetype(text.size()));
}

QJsonObject partOf(const QByteArray &token, int index)
{
    const QByteArray part = token.split('.').value(index);
    return QJsonDocument::fromJson(QByteArray::fromBase64(part, QByteArray::Base64UrlEncoding)).object();
}

QString titleOf(int status)
{
    switch (status) {
    case 200:
        return u"OK"_s;
    case 401:
        return u"Token needed"_s;
    case 403:
        return u"Not allowed"_s;
    case 404:
        return u"Not found"_s;
    case 426:
        return u"Upgrade required"_s;
    default:
        return u"Bad request"_s;
    }
}

// RFC 9116
QByteArray securityText()
{
    return "Contact: mailto:security@example.com\nExpires: "
        + QDateTime::currentDateTimeUtc().addDays(90).toString(Qt::ISODate).toLatin1() + '\n';
}

// What a server checks that only looks into a token and verifies nothing.
bool looksRight(const QByteArray &token)
{
    const QJsonObject claims = partOf(token, 1);
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    return partOf(token, 0).value("typ"_L1).toString() == "at+jwt"_L1
        && claims.value("iss"_L1).toString() == QLatin1StringView(LessonConnection::kIssuer)
        && claims.value("aud"_L1).toString() == QLatin1StringView(LessonConnection::kAudience)
        && claims.value("exp"_L1).toInteger() > now && claims.value("nbf"_L1).toInteger() <= now;
}

} // namespace

LessonConnection::LessonConnection(LessonServer *server, qintptr descriptor)
    : QObject(server)
    , m_server(server)
    , m_socket(new QSslSocket(this))
    , m_frames(frameRules())
{
    m_socket->setSocketDescriptor(descriptor);
    m_socket->setSslConfiguration(server->tls());
    connect(m_socket, &QSslSocket::readyRead, this, &LessonConnection::read);
    connect(m_socket, &QSslSocket::disconnected, this, &QObject::deleteLater);
    connect(m_socket, &QSslSocket::errorOccurred, this, &LessonConnection::end);
    m_deadline.setSingleShot(true);
    connect(&m_deadline, &QTimer::timeout, this, [this] {
        if (m_phase == Phase::Frames)
            close(4401, "token ended");
        else
            end();
    });
    if (!server->has(Setting::HeadTimeout))
        m_deadline.start(kHeadTime);
}

void LessonConnection::read()
{
    if (m_phase == Phase::FirstByte) {
        char first = 0;
        if (m_socket->peek(&first, 1) != 1)
            return;
        m_phase = Phase::Head;
        if (first == kTlsRecord) {
            m_socket->startServerEncryption();
            return;
        }
        if (!m_server->has(Setting::PlainPort)) {
            end();
            return;
        }
    }
    const QByteArray bytes = m_socket->readAll();
    if (m_phase == Phase::Head)
        readHead(bytes);
    else if (m_phase == Phase::Frames)
        readFrames(bytes);
}

void LessonConnection::readHead(const QByteArray &bytes)
{
    const std::string_view text(bytes.constData(), std::size_t(bytes.size()));
    const std::size_t used = m_head.feed(Wire::bytesOf(text));
    if (m_head.fault() != Wire::HeadFault::None) {
        refuse(Wire::statusOf(m_head.fault()));
    } else if (m_head.isComplete()) {
        m_deadline.stop();
        decide(m_head.head());
        if (m_phase == Phase::Frames && used < text.size())
            readFrames(bytes.mid(qsizetype(used)));
    }
}

bool LessonConnection::isUpgradeTo(const Wire::HttpHead &head, QByteArrayView path)
{
    const QByteArray origin = bytesOf(head.value("Origin"));
    const Wire::UpgradeFault fault = Wire::checkUpgrade(head);
    if (path != kPath)
        refuse(404);
    else if (fault == Wire::UpgradeFault::WebSocketVersion)
        refuse(426, "Sec-WebSocket-Version: 13\r\n");
    else if (fault != Wire::UpgradeFault::None)
        refuse(fault == Wire::UpgradeFault::NotAnUpgrade ? 426 : Wire::statusOf(fault));
    else if (head.count("Origin") > 0 && origin != LessonServer::allowedOrigin().toLatin1() && !m_server->has(Setting::Origins))
        refuse(403);
    else
        return true;
    return false;
}

std::optional<QByteArray> LessonConnection::tokenOf(const Wire::HttpHead &head)
{
    const QByteArray target = bytesOf(head.target());
    const QUrlQuery query(QString::fromLatin1(target.mid(target.indexOf('?') + 1)));
    const bool isInUrl = target.contains('?') && (query.hasQueryItem(u"access_token"_s) || query.hasQueryItem(u"token"_s));
    if (head.count("Authorization") + std::size_t(isInUrl) > 1 || (isInUrl && !m_server->has(Setting::TokenInUrl))) {
        refuse(400);
        return {};
    }
    if (isInUrl)
        return query.queryItemValue(query.hasQueryItem(u"access_token"_s) ? u"access_token"_s : u"token"_s).toLatin1();
    const QByteArray value = bytesOf(head.value("Authorization"));
    return value.startsWith("Bearer ") ? value.mid(7).trimmed() : QByteArray();
}

std::optional<QJsonObject> LessonConnection::claimsOf(const QByteArray &token) const
{
    if (m_server->has(Setting::Algorithms) && partOf(token, 0).value("alg"_L1).toString() == "none"_L1 && looksRight(token))
        return partOf(token, 1);
    JwtPolicy policy;
    policy.algorithms = QStringList{u"ES256"_s};
    policy.types = QStringList{u"at+jwt"_s};
    policy.typeRequired = true;
    policy.issuer = QString::fromLatin1(kIssuer);
    policy.audiences = QStringList{QString::fromLatin1(kAudience)};
    policy.leeway = 1s;
    const Result<Jwt> jwt = Jwt::verify(token, m_server->keys(), policy, Clock::system().wallNow());
    return jwt ? std::optional(jwt->claims()) : std::nullopt;
}

void LessonConnection::decide(const Wire::HttpHead &head)
{
    const QByteArray target = bytesOf(head.target());
    if (target == "/.well-known/security.txt") {
        answer(200, "Content-Type: text/plain; charset=utf-8\r\n", securityText());
        return;
    }
    if (!isUpgradeTo(head, QByteArrayView(target).first(target.indexOf('?') < 0 ? target.size() : target.indexOf('?'))))
        return;
    const std::optional<QByteArray> token = tokenOf(head);
    if (!token)
        return;
    if (token->isEmpty()) {
        if (m_server->has(Setting::IdentityHeaders) && head.count("X-Forwarded-User") > 0)
            accept(head, {});
        else
            refuse(401, "WWW-Authenticate: Bearer realm=\"orders\"\r\n");
        return;
    }
    const std::optional<QJsonObject> claims = claimsOf(*token);
    if (!claims)
        refuse(401, "WWW-Authenticate: Bearer realm=\"orders\", error=\"invalid_token\"\r\n");
    else if (!claims->value("scope"_L1).toString().split(u' ').contains(QLatin1StringView(kScope)))
        refuse(403, "WWW-Authenticate: Bearer realm=\"orders\", error=\"insufficient_scope\"\r\n");
    else
        accept(head, *claims);
}

void LessonConnection::accept(const Wire::HttpHead &head, const QJsonObject &claims)
{
    m_phase = Phase::Frames;
    m_socket->write(QByteArray::fromStdString(Wire::upgradeAnswer(head, {}, {})));
    const qint64 left = claims.value("exp"_L1).toInteger() - toSecondsSinceEpoch(Clock::system().wallNow());
    if (!m_server->has(Setting::Lifetime) && left > 0 && left < std::numeric_limits<int>::max() / 1000)
        m_deadline.start(std::chrono::seconds(left) + kGrace);
}

void LessonConnection::readFrames(QByteArray bytes)
{
    auto *data = reinterpret_cast<std::uint8_t *>(bytes.data());
    if (m_frames.feed({data, std::size_t(bytes.size())}, *this).status == Wire::FeedStatus::Failed)
        close(Wire::closeCodeOf(m_frames.fault()), Wire::describe(m_frames.fault()));
}

Wire::Flow LessonConnection::pingReceived(Wire::Bytes payload)
{
    send(Wire::Opcode::Pong, payload);
    return Wire::Flow::GoOn;
}

Wire::Flow LessonConnection::closeReceived(const Wire::CloseFrame &close)
{
    this->close(close.code, {});
    return Wire::Flow::GoOn;
}

void LessonConnection::send(Wire::Opcode opcode, Wire::Bytes payload)
{
    QByteArray frame(qsizetype(Wire::kLargestHeader + payload.size()), Qt::Uninitialized);
    Wire::FrameHeader header;
    header.opcode = opcode;
    const std::size_t size = Wire::writeFrame(reinterpret_cast<std::uint8_t *>(frame.data()), header, payload, nullptr);
    m_socket->write(frame.first(qsizetype(size)));
}

void LessonConnection::close(std::uint16_t code, std::string_view reason)
{
    std::array<std::uint8_t, Wire::kLargestControl> payload{};
    const std::size_t size = Wire::writeClosePayload(payload.data(), code, reason);
    send(Wire::Opcode::Close, Wire::Bytes(payload).first(size));
    m_phase = Phase::Ending;
    m_socket->disconnectFromHost();
}

void LessonConnection::refuse(int status, const QByteArray &fields)
{
    const QJsonObject problem{{u"type"_s, u"about:blank"_s}, {u"title"_s, titleOf(status)}, {u"status"_s, status}};
    answer(status, fields + "Content-Type: application/problem+json\r\n", QJsonDocument(problem).toJson(QJsonDocument::Compact));
}

void LessonConnection::answer(int status, const QByteArray &fields, const QByteArray &body)
{
    m_phase = Phase::Ending;
    m_socket->write("HTTP/1.1 " + QByteArray::number(status) + ' ' + titleOf(status).toLatin1() + "\r\n" + fields
                    + "Content-Length: " + QByteArray::number(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
    m_socket->disconnectFromHost();
}

void LessonConnection::end()
{
    m_phase = Phase::Ending;
    m_socket->abort();
    deleteLater();
}

} // namespace Watchword::Tool
