// SPDX-License-Identifier: Apache-2.0
#include "support/gatewayprocess.h"

#include "support/await.h"
#include "watchword/core/clock.h"
#include "watchword/jose/jwt.h"

#include <QFile>
#include <QHostAddress>
#include <QJsonObject>
#include <QTcpServer>
#include <QTcpSocket>
#include <QUuid>

#include <csignal>
#include <cstdio>

namespace Support {

using namespace Qt::StringLiterals;

namespace {

const QString kAudience = QStringLiteral("wss://gateway.test");

bool write(const QString &name, const QByteArray &bytes)
{
    QFile file(name);
    if (file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.flush())
        return true;
    std::fprintf(stderr, "cannot write %s: %s\n", qPrintable(name), qPrintable(file.errorString()));
    return false;
}

quint16 portThatIsFreeNow()
{
    QTcpServer probe;
    return probe.listen(QHostAddress::LocalHost) ? probe.serverPort() : 0;
}

/*! Discovery document and keys, and nothing else. */
class KeyServer : public QTcpServer
{
public:
    explicit KeyServer(const QByteArray &keys)
        : m_keys(keys)
    {
        connect(this, &QTcpServer::newConnection, this, [this] {
            while (QTcpSocket *socket = nextPendingConnection()) {
                connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
                connect(socket, &QTcpSocket::readyRead, this, [this, socket] { answer(socket); });
            }
        });
    }
    QByteArray url() const { return "http://127.0.0.1:" + QByteArray::number(serverPort()); }

private:
    void answer(QTcpSocket *socket)
    {
        const QByteArray head = socket->peek(16 * 1024);
        if (!head.contains("\r\n\r\n"))
            return;
        socket->readAll();
        const QByteArray document = "{\"issuer\":\"" + url() + "\",\"jwks_uri\":\"" + url() + "/jwks\"}";
        const QByteArray &body = head.startsWith("GET /jwks ") ? m_keys : document;
        socket->write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                      + QByteArray::number(body.size()) + "\r\n\r\n" + body);
        socket->disconnectFromHost();
    }

    QByteArray m_keys;
};

} // namespace

GatewayProcess::GatewayProcess() = default;

GatewayProcess::~GatewayProcess()
{
    m_gateway.reset();
    m_issuer.quit();
    m_issuer.wait();
}

bool GatewayProcess::prepare(const QByteArray &endpoints)
{
    const auto key = Watchword::SigningKey::generate(u"ES256"_s);
    const auto stranger = Watchword::SigningKey::generate(u"ES256"_s);
    if (!m_folder.isValid() || !key || !stranger || !makeCertificates(m_folder.path()))
        return false;
    m_key = *key;
    m_stranger = *stranger;
    Watchword::JwkSet keys;
    keys.insert(key->publicKey());
    auto *server = new KeyServer(keys.toBytes());
    m_port = portThatIsFreeNow();
    if (!server->listen(QHostAddress::LocalHost) || m_port == 0) {
        delete server;
        return false;
    }
    m_issuerUrl = QString::fromLatin1(server->url());
    // In a thread, so that the gateway gets its keys while this thread waits for something.
    server->moveToThread(&m_issuer);
    QObject::connect(&m_issuer, &QThread::finished, server, &QObject::deleteLater);
    m_issuer.start();
    return write(file(u"security.txt"_s), "Contact: mailto:security@example.com\nExpires: 2100-01-01T00:00:00Z\n")
        && writeConfiguration(endpoints);
}

QByteArray GatewayProcess::issuerTable() const
{
    return "[[issuer]]\nurl = \"" + m_issuerUrl.toLatin1() + "\"\naudience = \"" + kAudience.toLatin1() + "\"\n";
}

bool GatewayProcess::writeConfiguration(const QByteArray &endpoints)
{
    return write(file(u"gateway.toml"_s),
                 "[listen]\naddress = \"127.0.0.1:" + QByteArray::number(m_port)
                     + "\"\ncertificate = \"server.pem\"\nkey = \"server.key\"\nsecurity_txt = "
                       "\"security.txt\"\n[audit]\ndatabase = \"audit.sqlite\"\nretention = \"365 d\"\n"
                       "[log]\nlevel = \"error\"\n"
                     + issuerTable() + endpoints);
}

bool GatewayProcess::start()
{
    const QString program = QStringLiteral(WATCHWORD_BINARY_DIR "/bin/watchword-gateway");
    m_gateway = std::make_unique<ReadyProcess>();
    if (m_gateway->start(program, {u"--config"_s, file(u"gateway.toml"_s)}, u"READY "_s))
        return true;
    std::fprintf(stderr, "%s does not start\n", qPrintable(program));
    return false;
}

bool GatewayProcess::reload(const QByteArray &endpoints)
{
    if (!writeConfiguration(endpoints))
        return false;
    const qsizetype before = m_gateway->log().size();
    ::kill(pid_t(m_gateway->process().processId()), SIGHUP);
    return waitUntil([&] { return m_gateway->log().sliced(before).contains("watchword-gateway: reloaded"); });
}

void GatewayProcess::stop()
{
    m_gateway.reset();
}

void GatewayProcess::kill()
{
    m_gateway->kill();
    m_gateway.reset();
}

QUrl GatewayProcess::url(const QString &path, quint16 port) const
{
    return QUrl(u"wss://127.0.0.1:%1%2"_s.arg(port ? port : m_port).arg(path));
}

QByteArray GatewayProcess::token(const QString &subject, int seconds, const QJsonObject &more) const
{
    return sign(*m_key, subject, seconds, more);
}

QByteArray GatewayProcess::strangersToken(const QString &subject) const
{
    return sign(*m_stranger, subject, 3600, {});
}

QByteArray GatewayProcess::sign(const Watchword::SigningKey &key, const QString &subject, int seconds,
                                const QJsonObject &more) const
{
    const qint64 now = Watchword::toSecondsSinceEpoch(Watchword::Clock::system().wallNow());
    QJsonObject claims{{u"iss"_s, m_issuerUrl},
                       {u"aud"_s, kAudience},
                       {u"sub"_s, subject},
                       {u"sid"_s, u"session-"_s + subject},
                       {u"jti"_s, QUuid::createUuid().toString(QUuid::WithoutBraces)},
                       {u"client_id"_s, u"test"_s},
                       {u"scope"_s, u"use"_s},
                       {u"iat"_s, now},
                       {u"exp"_s, now + seconds}};
    for (auto claim = more.begin(); claim != more.end(); ++claim)
        claims.insert(claim.key(), claim.value());
    const auto token = Watchword::signJwt(key, u"at+jwt"_s, claims);
    return token ? *token : QByteArray();
}

} // namespace Support
