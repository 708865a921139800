// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/networkhints.h"

#include "watchword/core/internal/loopback.h"

#include <QCoreApplication>
#include <QNetworkInformation>
#include <QPointer>
#include <QThread>

namespace Watchword {

namespace {

class SystemHints final : public NetworkHints
{
public:
    explicit SystemHints(QNetworkInformation *information)
        : NetworkHints(information)
        , m_information(information)
    {
        connect(information, &QNetworkInformation::reachabilityChanged, this, &NetworkHints::changed);
        connect(information, &QNetworkInformation::isBehindCaptivePortalChanged, this, &NetworkHints::changed);
        connect(information, &QNetworkInformation::transportMediumChanged, this, &NetworkHints::changed);
    }
    bool isDisconnected() const override
    {
        return m_information->reachability() == QNetworkInformation::Reachability::Disconnected;
    }
    bool isBehindCaptivePortal() const override { return m_information->isBehindCaptivePortal(); }

private:
    QNetworkInformation *const m_information; //!< The parent.
};

bool loadBest()
{
    using F = QNetworkInformation::Feature;
    for (const QNetworkInformation::Features wanted :
         {F::Reachability | F::CaptivePortal | F::TransportMedium, F::Reachability | F::CaptivePortal,
          QNetworkInformation::Features(F::Reachability)}) {
        if (QNetworkInformation::loadBackendByFeatures(wanted))
            return true;
    }
    return false;
}

} // namespace

NetworkHints *systemNetworkHints(const QUrl &peer)
{
    if (isLoopbackHost(peer.host()))
        return nullptr;
    // QNetworkInformation lives in the application's thread and ends with it.
    if (!QCoreApplication::instance() || QThread::currentThread() != QCoreApplication::instance()->thread())
        return nullptr;
    static QPointer<NetworkHints> hints;
    static bool tried = false;
    if (!hints && (!tried || QNetworkInformation::instance())) {
        tried = true;
        if (QNetworkInformation::instance() || loadBest())
            hints = new SystemHints(QNetworkInformation::instance());
    }
    return hints;
}

} // namespace Watchword
