// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/demologin.h"

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QRegularExpression>
#include <QSslConfiguration>
#include <QUrlQuery>

namespace Monitor {
using namespace Qt::StringLiterals;

DemoLogin::DemoLogin(QList<QSslCertificate> authorities, QString user, Watchword::Secret password, QObject *parent)
    : QObject(parent)
    , m_authorities(std::move(authorities))
    , m_user(std::move(user))
    , m_password(std::move(password))
    , m_network(std::make_unique<QNetworkAccessManager>())
{
    m_network->setRedirectPolicy(QNetworkRequest::ManualRedirectPolicy);
    m_network->setTransferTimeout(10'000);
}

DemoLogin::~DemoLogin() = default;

QList<std::pair<QString, QString>> DemoLogin::hiddenFields(QByteArrayView page)
{
    static const QRegularExpression input(u"<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\">"_s);
    QList<std::pair<QString, QString>> fields;
    const QString text = QString::fromUtf8(page);
    for (auto match = input.globalMatch(text); match.hasNext();) {
        const QRegularExpressionMatch field = match.next();
        QString value = field.captured(2);
        value.replace(u"&quot;"_s, u"\""_s).replace(u"&lt;"_s, u"<"_s).replace(u"&gt;"_s, u">"_s).replace(u"&amp;"_s, u"&"_s);
        fields.append({field.captured(1), value});
    }
    return fields;
}

QNetworkReply *DemoLogin::get(const QUrl &url)
{
    QNetworkRequest request(url);
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setCaCertificates(m_authorities);
    request.setSslConfiguration(tls);
    return m_network->get(request);
}

void DemoLogin::open(const QUrl &signInUrl)
{
    QNetworkReply *reply = get(signInUrl);
    connect(reply, &QNetworkReply::finished, this, [this, reply] { follow(reply); });
}

void DemoLogin::follow(QNetworkReply *reply)
{
    reply->deleteLater();
    const QUrl target = reply->attribute(QNetworkRequest::RedirectionTargetAttribute).toUrl();
    if (target.isValid() && !target.isEmpty()) {
        open(reply->url().resolved(target));
        return;
    }
    if (reply->error() != QNetworkReply::NoError) {
        Q_EMIT failed(tr("The demo's login page cannot be used: %1").arg(reply->errorString()));
        return;
    }
    const QByteArray page = reply->readAll();
    if (hiddenFields(page).isEmpty()) // The session's own "you may close this window".
        return;
    if (m_sent) {
        Q_EMIT failed(tr("The demo's login page did not take the user name and password."));
        return;
    }
    send(reply->url(), page);
}

void DemoLogin::send(const QUrl &base, const QByteArray &page)
{
    static const QRegularExpression action(u"<form method=\"post\" action=\"([^\"]+)\""_s);
    QNetworkRequest request(base.resolved(QUrl(action.match(QString::fromUtf8(page)).captured(1))));
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setCaCertificates(m_authorities);
    request.setSslConfiguration(tls);
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/x-www-form-urlencoded"_s);
    request.setRawHeader("Origin", base.url(QUrl::RemovePath | QUrl::RemoveQuery | QUrl::RemoveFragment).toUtf8());
    QByteArray body;
    const auto add = [&body](const QString &name, const QString &value) {
        body += (body.isEmpty() ? "" : "&") + QUrl::toPercentEncoding(name) + '=' + QUrl::toPercentEncoding(value);
    };
    for (const auto &[name, value] : hiddenFields(page))
        add(name, value);
    add(u"username"_s, m_user);
    add(u"password"_s, QString::fromUtf8(m_password.reveal()));
    add(u"action"_s, u"sign-in"_s);
    m_sent = true;
    QNetworkReply *reply = m_network->post(request, body);
    body.fill('\0');
    connect(reply, &QNetworkReply::finished, this, [this, reply] { follow(reply); });
}

} // namespace Monitor
