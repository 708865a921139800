// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/gate.h"

#include <QPointer>
#include <QTcpSocket>

namespace Watchword::Gateway {

/*!
    One socket on its way from accept to the answer. Ends exactly once by calling Gate::handshakeEnded(), with the socket
    handed on or about to be closed.
*/
class Handshake : public QObject
{
    Q_OBJECT

public:
    Handshake(QTcpSocket *socket, Gate &gate);
    ~Handshake() override;

private:
    enum class State { Tls, Head, Verifying, Answering, Ended };

    void encrypted();
    void readyRead();
    void headComplete();
    void verified(const Result<Identity> &verdict);
    void admit(const Result<Identity> &verdict);
    void refuse(const Refusal &refusal, const Identity *identity = nullptr);
    void answer(const QByteArray &bytes);
    void closeWhenRead();
    void timedOut();
    void end();

    Gate &m_gate;
    QPointer<QTcpSocket> m_socket;
    Alarm m_alarm;
    State m_state = State::Tls;
    RequestHead m_head;
    GatePeer m_peer;
    std::shared_ptr<const GateTarget> m_target;
    Presentation m_presentation;
    Secret m_token;
    qint64 m_discarded = 0;
};

} // namespace Watchword::Gateway
