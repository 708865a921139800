// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/connectionoptions.h"
#include "watchword/link/transport.h"
#include "watchword/testing/export.h"

#include <QPointer>
#include <QStringList>

#include <deque>
#include <functional>
#include <memory>

namespace Watchword {

/*!
    A Transport without a network, played by the test: for a Connection with a ManualClock.

        auto network = std::make_shared<FaultyTransport::Network>();
        options.transport = FaultyTransport::factory(network);
        ...
        network->current->open("watchword.v1");
        network->current->receiveText(Frame("hello").toText());
        network->current->end({.closeCode = 1006});

    Network::onStart, if set, is called at the next turn of the event loop after each start() and may play at once.
    Threads: one. Ownership: of transports by their Connection; current becomes null when it goes.
*/
class WATCHWORD_TESTING_EXPORT FaultyTransport final : public Transport
{
    Q_OBJECT

public:
    /*! What all attempts of one test share. */
    struct Network
    {
        QPointer<FaultyTransport> current; //!< The newest one.
        int started = 0;
        int alive = 0; //!< Started, not ended and not aborted.
        int mostAlive = 0;
        QStringList tokenFingerprints; //!< One entry a start.
        std::function<void(FaultyTransport *transport)> onStart;
    };
    static TransportFactory factory(const std::shared_ptr<Network> &network);

    explicit FaultyTransport(std::shared_ptr<Network> network);
    ~FaultyTransport() override;

    void start(const Secret &token, const QString &scheme) override;
    void sendText(const QString &text) override;
    void sendBinary(const QByteArray &bytes) override;
    void ping(const QByteArray &payload) override;
    void close(int code, const QString &reason) override;
    void abort() override;
    qint64 bytesQueued() const override;

    // The test plays the server.
    void open(const QString &subprotocol = {});
    void receiveText(const QString &text);
    void receiveBinary(const QByteArray &bytes);
    void receivePong(const QByteArray &payload);
    void end(const TransportEnd &end);
    void setBytesQueued(qint64 bytes); //!< Emits bytesWritten() when it went down.

    QStringList texts() const { return m_texts; } //!< What the client sent.
    QList<QByteArray> binaries() const { return m_binaries; }
    QList<QByteArray> pings() const { return m_pings; }
    int closeCode() const { return m_closeCode; } //!< Of the client's close(); 0 before.
    bool isAlive() const { return m_alive; }

private:
    void die();

    std::shared_ptr<Network> m_network;
    QStringList m_texts;
    QList<QByteArray> m_binaries;
    QList<QByteArray> m_pings;
    qint64 m_queued = 0;
    int m_closeCode = 0;
    bool m_alive = false;
};

} // namespace Watchword
