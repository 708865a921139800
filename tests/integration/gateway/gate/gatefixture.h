// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpserver.h"
#include "support/await.h"
#include "support/process.h"
#include "watchword/gateway/gateway.h"
#include "watchword/jose/jwt.h"

#include <QFile>
#include <QJsonObject>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslKey>
#include <QSslSocket>
#include <QTemporaryDir>
#include <QUuid>
#include <QWebSocket>
#include <QWebSocketHandshakeOptions>

#include <memory>

/*! A real gateway with a real issuer of nothing but keys, both over TLS on free ports. */
class GateFixture
{
public:
    bool prepare()
    {
        using namespace Qt::StringLiterals;
        if (!folder.isValid() || !Support::makeCertificates(folder.path()))
            return false;
        key = Watchword::SigningKey::generate(u"ES256"_s).value();
        stranger = Watchword::SigningKey::generate(u"ES256"_s).value();
        issuer = std::make_unique<Watchword::Gateway::HttpServer>(
            [this](const Watchword::Gateway::HttpRequest &request, auto respond) {
                Watchword::Gateway::HttpResponse response;
                response.with("Content-Type", "application/json");
                if (request.head.path == "/jwks") {
                    Watchword::JwkSet set;
                    set.insert(key.publicKey());
                    response.body = set.toBytes();
                } else {
                    response.body =
                        "{\"issuer\":\"" + issuerUrl().toEncoded() + "\",\"jwks_uri\":\"" + issuerUrl().toEncoded() + "/jwks\"}";
                }
                respond(response);
            });
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setLocalCertificateChain(QSslCertificate::fromPath(file(u"server.pem"_s)));
        QFile keyFile(file(u"server.key"_s));
        if (!keyFile.open(QIODevice::ReadOnly))
            return false;
        tls.setPrivateKey(QSslKey(&keyFile, QSsl::Ec));
        if (!issuer->listen(QHostAddress(QHostAddress::LocalHost), 0, tls))
            return false;
        config.listen.port = 0;
        config.listen.certificateFile = file(u"server.pem"_s);
        config.listen.keyFile = file(u"server.key"_s);
        config.audit.database = u":memory:"_s;
        Watchword::Gateway::IssuerConfig trusted;
        trusted.url = issuerUrl();
        trusted.audiences = QStringList{u"aud"_s};
        trusted.clockSkew = std::chrono::seconds(0);
        trusted.caFile = file(u"ca.pem"_s);
        config.issuers = {trusted};
        addEndpoint(u"/echo"_s, Watchword::Gateway::EndpointConfig::Service::Echo);
        addEndpoint(u"/room"_s, Watchword::Gateway::EndpointConfig::Service::Rooms);
        return true;
    }

    Watchword::Gateway::EndpointConfig &addEndpoint(const QString &path, Watchword::Gateway::EndpointConfig::Service service)
    {
        using namespace Qt::StringLiterals;
        Watchword::Gateway::EndpointConfig endpoint;
        endpoint.path = path;
        endpoint.service = service;
        endpoint.scopes = QStringList{u"use"_s};
        endpoint.origins = QStringList{u"https://app.example.com"_s};
        endpoint.limits.handshakesPerSecond = 0;
        config.endpoints.append(endpoint);
        return config.endpoints.last();
    }

    bool start()
    {
        const auto created = Watchword::Gateway::Gateway::create(config);
        if (!created)
            return false;
        gateway = *created;
        const Watchword::Result<void> started = gateway->start();
        if (!started)
            qWarning("%s", qPrintable(started.error().toString()));
        return started.isOk();
    }

    QString file(const QString &name) const { return folder.filePath(name); }
    QUrl issuerUrl() const { return QUrl(QStringLiteral("https://127.0.0.1:%1").arg(issuer->port())); }

    QJsonObject claims(const QString &subject = QStringLiteral("ada"), int seconds = 60) const
    {
        using namespace Qt::StringLiterals;
        const qint64 now = Watchword::toSecondsSinceEpoch(Watchword::Clock::system().wallNow());
        return {{u"iss"_s, issuerUrl().toString()},
                {u"sub"_s, subject},
                {u"aud"_s, u"aud"_s},
                {u"iat"_s, now},
                {u"exp"_s, now + seconds},
                {u"scope"_s, u"use more"_s},
                {u"jti"_s, QUuid::createUuid().toString(QUuid::WithoutBraces)},
                {u"sid"_s, u"s-"_s + subject}};
    }
    QByteArray token(const QJsonObject &json, const QString &type = QStringLiteral("at+jwt")) const
    {
        return Watchword::signJwt(key, type, json).value();
    }
    QByteArray token() const { return token(claims()); }

    static QByteArray upgrade(const QByteArray &path, const QByteArray &token, const QByteArray &fields = {})
    {
        return "GET " + path
            + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + (token.isEmpty() ? QByteArray() : "Authorization: Bearer " + token + "\r\n") + fields + "\r\n";
    }

    QSslConfiguration clientTls() const
    {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setCaCertificates(QSslCertificate::fromPath(file(QStringLiteral("ca.pem"))));
        return tls;
    }

    //! Sends \a request as it is and returns what comes until the gateway closes, or until the head of a 101.
    QByteArray exchange(const QByteArray &request)
    {
        QSslSocket socket;
        socket.setSslConfiguration(clientTls());
        bool isClosed = false;
        QByteArray answer;
        QObject::connect(&socket, &QAbstractSocket::disconnected, &socket, [&isClosed] { isClosed = true; });
        QObject::connect(&socket, &QIODevice::readyRead, &socket, [&] { answer += socket.readAll(); });
        QObject::connect(&socket, &QSslSocket::encrypted, &socket, [&] { socket.write(request); });
        socket.connectToHostEncrypted(QStringLiteral("127.0.0.1"), gateway->port());
        Support::waitUntil([&] { return isClosed || answer.startsWith("HTTP/1.1 101"); });
        answer += socket.readAll();
        socket.disconnect();
        return answer;
    }

    //! A client of ours as others would write it; not yet open.
    std::unique_ptr<QWebSocket> client(const QString &path, const QByteArray &bearer, bool control = true)
    {
        auto socket = std::make_unique<QWebSocket>();
        socket->setSslConfiguration(clientTls());
        QNetworkRequest request(QUrl(gateway->url().toString() + path));
        request.setRawHeader("Authorization", "Bearer " + bearer);
        QWebSocketHandshakeOptions options;
        if (control)
            options.setSubprotocols({QStringLiteral("watchword.v1")});
        socket->open(request, options);
        return socket;
    }

    QTemporaryDir folder;
    Watchword::SigningKey key;
    Watchword::SigningKey stranger;
    std::unique_ptr<Watchword::Gateway::HttpServer> issuer;
    Watchword::Gateway::GatewayConfig config;
    std::shared_ptr<Watchword::Gateway::Gateway> gateway;
};
