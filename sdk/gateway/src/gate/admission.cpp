// SPDX-License-Identifier: Apache-2.0
#include "gate/admission.h"

#include "gate/credential.h"

#include <QJsonArray>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

void insertText(QJsonObject &object, QLatin1StringView name, const QString &value)
{
    if (!value.isEmpty())
        object.insert(name, value);
}

} // namespace

QString clientText(const QByteArray &bytes)
{
    QString text = QString::fromLatin1(bytes.left(256));
    text.removeIf([](QChar c) { return c.category() == QChar::Other_Control; });
    return text;
}

QJsonObject auditSource(const GatePeer &peer)
{
    QJsonObject source{{u"ip"_s, peer.address.toString()}};
    if (peer.port != 0)
        source.insert("port"_L1, peer.port);
    return source;
}

QJsonObject auditHttp(const RequestHead &head, int status)
{
    // The path alone: the query is where people put secrets.
    QJsonObject http{{u"status"_s, status}};
    insertText(http, "path"_L1, clientText(head.path));
    insertText(http, "host"_L1, clientText(head.value("Host")));
    insertText(http, "origin"_L1, clientText(head.value("Origin")));
    insertText(http, "subprotocol"_L1, offeredSubprotocols(head).join(u", "_s).left(256));
    return http;
}

QJsonObject auditActor(const Identity &identity)
{
    QJsonObject actor{{u"type"_s, u"user"_s}, {u"sub"_s, identity.subject}};
    insertText(actor, "name"_L1, identity.name);
    insertText(actor, "iss"_L1, identity.issuer);
    insertText(actor, "client_id"_L1, identity.clientId);
    insertText(actor, "acr"_L1, identity.acr);
    return actor;
}

QJsonObject auditToken(const Identity &identity)
{
    QJsonObject token{{u"jti"_s, identity.tokenId}, {u"fingerprint"_s, identity.tokenFingerprint}};
    insertText(token, "kid"_L1, identity.keyId);
    insertText(token, "alg"_L1, identity.algorithm);
    token.insert("aud"_L1, QJsonArray::fromStringList(identity.audiences));
    token.insert("scope"_L1, QJsonArray::fromStringList(identity.scopes));
    insertText(token, "jkt"_L1, identity.keyThumbprint);
    if (identity.issuedAt)
        token.insert("iat"_L1, toSecondsSinceEpoch(*identity.issuedAt));
    if (identity.expiresAt)
        token.insert("exp"_L1, toSecondsSinceEpoch(*identity.expiresAt));
    return token;
}

} // namespace Watchword::Gateway
