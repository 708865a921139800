// SPDX-License-Identifier: Apache-2.0
#include "transport/sockettransport.h"

#include <QPointer>

namespace Watchword {

using namespace Qt::StringLiterals;

SocketTransport::SocketTransport(ConnectionOptions options)
    : m_options(std::move(options))
    , m_destination(m_options)
    , m_hearing(m_options, [this] { Q_EMIT activity(); })
{
}

void SocketTransport::start(const AccessToken &token)
{
    if (m_state != State::Idle)
        return;
    if (const Result<void> fits = m_destination.setToken(token); !fits)
        finish({.error = fits.error()});
    else
        connectToServer();
}

void SocketTransport::connectAgain()
{
    m_state = State::Connecting;
    QMetaObject::invokeMethod(
        this,
        [this] {
            if (m_state == State::Connecting)
                connectToServer();
        },
        Qt::QueuedConnection);
}

bool SocketTransport::acceptsKey(const QSslCertificate &certificate)
{
    const std::optional<Error> fault = pinFault(certificate, m_options);
    if (!fault)
        return true;
    if (!m_options.pinsReportOnly) {
        finish({.error = *fault});
        return false;
    }
    const QPointer<SocketTransport> guard(this);
    Q_EMIT noticed(*fault);
    return guard && m_state == State::Connecting;
}

void SocketTransport::tellEnd(const TransportEnd &end)
{
    m_state = State::Over;
    QMetaObject::invokeMethod(
        this,
        [this, end] {
            if (m_state == State::Over)
                Q_EMIT ended(end);
        },
        Qt::QueuedConnection);
}

bool SocketTransport::beginSending()
{
    m_hearing.expectAnswer();
    return m_state == State::Open;
}

bool SocketTransport::isTls() const
{
    return m_options.url.scheme() == "wss"_L1;
}

} // namespace Watchword
