// SPDX-License-Identifier: Apache-2.0
#include "endpoint/canary.h"

#include "watchword/core/log.h"
#include "watchword/jose/base64url.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostReceived = 64 * 1024;

QString randomText()
{
    return QString::fromLatin1(toBase64Url(Secret::random(16).reveal()));
}

QString canaryScope()
{
    return u"urn:watchword:canary"_s;
}

} // namespace

Canary::Canary(const Services &services, Duration every)
    : m_services(services)
    , m_every(every)
    , m_path(u"/.canary/"_s + randomText())
    , m_alarm(services.clock)
{
    connect(&m_alarm, &Alarm::due, this, &Canary::due);
}

Canary::~Canary() = default;

EndpointConfig Canary::endpoint() const
{
    EndpointConfig endpoint;
    endpoint.path = m_path;
    endpoint.service = EndpointConfig::Service::Echo;
    endpoint.scopes = {canaryScope()};
    endpoint.credentials = EndpointConfig::CredentialWay::Header;
    return endpoint;
}

std::optional<Identity> Canary::identityOf(const Secret &token) const
{
    if (m_state != State::Connecting || !m_token.equals(token))
        return {};
    const WallTime now = m_services.clock.wallNow();
    Identity identity;
    identity.issuer = canaryScope();
    identity.subject = u"canary"_s;
    identity.name = identity.subject;
    identity.sessionId = m_session;
    identity.tokenId = m_session;
    identity.tokenFingerprint = m_token.fingerprint();
    identity.scopes = {canaryScope()};
    identity.issuedAt = now;
    identity.expiresAt = now + 2 * kPatience;
    return identity;
}

void Canary::start()
{
    if (!m_alarm.isActive())
        m_alarm.start(m_every);
}

void Canary::stop()
{
    m_alarm.cancel();
    m_state = State::Idle;
    m_socket.reset();
}

void Canary::due()
{
    if (m_state == State::Idle)
        begin();
    else
        end(m_state == State::Revoked ? u"the connection lives on after its revocation"_s : u"it is not let in"_s);
}

void Canary::begin()
{
    m_state = State::Connecting;
    m_alarm.start(kPatience);
    m_token = Secret::take(toBase64Url(Secret::random(32).reveal()));
    m_session = u"canary-"_s + randomText();
    m_received.clear();
    const Site site = m_services.site();
    m_certificate = site.certificate;
    m_socket = std::make_unique<QSslSocket>();
    connect(m_socket.get(), &QIODevice::readyRead, this, &Canary::read);
    connect(m_socket.get(), &QAbstractSocket::disconnected, this, [this] {
        if (m_state != State::Idle)
            QMetaObject::invokeMethod(
                this, [this] { end(u"it is cut without a word"_s); }, Qt::QueuedConnection);
    });
    if (m_certificate.isNull()) {
        connect(m_socket.get(), &QAbstractSocket::connected, this, &Canary::connected);
        m_socket->connectToHost(site.address, site.port);
        return;
    }
    // Its names are those of the outside, so it is known by all of its bytes instead.
    m_socket->setPeerVerifyMode(QSslSocket::QueryPeer);
    connect(m_socket.get(), &QSslSocket::encrypted, this, &Canary::connected);
    m_socket->connectToHostEncrypted(site.address.toString(), site.port);
}

void Canary::connected()
{
    if (!m_certificate.isNull() && m_socket->peerCertificate() != m_certificate) {
        end(u"somebody else answers at the address"_s);
        return;
    }
    QByteArray request = "GET " + m_path.toLatin1()
        + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: "
        + Secret::random(16).reveal().toByteArray().toBase64() + "\r\nAuthorization: Bearer ";
    request += m_token.reveal();
    request += "\r\n\r\n";
    m_socket->write(request);
    wipe(request.data(), request.size());
}

void Canary::read()
{
    m_received += m_socket->read(kMostReceived);
    if (m_state == State::Connecting) {
        const qsizetype end = m_received.indexOf("\r\n\r\n");
        if (end < 0)
            return;
        if (!m_received.startsWith("HTTP/1.1 101 ")) {
            this->end(u"it is refused with "_s + QString::fromLatin1(m_received.mid(9, 3)));
            return;
        }
        m_received.remove(0, end + 4);
        revoke();
    }
    if (m_state == State::Revoked)
        takeFrames();
}

void Canary::revoke()
{
    m_state = State::Revoked;
    Lock lock;
    lock.target = {LockTarget::Kind::Session, canaryScope(), m_session};
    lock.mode = Lock::Mode::Revoked;
    lock.since = m_services.clock.wallNow();
    lock.until = lock.since + 2 * kPatience;
    lock.reason = u"canary"_s;
    lock.by = u"canary"_s;
    m_revokedAt = m_services.clock.now();
    if (const Result<Lock> added = m_services.locks.add(lock); !added)
        end(u"the revocation is not stored: "_s + added.error().toString());
}

void Canary::takeFrames()
{
    while (m_received.size() >= 2) {
        const qsizetype size = 2 + (m_received.at(1) & 0x7f); // control frames are short, and nothing else comes
        if (m_received.size() < size)
            return;
        const bool isClose = (m_received.at(0) & 0x0f) == 8;
        const int code = size >= 4 ? int(quint8(m_received.at(2))) << 8 | quint8(m_received.at(3)) : 0;
        m_received.remove(0, size);
        if (isClose) {
            end(code == int(CloseCode::SessionRevoked) ? QString() : u"it is closed with %1"_s.arg(code));
            return;
        }
    }
}

void Canary::end(const QString &problem)
{
    if (m_state == State::Idle)
        return;
    const Duration time = m_services.clock.now() - m_revokedAt;
    m_state = State::Idle;
    m_socket->disconnect(this);
    m_socket.release()->deleteLater(); // this may be one of its signals
    m_alarm.start(m_every);
    if (problem.isEmpty()) {
        m_services.metrics.canary.observe(time);
        Q_EMIT measured(time);
        return;
    }
    ++m_services.metrics.canaryFailed;
    qCWarning(logGateway).noquote() << "the canary of revocations failed:" << problem;
    Q_EMIT failed(problem);
}

} // namespace Watchword::Gateway
