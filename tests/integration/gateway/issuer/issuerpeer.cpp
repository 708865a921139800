// SPDX-License-Identifier: Apache-2.0
#include "issuerpeer.h"

#include "support/auditschema.h"

#include "support/await.h"
#include "watchword/jose/passwordhash.h"
#include "watchword/jose/pkce.h"

#include <QJsonDocument>
#include <QNetworkCookieJar>
#include <QNetworkReply>
#include <QRegularExpression>
#include <QSslConfiguration>
#include <QSslKey>
#include <QSslSocket>
#include <QUrlQuery>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

const QByteArray kVerifier(43, 'v');

QByteArray contentOf(const QString &file)
{
    QFile in(file);
    return in.open(QIODevice::ReadOnly) ? in.readAll() : QByteArray();
}

QString hashed(const QByteArray &password)
{
    return hashPassword(Secret::copy(password), {.n = 1024, .r = 8, .p = 1}).valueOr({});
}

} // namespace

QString encoded(const Fields &fields)
{
    QStringList pairs;
    for (auto i = fields.begin(); i != fields.end(); ++i)
        pairs.append(i.key() + u'=' + QString::fromLatin1(QUrl::toPercentEncoding(i.value())));
    return pairs.join(u'&');
}

QByteArray Answer::header(const QByteArray &name) const
{
    for (const auto &[key, value] : headers) {
        if (key.compare(name, Qt::CaseInsensitive) == 0)
            return value;
    }
    return {};
}

QJsonObject Answer::json() const
{
    return QJsonDocument::fromJson(body).object();
}

QString Answer::redirectValue(const QString &name) const
{
    return QUrlQuery(QUrl::fromEncoded(header("Location"))).queryItemValue(name, QUrl::FullyDecoded);
}

Fields hiddenFields(const Answer &page)
{
    static const QRegularExpression field(u"<input type=\"hidden\" name=\"([a-z_]+)\" value=\"([^\"]*)\">"_s);
    Fields fields;
    auto matches = field.globalMatch(QString::fromUtf8(page.body));
    while (matches.hasNext()) {
        const QRegularExpressionMatch match = matches.next();
        fields.insert(match.captured(1), match.captured(2));
    }
    return fields;
}

IssuerPeer::IssuerPeer(const QString &certificates)
{
    m_server = QSslConfiguration::defaultConfiguration();
    m_server.setLocalCertificate(QSslCertificate(contentOf(certificates + u"/server.pem"_s)));
    m_server.setPrivateKey(QSslKey(contentOf(certificates + u"/server.key"_s), QSsl::Ec));
    m_client = QSslConfiguration::defaultConfiguration();
    m_client.setCaCertificates(QSslCertificate::fromData(contentOf(certificates + u"/ca.pem"_s)));
    options.audience = u"wss://orders.test"_s;
    options.users = {
        {.name = u"alice"_s, .subject = u"u-alice"_s, .passwordHash = hashed("correct horse"), .scopes = {u"orders:read"_s}},
        {.name = u"bob"_s, .subject = u"u-bob"_s, .passwordHash = hashed("tr0ub4dor"), .scopes = {}}};
    options.clients = {
        {.id = u"app"_s,
         .redirectUris = {u"http://127.0.0.1/callback"_s},
         .postLogoutRedirectUris = {u"http://127.0.0.1/bye"_s},
         .scopes = {u"orders:read"_s, u"orders:write"_s}},
        {.id = u"web"_s, .redirectUris = {u"https://web.test/callback"_s}, .postLogoutRedirectUris = {}, .scopes = {}}};
}

IssuerPeer::~IssuerPeer()
{
    issuer.reset();
    if (log)
        Support::judgeAuditEvents(audit());
}

bool IssuerPeer::start()
{
    issuer.reset();
    log.reset();
    Result<std::unique_ptr<AuditLog>> opened = AuditLog::open({}, clock);
    if (!opened)
        return false;
    log = std::move(opened.value());
    Result<std::unique_ptr<Issuer>> made = Issuer::create(options, *log, clock);
    if (!made) {
        qInfo().noquote() << made.error().toString();
        return false;
    }
    issuer = std::move(made.value());
    if (!issuer->listen(QHostAddress::LocalHost, 0, m_server))
        return false;
    // Not url(): that is the configured name where there is one.
    m_base = QUrl(u"https://127.0.0.1:%1"_s.arg(issuer->port()));
    return true;
}

Answer IssuerPeer::finished(QNetworkReply *reply)
{
    Support::waitUntil([reply] { return reply->isFinished(); });
    Answer answer;
    answer.status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    for (const auto &[name, value] : reply->rawHeaderPairs())
        answer.headers.append({name, value});
    answer.body = reply->readAll();
    reply->deleteLater();
    return answer;
}

Answer IssuerPeer::get(const QString &pathAndQuery)
{
    QNetworkRequest request(QUrl::fromEncoded(m_base.toEncoded() + pathAndQuery.toLatin1()));
    request.setSslConfiguration(m_client);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    return finished(m_network.get(request));
}

Answer IssuerPeer::post(const QString &path, const Fields &fields, const QList<std::pair<QByteArray, QByteArray>> &headers)
{
    return postBytes(path, encoded(fields).toLatin1(), "application/x-www-form-urlencoded", headers);
}

QNetworkRequest IssuerPeer::formRequest(const QString &path, const QByteArray &type) const
{
    QNetworkRequest request(QUrl(m_base.toString() + path));
    request.setSslConfiguration(m_client);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    request.setRawHeader("Content-Type", type);
    return request;
}

QList<Answer> IssuerPeer::postAtOnce(const QString &path, const QList<Fields> &forms)
{
    std::vector<std::unique_ptr<QNetworkAccessManager>> browsers;
    QList<QNetworkReply *> replies;
    for (const Fields &fields : forms) {
        browsers.push_back(std::make_unique<QNetworkAccessManager>());
        replies.append(browsers.back()->post(formRequest(path, "application/x-www-form-urlencoded"), encoded(fields).toLatin1()));
    }
    QList<Answer> answers;
    for (QNetworkReply *reply : replies)
        answers.append(finished(reply));
    return answers;
}

QByteArray IssuerPeer::exchange(const QByteArray &bytes)
{
    QSslSocket socket;
    socket.setSslConfiguration(m_client);
    bool isClosed = false;
    QByteArray answer;
    QObject::connect(&socket, &QAbstractSocket::disconnected, &socket, [&isClosed] { isClosed = true; });
    QObject::connect(&socket, &QIODevice::readyRead, &socket, [&] { answer += socket.readAll(); });
    QObject::connect(&socket, &QSslSocket::encrypted, &socket, [&] { socket.write(bytes); });
    socket.connectToHostEncrypted(u"127.0.0.1"_s, issuer->port());
    Support::waitUntil([&] { return isClosed; });
    return answer + socket.readAll();
}

void IssuerPeer::forgetCookies()
{
    m_network.setCookieJar(new QNetworkCookieJar(&m_network));
}

Answer IssuerPeer::postBytes(const QString &path, const QByteArray &body, const QByteArray &type,
                             const QList<std::pair<QByteArray, QByteArray>> &headers)
{
    QNetworkRequest request = formRequest(path, type);
    for (const auto &[name, value] : headers)
        request.setRawHeader(name, value);
    return finished(m_network.post(request, body));
}

Fields IssuerPeer::authorizeFields() const
{
    return {{u"client_id"_s, u"app"_s},
            {u"redirect_uri"_s, u"http://127.0.0.1:49152/callback"_s},
            {u"response_type"_s, u"code"_s},
            {u"scope"_s, u"openid offline_access orders:read orders:write"_s},
            {u"state"_s, u"st+a te&1"_s},
            {u"nonce"_s, u"n-1"_s},
            {u"code_challenge"_s, Pkce::challengeOf(kVerifier)},
            {u"code_challenge_method"_s, u"S256"_s}};
}

Fields IssuerPeer::redeemFields(const QString &code) const
{
    return {{u"grant_type"_s, u"authorization_code"_s},
            {u"client_id"_s, u"app"_s},
            {u"code"_s, code},
            {u"redirect_uri"_s, u"http://127.0.0.1:49152/callback"_s},
            {u"code_verifier"_s, QString::fromLatin1(kVerifier)}};
}

Fields IssuerPeer::refreshFields(const QString &token) const
{
    return {{u"grant_type"_s, u"refresh_token"_s}, {u"client_id"_s, u"app"_s}, {u"refresh_token"_s, token}};
}

Answer IssuerPeer::openLogin(const Fields &authorize)
{
    const Answer answer = get(u"/authorize?"_s + encoded(authorize));
    const QUrl location = QUrl::fromEncoded(answer.header("Location"));
    return get(location.path() + u'?' + location.query(QUrl::FullyEncoded));
}

Answer IssuerPeer::login(const Answer &page, const QString &name, const QString &password)
{
    Fields fields = hiddenFields(page);
    fields.insert(u"username"_s, name);
    fields.insert(u"password"_s, password);
    return post(u"/login"_s, fields);
}

QString IssuerPeer::code()
{
    return login(openLogin(authorizeFields()), u"alice"_s, u"correct horse"_s).redirectValue(u"code"_s);
}

Result<Jwt> IssuerPeer::verified(const Answer &answer, const QString &member, const QString &type, const QString &audience)
{
    const Answer keys = get(u"/jwks"_s);
    const Result<JwkSet> set = JwkSet::fromBytes(keys.body);
    if (!set)
        return set.error();
    JwtPolicy policy;
    policy.types = QStringList{type};
    policy.typeRequired = true;
    policy.algorithms = QStringList{u"ES256"_s};
    policy.issuer = issuer->url().toString();
    policy.audiences = QStringList{audience};
    return Jwt::verify(answer.text(member).toLatin1(), *set, policy, clock.wallNow());
}

QList<AuditEvent> IssuerPeer::audit() const
{
    return log->read(0, 1000).valueOr({});
}

QStringList IssuerPeer::auditTypes() const
{
    QStringList types;
    for (const AuditEvent &event : audit())
        types.append(event.shortType());
    return types;
}

AuditEvent IssuerPeer::firstAudit(const QString &type) const
{
    for (const AuditEvent &event : audit()) {
        if (event.shortType() == type)
            return event;
    }
    return {};
}
