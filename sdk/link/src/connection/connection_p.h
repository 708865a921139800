// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/attemptlog.h"
#include "connection/rooms.h"
#include "connection/sender.h"
#include "connection/surroundings.h"
#include "connection/swap.h"
#include "machine/connectionmachine.h"

#include "watchword/link/connection.h"

#include <QPointer>
#include <QTimer>

#include <atomic>
#include <deque>
#include <optional>

namespace Watchword {

/*!
    Executes what the ConnectionMachine decides, and turns what happens into its events. connection.cpp: the public
    face; connection_attempts.cpp: transports; connection_facts.cpp: what is known and told; connection_incoming.cpp: what comes.
*/
class Connection::Private
{
public:
    using M = ConnectionMachine;

    Private(Connection *connection, TokenProvider *provider, ConnectionOptions o);
    ~Private();

    // Events are worked off one after another, so that a slot called from inside a signal cannot overtake.
    void post(M::Event event);

    void perform(const M::RequestToken &action);
    void perform(const M::StartTransport &action);
    void perform(const M::TreatAsPlain &) { } // a fact
    void perform(const M::CloseTransport &action);
    void perform(const M::DropTransport &action);
    void perform(const M::SendPing &action);
    void perform(const M::SendRenewal &action);
    void perform(const M::BecomeReady &action);
    void perform(const M::ReportRenewed &action);
    void perform(const M::ReportExpiry &) { }
    void perform(const M::ReportRtt &) { }
    void perform(const M::ReportError &action);
    void perform(const M::ReportWait &action);
    void perform(const M::ReportClosed &action);
    void perform(const M::SwapTransport &action);
    void perform(const M::EndDrain &action);
    void perform(const M::PromoteReplacement &action);
    void perform(const M::AbandonReplacement &action);
    void perform(const M::ReportReplacement &action);

    // Facts
    struct Facts
    {
        State state = State::Disconnected;
        Error lastError{ErrorCode::Cancelled};
        QDateTime nextRetryAt{};
        int attempt = 0;
        qint64 rttMs = -1;
        QDateTime tokenExpiresAt{};
        bool watchword = false;
        QString subprotocol{};
    };
    void noteFacts(const M::Actions &actions); //!< All of them, before anything is done or told.
    void tell(const Facts &before); //!< What changed, the state last.
    void noteNegotiated();
    void complain(const Error &error); //!< It becomes lastError, and errorOccurred() tells it.
    void countState();
    void tellMetricsEachSecond();
    void countDown(); //!< To the next attempt, while somebody listens.
    QDateTime dateOf(Instant instant) const;
    void finishRecord(M::AttemptId id, const QString &next, bool willRetry, const QDateTime &nextTryAt = {});
    void finishRecords(M::AttemptId id, const QString &next, bool willRetry, const QDateTime &nextTryAt = {});
    void refuseOptions(const Error &error);
    Result<void> follow(const QString &room, const RoomPosition &after, decltype(&Rooms::follow) how);
    void leave(const QString &room, decltype(&Rooms::leave) how);

    // The transports.
    void watch(Transport *transport, M::AttemptId id);
    void onOpened(M::AttemptId id, const QString &subprotocol);
    void onEnded(M::AttemptId id, const TransportEnd &end);
    void onPong(M::AttemptId id, quint64 nonce);
    void onTokenResult(M::AttemptId id, const Result<AccessToken> &result);
    void retire(Link &gone);
    void discardReplacement();
    void sendPing(Link &to, quint64 nonce);
    void checkDrained();
    void deliverHeldBack();

    // What the token needs to be sent.
    Result<void> canSend(const AccessToken &token) const;
    bool tokenIsHere(const Link &at) const; //!< That server got it, and may get the next one.
    bool rememberNonce(M::AttemptId id, const QJsonValue &value); //!< True if there was one.

    // What comes.
    void onText(M::AttemptId id, const QString &text);
    void takeText(Link &from, const QString &text); //!< Of the connection in use, in its turn.
    void onTextBeside(M::AttemptId id, const QString &text);
    void onTextOfLeaving(const Link &from, const QString &text);
    void onBinary(M::AttemptId id, const QByteArray &bytes);
    void holdBack(HeldBack message);
    void spokePlainly(HeldBack message);
    void deliverText(const QString &text);
    void deliverBinary(const QByteArray &bytes);
    void onFrame(M::AttemptId id, const QString &text);
    void onHello(M::AttemptId id, const QJsonObject &fields);
    void onBye(M::AttemptId id, const QJsonObject &fields);
    void onRenewalRefused(M::AttemptId id, const QJsonObject &fields);
    void onAcknowledgedMessage(M::AttemptId id, const Frame &frame);
    void onResponse(const Frame &frame);
    void reply(M::AttemptId id, const Frame &frame); //!< On the connection that the question came from.
    std::optional<Instant> instantOf(const Link &from, const QJsonValue &secondsSinceEpoch) const;

    // Servers that want the token in their own way.
    bool strategyOpened(Link &opened); //!< True if the server has to answer first.
    void onStrategyText(M::AttemptId id, const QString &text);
    void onNotice(M::AttemptId id, const AuthStrategy::Notice &notice);

    Connection *const q;
    QPointer<TokenProvider> tokens;
    const bool usesTokens;
    ConnectionOptions options;
    Clock &clock;
    Alarm alarm;
    Alarm nextSecond; //!< Of secondsToRetry().
    M machine;
    std::deque<M::Event> events; //!< The first one is being worked off.
    Facts facts;
    AttemptLog log;
    M::AttemptId recordId = 0; //!< Of the last record that is not of a replacement and not finished.
    Swap swap;
    ConnectionMetrics counts;
    Sender sender;
    Rooms rooms;
    Surroundings surroundings;
    SeenIds seen;
    QTimer metricsTimer;
    qint64 connectsBeforeOpen = 0;
    Instant readySince;
    std::optional<Error> refusedOptions; //!< open() was called with them, and closed() tells it soon.
    enum class Bytes { Unknown, Asked, Wanted, Unwanted }; //!< Whether somebody listens to messageReceived().
    std::atomic<Bytes> bytes = Bytes::Unknown; //!< Connecting may be done by any thread.
    std::optional<ErrorCode> warnedOf; //!< Once is loud enough.
};

} // namespace Watchword
