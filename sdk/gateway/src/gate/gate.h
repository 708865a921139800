// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/admission.h"
#include "gate/listener.h"
#include "gate/metrics.h"
#include "limit/addressrates.h"

#include <QHash>
#include <QObject>
#include <QSet>

#include <functional>

namespace Watchword::Gateway {

class AuditLog;
class Handshake;
class TokenVerifier;

//! What the gate borrows; all of it outlives the gate.
struct GateServices
{
    Clock &clock;
    AuditLog &audit;
    TokenVerifier &verifier;
    ConnectionCaps &caps;
    Metrics &metrics;
    ProofChecker &proofs;
    std::function<QByteArray()> readiness; //!< Empty text: ready; else what is missing.
};

/*!
    Stands before the WebSocket server: accepts sockets, waits for the head of the request, has the token verified, and
    either answers with the right HTTP error or hands the untouched socket on (protocol.md section 1).

    A socket that is not handed on lives at most headTimeout, plus RemoteIssuer::kPatience for the token, plus two seconds
    for the answer; at most maxHandshakes of them live at once.

    Threads: one. Ownership: owns sockets until accepted(), whose receiver takes them.
*/
class Gate : public QObject
{
    Q_OBJECT

public:
    Gate(const GatewayConfig &config, const GateServices &services, QObject *parent = nullptr);
    ~Gate() override;

    Result<void> open();
    void drain(); //!< Goes on listening; upgrades are refused with 503, and /readyz says why.
    void close(); //!< Stops listening; handshakes go on and are refused with 503.
    quint16 port() const;
    QHostAddress address() const;
    Result<void> reload(const GatewayConfig &config); //!< Certificate, targets and limits; all or nothing.
    std::optional<int> certificateDaysLeft() const;

Q_SIGNALS:
    //! The receiver owns \a socket, whose request has not been read yet.
    void admitted(QTcpSocket *socket, const Watchword::Gateway::Admission &admission);

private:
    friend class Handshake;
    void take(QTcpSocket *socket);
    void handshakeEnded(Handshake *handshake);
    GateContext context(const GatePeer &peer);
    //! Writes the refusal to the audit and returns its id for the answer.
    QString record(const Refusal &refusal, const RequestHead &head, const GatePeer &peer, const Identity *identity);
    QByteArray probe(const RequestHead &head);

    GatewayConfig m_config;
    GateServices m_services;
    Listener m_listener;
    QList<std::shared_ptr<const GateTarget>> m_targets;
    AddressRates m_rates;
    QSet<Handshake *> m_handshakes;
    QSslConfiguration m_tls;
    bool m_isDraining = false;
    struct LimitRecord
    {
        QString ref;
        Instant until{};
        int count = 0;
    };
    QHash<QString, LimitRecord> m_limitRecords; // one audit entry an address in ten seconds, not one a refusal
};

//! Every path of \a config that can be connected to.
QList<std::shared_ptr<const GateTarget>> targetsOf(const GatewayConfig &config);

} // namespace Watchword::Gateway
