// SPDX-License-Identifier: Apache-2.0
#include "gate/handshake.h"

#include "gate/credential.h"
#include "gate/tokenverifier.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

Handshake::Handshake(const PendingRequest &request, Gate &gate)
    : m_gate(gate)
    , m_request(request)
    , m_alarm(gate.m_services.clock)
    , m_head(request.arrival().parsed.head)
    , m_peer{request.arrival().peer, request.arrival().peerPort, false, false}
{
    connect(&m_alarm, &Alarm::due, this,
            [this] { verified(Error(ErrorCode::TemporarilyUnavailable, u"the token could not be checked in time"_s)); });
}

Handshake::~Handshake()
{
    if (m_state != State::Ended)
        m_request.drop();
}

void Handshake::begin()
{
    if (m_request.arrival().parsed.isGood())
        headComplete();
    else
        refuse(refusalOfHead(m_request.arrival().parsed));
}

void Handshake::headComplete()
{
    const HeadArrival &arrival = m_request.arrival();
    m_peer = peerOf(m_head, arrival.peer, arrival.peerPort, arrival.isSecure, m_gate.m_config);
    const bool isProxy = m_gate.m_config.isTrustedProxy(arrival.proxy);
    if (!arrival.isSecure && !arrival.proxy.isLoopback() && !isProxy) {
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
    if (m_state != State::Verifying)
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
        admit(*verdict);
    else
        refuse(decision.refusal, verdict ? &*verdict : nullptr);
}

void Handshake::admit(const Identity &identity)
{
    const HeadArrival &arrival = m_request.arrival();
    Admission admission;
    admission.target = m_target;
    admission.identity = identity;
    admission.peer = m_peer;
    admission.origin = clientText(m_head.value("Origin"));
    admission.userAgent = clientText(m_head.value("User-Agent"));
    admission.host = clientText(m_head.value("Host"));
    admission.path = m_head.path;
    admission.query = m_head.query;
    admission.url = m_presentation.url;
    admission.at = m_gate.m_services.clock.wallNow();
    admission.slot = m_gate.m_services.caps.take(m_target->path, identity.issuer + u' ' + identity.subject);
    admission.tlsProtocol = arrival.tlsProtocol;
    admission.cipher = arrival.cipher;
    const PendingRequest request = m_request;
    end();
    Q_EMIT m_gate.admitted(request, admission);
}

void Handshake::refuse(const Refusal &refusal, const Identity *identity)
{
    Refusal answered = refusal;
    if (const QByteArray nonce = m_gate.m_services.proofs.nonce(); m_presentation.isDpop && !nonce.isEmpty())
        answered.headers.emplace_back("DPoP-Nonce", nonce);
    m_state = State::Answering;
    m_alarm.cancel();
    // Who is told a reference finds it in the audit: the answer waits until the event is written.
    m_gate.answerRefusal(m_request, answered, {m_head, m_peer, identity, m_target}, this, [this] { end(); });
}

void Handshake::answer(const QByteArray &bytes)
{
    m_request.answer(bytes);
    end();
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
