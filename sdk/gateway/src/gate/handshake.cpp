// SPDX-License-Identifier: Apache-2.0
#include "gate/handshake.h"

#include "gate/credential.h"
#include "gate/tokenverifier.h"

#include <QSslCipher>
#include <QSslSocket>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kAnswerTime = 2s;
// Closing a socket with unread bytes resets it, and the reset overtakes the answer: so much more is read and dropped.
constexpr Duration kLinger = 300ms;
constexpr qint64 kMostDiscarded = 256 * 1024;
constexpr qint64 kReadBuffer = 64 * 1024;

QString protocolName(QSsl::SslProtocol protocol)
{
    return protocol == QSsl::TlsV1_3 ? u"TLSv1.3"_s : (protocol == QSsl::TlsV1_2 ? u"TLSv1.2"_s : QString());
}

} // namespace

Handshake::Handshake(QTcpSocket *socket, Gate &gate)
    : m_gate(gate)
    , m_socket(socket)
    , m_alarm(gate.m_services.clock)
    , m_peer{socket->peerAddress(), socket->peerPort(), false, false}
{
    socket->setReadBufferSize(kReadBuffer);
    connect(&m_alarm, &Alarm::due, this, &Handshake::timedOut);
    connect(socket, &QAbstractSocket::disconnected, this, &Handshake::end);
    connect(socket, &QAbstractSocket::errorOccurred, this, [this] {
        if (m_state == State::Tls)
            ++m_gate.m_services.metrics.tlsFailed;
        if (m_socket && m_socket->state() != QAbstractSocket::ConnectedState)
            end();
        else if (m_state == State::Tls && m_socket)
            m_socket->abort();
    });
    connect(socket, &QIODevice::readyRead, this, &Handshake::readyRead);
    m_alarm.start(gate.m_config.listen.headTimeout);
    if (auto *secure = qobject_cast<QSslSocket *>(socket)) {
        connect(secure, &QSslSocket::encrypted, this, &Handshake::encrypted);
    } else {
        m_state = State::Head;
        QMetaObject::invokeMethod(this, &Handshake::readyRead, Qt::QueuedConnection);
    }
}

Handshake::~Handshake()
{
    if (m_socket) {
        m_socket->disconnect(this);
        m_socket->abort();
        m_socket->deleteLater();
    }
}

void Handshake::encrypted()
{
    if (m_state != State::Tls)
        return;
    m_state = State::Head;
    readyRead();
}

void Handshake::readyRead()
{
    if (!m_socket)
        return;
    if (m_state == State::Answering) {
        closeWhenRead();
        return;
    }
    if (m_state != State::Head || m_socket->bytesAvailable() == 0)
        return;
    const QByteArray bytes = m_socket->peek(kDefaultHeadLimit + 1);
    const ParsedHead parsed = parseRequestHead(bytes);
    if (parsed.state == HeadState::Incomplete)
        return;
    m_head = parsed.head;
    if (parsed.state == HeadState::Complete)
        headComplete();
    else
        refuse(refusalOfHead(parsed));
}

void Handshake::headComplete()
{
    const bool isTls = qobject_cast<QSslSocket *>(m_socket) != nullptr;
    const QHostAddress socketPeer = m_socket->peerAddress();
    m_peer = peerOf(m_head, socketPeer, m_socket->peerPort(), isTls, m_gate.m_config);
    const bool isProxy = m_gate.m_config.isTrustedProxy(socketPeer);
    if (!isTls && !socketPeer.isLoopback() && !isProxy) {
        refuse(refusalOfPlainPeer());
        return;
    }
    GateDecision decision = decideRequest(m_head, m_peer, m_gate.context(m_peer));
    m_target = decision.target;
    switch (decision.action) {
    case GateDecision::Action::Refuse:
        m_presentation.isDpop = credentialOf(m_head).isDpop;
        refuse(decision.refusal);
        return;
    case GateDecision::Action::Probe:
        answer(m_gate.probe(m_head));
        return;
    case GateDecision::Action::Verify:
        m_state = State::Verifying;
        m_token = decision.credential;
        m_presentation = {decision.isDpop,
                          decision.proof,
                          m_gate.m_services.proofs.requestUrl(m_head, m_peer.secure, isProxy),
                          m_target->requireDpop,
                          {}};
        // The verifier answers within its own patience; this one only catches a verifier that does not.
        m_alarm.start(RemoteIssuer::kPatience + 1s);
        m_gate.m_services.verifier.verify(decision.credential, this,
                                          [this](const Result<Identity> &verdict) { verified(verdict); });
        return;
    case GateDecision::Action::Accept:
        Q_UNREACHABLE();
    }
}

void Handshake::verified(const Result<Identity> &verdict)
{
    if (m_state != State::Verifying || !m_socket)
        return;
    ConnectionCaps::Refusal caps = ConnectionCaps::Refusal::None;
    const QString user = verdict ? verdict->issuer + u' ' + verdict->subject : QString();
    if (verdict) {
        caps =
            m_gate.m_services.caps.check(m_target->path, user, m_target->limits.connections, m_target->limits.connectionsPerUser);
    }
    const WallTime now = m_gate.m_services.clock.wallNow();
    Possession possession{m_presentation.isDpop, {}};
    if (verdict)
        possession.problem = m_gate.m_services.proofs.check(*verdict, m_token, m_presentation);
    m_token.clear();
    const GateDecision decision = decideIdentity(m_target, verdict, caps, now, possession);
    if (decision.action == GateDecision::Action::Accept)
        admit(verdict);
    else
        refuse(decision.refusal, verdict ? &*verdict : nullptr);
}

void Handshake::admit(const Result<Identity> &verdict)
{
    Admission admission;
    admission.target = m_target;
    admission.identity = *verdict;
    admission.peer = m_peer;
    admission.origin = clientText(m_head.value("Origin"));
    admission.userAgent = clientText(m_head.value("User-Agent"));
    admission.host = clientText(m_head.value("Host"));
    admission.query = m_head.query;
    admission.url = m_presentation.url;
    admission.at = m_gate.m_services.clock.wallNow();
    admission.slot = m_gate.m_services.caps.take(m_target->path, verdict->issuer + u' ' + verdict->subject);
    if (const auto *secure = qobject_cast<QSslSocket *>(m_socket)) {
        admission.tlsProtocol = protocolName(secure->sessionProtocol());
        admission.cipher = secure->sessionCipher().name();
    }
    QTcpSocket *socket = m_socket;
    socket->disconnect(this);
    socket->setReadBufferSize(0);
    m_socket.clear();
    Q_EMIT m_gate.admitted(socket, admission);
    end();
}

void Handshake::refuse(const Refusal &refusal, const Identity *identity)
{
    Refusal answered = refusal;
    if (const QByteArray nonce = m_gate.m_services.proofs.nonce(); m_presentation.isDpop && !nonce.isEmpty())
        answered.headers.emplace_back("DPoP-Nonce", nonce);
    const QString ref = m_gate.record(refusal, m_head, m_peer, identity);
    answer(answerOf(answered, ref));
}

void Handshake::answer(const QByteArray &bytes)
{
    if (!m_socket)
        return;
    m_state = State::Answering;
    m_alarm.start(kAnswerTime);
    m_socket->write(bytes);
    m_socket->flush();
    const bool wasReadWhole = m_head.size > 0 && m_socket->bytesAvailable() <= m_head.size;
    m_discarded += m_socket->readAll().size();
    if (wasReadWhole && m_socket)
        m_socket->disconnectFromHost();
    else
        m_alarm.start(kLinger);
}

void Handshake::closeWhenRead()
{
    m_discarded += m_socket->readAll().size();
    if (m_discarded > kMostDiscarded)
        m_socket->abort();
}

void Handshake::timedOut()
{
    if (!m_socket) {
        end();
        return;
    }
    switch (m_state) {
    case State::Head:
        if (m_socket->bytesAvailable() > 0)
            refuse(refusalOfSlowHead());
        else
            m_socket->abort();
        return;
    case State::Verifying:
        verified(Error(ErrorCode::TemporarilyUnavailable, u"the token could not be checked in time"_s));
        return;
    case State::Answering:
        // Either the time to linger is over, or the peer does not take the answer.
        if (m_socket->state() == QAbstractSocket::ConnectedState && m_socket->bytesToWrite() == 0) {
            m_alarm.start(kAnswerTime);
            m_socket->disconnectFromHost();
        } else {
            m_socket->abort();
        }
        return;
    case State::Tls:
    case State::Ended:
        m_socket->abort();
        return;
    }
}

void Handshake::end()
{
    if (m_state == State::Ended)
        return;
    m_state = State::Ended;
    m_alarm.cancel();
    m_gate.handshakeEnded(this);
}

} // namespace Watchword::Gateway
