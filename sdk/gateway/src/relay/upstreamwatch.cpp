// SPDX-License-Identifier: Apache-2.0
#include "relay/upstreamwatch.h"

#include "gate/jsonfetch.h"

#include <QNetworkProxy>
#include <QNetworkReply>
#include <QTcpSocket>
#include <QTimer>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

UpstreamWatch::UpstreamWatch(Clock &clock, QObject *parent)
    : QObject(parent)
    , m_alarm(clock)
{
    connect(&m_alarm, &Alarm::due, this, &UpstreamWatch::look);
}

void UpstreamWatch::watch(const QList<QUrl> &urls, const UpstreamHealth &health, const QSslConfiguration &tls)
{
    m_urls = urls;
    m_health = health;
    m_tls = tls;
    m_network.clearConnectionCache(); // with what it knew of TLS
    m_alarm.cancel();
    if (!urls.isEmpty() && health.every.count() > 0)
        m_alarm.start(health.every);
}

void UpstreamWatch::look()
{
    m_alarm.start(m_health.every);
    for (const QUrl &url : std::as_const(m_urls)) {
        if (m_health.path.isEmpty())
            connectTo(url);
        else
            ask(url);
    }
}

void UpstreamWatch::connectTo(const QUrl &url)
{
    auto *socket = new QTcpSocket(this);
    socket->setProxy(QNetworkProxy::NoProxy);
    const auto end = [this, socket, url](bool isGood) {
        socket->disconnect();
        socket->abort();
        socket->deleteLater();
        Q_EMIT looked(url, isGood);
    };
    connect(socket, &QAbstractSocket::connected, this, [end] { end(true); });
    connect(socket, &QAbstractSocket::errorOccurred, this, [end] { end(false); });
    QTimer::singleShot(m_health.every / 2, socket, [end] { end(false); });
    socket->connectToHost(url.host(), quint16(url.port(url.scheme() == "wss"_L1 ? 443 : 80)));
}

void UpstreamWatch::ask(const QUrl &url)
{
    QUrl page = url;
    page.setScheme(url.scheme() == "wss"_L1 ? u"https"_s : u"http"_s);
    page.setPath(m_health.path);
    page.setQuery(QString());
    m_network.setProxy(QNetworkProxy::NoProxy);
    QNetworkRequest request = fetchRequest(page, {}, m_health.every / 2);
    if (url.scheme() == "wss"_L1)
        request.setSslConfiguration(m_tls);
    QNetworkReply *reply = m_network.get(request);
    connect(reply, &QNetworkReply::finished, this, [this, reply, url] {
        const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        reply->deleteLater();
        Q_EMIT looked(url, status >= 200 && status < 300);
    });
}

} // namespace Watchword::Gateway
