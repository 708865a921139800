// SPDX-License-Identifier: Apache-2.0
#include "watchword/testing/faultytransport.h"

#include <algorithm>

namespace Watchword {

TransportFactory FaultyTransport::factory(const std::shared_ptr<Network> &network)
{
    return [network](const ConnectionOptions &) -> std::unique_ptr<Transport> {
        return std::make_unique<FaultyTransport>(network);
    };
}

FaultyTransport::FaultyTransport(std::shared_ptr<Network> network)
    : m_network(std::move(network))
{
}

FaultyTransport::~FaultyTransport()
{
    die();
}

void FaultyTransport::start(const Secret &token, const QString &)
{
    m_alive = true;
    m_network->current = this;
    ++m_network->started;
    m_network->mostAlive = std::max(m_network->mostAlive, ++m_network->alive);
    m_network->tokenFingerprints.append(token.fingerprint());
    if (m_network->onStart) {
        QMetaObject::invokeMethod(
            this,
            [this] {
                if (m_alive)
                    m_network->onStart(this);
            },
            Qt::QueuedConnection);
    }
}

void FaultyTransport::die()
{
    if (std::exchange(m_alive, false))
        --m_network->alive;
}

void FaultyTransport::sendText(const QString &text)
{
    if (m_alive)
        m_texts.append(text);
}

void FaultyTransport::sendBinary(const QByteArray &bytes)
{
    if (m_alive)
        m_binaries.append(bytes);
}

void FaultyTransport::ping(const QByteArray &payload)
{
    if (m_alive)
        m_pings.append(payload);
}

void FaultyTransport::close(int code, const QString &)
{
    m_closeCode = code;
}

void FaultyTransport::abort()
{
    die();
}

qint64 FaultyTransport::bytesQueued() const
{
    return m_queued;
}

void FaultyTransport::open(const QString &subprotocol)
{
    if (!m_alive)
        return;
    for (const AttemptPhase phase : {AttemptPhase::Tcp, AttemptPhase::Tls, AttemptPhase::Upgrade})
        Q_EMIT phaseReached(phase);
    Q_EMIT opened(subprotocol);
}

void FaultyTransport::receiveText(const QString &text)
{
    if (!m_alive)
        return;
    Q_EMIT activity();
    Q_EMIT textReceived(text);
}

void FaultyTransport::receiveBinary(const QByteArray &bytes)
{
    if (!m_alive)
        return;
    Q_EMIT activity();
    Q_EMIT binaryReceived(bytes);
}

void FaultyTransport::receivePong(const QByteArray &payload)
{
    if (!m_alive)
        return;
    Q_EMIT activity();
    Q_EMIT pongReceived(payload);
}

void FaultyTransport::end(const TransportEnd &end)
{
    if (!m_alive)
        return;
    die();
    Q_EMIT ended(end);
}

void FaultyTransport::setBytesQueued(qint64 bytes)
{
    const bool fell = bytes < m_queued;
    m_queued = bytes;
    if (fell)
        Q_EMIT bytesWritten();
}

} // namespace Watchword
