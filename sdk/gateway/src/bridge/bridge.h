// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/bridgeport.h"
#include "bridge/clientsocket.h"
#include "net/reactorpool.h"
#include "watchword/core/testexport.h"

#include <QHash>
#include <QObject>
#include <QPointer>

namespace Watchword::Gateway {

class Bridge;
class ReactorSocket;

/*!
    A request on a connection that waits for its answer. One of answer() and upgrade() ends it; without either the connection
    is dropped after half a minute. Does nothing when the connection or the bridge has gone. Threads: the bridge's.
*/
class WATCHWORD_TEST_EXPORT PendingRequest
{
public:
    PendingRequest() = default;
    PendingRequest(Bridge &bridge, const Net::StreamId &id, std::shared_ptr<const HeadArrival> arrival);

    const HeadArrival &arrival() const { return *m_arrival; }
    void answer(const QByteArray &response) const; //!< Writes it and closes.
    void drop() const; //!< Closes without a word.
    /*!
        Answers a valid upgrade with 101 and \a subprotocol, which may be empty. With \a compression the client's offer of it
        is accepted. The caller owns the socket; null when the bridge has gone. A client that has gone meanwhile is told by
        disconnected().
    */
    std::unique_ptr<ClientSocket> upgrade(const QString &subprotocol, const SocketRules &rules,
                                          const std::optional<Wire::DeflateOptions> &compression = {}) const;
    //! The 101 with \a subprotocol and its empty line, for who upgrades it himself.
    QByteArray switchAnswer(const QString &subprotocol) const;
    Bridge *bridge() const { return m_bridge; } //!< Null when it has gone.
    const Net::StreamId &id() const { return m_id; }

private:
    QPointer<Bridge> m_bridge;
    Net::StreamId m_id;
    std::shared_ptr<const HeadArrival> m_arrival;
};

/*!
    Between the Qt thread, which decides and serves, and the reactors, which own the connections. Values pass it, in batches:
    heads of requests, messages, ends one way; answers, upgrades, messages the other. The Qt thread never waits for a reactor
    and no reactor for it; when the Qt thread is slow, the connections are not read (see BridgePort), and what it sends to a
    slow client is counted in ClientSocket::queuedBytes().

    Threads: it lives in the Qt thread; factory() may be called by any reactor. Life cycle: reactors run from the constructor
    to the destructor; listeners on its pool end before it. Sockets may outlive it and are dead then.
*/
class WATCHWORD_TEST_EXPORT Bridge : public QObject
{
    Q_OBJECT

public:
    explicit Bridge(int threads, QObject *parent = nullptr); //!< 0: as many as the machine has cores.
    ~Bridge() override;

    Net::ReactorPool &pool() { return m_pool; }
    Net::Listener::HandlerFactory factory(); //!< Of what a listener accepts.

Q_SIGNALS:
    void requestArrived(const Watchword::Gateway::PendingRequest &request);

private:
    friend class PendingRequest;
    friend class ReactorSocket;

    static quint64 keyOf(const Net::StreamId &id) { return quint64(id.reactor) << 56 ^ quint64(id.generation) << 24 ^ id.index; }
    void send(ToReactor command);
    void take();
    void deliver(const ToCore &message);

    Net::ReactorPool m_pool;
    Net::Mailbox<ToCore> m_toCore;
    std::vector<std::unique_ptr<BridgePort>> m_ports;
    QHash<quint64, ReactorSocket *> m_sockets;
    std::vector<ToCore> m_batch;
    std::vector<ToReactor> m_command;
};

} // namespace Watchword::Gateway
