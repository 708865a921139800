// SPDX-License-Identifier: Apache-2.0
#include "learn/lessonserver.h"

#include "../gateway/throwawayca.h"
#include "learn/lessonconnection.h"
#include "watchword/core/clock.h"
#include "watchword/jose/jwt.h"

#include <QFile>
#include <QSslCertificate>
#include <QSslKey>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

LessonServer::LessonServer(Setting flaw, QObject *parent)
    : QTcpServer(parent)
    , m_flaw(flaw)
{
}

Result<void> LessonServer::open()
{
    if (!m_folder.isValid())
        return Error(ErrorCode::StorageFailed, m_folder.errorString());
    const Result<Tools::ThrowAwayCa> authority = Tools::makeThrowAwayCa(m_folder.path(), 2);
    if (!authority)
        return authority.error();
    m_authorityFile = authority->caFile;
    QFile key(authority->keyFile);
    if (!key.open(QIODevice::ReadOnly))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(key.fileName(), key.errorString()));
    m_tls.setLocalCertificateChain(QSslCertificate::fromPath(authority->certificateFile));
    m_tls.setPrivateKey(QSslKey(&key, QSsl::Ec));
    m_tls.setProtocol(QSsl::TlsV1_2OrLater);
    m_tls.setPeerVerifyMode(QSslSocket::VerifyNone); // of clients
    const Result<SigningKey> signing = SigningKey::generate(u"ES256"_s);
    if (!signing)
        return signing.error();
    m_key = *signing;
    m_keys.insert(m_key.publicKey());
    if (!listen(QHostAddress::LocalHost))
        return Error(ErrorCode::ConnectionRefused, errorString());
    return {};
}

void LessonServer::mend()
{
    m_flaw.reset();
}

QUrl LessonServer::url() const
{
    return QUrl(u"wss://127.0.0.1:%1%2"_s.arg(serverPort()).arg(QLatin1StringView(LessonConnection::kPath)));
}

Secret LessonServer::token() const
{
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    const Result<QByteArray> token = signJwt(m_key, u"at+jwt"_s,
                                             {{u"iss"_s, QLatin1StringView(LessonConnection::kIssuer)},
                                              {u"aud"_s, QLatin1StringView(LessonConnection::kAudience)},
                                              {u"sub"_s, u"you"_s},
                                              {u"scope"_s, QLatin1StringView(LessonConnection::kScope)},
                                              {u"iat"_s, now},
                                              {u"exp"_s, now + 300}});
    return token ? Secret::copy(*token) : Secret();
}

QString LessonServer::allowedOrigin()
{
    return u"https://app.example.com"_s;
}

void LessonServer::incomingConnection(qintptr descriptor)
{
    auto *connection = new LessonConnection(this, descriptor);
    if (m_connections >= kMostConnections) {
        delete connection;
        return;
    }
    ++m_connections;
    connect(connection, &QObject::destroyed, this, [this] { --m_connections; });
}

} // namespace Watchword::Tool
