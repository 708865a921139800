// SPDX-License-Identifier: Apache-2.0
#include "fakepeer_p.h"

#ifdef Q_OS_WIN
#include <winsock2.h>
#else
#include <sys/socket.h>
#endif

namespace Watchword {

using namespace Qt::StringLiterals;

void resetSocket(QTcpSocket *socket)
{
    if (!socket)
        return;
    const linger now{1, 0};
    ::setsockopt(socket->socketDescriptor(), SOL_SOCKET, SO_LINGER, reinterpret_cast<const char *>(&now), sizeof now);
    socket->abort();
}

FakePeer::FakePeer(const Ends &ends, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>())
{
    QWebSocket *socket = ends.socket;
    d->socket = socket;
    d->transport = ends.transport;
    socket->setParent(this);
    connect(socket, &QWebSocket::binaryMessageReceived, this, [this](const QByteArray &bytes) {
        d->binaries.append(bytes);
        Q_EMIT binaryReceived(bytes);
    });
    // Without a close frame QWebSocket tells of a polite end.
    connect(socket, &QWebSocket::aboutToClose, this, [this] { d->end = Private::End::CloseFrame; });
    connect(socket, &QWebSocket::disconnected, this,
            [this] { Q_EMIT closed(d->end == Private::End::CloseFrame ? int(d->socket->closeCode()) : 1006); });
}

FakePeer::~FakePeer()
{
    if (!d->socket)
        return;
    d->socket->disconnect(this);
    // Without a transport there is nothing that QWebSocket's last words could be written to.
    if (!d->transport)
        d->socket.data()->abort();
}

int FakePeer::number() const
{
    return d->number;
}
Secret FakePeer::token() const
{
    return d->token;
}
QString FakePeer::subprotocol() const
{
    return d->socket ? d->socket->subprotocol() : QString();
}
QStringList FakePeer::texts() const
{
    return d->texts;
}
QList<QByteArray> FakePeer::binaries() const
{
    return d->binaries;
}
QList<Frame> FakePeer::frames() const
{
    return d->frames;
}

bool FakePeer::isOpen() const
{
    return d->socket && d->socket->state() == QAbstractSocket::ConnectedState;
}

void FakePeer::sendText(const QString &text)
{
    if (d->socket)
        d->socket->sendTextMessage(text);
}

void FakePeer::sendBinary(const QByteArray &bytes)
{
    if (d->socket)
        d->socket->sendBinaryMessage(bytes);
}

void FakePeer::sendFrame(const Frame &frame)
{
    sendText(frame.toText());
}

void FakePeer::sendRaw(const QByteArray &bytes)
{
    if (d->transport) {
        d->transport->write(bytes);
        d->transport->flush();
    }
}

void FakePeer::close(int code, const QString &reason)
{
    if (d->socket)
        d->socket->close(QWebSocketProtocol::CloseCode(code), reason);
}

void FakePeer::bye(int code, const QString &retry, int afterMs, const QString &reason)
{
    sendFrame(Frame(QLatin1StringView(FrameType::Bye),
                    {{u"code"_s, code},
                     {u"retry"_s, retry},
                     {u"after_ms"_s, afterMs},
                     {u"ref"_s, u"audit-%1"_s.arg(d->number)},
                     {u"reason"_s, reason}}));
    close(code, reason);
}

void FakePeer::drop()
{
    if (d->transport)
        d->transport->disconnectFromHost();
}

void FakePeer::reset()
{
    resetSocket(d->transport);
}

void FakePeer::cutMidFrame()
{
    // A final frame that announces 60,000 bytes, and 10 of them. Binary and so long, because the gateway may still answer while
    // it waits: that is then part of the frame and no fault of its own.
    sendRaw(QByteArray::fromHex("827eea60") + QByteArray(10, 'x'));
    if (d->transport)
        d->transport->waitForBytesWritten(1000);
    reset();
}

void FakePeer::stall()
{
    if (!d->transport)
        return;
    QObject::disconnect(d->transport, &QIODevice::readyRead, d->socket, nullptr);
    d->transport->setReadBufferSize(1);
}

} // namespace Watchword
