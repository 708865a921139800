// SPDX-License-Identifier: Apache-2.0
#include "relay/readpause.h"

#include <utility>

namespace Watchword::Gateway {

namespace {

constexpr qint64 kBuffer = 256 * 1024;

} // namespace

ReadPause::ReadPause(QTcpSocket *socket)
    : m_socket(socket)
{
}

ReadPause::~ReadPause()
{
    resume();
}

void ReadPause::setSocket(QTcpSocket *socket)
{
    m_socket = socket;
}

void ReadPause::pause()
{
    if (m_isPaused || !m_socket)
        return;
    m_isPaused = true;
    m_socket->blockSignals(true);
    m_socket->setReadBufferSize(m_socket->bytesAvailable() + kBuffer);
}

void ReadPause::resume()
{
    if (!std::exchange(m_isPaused, false) || !m_socket)
        return;
    // Without a bound again before anything is parsed: a bound below the size of a frame would stall it for ever.
    m_socket->setReadBufferSize(0);
    m_socket->blockSignals(false);
    const QPointer<QTcpSocket> guard(m_socket);
    if (guard->bytesAvailable() > 0)
        QMetaObject::invokeMethod(guard.data(), &QIODevice::readyRead, Qt::QueuedConnection);
    if (guard->state() == QAbstractSocket::UnconnectedState) {
        const auto announce = [guard] {
            Q_EMIT guard->stateChanged(guard->state());
            Q_EMIT guard->disconnected();
        };
        QMetaObject::invokeMethod(guard.data(), announce, Qt::QueuedConnection);
    }
}

} // namespace Watchword::Gateway
