// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/attemptlog.h"
#include "connection/link.h"
#include "connection/outbox.h"
#include "connection/requests.h"
#include "connection/roomcursor.h"
#include "machine/wakedetector.h"

#include "watchword/link/connection.h"
#include "watchword/link/connectionmachine.h"
#include "watchword/link/networkhints.h"

#include <QPointer>
#include <QTimer>

#include <atomic>
#include <deque>
#include <optional>

namespace Watchword {

/*! Executes what the ConnectionMachine decides, and turns what happens into its events. */
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
    void perform(const M::CloseTransport &action);
    void perform(const M::DropTransport &action);
    void perform(const M::SendPing &action);
    void perform(const M::SendRenewal &action);
    void perform(const M::BecomeReady &action);
    void perform(const M::ReportRenewed &action);
    void perform(const M::ReportExpiry &action);
    void perform(const M::ReportRtt &action);
    void perform(const M::ReportError &action);
    void perform(const M::ReportWait &action);
    void perform(const M::ReportClosed &action);
    void perform(const M::SwapTransport &action);
    void perform(const M::EndDrain &action);
    void perform(const M::PromoteReplacement &action);
    void perform(const M::AbandonReplacement &action);
    void perform(const M::ReportReplacement &action);

    void tellMetricsEachSecond();
    void countMetrics(); //!< Has metricsChanged() emitted while somebody listens.
    void watchSurroundings(); //!< Sleep and network, from open() to the end.
    void onHints();
    void updateFacts();
    void setLastError(const Error &error);
    QDateTime dateOf(Instant instant) const;
    void beginRecord(M::AttemptId id, const QString &why);
    void finishRecord(M::AttemptId id, const QString &next, bool willRetry, const QDateTime &nextTryAt = {});
    void closedWithBadOptions(const Error &error);

    // The transports.
    Link *linkOf(M::AttemptId id); //!< Null if there is none any more.
    void watch(Transport *transport, M::AttemptId id);
    void onOpened(M::AttemptId id, const QString &subprotocol);
    void onEnded(M::AttemptId id, const TransportEnd &end);
    void onText(M::AttemptId id, const QString &text);
    void takeText(M::AttemptId id, const QString &text); //!< Of the connection in use, in its turn.
    void onBinary(M::AttemptId id, const QByteArray &bytes);
    void onPong(M::AttemptId id, quint64 nonce);
    void retire(Link &gone);
    void sendPing(Link &to, quint64 nonce);
    void onTokenResult(M::AttemptId id, const Result<AccessToken> &result);

    // One connection takes the place of another.
    void useReplacement();
    void discardReplacement();
    void onTextBeside(M::AttemptId id, const QString &text);
    void onTextOfLeaving(const QString &text);
    void holdBack(HeldBack message);
    void deliverHeldBack();
    void releaseOutgoing();
    void checkDrained();

    // Frames and messages.
    void onFrame(M::AttemptId id, const QString &text);
    void onHello(M::AttemptId id, const QJsonObject &fields);
    void onBye(M::AttemptId id, const QJsonObject &fields);
    void onAcknowledgedMessage(M::AttemptId id, const Frame &frame);
    void reply(M::AttemptId id, const Frame &frame); //!< On the connection that the question came from.
    void deliverText(const QString &text);
    void deliverBinary(const QByteArray &bytes);
    std::optional<Instant> instantOf(const Link &from, const QJsonValue &secondsSinceEpoch) const;
    Result<void> send(Message message, Delivery delivery, const DeliveryOptions *more = nullptr,
                      std::shared_ptr<QPromise<Result<void>>> promise = {});
    QFuture<Result<void>> sendAcknowledged(const QByteArray &message, const DeliveryOptions &more);
    static Result<void> accepted(const QFuture<Result<void>> &future);
    void flushHeld();
    void armDeadlines();
    void onDeadline();
    qint64 bytesQueued() const; //!< On the connection in use.
    Result<void> checkRoom(qint64 size);
    void transmit(const Message &message);
    void put(Message message); //!< As it travels.
    void pumpAcknowledged();
    void onBytesWritten();

    // Rooms and questions.
    void roomsUp();
    void roomsDown();
    void stepRoom(const QString &room, const RoomCursor::Event &event);
    void performRoom(const QString &room, const RoomCursor::Send &action);
    void performRoom(const QString &room, const RoomCursor::Deliver &action);
    void performRoom(const QString &room, const RoomCursor::ReportGap &action);
    void performRoom(const QString &room, const RoomCursor::FetchSnapshot &action);
    void performRoom(const QString &room, const RoomCursor::ReportLive &action);
    // What the token needs to be sent.
    Result<void> canSend(const AccessToken &token) const;
    bool tokenIsHere(const Link &at) const; //!< That server got it, and may get the next one.
    bool rememberNonce(M::AttemptId id, const QJsonValue &value); //!< True if there was one.
    void onRenewalRefused(M::AttemptId id, const QJsonObject &fields);

    // Servers that want the token in their own way.
    bool strategyOpened(Link &opened); //!< True if the server has to answer first.
    void onStrategyText(M::AttemptId id, const QString &text);
    void onNotice(M::AttemptId id, const AuthStrategy::Notice &notice);

    Link &roomLink() { return leaving ? *leaving : link; } //!< Rooms move when that one is drained.
    bool onRoomFrame(const Frame &frame); //!< False if the room is not followed.
    void onResponse(const Frame &frame);

    Connection *const q;
    QPointer<TokenProvider> tokens;
    const bool usesTokens;
    ConnectionOptions options;
    Clock &clock;
    Alarm alarm;
    Alarm deadlines; //!< Of messages.
    M machine;
    AttemptLog log;
    Outbox outbox;
    SeenIds seen;
    Requests requests;
    std::map<QString, RoomCursor> rooms;
    quint64 roomGeneration = 0; //!< Grows when a room is left.
    SnapshotSource snapshotSource;

    QPointer<NetworkHints> hints; //!< Null: nobody knows.
    bool networkWasDown = false;
    WakeDetector wakes;
    QTimer wakeTimer;
    QTimer metricsTimer;
    ConnectionMetrics counts;
    bool wasReady = false; //!< Since open().
    Instant readySince;

    std::deque<M::Event> events;
    bool running = false;

    Link link; //!< In use, or the attempt that will be.
    std::optional<Link> successor; //!< The attempt to replace it.
    std::optional<Link> leaving; //!< What was replaced, until it is drained.
    M::AttemptId recordId = 0; //!< Of the last record that is not of a replacement.
    std::deque<HeldBack> heldBack; //!< Came on successor, or on link before leaving was drained.
    qint64 heldBackBytes = 0;
    bool holdsIncoming = false; //!< What comes on link has to wait.
    std::deque<Message> outgoing; //!< For link, until the server has read all that was sent on leaving.
    qint64 outgoingBytes = 0;
    bool holdsOutgoing = false;
    bool offersReady = false; //!< Between BecomeReady and the end of that transport.
    bool wantsDrain = false;
    bool badOptions = false;
    std::atomic<bool> listenersChanged = true; //!< Since the last message; connecting may be done by any thread.
    bool wantsBytes = false; //!< Somebody listens to messageReceived().
    std::optional<ErrorCode> warnedOf; //!< Once is loud enough.

    State state = State::Disconnected;
    Error lastError{ErrorCode::Cancelled};
    QDateTime nextRetryAt;
    int attempt = 0;
    qint64 rttMs = -1;
    QDateTime tokenExpiresAt;
};

} // namespace Watchword
