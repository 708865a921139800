// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/connectionfacts.h"
#include "connection/links.h"

#include <QMetaMethod>
#include <QTimer>

#include <atomic>
#include <deque>
#include <optional>

namespace Watchword {

/*!
    Works off the events of the ConnectionMachine, executes what it decides, and tells it. What comes is the Receiver's, what
    goes the Sender's, the transports are in Links.
*/
class Connection::Private final : public Receiver::Sink
{
public:
    using M = ConnectionMachine;

    Private(Connection *connection, TokenProvider *provider, ConnectionOptions options);

    // Events are worked off one after another, so that a slot called from inside a signal cannot overtake.
    void post(M::Event event);
    template <auto Signal>
    bool hears() const //!< Whether somebody listens to it.
    {
        static const QMetaMethod method = QMetaMethod::fromSignal(Signal);
        return q->isSignalConnected(method);
    }

    void perform(const M::RequestToken &action);
    void perform(const M::StartTransport &action);
    void perform(const M::CloseTransport &action);
    void perform(const M::DropTransport &action) { links.drop(action.id, action.code); }
    void perform(const M::SendPing &action) { links.ping(action); }
    void perform(const M::SendRenewal &action) { tokens.renew(action); }
    void perform(const M::BecomeReady &action);
    void perform(const M::ReportRenewed &) { Q_EMIT q->tokenRenewed(); }
    void perform(const M::ReportError &action);
    void perform(const M::ReportWait &action);
    void perform(const M::ReportClosed &action);
    void perform(const M::SwapTransport &action);
    void perform(const M::EndDrain &action);
    void perform(const M::PromoteReplacement &action);
    void perform(const M::AbandonReplacement &action);
    void perform(const M::ReportReplacement &action);
    void perform(const auto &) { } // a fact

    void onText(const QString &text) override;
    void onBinary(const QByteArray &bytes) override;
    void onAcknowledged(const QByteArray &text) override;
    void onFrame(const Frame &frame) override { Q_EMIT q->frameReceived(frame); }
    void onBye(const Bye &bye) override { Q_EMIT q->byeReceived(bye); }
    void onFault(const Error &error) override; //!< It becomes lastError, and errorOccurred() tells it.
    void onEnd(Link::Id id, const TransportEnd &end) override { links.end(id, end); }

    void tell(const ConnectionFacts &before); //!< What changed, the state last.
    void tellNegotiated();
    void countState();
    void tellMetricsEachSecond();
    void countDown(); //!< To the next attempt, while somebody listens.
    void tellFailure(const ConnectError &failure);
    void tellNotice(const Error &problem);
    void refuseOptions();

    Connection *const q;
    ConnectionContext context;
    Alarm alarm;
    Alarm nextSecond; //!< Of secondsToRetry().
    QTimer metricsTimer{};
    std::deque<M::Event> events{}; //!< The first one is being worked off.
    ConnectionFacts facts{};
    qint64 connectsBeforeOpen = 0;
    Instant readySince{};
    std::optional<Error> refusedOptions{}; //!< open() was called with them, and closed() tells it soon.
    enum class Bytes { Unknown, Asked, Wanted, Unwanted }; //!< Whether somebody listens to messageReceived().
    std::atomic<Bytes> bytes = Bytes::Unknown; //!< Connecting may be done by any thread.
    std::optional<ErrorCode> warnedOf{}; //!< Once is loud enough.
    TokenCourier tokens;
    Sender sender;
    Rooms rooms;
    Receiver receiver;
    Surroundings surroundings;
    Links links;
};

} // namespace Watchword
