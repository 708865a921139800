// SPDX-License-Identifier: Apache-2.0
#include "issuer/signinrequest.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

QByteArray SignInRequest::toBytes() const
{
    // An array, because it has to fit into a URL.
    const QJsonArray fields{id,
                            clientId,
                            redirectUri,
                            state,
                            nonce,
                            challenge,
                            loginHint,
                            scopes.join(u' '),
                            qint64(expires.time_since_epoch().count())};
    return QJsonDocument(fields).toJson(QJsonDocument::Compact);
}

std::optional<SignInRequest> SignInRequest::fromBytes(const QByteArray &bytes)
{
    const QJsonArray fields = QJsonDocument::fromJson(bytes).array();
    if (fields.size() != 9)
        return {};
    SignInRequest request;
    request.id = fields.at(0).toString();
    request.clientId = fields.at(1).toString();
    request.redirectUri = fields.at(2).toString();
    request.state = fields.at(3).toString();
    request.nonce = fields.at(4).toString();
    request.challenge = fields.at(5).toString();
    request.loginHint = fields.at(6).toString();
    request.scopes = fields.at(7).toString().split(u' ', Qt::SkipEmptyParts);
    request.expires = WallTime(std::chrono::milliseconds(fields.at(8).toInteger()));
    return request;
}

} // namespace Watchword::Gateway
