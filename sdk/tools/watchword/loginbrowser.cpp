// SPDX-License-Identifier: Apache-2.0
#include "loginbrowser.h"

#include "watchword/core/internal/useragent.h"

#include <QNetworkReply>
#include <QRegularExpression>
#include <QSslConfiguration>
#include <QUrlQuery>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kMostHops = 10;

QString hiddenField(const QString &html, const QString &name)
{
    const QRegularExpression field(u"name=\"%1\"\\s+value=\"([^\"]*)\""_s.arg(name));
    return field.match(html).captured(1);
}

} // namespace

LoginBrowser::LoginBrowser(QString user, Secret password, QList<QSslCertificate> authorities, QObject *parent)
    : QObject(parent)
    , m_user(std::move(user))
    , m_password(std::move(password))
    , m_authorities(std::move(authorities))
{
}

void LoginBrowser::open(const QUrl &url)
{
    // New for every sign-in: cookies of another one must not be there.
    if (m_network)
        m_network.release()->deleteLater();
    m_network = std::make_unique<QNetworkAccessManager>();
    m_network->setRedirectPolicy(QNetworkRequest::ManualRedirectPolicy);
    m_network->setTransferTimeout(10'000);
    m_issuer = url.authority();
    m_hops = 0;
    m_filled = false;
    get(url);
}

QNetworkRequest LoginBrowser::requestTo(const QUrl &url) const
{
    QNetworkRequest request(url);
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setCaCertificates(m_authorities);
    request.setSslConfiguration(tls);
    request.setRawHeader("User-Agent", userAgent());
    return request;
}

void LoginBrowser::get(const QUrl &url)
{
    QNetworkReply *reply = m_network->get(requestTo(url));
    connect(reply, &QNetworkReply::finished, this, [this, reply] { follow(reply); });
}

void LoginBrowser::post(const QUrl &url, const QByteArray &form)
{
    QNetworkRequest request = requestTo(url);
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/x-www-form-urlencoded"_s);
    request.setRawHeader("Origin", url.toString(QUrl::RemovePath | QUrl::RemoveQuery).toUtf8());
    QNetworkReply *reply = m_network->post(request, form);
    connect(reply, &QNetworkReply::finished, this, [this, reply] { follow(reply); });
}

void LoginBrowser::follow(QNetworkReply *reply)
{
    reply->deleteLater();
    if (reply->manager() != m_network.get())
        return; // the page was left
    const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    const QUrl target = reply->attribute(QNetworkRequest::RedirectionTargetAttribute).toUrl();
    if (!target.isEmpty() && ++m_hops <= kMostHops) {
        get(reply->url().resolved(target));
        return;
    }
    if (reply->url().authority() != m_issuer)
        return; // the application's own page: the sign-in is over
    const QByteArray body = reply->readAll();
    if (body.contains("name=\"password\"")) {
        if (m_filled)
            Q_EMIT refused();
        else
            fill(reply->url(), body);
        return;
    }
    Q_EMIT failed(u"the issuer answered %1 (%2)"_s.arg(status).arg(reply->errorString()));
}

void LoginBrowser::fill(const QUrl &page, const QByteArray &html)
{
    m_filled = true;
    const QString text = QString::fromUtf8(html);
    QByteArray form;
    const auto add = [&form](const QByteArray &name, const QByteArray &value) {
        form += (form.isEmpty() ? "" : "&") + name + '=' + value.toPercentEncoding();
    };
    add("request", hiddenField(text, u"request"_s).toUtf8());
    add("csrf", hiddenField(text, u"csrf"_s).toUtf8());
    add("username", m_user.toUtf8());
    add("password", m_password.reveal().toByteArray());
    add("action", "sign-in");
    post(page.resolved(QUrl(u"/login"_s)), form);
}

} // namespace Watchword::Tool
