// SPDX-License-Identifier: Apache-2.0
#include "peers.h"

#include <QCoreApplication>
#include <QCryptographicHash>
#include <QFile>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslKey>
#include <QSslServer>
#include <QSslSocket>
#include <QWebSocket>
#include <QWebSocketServer>

#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

QSslConfiguration serverConfiguration(const QString &folder)
{
    QFile key(folder + u"/server.key"_s);
    if (!key.open(QIODevice::ReadOnly))
        std::fprintf(stderr, "cannot read %s\n", qPrintable(key.fileName()));
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setLocalCertificateChain(QSslCertificate::fromPath(folder + u"/server.pem"_s));
    configuration.setPrivateKey(QSslKey(key.readAll(), QSsl::Ec));
    return configuration;
}

QByteArray frames()
{
    // A server's text frame of 256 bytes: FIN + text, 16-bit length, no mask (RFC 6455 section 5.2).
    const QByteArray frame = QByteArray("\x81\x7e\x01\x00", 4) + QByteArray(256, 'x');
    return frame.repeated(256);
}

QByteArray acceptHeader(const QByteArray &head)
{
    const qsizetype start = head.toLower().indexOf("sec-websocket-key:") + 18;
    const QByteArray key = head.mid(start, head.indexOf('\r', start) - start).trimmed();
    return QCryptographicHash::hash(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", QCryptographicHash::Sha1).toBase64();
}

void flood(QSslSocket *socket)
{
    static const QByteArray block = frames();
    const auto fill = [socket] {
        while (socket->state() == QAbstractSocket::ConnectedState
               && socket->bytesToWrite() + socket->encryptedBytesToWrite() < 4 * block.size())
            socket->write(block);
    };
    QObject::connect(socket, &QSslSocket::readyRead, socket, [socket, fill] {
        if (socket->property("upgraded").toBool()) {
            socket->readAll();
            return;
        }
        const QByteArray head = socket->peek(16 * 1024);
        if (!head.contains("\r\n\r\n"))
            return;
        socket->readAll();
        socket->setProperty("upgraded", true);
        socket->write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: "
                      + acceptHeader(head) + "\r\n\r\n");
        QObject::connect(socket, &QSslSocket::encryptedBytesWritten, socket, fill);
        fill();
    });
    QObject::connect(socket, &QSslSocket::disconnected, socket, &QObject::deleteLater);
}

int ready(quint16 port)
{
    std::printf("READY %u\n", unsigned(port));
    std::fflush(stdout);
    return QCoreApplication::exec();
}

} // namespace

int floodServer(const QStringList &arguments)
{
    QSslServer server;
    server.setSslConfiguration(serverConfiguration(arguments.value(0)));
    QObject::connect(&server, &QTcpServer::pendingConnectionAvailable, &server, [&server] {
        while (auto *socket = qobject_cast<QSslSocket *>(server.nextPendingConnection()))
            flood(socket);
    });
    return server.listen(QHostAddress::LocalHost) ? ready(server.serverPort()) : 1;
}

int echoServer(const QStringList &arguments)
{
    QWebSocketServer server(u"bench"_s, QWebSocketServer::SecureMode);
    server.setSslConfiguration(serverConfiguration(arguments.value(0)));
    QObject::connect(&server, &QWebSocketServer::newConnection, &server, [&server] {
        while (QWebSocket *socket = server.nextPendingConnection()) {
            QObject::connect(socket, &QWebSocket::textMessageReceived, socket,
                             [socket](const QString &text) { socket->sendTextMessage(text); });
            QObject::connect(socket, &QWebSocket::disconnected, socket, &QObject::deleteLater);
        }
    });
    return server.listen(QHostAddress::LocalHost) ? ready(server.serverPort()) : 1;
}

} // namespace Bench
