// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/bridge.h"
#include "gate/gate.h"

namespace Watchword::Gateway {

/*!
    One request from its head to the answer. Ends exactly once by calling Gate::handshakeEnded(), with the request answered,
    handed on or dropped.
*/
class Handshake : public QObject
{
    Q_OBJECT

public:
    Handshake(const PendingRequest &request, Gate &gate);
    ~Handshake() override;

    void begin();

private:
    enum class State { New, Verifying, Answering, Ended };

    void headComplete();
    void verified(const Result<Identity> &verdict);
    void admit(const Identity &identity);
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
};

} // namespace Watchword::Gateway
