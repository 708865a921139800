// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/receiver.h"
#include "connection/surroundings.h"

#include <QObject>

namespace Watchword {

/*!
    The transports of a Connection: executes what the ConnectionMachine decides about them, and tells it what becomes of them.
    Which of them is in use, and what one gets behind the other, is in the Swap.

    Threads: one. Ownership: of the transports; borrows the rest. Its end closes them (1000) without waiting, and nothing is
    told.
*/
class WATCHWORD_TEST_EXPORT Links : public QObject
{
    Q_OBJECT

public:
    Links(ConnectionContext &context, TokenCourier &tokens, Sender &sender, Rooms &rooms, Receiver &receiver,
          const Surroundings &surroundings);
    ~Links() override;

    void start(const ConnectionMachine::StartTransport &action);
    void end(Link::Id id, const TransportEnd &end); //!< It ended, or is as good as ended.
    void close(const ConnectionMachine::CloseTransport &action);
    void drop(Link::Id id, int code); //!< At once; \a code 0 sends no close frame.
    void dropCurrent() { retire(m_context.swap.current()); }
    void ping(const ConnectionMachine::SendPing &action);
    bool takeOver(Link::Id id); //!< The replacement is in use. False: it is not that one.
    bool endDrain(Link::Id id); //!< What is outstanding goes on on the link in use. False: it is not the one that is drained.
    void promote(); //!< The link in use is gone, and the replacement is all that is left.
    void discard(int code); //!< The replacement is not wanted any more; \a code as for drop().

Q_SIGNALS:
    void negotiated(); //!< What the server speaks is known.
    void noticed(const Watchword::Error &problem); //!< Worth telling; the attempt goes on.

private:
    void watch(Transport *transport, Link::Id id);
    void onOpened(Link::Id id, const QString &subprotocol);
    bool sendStrategysFirst(const Link &opened); //!< True if the server has to answer before the connection is in use.
    void retire(Link &gone);

    ConnectionContext &m_context;
    TokenCourier &m_tokens;
    Sender &m_sender;
    Rooms &m_rooms;
    Receiver &m_receiver;
    const Surroundings &m_surroundings;
};

} // namespace Watchword
