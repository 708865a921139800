// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/bridge.h"

namespace Watchword::Gateway {

/*! A ClientSocket of a Bridge. */
class ReactorSocket : public ClientSocket
{
    Q_OBJECT

public:
    ReactorSocket(Bridge &bridge, const Net::StreamId &id, const QString &subprotocol, const QString &tlsProtocol,
                  std::shared_ptr<SocketGauge> gauge);
    ~ReactorSocket() override;

    QString subprotocol() const override { return m_subprotocol; }
    QString tlsProtocol() const override { return m_tlsProtocol; }
    void sendUtf8(const QByteArray &text) override;
    void sendBinary(const QByteArray &data) override;
    void ping(const QByteArray &payload) override;
    void close(int code, const QString &reason) override;
    void abort() override;
    qint64 queuedBytes() const override;
    quint64 receivedBytes() const override { return m_gauge->received; }
    void setRules(const SocketRules &rules) override;
    void setReadPaused(bool isPaused) override;
    int closeCode() const override { return m_closeCode; }
    QString closeReason() const override { return m_closeReason; }
    QString fault() const override { return m_fault; }
    QString brokenLimit() const override { return m_brokenLimit; }
    qint64 brokenValue() const override { return m_brokenValue; }
    bool wasSilent() const override { return m_wasSilent; }
    std::chrono::milliseconds idleTime() const override;
    std::optional<std::chrono::milliseconds> roundTrip() const override;

    void deliver(const ToCore &message);

protected:
    virtual void eventReceived(const BridgeEvent &) { }
    void run(std::function<void(BridgePort &port, Net::Stream *stream)> task); //!< In the reactor; nothing after the end.
    void setSubprotocol(const QString &subprotocol) { m_subprotocol = subprotocol; }
    void setEnded(); //!< The connection is somebody else's from now on.
    const std::shared_ptr<SocketGauge> &gauge() const { return m_gauge; }

private:
    enum class State { Open, Closing, Ended };
    void send(ToReactor::Kind kind, const QByteArray &bytes = {}, quint16 code = 0);

    QPointer<Bridge> m_bridge;
    const Net::StreamId m_id;
    QString m_subprotocol;
    const QString m_tlsProtocol;
    const std::shared_ptr<SocketGauge> m_gauge;
    State m_state = State::Open;
    int m_closeCode = 1006;
    QString m_closeReason;
    QString m_fault;
    QString m_brokenLimit;
    qint64 m_brokenValue = 0;
    bool m_wasSilent = false;
};

} // namespace Watchword::Gateway
