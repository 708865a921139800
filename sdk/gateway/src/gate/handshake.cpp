// SPDX-License-Identifier: Apache-2.0
#include "gate/handshake.h"

#include "endpoint/endpointrules.h"
#include "gate/closeanswer.h"
#include "gate/credential.h"
#include "gate/ticketanswers.h"
#include "gate/tokenverifier.h"
#include "limit/failedauth.h"
#include "lock/lockbook.h"

#include <QRandomGenerator>

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
    connect(&m_alarm, &Alarm::due, this, &Handshake::alarmDue);
}

Handshake::~Handshake()
{
    if (m_state != State::Ended && !m_first)
        m_request.drop();
}

void Handshake::begin()
{
    spendTickets();
    if (m_request.arrival().parsed.isGood())
        headComplete();
    else
        refuse(refusalOfHead(m_request.arrival().parsed));
}

// Who presents a ticket has shown it to whoever reads URLs on the way: it is of no use from then on, whatever the answer is.
void Handshake::spendTickets()
{
    const QList<Secret> tickets = ticketsIn(m_head.query);
    for (const Secret &ticket : tickets) {
        if (auto entry = m_gate.m_tickets.take(ticket, m_gate.m_services.clock.now()))
            m_ticket = std::move(entry);
    }
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
    GateContext context = m_gate.context(m_peer);
    context.isTicketOfProgram = m_ticket && m_ticket->origin.isEmpty();
    const GateDecision decision = decideRequest(m_head, m_peer, context);
    m_target = decision.target;
    m_wantsTicket = decision.wantsTicket;
    m_presentation.isDpop = decision.isDpop;
    m_presentation.url = m_gate.m_services.proofs.requestUrl(m_head, m_peer.secure, isProxy);
    m_presentation.mustBeBound = m_target && m_target->requireDpop;
    switch (decision.action) {
    case GateDecision::Action::Refuse:
        m_presentation.isDpop = credentialOf(m_head).isDpop;
        refuse(decision.refusal);
        return;
    case GateDecision::Action::Probe:
        answer(m_target ? preflightAnswer(m_head) : m_gate.probe(m_head));
        return;
    case GateDecision::Action::Verify:
        verify(decision);
        return;
    case GateDecision::Action::AwaitAuth:
        awaitAuth();
        return;
    case GateDecision::Action::Accept:
        Q_UNREACHABLE();
    }
}

void Handshake::verify(const GateDecision &decision)
{
    m_settled = decision.settled;
    m_presentation.proof = decision.proof;
    if (decision.wantsTicket)
        m_presentation.method = m_head.method;
    if (decision.isTicket)
        verifyTicket();
    else
        verifyToken(decision.credential);
}

void Handshake::verifyToken(const Secret &token)
{
    m_state = State::Verifying;
    m_token = token;
    // The verifier answers within its own patience; this one only catches a verifier that does not.
    m_alarm.start(RemoteIssuer::kPatience + 1s);
    m_gate.m_services.verifier.verify(
        token, this, [this](const Result<Identity> &verdict) { verified(verdict); }, m_peer.address);
}

void Handshake::verifyTicket()
{
    m_state = State::Verifying;
    m_isByTicket = true;
    if (!m_ticket)
        verified(Error(ErrorCode::RevokedOrExpired, u"the ticket was used, has ended, or was never sold"_s));
    else if (m_ticket->path != m_target->path || m_ticket->origin != m_head.value("Origin"))
        verified(Error(ErrorCode::WrongAudience, u"the ticket is for another endpoint or Origin"_s));
    else
        verifyToken(m_ticket->token);
}

void Handshake::awaitAuth()
{
    const QString network = AddressRates::networkOf(m_peer.address);
    if (!m_gate.mayWait(network)) {
        Refusal tooMany =
            Refusal::until(503, "Try again later", u"max_handshakes"_s, u"too many connections have not said who they are"_s, 5s);
        tooMany.auditType = u"limit.hit"_s;
        refuse(tooMany);
        return;
    }
    const Duration time = m_target->limits.authTime;
    std::unique_ptr<ClientSocket> socket = m_request.upgrade(QLatin1StringView(kSubprotocol), FirstMessage::rules(time));
    if (!socket) {
        end();
        return;
    }
    m_waitingNetwork = network;
    m_gate.countWaiting(network, 1);
    m_state = State::Awaiting;
    m_first = std::make_unique<FirstMessage>(
        std::move(socket), [this](const Secret &token, const QByteArray &proof) { authReceived(token, proof); });
    connect(m_first.get(), &FirstMessage::spoiled, this, [this](const QString &reasonCode, const QString &message) {
        refuse(Refusal::of(400, "Who are you", reasonCode, message));
    });
    connect(m_first.get(), &FirstMessage::left, this, [this](const QString &limit) {
        Refusal gone = limit.isEmpty()
            ? Refusal::of(401, "Sign-in needed", u"no_credential"_s, u"the client left before it said who it is"_s)
            : Refusal::of(400, "Who are you", limit, u"the first message was too much"_s);
        if (!limit.isEmpty())
            gone.auditType = u"limit.hit"_s;
        refuse(gone);
    });
    m_alarm.start(time);
}

void Handshake::authReceived(const Secret &token, const QByteArray &proof)
{
    if (m_state != State::Awaiting)
        return;
    m_presentation.isDpop = !proof.isNull();
    m_presentation.proof = proof;
    if (m_gate.m_isDraining)
        refuse(Refusal::until(503, "Going down", u"draining"_s, u"the gateway is going down"_s, 2s));
    else if (isStillDecided())
        verifyToken(token);
}

// What was decided about the request holds for the endpoints of then. Who waited beside a reload is judged by those of now.
bool Handshake::isStillDecided()
{
    if (!m_target || m_gate.m_targets.contains(m_target))
        return true;
    GateContext context = m_gate.context(m_peer);
    context.handshakeRate = {}; // it was taken
    context.isTicketOfProgram = m_ticket && m_ticket->origin.isEmpty();
    const GateDecision decision = decideRequest(m_head, m_peer, context);
    const GateDecision::Action before = m_first ? GateDecision::Action::AwaitAuth : GateDecision::Action::Verify;
    m_target = decision.target;
    if (decision.action == before && decision.wantsTicket == m_wantsTicket && decision.isTicket == m_isByTicket) {
        m_settled = decision.settled;
        m_presentation.mustBeBound = m_target && m_target->requireDpop;
        return true;
    }
    Refusal changed = decision.action == GateDecision::Action::Refuse
        ? decision.refusal
        : Refusal::of(403, "Not allowed any more", u"policy_changed"_s, u"the endpoint changed meanwhile"_s);
    if (m_first)
        changed.closeCode = int(CloseCode::PolicyChanged);
    refuse(changed);
    return false;
}

void Handshake::alarmDue()
{
    if (m_state == State::Awaiting)
        refuse(Refusal::of(408, "Request timeout", u"auth_timeout"_s, u"the client did not say in time who it is"_s));
    else
        verified(Error(ErrorCode::TemporarilyUnavailable, u"the token could not be checked in time"_s));
}

std::optional<ProofProblem> Handshake::proofProblem(const Identity &identity)
{
    // Who bought the ticket has shown the key.
    if (m_isByTicket && !identity.keyThumbprint.isEmpty())
        return {};
    return m_gate.m_services.proofs.check(identity, m_token, m_presentation);
}

void Handshake::verified(const Result<Identity> &answer)
{
    if (m_state != State::Verifying || !isStillDecided())
        return;
    // The verifier knows the locks on people, but not from where they come.
    const auto lock = answer ? m_gate.m_services.locks.lockOn(*answer, m_peer.address) : std::nullopt;
    const Result<Identity> verdict = lock ? Result<Identity>(lock->toError(m_gate.m_services.clock.wallNow())) : answer;
    Possession possession{m_presentation.isDpop, {}};
    if (verdict)
        possession.problem = proofProblem(*verdict);
    const Identity *identity = verdict ? &*verdict : nullptr;
    if (m_settled) {
        if (m_target && m_target->hidden)
            m_target.reset(); // whatever the answer is, it is that of a path that is not there
        refuse(countFailure(decideSettled(*m_settled, verdict, possession), identity), identity);
        return;
    }
    if (m_first && possession.problem && possession.problem->kind == ProofProblem::Kind::NonceWanted
        && m_first->askAgain(m_gate.m_services.proofs.nonce())) {
        m_state = State::Awaiting;
        m_alarm.start(m_target->limits.authTime);
        return;
    }
    ConnectionCaps::Refusal caps = ConnectionCaps::Refusal::None;
    const int ofUser = m_target->limits.replacesOldest ? 0 : m_target->limits.connectionsPerUser;
    if (verdict && !m_wantsTicket) {
        caps = m_gate.m_services.caps.check(m_target->path, verdict->issuer + u' ' + verdict->subject,
                                            m_target->limits.connections, ofUser);
    }
    const WallTime now = m_gate.m_services.clock.wallNow();
    std::optional<SessionEnd> sessionEnd;
    if (verdict)
        sessionEnd = m_gate.m_services.sessions.judge(*verdict, *m_target, m_gate.m_services.clock.now(), now);
    const GateDecision decision = decideIdentity(m_target, verdict, caps, now, possession, sessionEnd);
    if (decision.action != GateDecision::Action::Accept) {
        m_target = decision.target;
        refuse(countFailure(decision.refusal, identity), identity);
    } else if (m_wantsTicket) {
        sellTicket(*verdict);
    } else {
        admit(*verdict);
    }
}

// Whoever guesses hears of it; who shares his address, or the name of an account, does not.
Refusal Handshake::countFailure(const Refusal &refusal, const Identity *identity)
{
    const bool isOfCredential = refusal.status == 401 || refusal.status == 403 || refusal.status == 404;
    if (!isOfCredential || refusal.reasonCode == "dpop_nonce"_L1)
        return refusal;
    const std::optional<Duration> wait = m_gate.m_services.failures.count(m_peer.address, identity);
    return wait ? Refusal::ofFailures(*wait) : refusal;
}

void Handshake::sellTicket(const Identity &identity)
{
    const Instant now = m_gate.m_services.clock.now();
    Duration lifetime = TicketStore::kAge;
    if (identity.expiresAt)
        lifetime = std::clamp<Duration>(*identity.expiresAt - m_gate.m_services.clock.wallNow(), 1s, lifetime);
    const QByteArray ticket = m_gate.m_tickets.add(
        {m_token, m_target->path, m_head.value("Origin"), identity.issuer + u' ' + identity.subject, now + lifetime}, now);
    m_token.clear();
    if (!ticket.isEmpty()) {
        answer(ticketAnswer(m_head, ticket, std::chrono::duration_cast<std::chrono::seconds>(lifetime)));
        return;
    }
    Refusal tooMany = Refusal::until(429, "Too many tickets", u"tickets"_s, u"too many tickets wait to be used"_s, 10s);
    tooMany.auditType = u"limit.hit"_s;
    refuse(tooMany, &identity);
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
    admission.query = m_isByTicket ? withoutTicket(m_head.query) : m_head.query;
    admission.url = m_presentation.url.toEncoded();
    admission.at = m_gate.m_services.clock.wallNow();
    admission.slot = m_gate.m_services.caps.take(m_target->path, identity.issuer + u' ' + identity.subject);
    admission.tlsProtocol = arrival.tlsProtocol;
    admission.cipher = arrival.cipher;
    if (m_first) {
        std::unique_ptr<ClientSocket> socket = m_first->release();
        socket->setRules(rulesOf(*m_target, m_gate.m_config.heartbeat));
        end();
        Q_EMIT m_gate.authenticated(socket.release(), admission);
        return;
    }
    const PendingRequest request = m_request;
    end();
    Q_EMIT m_gate.admitted(request, admission);
}

void Handshake::refuse(const Refusal &refusal, const Identity *identity)
{
    if (m_state == State::Answering)
        return; // more came behind a first message that is refused already
    Refusal answered = refusal;
    m_token.clear();
    if (const QByteArray nonce = m_gate.m_services.proofs.nonce(); m_presentation.isDpop && !nonce.isEmpty())
        answered.headers.emplace_back("DPoP-Nonce", nonce);
    if (m_target && m_head.path == kTicketPath)
        showToPage(answered, m_head, *m_target);
    spreadReturn(answered, QRandomGenerator::global()->generateDouble());
    m_state = State::Answering;
    m_alarm.cancel();
    answerRefusal(answered, identity);
}

// Who is told a reference finds it in the audit: the answer waits until the event is written.
void Handshake::answerRefusal(const Refusal &refusal, const Identity *identity)
{
    if (!m_first) {
        m_gate.answerRefusal(m_request, refusal, {m_head, m_peer, identity, m_target}, this, [this] { end(); });
        return;
    }
    Refusal closing = refusal;
    if (!closing.closeCode)
        closing.closeCode = int(closeCodeOf(refusal));
    m_gate.record(closing, {m_head, m_peer, identity, m_target}, this,
                  [this, closing](const QString &ref) { closeRefused(closing, ref); });
}

void Handshake::closeRefused(const Refusal &refusal, const QString &ref)
{
    PeerClose close{.code = CloseCode(*refusal.closeCode), .after = refusal.retryAfter.value_or(Duration()), .ref = ref};
    if (close.code == CloseCode::StepUpRequired)
        close.members = stepUpMembers(*m_target);
    m_first->refuse(close);
    end();
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
    if (!m_waitingNetwork.isEmpty())
        m_gate.countWaiting(m_waitingNetwork, -1);
    m_gate.handshakeEnded(this);
}

} // namespace Watchword::Gateway
