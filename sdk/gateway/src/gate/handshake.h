// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/bridge.h"
#include "gate/firstmessage.h"
#include "gate/gate.h"

namespace Watchword::Gateway {

/*!
    One request from its head to the answer, and with CredentialWay::FirstMessage to the client's "auth". Ends exactly once by
    calling Gate::handshakeEnded(), with the request answered, handed on or dropped.
*/
class Handshake : public QObject
{
    Q_OBJECT

public:
    Handshake(const PendingRequest &request, Gate &gate);
    ~Handshake() override;

    void begin();

private:
    enum class State { New, Awaiting, Verifying, Answering, Ended };

    void spendTickets();
    void headComplete();
    void verify(const GateDecision &decision);
    void verifyToken(const Secret &token);
    void verifyTicket();
    bool isStillDecided(); //!< Looks again where a reload came in between.
    void awaitAuth();
    void authReceived(const Secret &token, const QByteArray &proof);
    void alarmDue();
    void verified(const Result<Identity> &answer);
    std::optional<ProofProblem> proofProblem(const Identity &identity);
    Refusal countFailure(const Refusal &refusal, const Identity *identity);
    void admit(const Identity &identity);
    void sellTicket(const Identity &identity);
    void answerRefusal(const Refusal &refusal, const Identity *identity);
    void closeRefused(const Refusal &refusal, const QString &ref);
    void refuse(const Refusal &refusal, const Identity *identity = nullptr);
    void answer(const QByteArray &bytes);
    void end();

    Gate &m_gate;
    PendingRequest m_request;
    Alarm m_alarm;
    State m_state = State::New;
    RequestHead m_head;
    GatePeer m_peer;
    std::shared_ptr<const GateTarget> m_target;
    Presentation m_presentation;
    Secret m_token;
    std::optional<Refusal> m_settled; // whatever the verifier says
    std::optional<TicketStore::Entry> m_ticket; // that was presented, and is spent
    bool m_isByTicket = false; // possession was shown when it was bought
    bool m_wantsTicket = false;
    std::unique_ptr<FirstMessage> m_first;
    QString m_waitingNetwork; // counted at the gate until it ends
};

} // namespace Watchword::Gateway
