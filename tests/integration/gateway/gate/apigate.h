// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "auditedgate.h"
#include "support/testmain.h"
#include "watchedclient.h"

#include <QNetworkAccessManager>

/*! Tests of the API of a running gateway; each has a gateway of its own, whose audit is judged at the end. */
class ApiGateTest : public WatchwordTest
{
protected:
    struct Answer
    {
        int status = 0;
        QByteArray body;
        QHash<QByteArray, QByteArray> headers;
        QJsonObject json() const { return QJsonDocument::fromJson(body).object(); }
    };
    Answer send(const QByteArray &method, const QString &path, const QByteArray &bearer, const QByteArray &body = {},
                const QByteArray &type = "application/json");
    Answer call(const QByteArray &method, const QString &path, const QByteArray &bearer, const QJsonObject &json = {})
    {
        return send(method, path, bearer, json.isEmpty() ? QByteArray() : QJsonDocument(json).toJson());
    }
    Answer logout(const QByteArray &token);
    Answer push(const QByteArray &token, const QByteArray &bearer = {});
    //! Whether \a answer is what the document says of \a schema.
    static bool isAs(const QString &schema, const Answer &answer);
    QByteArray tokenOf(const QString &subject, const QString &session, const QJsonObject &more = {}) const;
    QByteArray operatorToken(const QString &scopes = QStringLiteral("gw:read gw:kick gw:lock"), int signedInAgo = 0) const;
    QJsonObject logoutClaims(const QString &session) const;
    QJsonObject eventClaims(const QString &type, const QJsonObject &subject) const;
    int statusOf(const QByteArray &token) { return m_gate->exchange(AuditedGate::upgrade("/echo", token)).mid(9, 3).toInt(); }
    std::unique_ptr<WatchedClient> client(const QByteArray &token)
    {
        auto client = std::make_unique<WatchedClient>(m_gate->client(QStringLiteral("/echo"), token));
        return client->opened() ? std::move(client) : nullptr;
    }

    std::unique_ptr<AuditedGate> m_gate;
    QNetworkAccessManager m_network;
    void begin();
    void finish(); //!< Judges the audit, too.
};
