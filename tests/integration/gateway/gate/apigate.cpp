// SPDX-License-Identifier: Apache-2.0
#include "apigate.h"

#include <QNetworkReply>
#include <QProcess>
#include <QTemporaryFile>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

void ApiGateTest::begin()
{
    m_gate = std::make_unique<AuditedGate>();
    QVERIFY(m_gate->prepare());
    m_gate->config.api = ApiConfig{QHostAddress(QHostAddress::LocalHost), 0};
    m_gate->config.issuers.first().events = IssuerConfig::Events{{u"app"_s}, {}, {}};
    QVERIFY(m_gate->begin());
}

void ApiGateTest::finish()
{
    (void)m_gate->events(); // judges all of them
    m_gate.reset();
}

ApiGateTest::Answer ApiGateTest::send(const QByteArray &method, const QString &path, const QByteArray &bearer,
                                      const QByteArray &body, const QByteArray &type)
{
    QNetworkRequest request(QUrl(m_gate->gateway->apiUrl().toString() + path));
    request.setSslConfiguration(m_gate->clientTls());
    if (!bearer.isEmpty())
        request.setRawHeader("Authorization", "Bearer " + bearer);
    if (!body.isEmpty())
        request.setRawHeader("Content-Type", type);
    QNetworkReply *reply = m_network.sendCustomRequest(request, method, body);
    Support::waitUntil([reply] { return reply->isFinished(); });
    Answer answer{reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), reply->readAll(), {}};
    for (const auto &[name, value] : reply->rawHeaderPairs())
        answer.headers.insert(name.toLower(), value);
    reply->deleteLater();
    return answer;
}

ApiGateTest::Answer ApiGateTest::logout(const QByteArray &token)
{
    return send("POST", u"/v1/backchannel-logout"_s, {}, "logout_token=" + token, "application/x-www-form-urlencoded");
}

ApiGateTest::Answer ApiGateTest::push(const QByteArray &token, const QByteArray &bearer)
{
    return send("POST", u"/v1/security-events"_s, bearer, token, "application/secevent+jwt");
}

bool ApiGateTest::isAs(const QString &schema, const Answer &answer)
{
    QFile document(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/openapi.json"));
    QTemporaryFile rules(QDir::tempPath() + u"/rules-XXXXXX.json"_s);
    QTemporaryFile answered(QDir::tempPath() + u"/answer-XXXXXX.json"_s);
    if (!document.open(QIODevice::ReadOnly) || !rules.open() || !answered.open())
        return false;
    const QJsonObject api = QJsonDocument::fromJson(document.readAll()).object();
    const QJsonObject judged{{"$schema"_L1, u"https://json-schema.org/draft/2020-12/schema"_s},
                             {"$ref"_L1, u"#/components/schemas/"_s + schema},
                             {"components"_L1, api.value("components"_L1)}};
    rules.write(QJsonDocument(judged).toJson());
    answered.write(answer.body);
    rules.close();
    answered.close();
    QProcess judge;
    judge.setProcessChannelMode(QProcess::MergedChannels);
    judge.start(u"/usr/bin/python3"_s,
                {QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/validate-json.py"), rules.fileName(), answered.fileName()});
    judge.waitForFinished(30'000);
    if (judge.exitCode() == 3) {
        qInfo("python3-jsonschema is missing: answers are not judged by openapi.json");
        return true;
    }
    if (judge.exitCode() != 0)
        qWarning("%s", judge.readAll().constData());
    return judge.exitCode() == 0;
}

QByteArray ApiGateTest::tokenOf(const QString &subject, const QString &session, const QJsonObject &more) const
{
    QJsonObject claims = m_gate->claims(subject);
    claims.insert("sid"_L1, session);
    claims.insert("client_id"_L1, u"desktop"_s);
    for (auto it = more.begin(); it != more.end(); ++it)
        claims.insert(it.key(), it.value());
    return m_gate->token(claims);
}

QByteArray ApiGateTest::operatorToken(const QString &scopes, int signedInAgo) const
{
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    return tokenOf(u"olga"_s, u"s-olga"_s,
                   {{"scope"_L1, scopes}, {"auth_time"_L1, now - signedInAgo}, {"client_id"_L1, u"console"_s}});
}

QJsonObject ApiGateTest::logoutClaims(const QString &session) const
{
    QJsonObject claims = m_gate->claims();
    claims.insert("aud"_L1, u"app"_s);
    claims.insert("sid"_L1, session);
    claims.remove("scope"_L1);
    claims.insert("events"_L1, QJsonObject{{u"http://schemas.openid.net/event/backchannel-logout"_s, QJsonObject()}});
    return claims;
}

QJsonObject ApiGateTest::eventClaims(const QString &type, const QJsonObject &subject) const
{
    QJsonObject claims = m_gate->claims();
    for (const char *name : {"sub", "sid", "exp", "scope"})
        claims.remove(QLatin1StringView(name));
    claims.insert("aud"_L1, u"app"_s);
    claims.insert("sub_id"_L1, subject);
    claims.insert("events"_L1,
                  QJsonObject{{u"https://schemas.openid.net/secevent/caep/event-type/"_s + type,
                               QJsonObject{{"event_timestamp"_L1, toSecondsSinceEpoch(Clock::system().wallNow())}}}});
    return claims;
}
