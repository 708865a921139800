// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QNetworkAccessManager>
#include <QObject>
#include <QSslConfiguration>

namespace Watchword::Gateway {

/*!
    Looks at the servers of an endpoint every now and then (UpstreamHealth), and says what it found. Looks that are not over
    when the next is due have failed. Threads: one.
*/
class UpstreamWatch : public QObject
{
    Q_OBJECT

public:
    explicit UpstreamWatch(Clock &clock, QObject *parent = nullptr);

    //! Begins anew; without \a urls it rests.
    void watch(const QList<QUrl> &urls, const UpstreamHealth &health, const QSslConfiguration &tls);

Q_SIGNALS:
    void looked(const QUrl &url, bool isGood);

private:
    void look();
    void connectTo(const QUrl &url);
    void ask(const QUrl &url);

    Alarm m_alarm;
    QNetworkAccessManager m_network;
    QList<QUrl> m_urls;
    UpstreamHealth m_health;
    QSslConfiguration m_tls;
};

} // namespace Watchword::Gateway
