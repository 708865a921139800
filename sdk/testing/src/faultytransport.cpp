// SPDX-License-Identifier: Apache-2.0
#include "watchword/testing/faultytransport.h"

#include "watchword/core/frame.h"

#include <algorithm>

namespace Watchword {

TransportFactory FaultyTransport::factory(const std::shared_ptr<Network> &network)
{
    return [network](const ConnectionOptions &options) -> std::unique_ptr<Transport> {
        return std::make_unique<FaultyTransport>(network, options.url);
    };
}

FaultyTransport::Script FaultyTransport::accept(const QString &subprotocol, const QJsonObject &hello)
{
    return [subprotocol, hello](FaultyTransport *transport) {
        const QPointer<FaultyTransport> alive(transport);
        transport->open(subprotocol);
        if (alive && subprotocol == QLatin1StringView(kSubprotocol))
            transport->receiveText(Frame(QLatin1StringView(FrameType::Hello), hello).toText());
    };
}

FaultyTransport::Script FaultyTransport::withoutHello()
{
    return [](FaultyTransport *transport) { transport->open(QLatin1StringView(kSubprotocol)); };
}

FaultyTransport::Script FaultyTransport::refuse(int status, std::optional<std::chrono::milliseconds> retryAfter)
{
    return [status, retryAfter](FaultyTransport *transport) {
        TransportEnd end;
        end.http.status = status;
        end.error =
            Error(ErrorCode::UpgradeRejected, QStringLiteral("scripted")).withHttpStatus(status).withRetryAfter(retryAfter);
        transport->end(end);
    };
}

FaultyTransport::Script FaultyTransport::fail(ErrorCode code)
{
    return [code](FaultyTransport *transport) {
        TransportEnd end;
        end.error = Error(code, QStringLiteral("scripted"));
        transport->end(end);
    };
}

FaultyTransport::Script FaultyTransport::silent()
{
    return [](FaultyTransport *) {};
}

FaultyTransport::Script FaultyTransport::closeEarly(int code, const QString &subprotocol)
{
    return [code, subprotocol](FaultyTransport *transport) {
        const QPointer<FaultyTransport> alive(transport);
        transport->open(subprotocol);
        TransportEnd end;
        end.closeCode = code;
        end.error = Error(code == 1006 ? ErrorCode::ConnectionLost : ErrorCode::ClosedByPeer);
        if (alive)
            transport->end(end);
    };
}

FaultyTransport::Script FaultyTransport::drop(const QString &subprotocol)
{
    return closeEarly(1006, subprotocol);
}

FaultyTransport::FaultyTransport(std::shared_ptr<Network> network, const QUrl &url)
    : m_network(std::move(network))
    , m_url(url)
{
}

FaultyTransport::~FaultyTransport()
{
    die();
}

QUrl FaultyTransport::authorizedUrl() const
{
    return m_url;
}

void FaultyTransport::start(const AccessToken &token)
{
    m_alive = true;
    m_network->current = this;
    m_network->transports.append(this);
    ++m_network->started;
    m_network->mostAlive = std::max(m_network->mostAlive, ++m_network->alive);
    m_network->tokenFingerprints.append(token.value.fingerprint());
    Script script = m_network->onStart;
    if (!m_network->scripts.empty()) {
        script = std::move(m_network->scripts.front());
        m_network->scripts.pop_front();
    }
    if (script)
        later(std::move(script));
}

void FaultyTransport::later(Script script)
{
    QMetaObject::invokeMethod(
        this,
        [this, script = std::move(script)] {
            if (m_alive)
                script(this);
        },
        Qt::QueuedConnection);
}

void FaultyTransport::die()
{
    if (std::exchange(m_alive, false))
        --m_network->alive;
}

void FaultyTransport::sendText(const QString &text)
{
    if (!m_alive)
        return;
    m_texts.append(text);
    later([text](FaultyTransport *transport) {
        if (transport->m_network->onText)
            transport->m_network->onText(transport, text);
    });
}

void FaultyTransport::sendBinary(const QByteArray &bytes)
{
    if (m_alive)
        m_binaries.append(bytes);
}

void FaultyTransport::ping(const QByteArray &payload)
{
    if (!m_alive)
        return;
    m_pings.append(payload);
    later([payload](FaultyTransport *transport) {
        if (transport->m_network->onPing)
            transport->m_network->onPing(transport, payload);
    });
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
