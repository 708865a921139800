// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpmessage.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"

#include <QHostAddress>
#include <QObject>
#include <QSslConfiguration>
#include <QStringList>

#include <chrono>
#include <functional>
#include <memory>

namespace Watchword::Gateway {

namespace Net {
class ReactorPool;
}

/*! Bounds of an HttpServer. A peer that breaks one is answered where possible and closed. */
struct HttpLimits
{
    qsizetype bodyBytes = 64 * 1024;
    int connections = 1024; //!< With those in the TLS handshake; further ones are dropped.
    int connectionsPerAddress = 256; //!< Of these; 0: no limit of its own. Nobody alone keeps the others out.
    QStringList sharedAddresses{}; //!< Addresses and subnets of proxies, which bring many clients: they have none.
    std::chrono::milliseconds handshake{10'000};
    std::chrono::milliseconds head{10'000}; //!< For the whole head, however slowly it comes.
    std::chrono::milliseconds body{10'000};
    std::chrono::milliseconds answer{30'000}; //!< For the handler; then 503.
    std::chrono::milliseconds idle{10'000}; //!< Between two requests of a connection.
    int requestsPerConnection = 1000;
};

/*!
    A small HTTPS server (HTTP/1.1, TLS 1.2 or later) for the embedded issuer. Its connections live in reactors; requests
    are handled in the server's thread.

    Life cycle: construct with a handler, listen() once, close() or destroy. The handler gets each complete request and
    a Responder, which it calls once, at once or later, in the server's thread. A Responder that is called after its
    connection or the server has gone does nothing, as does a second call.
    Threads: the one it lives in. Ownership: its connections; the handler must outlive it, and so must the reactors.
    Errors: a request that cannot be parsed is answered with 400, 411, 413, 414/431 or 505 and never reaches the handler.
*/
class WATCHWORD_TEST_EXPORT HttpServer : public QObject
{
    Q_OBJECT

public:
    using Responder = std::function<void(HttpResponse)>;
    using Handler = std::function<void(const HttpRequest &, Responder)>;

    explicit HttpServer(Handler handler, HttpLimits limits = {}, QObject *parent = nullptr);
    ~HttpServer() override;

    //! Port 0 takes a free one. A null \a pool makes a reactor of its own. Fails with AddressInUse, PermissionDenied, WrongState,
    //! or Configuration's TlsFailed when \a tls has no certificate or key. The protocol is raised to TLS 1.2 or later.
    Result<void> listen(const QHostAddress &address, quint16 port, const QSslConfiguration &tls,
                        Net::ReactorPool *pool = nullptr);
    //! For new connections, so that a certificate can be changed without a restart. One that cannot be used changes nothing.
    Result<void> setTlsConfiguration(const QSslConfiguration &tls);
    void close(); //!< Stops listening and drops all connections.
    bool isListening() const;
    quint16 port() const;
    QHostAddress address() const;
    int connectionCount() const;
    QMap<QByteArray, quint64> droppedSockets() const; //!< Closed unseen since listen(), by the limit that they were over.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword::Gateway
