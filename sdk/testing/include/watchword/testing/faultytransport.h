// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/connectionoptions.h"
#include "watchword/link/transport.h"
#include "watchword/testing/export.h"

#include <QJsonObject>
#include <QPointer>
#include <QStringList>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace Watchword {

/*!
    A Transport without a network, played by the test: for a Connection with a ManualClock.

        auto network = std::make_shared<FaultyTransport::Network>();
        options.transport = FaultyTransport::factory(network);
        ...
        network->current->open("watchword.v1");
        network->current->receiveText(Frame("hello").toText());
        network->current->end({.closeCode = 1006});

    Or as a script, one entry for each attempt that comes:

        network->next(FaultyTransport::refuse(429, 5s));
        network->next(FaultyTransport::fail(ErrorCode::HostNotFound));
        network->next(FaultyTransport::accept("watchword.v1"));

    A script is played at the next turn of the event loop after start(). When there is none left Network::onStart is, if set;
    else the server is silent.
    Threads: one. Ownership: of transports by their Connection; current becomes null when it goes.
*/
class WATCHWORD_TESTING_EXPORT FaultyTransport final : public Transport
{
    Q_OBJECT

public:
    /*! What all attempts of one test share. */
    using Script = std::function<void(FaultyTransport *transport)>;
    struct Network
    {
        void next(Script script) { scripts.push_back(std::move(script)); }
        std::deque<Script> scripts;
        QPointer<FaultyTransport> current; //!< The newest one.
        QList<QPointer<FaultyTransport>> transports; //!< All that were started; null when they are gone.
        int started = 0;
        int alive = 0; //!< Started, not ended and not aborted.
        int mostAlive = 0;
        QStringList tokenFingerprints; //!< One entry a start.
        Script onStart;
        //! Called with what a client sent, at the next turn of the event loop and only while it is connected.
        std::function<void(FaultyTransport *transport, const QString &text)> onText;
        std::function<void(FaultyTransport *transport, const QByteArray &payload)> onPing; //!< WebSocket pings.
    };
    static Script accept(const QString &subprotocol = {}, const QJsonObject &hello = {}); //!< With "hello" on watchword.v1.
    static Script withoutHello(); //!< Accepts watchword.v1 and stays silent.
    static Script refuse(int status, std::optional<std::chrono::milliseconds> retryAfter = {});
    static Script fail(ErrorCode code); //!< DNS, TCP, TLS, proxy: what never got an HTTP answer.
    static Script silent(); //!< Never answers.
    static Script closeEarly(int code, const QString &subprotocol = {}); //!< Accepts and closes with \a code at once.
    static Script drop(const QString &subprotocol = {}); //!< Accepts and drops without a close frame.

    static TransportFactory factory(const std::shared_ptr<Network> &network);

    explicit FaultyTransport(std::shared_ptr<Network> network, const QUrl &url);
    ~FaultyTransport() override;

    void start(const AccessToken &token) override;
    QUrl authorizedUrl() const override;
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
    void later(Script script);
    void die();

    std::shared_ptr<Network> m_network;
    const QUrl m_url;
    QStringList m_texts;
    QList<QByteArray> m_binaries;
    QList<QByteArray> m_pings;
    qint64 m_queued = 0;
    int m_closeCode = 0;
    bool m_alive = false;
};

} // namespace Watchword
