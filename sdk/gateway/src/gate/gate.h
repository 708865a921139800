// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/bridge.h"
#include "gate/admission.h"
#include "gate/metrics.h"
#include "gate/ticketstore.h"
#include "limit/addressrates.h"
#include "limit/memorylimits.h"

#include <QHash>
#include <QObject>
#include <QSet>
#include <QSslCertificate>
#include <QSslConfiguration>

#include <functional>

namespace Watchword::Gateway {

class AssertionSigner;
class AuditLog;
class FailedAuth;
class Handshake;
class LockBook;
class SessionLives;
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
    Bridge &bridge;
    AssertionSigner &assertions;
    const LockBook &locks;
    SessionLives &sessions;
    FailedAuth &failures;
    std::function<QByteArray()> readiness; //!< Empty text: ready; else what is missing.
    std::function<void(Metrics &)> countServers; //!< Fills in what the other listeners counted.
};

/*!
    Listens, and decides about what the reactors accepted and read: has the token of each request verified, and either
    answers with the right HTTP error or hands the request on to be upgraded (protocol.md section 1).

    A connection that is not handed on lives at most headTimeout, plus RemoteIssuer::kPatience for the token, plus what a slow
    client needs to take the answer; at most maxHandshakes of them live at once.

    Threads: one. Ownership: borrows the bridge, whose reactors own the connections.
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
    QHostAddress reachableAddress() const; //!< From this machine.
    Result<void> reload(const GatewayConfig &config); //!< Certificate, targets and limits; all or nothing.
    std::optional<int> certificateDaysLeft() const;
    QSslCertificate certificate() const { return m_tls.localCertificate(); } //!< Null without TLS.
    //! For an admitted request that cannot be served after all: recorded and answered like every other refusal.
    void refuse(const PendingRequest &request, const Admission &admission, const Refusal &refusal);

Q_SIGNALS:
    //! The receiver upgrades \a request.
    void admitted(const Watchword::Gateway::PendingRequest &request, const Watchword::Gateway::Admission &admission);
    //! Who it is came in the first message: the receiver owns \a socket.
    void authenticated(Watchword::Gateway::ClientSocket *socket, const Watchword::Gateway::Admission &admission);

private:
    friend class Handshake;
    void take(const PendingRequest &request);
    Result<Net::Listener::Generation> readGeneration(const GatewayConfig &config);
    void countSockets();
    void look(); //!< Once a second at what the reactors counted, and at the memory.
    void setMemoryLimit();
    void handshakeEnded(Handshake *handshake);
    bool mayWait(const QString &network) const; //!< One more of it may be open without having said who it is.
    void countWaiting(const QString &network, int change);
    GateContext context(const GatePeer &peer);
    int unknownPathRate() const;
    struct Refused
    {
        const RequestHead &head;
        const GatePeer &peer;
        const Identity *identity; //!< Null: nobody knows who it was.
        std::shared_ptr<const GateTarget> target; //!< Null: nobody knows what it wanted.
    };
    //! Records it, answers in the way that the target asks for, and calls \a then, unless \a context has gone.
    void answerRefusal(const PendingRequest &request, const Refusal &refusal, const Refused &who, const QObject *context,
                       std::function<void()> then);
    //! Writes the refusal to the audit or counts it there, and calls \a then with an event's id for the answer, unless
    //! \a context has gone. The id is empty if none could be written.
    void record(const Refusal &refusal, const Refused &who, const QObject *context, std::function<void(const QString &ref)> then);
    QByteArray probe(const RequestHead &head);

    GatewayConfig m_config;
    GateServices m_services;
    std::shared_ptr<Net::TicketKeys> m_ticketKeys;
    std::unique_ptr<Net::Listener> m_listener;
    Alarm m_look;
    MemoryLimit m_memory;
    HeapTrim m_trim;
    quint64 m_looks = 0;
    quint64 m_turnedAway = 0; // as far as the log says
    QList<std::shared_ptr<const GateTarget>> m_targets;
    AddressRates m_rates;
    TicketStore m_tickets;
    QHash<QString, int> m_waiting; // for "auth", by network
    int m_allWaiting = 0;
    QSet<Handshake *> m_handshakes;
    QSslConfiguration m_tls;
    QByteArray m_securityText;
    bool m_isDraining = false;
};

//! Every path of \a config that can be connected to.
QList<std::shared_ptr<const GateTarget>> targetsOf(const GatewayConfig &config);

} // namespace Watchword::Gateway
