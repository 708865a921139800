// SPDX-License-Identifier: Apache-2.0
#include "http/httpserver.h"

#include "http/httpconnection.h"
#include "watchword/core/log.h"

#include <QSet>
#include <QSslKey>
#include <QTcpServer>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

Error listenError(const QTcpServer &server, const QHostAddress &address, quint16 port)
{
    const QString where = u"%1 port %2: %3"_s.arg(address.toString()).arg(port).arg(server.errorString());
    switch (server.serverError()) {
    case QAbstractSocket::AddressInUseError:
        return Error(ErrorCode::AddressInUse, where);
    case QAbstractSocket::SocketAccessError:
        return Error(ErrorCode::PermissionDenied, where);
    default:
        return Error(ErrorCode::ConfigInvalid, where);
    }
}

} // namespace

// Not QSslServer: that one counts a connection only once its handshake is done, so a peer that never finishes one would
// not count against the limit.
class HttpServer::Private final : public QTcpServer
{
public:
    Private(Handler h, const HttpLimits &l)
        : handler(std::move(h))
        , limits(l)
    {
    }

    ~Private() override { dropAll(); }

    void dropAll()
    {
        const auto all = std::exchange(connections, {});
        qDeleteAll(all);
    }

    void incomingConnection(qintptr descriptor) override
    {
        auto *socket = new QSslSocket;
        if (!socket->setSocketDescriptor(descriptor) || connections.size() >= limits.connections) {
            qCDebug(logGateway) << "http connection dropped," << connections.size() << "are open";
            socket->abort();
            delete socket;
            return;
        }
        socket->setSslConfiguration(tls);
        auto *connection = new HttpConnection(socket, handler, limits, this);
        connections.insert(connection);
        connect(connection, &HttpConnection::ended, this, [this, connection] {
            if (connections.remove(connection))
                connection->deleteLater();
        });
        connection->start();
    }

    Handler handler;
    HttpLimits limits;
    QSslConfiguration tls;
    QSet<HttpConnection *> connections;
};

HttpServer::HttpServer(Handler handler, HttpLimits limits, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(std::move(handler), limits))
{
}

HttpServer::~HttpServer() = default;

Result<void> HttpServer::listen(const QHostAddress &address, quint16 port, const QSslConfiguration &tls)
{
    if (d->isListening())
        return Error(ErrorCode::WrongState, u"the HTTP server listens already"_s);
    if (tls.localCertificate().isNull() || tls.privateKey().isNull())
        return Error(ErrorCode::TlsFailed, u"there is no certificate or no private key for the HTTP server"_s);
    setTlsConfiguration(tls);
    if (!d->listen(address, port))
        return listenError(*d, address, port);
    return {};
}

void HttpServer::setTlsConfiguration(const QSslConfiguration &tls)
{
    d->tls = tls;
    d->tls.setProtocol(QSsl::TlsV1_2OrLater);
    d->tls.setPeerVerifyMode(QSslSocket::VerifyNone); // of clients, which have no certificates
}

void HttpServer::close()
{
    d->close();
    d->dropAll();
}

bool HttpServer::isListening() const
{
    return d->isListening();
}

quint16 HttpServer::port() const
{
    return d->serverPort();
}

QHostAddress HttpServer::address() const
{
    return d->serverAddress();
}

int HttpServer::connectionCount() const
{
    return int(d->connections.size());
}

} // namespace Watchword::Gateway
