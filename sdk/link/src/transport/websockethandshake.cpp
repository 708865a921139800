// SPDX-License-Identifier: Apache-2.0
#include "transport/websockethandshake.h"

#include "transport/transporterrors.h"
#include "transport/upgrade.h"

#include "watchword/core/internal/useragent.h"

#include <QRandomGenerator>
#include <QSslSocket>

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <bit>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

std::optional<Wire::DeflateOptions> deflateOptions(const CompressionOptions &options)
{
    if (!options.offered)
        return std::nullopt;
    Wire::DeflateOptions deflate;
    deflate.serverWindowBits = options.windowBits;
    deflate.clientWindowBits = options.windowBits;
    deflate.serverKeepsContext = options.keepContext;
    deflate.clientKeepsContext = options.keepContext;
    deflate.memoryLevel = options.memoryLevel;
    deflate.smallest = std::size_t(options.smallest);
    return deflate;
}

// RFC 9112 section 3.2: without the port if it is the scheme's.
std::string hostField(const QUrl &url)
{
    QString host = url.host(QUrl::FullyEncoded);
    if (host.contains(u':'))
        host = u'[' + host + u']';
    const int usual = url.scheme() == "wss"_L1 ? 443 : 80;
    if (const int port = url.port(usual); port != usual)
        host += u':' + QString::number(port);
    return host.toStdString();
}

std::string requestTarget(const QUrl &url)
{
    return url.toEncoded(QUrl::RemoveScheme | QUrl::RemoveAuthority | QUrl::RemoveFragment).toStdString();
}

Wire::UpgradeRequest upgradeRequest(const ConnectionOptions &options, const QStringList &offered, const QUrl &url,
                                    bool withHeaders)
{
    Wire::UpgradeRequest request{.target = requestTarget(url), .host = hostField(url), .origin = options.origin.toStdString()};
    for (const QString &subprotocol : offered)
        request.subprotocols.push_back(subprotocol.toStdString());
    request.fields.emplace_back("User-Agent", userAgentOf(options).toStdString());
    for (auto header = options.headers.cbegin(); withHeaders && header != options.headers.cend(); ++header)
        request.fields.emplace_back(header.key().toStdString(), header.value().toStdString());
    request.deflate = deflateOptions(options.compression);
    return request;
}

std::array<std::uint8_t, 16> newNonce16()
{
    std::array<quint32, 4> words{};
    QRandomGenerator::system()->fillRange(words.data(), qsizetype(words.size()));
    return std::bit_cast<std::array<std::uint8_t, 16>>(words);
}

// Replaces \a secret, also where the end of \a text cut it.
QByteArray withoutText(QByteArray text, const QByteArray &secret, const QByteArray &by)
{
    constexpr qsizetype telling = 4;
    if (secret.isEmpty())
        return text;
    text.replace(secret, by);
    for (qsizetype size = std::min(text.size(), secret.size()); size >= telling; --size) {
        if (text.endsWith(secret.first(size)))
            return text.chopped(size) + by;
    }
    return text;
}

QString qtText(std::string_view text)
{
    return QString::fromUtf8(text.data(), qsizetype(text.size()));
}

} // namespace

QByteArray userAgentOf(const ConnectionOptions &options)
{
    return options.userAgent.isEmpty() ? userAgent() : options.userAgent;
}

QNetworkProxy proxyOf(const ConnectionOptions &options)
{
    QNetworkProxy proxy = options.proxy;
    if (proxy.type() == QNetworkProxy::HttpProxy && !proxy.hasRawHeader("User-Agent"))
        proxy.setRawHeader("User-Agent", userAgentOf(options));
    return proxy;
}

QSslConfiguration tlsConfiguration(const ConnectionOptions &options)
{
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setProtocol(options.minimumTls);
    if (!options.clientCertificates.isEmpty()) {
        tls.setLocalCertificateChain(options.clientCertificates);
        tls.setPrivateKey(options.clientKey);
    }
    tls.setPeerVerifyMode(QSslSocket::VerifyPeer);
    if (!options.certificateAuthorities.isEmpty())
        tls.setCaCertificates(options.certificateAuthorities);
    tls.addCaCertificates(options.additionalCertificateAuthorities);
    return tls;
}

WebSocketHandshake::WebSocketHandshake(const ConnectionOptions &options, const QStringList &offered, const QUrl &url,
                                       bool withHeaders)
    : m_url(url)
    , m_handshake(upgradeRequest(options, offered, url, withHeaders), newNonce16())
    , m_deflate(deflateOptions(options.compression))
{
}

Result<void> WebSocketHandshake::authorize(const AccessToken &token)
{
    Result<RequestHeaders> headers = token.headersFor("GET", m_url);
    if (!headers)
        return headers.error();
    m_authorization = std::move(headers->authorization);
    m_proof = headers->proof;
    return {};
}

std::string WebSocketHandshake::request()
{
    std::vector<std::pair<std::string_view, std::string_view>> secretFields;
    const QByteArrayView authorization = m_authorization.reveal();
    secretFields.emplace_back("Authorization", std::string_view(authorization.data(), std::size_t(authorization.size())));
    secretFields.emplace_back("DPoP", std::string_view(m_proof.constData(), std::size_t(m_proof.size())));
    std::string text = m_handshake.request(secretFields);
    m_authorization = {};
    return text;
}

void WebSocketHandshake::wipe(std::string &text)
{
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

HttpAnswer WebSocketHandshake::answer() const
{
    const Wire::HttpHead &head = m_handshake.answer();
    HttpAnswer answer{.status = head.status()};
    // Servers that repeat what they got must not bring it into logs.
    const auto withoutProof = [this](std::string_view text) {
        return withoutText(QByteArray(text.data(), qsizetype(text.size())), m_proof, "[proof]");
    };
    for (std::size_t i = 0; i < head.fieldCount(); ++i) {
        const Wire::HttpHead::Field field = head.field(i);
        answer.headers.append({QByteArray(field.name.data(), qsizetype(field.name.size())).toLower(), withoutProof(field.value)});
    }
    answer.body = withoutProof(m_handshake.body());
    return answer;
}

QByteArray WebSocketHandshake::newNonce() const
{
    const std::string_view value = m_handshake.answer().value("DPoP-Nonce");
    const QByteArray nonce(value.data(), qsizetype(value.size()));
    // Another connection may have told the signer of it since this proof was made: only the proof knows.
    return m_proof.isEmpty() || nonce == Upgrade::nonceOf(m_proof) ? QByteArray() : nonce;
}

QString WebSocketHandshake::subprotocol() const
{
    return qtText(m_handshake.subprotocol());
}

Error WebSocketHandshake::fault() const
{
    const QString text = qtText(Wire::describe(m_handshake.fault()));
    switch (m_handshake.fault()) {
    case Wire::AnswerFault::Subprotocol:
        return unofferedSubprotocol(subprotocol());
    case Wire::AnswerFault::Head:
        return Error(ErrorCode::ProtocolViolation,
                     u"the answer is not one of a WebSocket server: "_s + qtText(Wire::describe(m_handshake.headFault())));
    case Wire::AnswerFault::TooManyInterim:
    case Wire::AnswerFault::Ended:
        return Error(ErrorCode::ProtocolViolation, u"the answer is not one of a WebSocket server: "_s + text);
    default:
        return Error(ErrorCode::ProtocolViolation, u"the server's 101 does not follow RFC 6455: "_s + text);
    }
}

std::shared_ptr<Wire::Compression> WebSocketHandshake::compression() const
{
    if (!m_handshake.compression() || !m_deflate)
        return nullptr;
    return std::make_shared<Wire::Compression>(Wire::Role::Client, *m_handshake.compression(), *m_deflate);
}

} // namespace Watchword
