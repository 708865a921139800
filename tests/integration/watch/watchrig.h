// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditlog.h"
#include "qtsocket.h"
#include "support/await.h"
#include "support/process.h"
#include "watch/watchservice.h"
#include "watchword/core/tokenset.h"
#include "watchword/watch/watchclient.h"

#include <QFile>
#include <QPointer>
#include <QSslKey>
#include <QTemporaryDir>
#include <QUrlQuery>
#include <QWebSocket>
#include <QWebSocketServer>

/*!
    A real WatchService behind a real TLS WebSocket server on a free loopback port. The scopes of the next monitor are
    set by the test; everything else is what the gateway uses.
*/
class WatchRig : public QObject, public Watchword::Gateway::ConnectionControl
{
public:
    WatchRig()
        : tables(Watchword::Clock::system())
    {
    }
    ~WatchRig() override { stop(); }

    bool prepare(qint64 maxEvents = 0, qint64 maxBytes = 0)
    {
        if (!folder.isValid() || !Support::makeCertificates(folder.path()))
            return false;
        Watchword::Gateway::AuditOptions options;
        options.path = maxBytes > 0 ? folder.filePath(QStringLiteral("audit.sqlite")) : QString();
        options.maxEvents = maxEvents;
        options.maxBytes = maxBytes;
        auto opened = Watchword::Gateway::AuditLog::open(options, Watchword::Clock::system());
        if (!opened)
            return false;
        audit = std::move(opened).value();
        return start();
    }

    bool start(quint16 port = 0)
    {
        Watchword::Gateway::WatchServerInfo info;
        info.node = QStringLiteral("node-1");
        info.version = QStringLiteral("0.1.0");
        info.startedAt = Watchword::Clock::system().wallNow();
        info.tlsDaysLeft = 30;
        service =
            std::make_unique<Watchword::Gateway::WatchService>(tables, *audit, *this, Watchword::Clock::system(), info, limits);
        service->setTokenCheck(check);
        server = std::make_unique<QWebSocketServer>(QStringLiteral("rig"), QWebSocketServer::SecureMode);
        server->setSupportedSubprotocols({QStringLiteral("watchword.watch.v1"), QStringLiteral("cloudevents.json")});
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setLocalCertificate(QSslCertificate(read(QStringLiteral("server.pem"))));
        tls.setPrivateKey(QSslKey(read(QStringLiteral("server.key")), keyAlgorithm()));
        tls.setPeerVerifyMode(QSslSocket::VerifyNone);
        server->setSslConfiguration(tls);
        connect(server.get(), &QWebSocketServer::newConnection, this, [this] {
            QWebSocket *socket = server->nextPendingConnection();
            const QUrl url = socket->requestUrl();
            requests.append(url);
            authorizations.append(socket->request().rawHeader("Authorization"));
            sockets.append(socket);
            if (url.path() == QLatin1StringView("/audit"))
                service->acceptAudit(std::make_unique<QtSocket>(socket), identity,
                                     QUrlQuery(url).queryItemValue(QStringLiteral("after"), QUrl::FullyDecoded));
            else
                service->acceptWatch(std::make_unique<QtSocket>(socket), identity);
        });
        return server->listen(QHostAddress::LocalHost, port);
    }

    //! Everything ends, as a killed gateway would; start(port) brings it back.
    quint16 stop()
    {
        const quint16 port = server ? server->serverPort() : quint16(0);
        service.reset();
        server.reset();
        sockets.clear();
        return port;
    }

    //! The link breaks without a word.
    void cut()
    {
        for (const QPointer<QWebSocket> &socket : std::as_const(sockets)) {
            if (socket)
                socket->abort();
        }
        sockets.clear();
    }

    Watchword::WatchOptions clientOptions() const
    {
        Watchword::WatchOptions options;
        options.gateway.setScheme(QStringLiteral("wss"));
        options.gateway.setHost(QStringLiteral("127.0.0.1"));
        options.gateway.setPort(server->serverPort());
        options.additionalCertificateAuthorities = QSslCertificate::fromData(read(QStringLiteral("ca.pem")));
        options.rate = std::chrono::milliseconds(250);
        return options;
    }

    QByteArray read(const QString &name) const
    {
        QFile file(folder.filePath(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    void appendAudit(int count)
    {
        for (int i = 0; i < count; ++i) {
            Watchword::Gateway::AuditEntry entry;
            entry.type = QStringLiteral("conn.opened");
            entry.subject = QStringLiteral("c-%1").arg(i);
            entry.outcome = QStringLiteral("success");
            (void)audit->append(entry);
        }
    }

    Watchword::Gateway::DisconnectOutcome disconnectConnections(const QStringList &ids, int code, const QString &reason,
                                                                std::chrono::milliseconds after,
                                                                const Watchword::Gateway::Identity &by) override
    {
        auditedBefore = audit->newest();
        calls.append(QStringLiteral("%1 %2 %3 %4 by %5")
                         .arg(ids.join(QLatin1Char(',')))
                         .arg(code)
                         .arg(reason)
                         .arg(after.count())
                         .arg(by.subject));
        Watchword::Gateway::DisconnectOutcome outcome;
        for (const QString &id : ids) {
            const bool closed = tables.closeConnection(id, code, reason, Watchword::Clock::system().wallNow());
            (closed ? outcome.done : outcome.gone).append(id);
        }
        return outcome;
    }

    QTemporaryDir folder;
    Watchword::Gateway::WatchTables tables;
    Watchword::Gateway::WatchLimits limits;
    Watchword::Gateway::Identity identity;
    Watchword::Gateway::WatchService::TokenCheck check;
    std::unique_ptr<Watchword::Gateway::AuditLog> audit;
    std::unique_ptr<Watchword::Gateway::WatchService> service;
    std::unique_ptr<QWebSocketServer> server;
    QList<QPointer<QWebSocket>> sockets;
    QList<QUrl> requests;
    QList<QByteArray> authorizations;
    QStringList calls;
    quint64 auditedBefore = 0;

private:
    QSsl::KeyAlgorithm keyAlgorithm() const
    {
        const QByteArray key = read(QStringLiteral("server.key"));
        const QSslKey rsa(key, QSsl::Rsa);
        return rsa.isNull() ? QSsl::Ec : QSsl::Rsa;
    }
};

inline Watchword::Gateway::Identity operatorIdentity(const QStringList &scopes)
{
    Watchword::Gateway::Identity identity;
    identity.issuer = QStringLiteral("https://login.example.com");
    identity.subject = QStringLiteral("olga");
    identity.name = QStringLiteral("olga");
    identity.clientId = QStringLiteral("watchword-monitor");
    identity.scopes = scopes;
    return identity;
}

inline QStringList allScopes()
{
    return {QStringLiteral("gw:read"), QStringLiteral("gw:kick"), QStringLiteral("gw:audit")};
}

inline Watchword::AccessToken token(const QByteArray &value)
{
    Watchword::AccessToken access;
    access.value = Watchword::Secret::copy(value);
    access.expiresAt = Watchword::Clock::system().wallNow() + std::chrono::hours(1);
    return access;
}
