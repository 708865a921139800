// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/rooms.h"
#include "connection/sender.h"
#include "connection/tokencourier.h"

namespace Watchword {

/*!
    What comes on the links of a Connection: messages of the application in their order, frames about the connection as events
    of its machine, and what servers of other protocols say.

    What comes on a link that takes over, or before the server accepted it, is held back until its time has come; see Swap.

    Threads: one. Ownership: borrows all. The Sink may call back and change everything, but not destroy this object.
*/
class WATCHWORD_TEST_EXPORT Receiver
{
public:
    /*! Who gets what came. */
    class Sink
    {
    public:
        virtual void onText(const QString &text) = 0;
        virtual void onBinary(const QByteArray &bytes) = 0;
        virtual void onAcknowledged(const QByteArray &text) = 0; //!< A message that is acknowledged; UTF-8.
        virtual void onFrame(const Frame &frame) = 0; //!< One that is not about the connection.
        virtual void onBye(const Bye &bye) = 0;
        virtual void onFault(const Error &error) = 0; //!< What came cannot be used. The link lives on.
        virtual void onEnd(Link::Id id, const TransportEnd &end) = 0; //!< The link is as good as ended.

    protected:
        ~Sink() = default;
    };
    //! Of the ping behind everything that was sent on the link that is drained; heartbeats count from 1.
    static constexpr quint64 kDrainPing = 9'000'000'000'000'000;

    Receiver(ConnectionContext &context, TokenCourier &tokens, Sender &sender, Rooms &rooms, Sink &sink);

    void takeText(Link::Id id, const QString &text);
    void takeBinary(Link::Id id, const QByteArray &bytes);
    void takePong(Link::Id id, quint64 nonce);
    void takeHeldBack(); //!< All whose time has come.
    void checkDrained(); //!< Whether the link that is drained has answered everything: Drained.

private:
    void takeInTurn(Link &from, const QString &text);
    void takeOutOfTurn(const Link &from, const QString &text);
    void holdBack(HeldBack message);
    void spokePlainly(HeldBack message);
    void deliverText(const QString &text);
    void deliverBinary(const QByteArray &bytes);
    void count(qint64 bytes);
    void takeFrame(Link::Id id, const Result<Frame> &parsed);
    void takeHello(Link::Id id, const QJsonObject &fields);
    void takeBye(Link::Id id, const QJsonObject &fields);
    void takeRenewalRefusal(Link::Id id, const QJsonObject &fields);
    void takeMessage(Link::Id id, const Frame &frame);
    void takeResponse(const Frame &frame);
    void reply(Link::Id id, const Frame &frame); //!< On the link that the question came from.
    void takeStrategyText(Link::Id id, const QString &text);
    void takeNotice(Link::Id id, const AuthStrategy::Notice &notice);

    ConnectionContext &m_context;
    TokenCourier &m_tokens;
    Sender &m_sender;
    Rooms &m_rooms;
    Sink &m_sink;
    SeenIds m_seen;
};

} // namespace Watchword
