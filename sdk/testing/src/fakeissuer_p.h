// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tinyhttp.h"
#include "watchword/core/secret.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/signingkey.h"
#include "watchword/testing/fakeissuer.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QSet>

#include <optional>

namespace Watchword {

using namespace Qt::StringLiterals;

class FakeIssuer::Private
{
public:
    struct Grant
    {
        QString clientId;
        QString redirect;
        QString nonce;
        QString challenge;
        QString scope;
        QString resource;
        QString subject;
        QString name;
        QString acr;
        QString family;
        QString thumbprint; // of the key that its tokens are bound to
        qint64 authTime = 0; // 0: not yet
    };
    struct RawAnswer
    {
        int status;
        QByteArray contentType;
        QByteArray body;
    };
    struct Gathering
    {
        int count = 0; // 0: requests are served as they come
        QList<std::pair<TinyRequest, QPointer<QTcpSocket>>> there;
    };
    struct Device
    {
        Grant grant;
        std::optional<bool> allowed; // empty: the person has not decided
        WallTime expiresAt{};
    };

    explicit Private(FakeIssuer *issuer)
        : q(issuer)
        , http([this](const TinyRequest &request, QTcpSocket *socket) { handle(request, socket); })
    {
        key = SigningKey::generate(u"ES256"_s).valueOr({});
    }

    void handle(const TinyRequest &request, QTcpSocket *socket);
    void serve(Endpoint endpoint, const TinyRequest &request, QTcpSocket *socket);
    void reply(Endpoint endpoint, QTcpSocket *socket, int status, QJsonObject answer);
    bool handleFault(Fault fault, QTcpSocket *socket);
    void discovery(QTcpSocket *socket, std::optional<Fault> fault);
    void authorize(const TinyRequest &request, QTcpSocket *socket, std::optional<Fault> fault);
    void token(const TinyRequest &request, QTcpSocket *socket, std::optional<Fault> fault);
    enum class IdToken { None, First, Again };
    void issue(const Grant &grant, IdToken wanted, QTcpSocket *socket, std::optional<Fault> fault);
    void revoke(const TinyRequest &request, QTcpSocket *socket);
    void authorizeDevice(const TinyRequest &request, QTcpSocket *socket);
    void pushRequest(const TinyRequest &request, QTcpSocket *socket);
    void pollDevice(const TinyRequest &request, const QString &key, QTcpSocket *socket, std::optional<Fault> fault);
    void redeem(Grant grant, bool withIdToken, const QString &key, QTcpSocket *socket, std::optional<Fault> fault);
    std::optional<QString> provenKey(const TinyRequest &request, QTcpSocket *socket);
    void refuse(QTcpSocket *socket, int status, const QByteArray &error);
    QByteArray idToken(const Grant &grant, IdToken kind, const QByteArray &accessToken, std::optional<Fault> fault) const;
    void spoilIdToken(QJsonObject &claims, Fault fault) const;
    QByteArray accessToken(const Grant &grant) const;
    QString issuer() const { return q->url().toString(); }
    WallTime date() const { return (options.clock ? *options.clock : Clock::system()).wallNow() + calendar; }
    qint64 now() const { return toSecondsSinceEpoch(date()); }
    void remember(const QByteArray &secret) { secrets += secret; }

    FakeIssuer *q;
    Options options;
    TinyHttp http;
    quint16 port = 0;
    Duration calendar{};
    SigningKey key;
    QString subject = u"alice"_s;
    QString name = u"Alice"_s;
    QHash<Endpoint, QList<Fault>> faults;
    QHash<Endpoint, QList<RawAnswer>> rawAnswers;
    QHash<Endpoint, QList<std::function<void(QJsonObject &)>>> changes;
    QHash<Endpoint, Gathering> gatherings;
    QHash<Endpoint, int> counts;
    QHash<QByteArray, Grant> codes;
    QHash<QByteArray, Grant> refreshTokens;
    QHash<QByteArray, QString> spent; // refresh token to its family
    QHash<QByteArray, Device> devices; // by device code
    QHash<QString, QUrlQuery> pushed; // by request_uri
    QString userCode; // the last one
    QByteArray dpopNonce;
    QByteArray userAgent; // of the last request
    QSet<QString> proofs; // ids of proofs that were seen
    QList<QByteArray> secrets;
    int refreshes = 0;
    int reuses = 0;
    QNetworkAccessManager browser;
    QList<QSslCertificate> authorities;
};

inline QByteArray randomToken(QByteArrayView prefix)
{
    return prefix.toByteArray() + toBase64Url(Secret::random(24).reveal());
}

inline QString first(const QUrlQuery &query, const QString &name)
{
    return query.queryItemValue(name, QUrl::FullyDecoded);
}

inline QByteArray toJson(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

} // namespace Watchword
