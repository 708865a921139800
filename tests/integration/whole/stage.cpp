// SPDX-License-Identifier: Apache-2.0
#include "stage.h"

#include "support/browser.h"

#include "support/await.h"

#include <QFile>
#include <QJsonDocument>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QSslConfiguration>
#include <QTcpServer>

using namespace Qt::StringLiterals;

namespace {

constexpr QLatin1StringView kAudience("wss://orders.test/");

quint16 portThatIsFreeNow()
{
    QTcpServer probe;
    return probe.listen(QHostAddress::LocalHost) ? probe.serverPort() : 0;
}

} // namespace

QString Stage::build(Tokens tokens)
{
    const QString peers = Support::peersFolder();
    if (!Support::makeCertificates(m_folder.path()))
        return u"no certificates"_s;
    m_authorities = QSslCertificate::fromPath(m_folder.filePath(u"ca.pem"_s));
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.addCaCertificates(m_authorities);
    QSslConfiguration::setDefaultConfiguration(tls);

    m_provider.setEnvironment(u"TLS_CERT"_s, m_folder.filePath(u"server.pem"_s));
    m_provider.setEnvironment(u"TLS_KEY"_s, m_folder.filePath(u"server.key"_s));
    m_provider.setEnvironment(u"NODE_EXTRA_CA_CERTS"_s, m_folder.filePath(u"ca.pem"_s)); // it posts logout tokens
    m_provider.setEnvironment(u"AT_TTL"_s, u"5"_s);
    m_provider.setEnvironment(u"RESOURCES"_s, kAudience);
    m_provider.setEnvironment(u"DEFAULT_RESOURCE"_s, u"1"_s);
    m_provider.setEnvironment(u"API_SCOPES"_s, u"orders:read gw:read gw:audit gw:kick"_s);
    if (tokens == Tokens::Bound)
        m_provider.setEnvironment(u"DPOP_NONCE"_s, u"1"_s);
    const auto issuer = m_provider.start(u"node"_s, {peers + u"/op.mjs"_s}, u"READY "_s);
    if (!issuer)
        return u"the OpenID provider does not start"_s;
    m_issuer = QUrl(*issuer);
    const auto upstream = m_echo.start(u"node"_s, {peers + u"/ws-echo.mjs"_s}, u"READY "_s);
    if (!upstream)
        return u"the echo server does not start"_s;
    m_upstream = QUrl(*upstream);

    m_port = portThatIsFreeNow();
    m_apiPort = portThatIsFreeNow();
    m_gatewayUrl = QUrl(u"wss://127.0.0.1:%1"_s.arg(m_port));
    const QString problem = writeConfiguration(tokens);
    if (!problem.isEmpty())
        return problem;
    return startGateway() ? QString() : u"the gateway does not start"_s;
}

QString Stage::writeConfiguration(Tokens tokens)
{
    QString text = uR"([listen]
address = "127.0.0.1:%1"
certificate = "server.pem"
key = "server.key"

[audit]
database = "audit.sqlite"

[watch]
path = "/watch"
audit_path = "/audit"

[[issuer]]
url = "%2"
audience = "%3"
ca = "ca.pem"
events = { audience = ["native"] }

[api]
address = "127.0.0.1:%5"

[[endpoint]]
path = "/v1/stream"
scopes = ["orders:read"]
upstream = "%4"
)"_s.arg(m_port)
                       .arg(m_issuer.toString(), kAudience, m_upstream.toString())
                       .arg(m_apiPort);
    if (tokens == Tokens::Bound)
        text += u"require_dpop = true\n\n[dpop]\nnonce = true\n"_s;
    QFile file(m_folder.filePath(u"gateway.toml"_s));
    if (!file.open(QIODevice::WriteOnly) || file.write(text.toUtf8()) < 0)
        return file.errorString();
    return {};
}

bool Stage::startGateway()
{
    m_gateway = std::make_unique<Support::ReadyProcess>();
    return m_gateway
        ->start(qEnvironmentVariable("WATCHWORD_GATEWAY"), {u"--config"_s, m_folder.filePath(u"gateway.toml"_s)}, u"READY "_s)
        .has_value();
}

void Stage::stopGateway()
{
    m_gateway->terminate();
    m_gatewayLog += m_gateway->log();
    m_gateway.reset();
}

std::optional<QByteArray> Stage::get(const QUrl &url)
{
    QNetworkReply *reply = m_network.get(QNetworkRequest(url));
    const bool done = Support::waitUntil([reply] { return reply->isFinished(); });
    reply->deleteLater();
    if (!done || reply->error() != QNetworkReply::NoError)
        return std::nullopt;
    return reply->readAll();
}

QJsonObject Stage::providerStats()
{
    return QJsonDocument::fromJson(get(m_issuer.resolved(QUrl(u"/ctl/stats"_s))).value_or(QByteArray())).object();
}

bool Stage::control(const QString &path)
{
    return get(m_issuer.resolved(QUrl(u"/ctl/"_s + path))).has_value();
}

std::function<bool(const QUrl &)> Stage::browser()
{
    // Each person has a browser of their own, with their own cookies.
    return [own = std::make_shared<Support::Browser>()](const QUrl &url) { return own->open(url); };
}

Watchword::ClientOptions Stage::clientOptions()
{
    Watchword::ClientOptions options;
    options.issuer = m_issuer;
    options.clientId = u"native"_s;
    options.scopes = {u"openid"_s, u"offline_access"_s, u"orders:read"_s};
    options.resource = QUrl(kAudience);
    options.server = QUrl(m_gatewayUrl.toString() + u"/v1/stream"_s);
    options.storage = Watchword::StoragePolicy::MemoryOnly;
    options.additionalCertificateAuthorities = m_authorities;
    options.openBrowser = browser();
    return options;
}

Watchword::SessionOptions Stage::operatorOptions()
{
    Watchword::SessionOptions options;
    options.issuer = m_issuer;
    options.clientId = u"native"_s;
    options.scopes = {u"openid"_s, u"offline_access"_s, u"gw:read"_s, u"gw:audit"_s};
    options.resource = QUrl(kAudience);
    options.account = u"operator"_s;
    options.loginHint = u"operator"_s;
    options.storage = Watchword::StoragePolicy::MemoryOnly;
    options.additionalCertificateAuthorities = m_authorities;
    options.openBrowser = browser();
    return options;
}
