// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/clientsocket.h"
#include "endpoint/peerclose.h"
#include "endpoint/peerrecord.h"
#include "endpoint/sessionlives.h"
#include "limit/sharedrates.h"
#include "watchword/core/frame.h"

#include <deque>

namespace Watchword::Gateway {

class EndpointService;

/*!
    One accepted connection: keeps the token fresh and the limits, and speaks the control frames of watchword.v1 (protocol.md
    section 2). What others see of it is its PeerRecord's. Clients without that subprotocol get no control
    frame and are cut at exp + grace all the same.

    Life cycle: start(), then ended() exactly once, after which the owner deletes it. Calls after ended() do nothing.
    Threads: one. Ownership: owns the socket; borrows service and services.
*/
class Peer : public QObject
{
    Q_OBJECT

public:
    Peer(QString id, std::unique_ptr<ClientSocket> socket, const Admission &admission, EndpointService &service,
         PeerServices &services, QObject *parent = nullptr);
    ~Peer() override;

    void start();
    QString id() const { return m_id; }
    const Identity &identity() const { return m_identity; }
    const Admission &admission() const { return m_admission; }
    QString subprotocol() const;
    bool speaksControl() const { return m_control; }
    bool isOpen() const { return m_state == State::Open; }
    Clock &clock() const { return m_services.clock; }
    Instant openedAt() const { return m_openedAt; }
    ClientSocket &socket() const { return *m_socket; }
    const EndpointService &service() const { return m_service; }

    void sendText(const QString &applicationText); //!< Escaped where that is needed.
    void sendBinary(const QByteArray &data);
    void sendFrame(const Frame &frame); //!< Nothing on plain connections.
    void sendControlText(const QByteArray &utf8); //!< What Frame::toText() gave, for many receivers at once.
    void acknowledge(const QString &messageId);
    void answer(const QString &requestId, const QByteArray &payload); //!< To a "req".
    void refuse(const QString &requestId, const QString &code, const QString &reason, const QJsonObject &members = {});
    void close(const PeerClose &close);
    void finish(const PeerClose &close); //!< Closes when what serves the endpoint has no more for it.
    void endNow(CloseCode code); //!< Nothing is waited for: ended() comes before it returns.
    void announceEnd(Duration in, const QString &reason); //!< "reconnect"
    //! A frame that breaks the protocol: closes with 1002.
    void closeForProtocol(const QString &what);
    //! Writes limit.hit and closes.
    void closeForLimit(const QString &limit, CloseCode code, qint64 value, qint64 most, Duration after);
    //! Counts it, and has it in the audit; what is relayed is held back already.
    void slowedDown(const RateBreach &breach);
    //! Not read, by the service's wish; what was sent before can still come.
    void setHeld(bool isHeld);
    const RateShares &rateShares() const { return m_shares; }
    qint64 queuedBytes() const; //!< Bytes that the peer has not taken.

    //! Counters, slow readers, and the row: once a second for who is in PeerServices::changed.
    void look();
    //! The same for all others, whose last sign of life and round trip nobody told of: once a heartbeat is enough.
    void refresh();
    std::size_t place() const { return m_place; } //!< Among those that are refreshed in turn; the owner's.
    void setPlace(std::size_t place) { m_place = place; }
    Duration heartbeat() const { return m_services.heartbeat; }
    void setTarget(const std::shared_ptr<const GateTarget> &target); //!< After a reload.
    //! What an "auth.refresh" does.
    struct Renewal
    {
        Secret token;
        std::optional<QByteArray> proof{}; //!< The member "dpop".
    };
    void renew(const Renewal &renewal);

Q_SIGNALS:
    void ended();

private:
    enum class State { New, Open, Closing, Ended };

    void textReceived(const QString &text);
    void binaryReceived(const QByteArray &data);
    struct Arrival
    {
        bool isText = false;
        QString text;
        QByteArray binary;
        qint64 bytes = 0;
    };
    void arrived(Arrival arrival);
    bool isWithinLimits(qint64 bytes);
    bool isInTime(qint64 bytes);
    void use(const Arrival &arrival);
    void waitFor(const RateBreach &breach);
    void countRelayed();
    void changed(); //!< look() is called within a second.
    void controlReceived(const QString &text);
    bool handleFrame(const Frame &frame);
    void messageReceived(const Frame &frame);
    void renewed(const Renewal &renewal, const Result<Identity> &verdict);
    void takeIdentity(const Identity &identity);
    void proofFailed(const ProofProblem &problem);
    void renewalFailed(int code, const QString &reason, const QString &auditReason, const QByteArray &nonce = {});
    void countRefusedToken(); //!< Closes when these were too many.
    void applyIdentity(const Identity &identity);
    bool mayQueue(); //!< False when it is not open; if too much waits for it, it is closed.
    void write(const QByteArray &controlUtf8);
    void sendHello();
    void armAlarm();
    void alarmDue();
    void cut();
    void readAgain();
    void planIdle();
    Duration quietTime() const; //!< As the endpoint counts it.
    void closeIdle();
    void applicationSpoke(); //!< The client's: what its person does.
    void planSession();
    bool lookAtSession(); //!< False: it is over, and the connection with it.
    void planStepUp();
    void askForStepUp(const QString &auditReason);
    void finishClose();
    void disconnected();
    void auditClosed(int code, const QString &reason);

    QString m_id;
    std::unique_ptr<ClientSocket> m_socket;
    Admission m_admission;
    Identity &m_identity; // of the admission; a renewal changes it there
    EndpointService &m_service;
    PeerServices &m_services;
    PeerRecord m_record;
    State m_state = State::New;
    bool m_control = false;
    Deadlines::Entry m_alarm; // the next of: auth.due, cut, step-up, end of closing
    std::optional<Instant> m_dueAt;
    std::optional<Instant> m_cutAt;
    std::optional<Instant> m_stepUpAt; // the sign-in gets too old for the endpoint
    PeerClose m_close;
    std::optional<Instant> m_closeAt;
    bool m_closedByUs = false;
    RateShares m_shares;
    ConnectionRates m_rates;
    bool m_isHeld = false; // by the service
    std::optional<Instant> m_readAt; // it was too fast, and is not read until then
    std::deque<Arrival> m_arrivals; // what was read before it was known that they are too fast
    std::optional<Instant> m_idleAt; // to be looked at
    Instant m_messageAt{}; // the last one of the application, in either direction
    ClientSocket::Relayed m_relayed; // when it was looked at
    SessionWatch m_session;
    std::optional<Instant> m_sessionAt; // to be looked at
    bool m_isRenewing = false;
    std::optional<Renewal> m_nextRenewal;
    Instant m_openedAt{};
    SocketRules m_rules;
    std::optional<std::size_t> m_changedAt; // its place in PeerServices::changed
    std::size_t m_place = 0;
};

} // namespace Watchword::Gateway
