// SPDX-License-Identifier: Apache-2.0
#include "support/browser.h"

#include "support/await.h"

#include <QNetworkAccessManager>
#include <QNetworkReply>

namespace Support {

Browser::Browser()
{
    forget();
}

Browser::~Browser() = default;

void Browser::forget()
{
    m_network = std::make_unique<QNetworkAccessManager>();
    m_network->setRedirectPolicy(QNetworkRequest::ManualRedirectPolicy);
}

QNetworkReply *Browser::get(const QUrl &url)
{
    return m_network->get(QNetworkRequest(url));
}

void Browser::follow(QNetworkReply *reply, const Done &done)
{
    QObject::connect(reply, &QNetworkReply::finished, m_network.get(), [this, reply, done] {
        reply->deleteLater();
        const QUrl next = reply->attribute(QNetworkRequest::RedirectionTargetAttribute).toUrl();
        if (!next.isEmpty())
            follow(get(reply->url().resolved(next)), done);
        else
            done(*reply);
    });
}

bool Browser::open(const QUrl &url)
{
    follow(get(url), [](const QNetworkReply &reply) {
        if (reply.error() != QNetworkReply::NoError)
            qInfo().noquote() << "browser:" << reply.errorString();
    });
    return true;
}

QByteArray Browser::visit(const QUrl &url, const QByteArray &form)
{
    QNetworkRequest request(url);
    request.setHeader(QNetworkRequest::ContentTypeHeader, QStringLiteral("application/x-www-form-urlencoded"));
    bool finished = false;
    QByteArray body;
    follow(form.isEmpty() ? get(url) : m_network->post(request, form), [&](QNetworkReply &reply) {
        body = reply.readAll();
        finished = true;
    });
    if (waitUntil([&] { return finished; }))
        return body;
    forget(); // what still runs must not write into what is gone
    return {};
}

} // namespace Support
