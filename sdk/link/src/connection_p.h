// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attemptlog_p.h"
#include "outbox_p.h"

#include "watchword/link/connection.h"
#include "watchword/link/connectionmachine.h"

#include <QPointer>

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

    void updateFacts();
    void setLastError(const Error &error);
    void closedWithBadOptions(const Error &error);

    // The transport of the present attempt.
    void onOpened(M::AttemptId id, const QString &subprotocol);
    void onEnded(M::AttemptId id, const TransportEnd &end);
    void onText(M::AttemptId id, const QString &text);
    void onBinary(const QByteArray &bytes);
    void retireTransport();
    void onTokenResult(M::AttemptId id, const Result<AccessToken> &result);

    // Frames and messages.
    void onFrame(M::AttemptId id, const QString &text);
    void onHello(M::AttemptId id, const QJsonObject &fields);
    void onBye(M::AttemptId id, const QJsonObject &fields);
    void onAcknowledgedMessage(const Frame &frame);
    void deliverText(const QString &text);
    std::optional<Instant> instantOf(const QJsonValue &secondsSinceEpoch) const;
    Result<void> send(Message message, Delivery delivery);
    Result<void> checkRoom(qint64 size);
    void transmit(const Message &message);
    void pumpAcknowledged();
    void onBytesWritten();

    Connection *const q;
    QPointer<TokenProvider> tokens;
    const bool usesTokens;
    ConnectionOptions options;
    Clock &clock;
    Alarm alarm;
    M machine;
    AttemptLog log;
    Outbox outbox;
    SeenIds seen;

    std::deque<M::Event> events;
    bool running = false;

    std::unique_ptr<Transport> transport;
    AccessToken token; //!< Of the last TokenReady.
    bool offersReady = false; //!< Between BecomeReady and the end of that transport.
    bool watchword = false;
    qint64 largestMessage = 0; //!< What the server said it accepts; 0 if it said nothing.
    std::optional<qint64> serverTimeMs; //!< At serverTimeAt.
    Instant serverTimeAt;
    bool wantsDrain = false;
    bool badOptions = false;

    State state = State::Disconnected;
    Error lastError { ErrorCode::Cancelled };
    QDateTime nextRetryAt;
    int attempt = 0;
    qint64 rttMs = -1;
    QString subprotocol;
    QDateTime tokenExpiresAt;
};

} // namespace Watchword
