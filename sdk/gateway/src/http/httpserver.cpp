// SPDX-License-Identifier: Apache-2.0
#include "http/httpserver.h"

#include "bridge/netvalues.h"
#include "http/httpexchange.h"
#include "watchword/core/log.h"

#include <QPointer>
#include <QSslCertificate>
#include <QSslKey>

#include <future>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

class HttpServer::Private
{
public:
    Private(Handler h, const HttpLimits &limits)
        : handler(std::move(h))
        , port(std::make_shared<HttpPort>())
    {
        port->limits = limits;
    }

    Result<std::shared_ptr<const Net::TlsContext>> contextOf(const QSslConfiguration &tls) const;
    Net::AcceptLimits acceptLimits() const;
    Net::StreamLimits streamLimits() const;
    Net::SubnetList sharedAddresses() const;
    void handle(HttpServer *server, const Net::StreamId &id, const HttpRequest &request, quint64 number, bool keepAlive);
    void dropAll();

    const Handler handler;
    const std::shared_ptr<HttpPort> port;
    const std::shared_ptr<Net::TicketKeys> ticketKeys = std::make_shared<Net::TicketKeys>();
    std::unique_ptr<Net::ReactorPool> ownPool;
    Net::ReactorPool *pool = nullptr; // null when it does not listen
    std::unique_ptr<Net::Listener> listener;
    QHostAddress address;
};

Result<std::shared_ptr<const Net::TlsContext>> HttpServer::Private::contextOf(const QSslConfiguration &tls) const
{
    if (tls.localCertificate().isNull() || tls.privateKey().isNull())
        return Error(ErrorCode::TlsFailed, u"there is no certificate or no private key for the HTTP server"_s);
    Net::TlsOptions options;
    const QList<QSslCertificate> chain = tls.localCertificateChain();
    for (const QSslCertificate &certificate : chain)
        options.certificatePem += certificate.toPem().toStdString();
    QByteArray key = tls.privateKey().toPem();
    options.keyPem = key.toStdString();
    options.ticketKeys = ticketKeys;
    std::string problem;
    std::shared_ptr<const Net::TlsContext> context = Net::TlsContext::create(options, problem);
    key.fill('\0');
    std::fill(options.keyPem.begin(), options.keyPem.end(), '\0');
    if (!context)
        return Error(ErrorCode::TlsFailed, QString::fromStdString(problem));
    return context;
}

Net::AcceptLimits HttpServer::Private::acceptLimits() const
{
    Net::AcceptLimits limits;
    limits.connections = limits.handshakes = std::size_t(port->limits.connections);
    limits.connectionsPerAddress = std::size_t(port->limits.connectionsPerAddress);
    return limits;
}

Net::SubnetList HttpServer::Private::sharedAddresses() const
{
    Net::SubnetList list;
    for (const QString &address : port->limits.sharedAddresses)
        list.add(address.toStdString());
    return list;
}

Net::StreamLimits HttpServer::Private::streamLimits() const
{
    Net::StreamLimits limits;
    limits.handshake = port->limits.handshake;
    return limits;
}

void HttpServer::Private::handle(HttpServer *server, const Net::StreamId &id, const HttpRequest &request, quint64 number,
                                 bool keepAlive)
{
    if (!pool) // closed while it was on its way
        return;
    const bool isHead = request.head.method == "HEAD";
    handler(request, [self = QPointer<HttpServer>(server), id, number, keepAlive, isHead](const HttpResponse &response) {
        if (!self || !self->d->pool)
            return;
        Net::Reactor &reactor = self->d->pool->at(id.reactor);
        reactor.post([&reactor, id, number, keepAlive, bytes = response.toBytes(keepAlive, isHead)] {
            Net::Stream *stream = reactor.find(id);
            auto *exchange = stream && stream->isOpen() ? dynamic_cast<HttpExchange *>(&stream->handler()) : nullptr;
            if (exchange)
                exchange->answer(*stream, number, bytes, keepAlive);
        });
    });
}

void HttpServer::Private::dropAll()
{
    // The listener has posted all that it accepted, and what is posted to a reactor comes in its order.
    for (std::size_t i = 0; i < pool->size(); ++i) {
        Net::Reactor &reactor = pool->at(i);
        std::promise<void> dropped;
        std::future<void> done = dropped.get_future();
        reactor.post([&reactor, port = port, dropped = std::move(dropped)]() mutable {
            reactor.forEachStream([&port](Net::Stream &stream) {
                const auto *exchange = dynamic_cast<HttpExchange *>(&stream.handler());
                if (exchange && exchange->belongsTo(*port))
                    stream.abort();
            });
            dropped.set_value();
        });
        done.wait();
    }
}

HttpServer::HttpServer(Handler handler, HttpLimits limits, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(std::move(handler), limits))
{
    // Called by reactors while this listens; close() ends all of that before this goes.
    d->port->deliver = [this](const Net::StreamId &id, const HttpRequest &request, quint64 number, bool keepAlive) {
        QMetaObject::invokeMethod(
            this, [this, id, request, number, keepAlive] { d->handle(this, id, request, number, keepAlive); },
            Qt::QueuedConnection);
    };
}

HttpServer::~HttpServer()
{
    close();
}

Result<void> HttpServer::listen(const QHostAddress &address, quint16 port, const QSslConfiguration &tls, Net::ReactorPool *pool)
{
    if (d->pool)
        return Error(ErrorCode::WrongState, u"the HTTP server listens already"_s);
    const Result<std::shared_ptr<const Net::TlsContext>> context = d->contextOf(tls);
    if (!context)
        return context.error();
    if (!pool) {
        d->ownPool = std::make_unique<Net::ReactorPool>(1);
        d->ownPool->start();
        pool = d->ownPool.get();
    }
    Net::ListenerOptions options;
    options.address = {toNet(address), port};
    options.accept = d->acceptLimits();
    options.stream = d->streamLimits();
    options.shared = d->sharedAddresses();
    d->listener = std::make_unique<Net::Listener>(*pool, options, [shared = d->port](Net::Reactor &, const Net::Accepted &peer) {
        return std::make_unique<HttpExchange>(shared, peer);
    });
    if (const std::error_code error = d->listener->open(*context)) {
        d->listener.reset();
        d->ownPool.reset();
        return listenError(error, address, port);
    }
    d->pool = pool;
    d->address = address;
    return {};
}

Result<void> HttpServer::setTlsConfiguration(const QSslConfiguration &tls)
{
    const Result<std::shared_ptr<const Net::TlsContext>> context = d->contextOf(tls);
    if (!context)
        return context.error();
    if (d->listener)
        d->listener->reload({*context, d->acceptLimits(), d->streamLimits(), {}, d->sharedAddresses()});
    return {};
}

void HttpServer::close()
{
    if (!d->pool)
        return;
    d->listener->close();
    d->dropAll();
    d->listener.reset(); // it holds a descriptor of the pool's
    d->pool = nullptr;
    d->listener.reset(); // before the reactors that it is made of
    d->ownPool.reset();
}

bool HttpServer::isListening() const
{
    return d->pool != nullptr;
}

quint16 HttpServer::port() const
{
    return d->pool ? d->listener->address().port : 0;
}

QHostAddress HttpServer::address() const
{
    return d->address;
}

QMap<QByteArray, quint64> HttpServer::droppedSockets() const
{
    return d->pool ? droppedOf(d->listener->counters()) : QMap<QByteArray, quint64>();
}

int HttpServer::connectionCount() const
{
    return d->port->connections;
}

} // namespace Watchword::Gateway
