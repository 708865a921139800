// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QObject>
#include <QUrl>

#include <memory>

namespace Watchword::Gateway {

/*!
    The server half of Watchword, to be embedded: gate, endpoints, embedded issuer, audit log and watch service.

    Life cycle: create() checks the configuration and touches nothing; start() opens the audit log and listens; stop()
    ends. start() a second time, or after stop(), is ErrorCode::WrongState. Destruction without stop() closes
    everything at once, without waiting for anybody.

    stop() says 1012 with a "bye" to every connection, waits for at most \a grace until all are gone, writes node.stop
    and emits stopped(). With GatewayConfig::drain it announces that before: for so long new connections are refused with
    503, /readyz says that it is not ready, and those that are open are served, until the last one left. stop() while
    it drains ends that at once; after that it changes nothing.

    reload() reads certificate and key anew and takes over endpoints, limits and Origins of the new configuration.
    What is wrong with the new one is returned, and the old one stays in force as a whole. Listening addresses, audit
    database and embedded issuer cannot change while running; such a change is ConfigInvalid and nothing is taken over.

    Threads: the one it lives in, which needs an event loop. Ownership: borrows the clock.
    Errors of start(): AddressInUse, PermissionDenied, FileUnreadable, ConfigInvalid, StorageFailed; nothing is left
    running after a failure.
*/
class WATCHWORD_GATEWAY_EXPORT Gateway : public QObject
{
    Q_OBJECT

public:
    ~Gateway() override;

    static Result<std::shared_ptr<Gateway>> create(const GatewayConfig &config, Clock &clock = Clock::system());

    /*!
        Opens the files that \a config names and looks at what is in them: certificate and key, authorities, secrets, the audit
        database's folder. All that is wrong is in the error's detail(), one fact a line. Changes nothing; start() and reload() do
       it first.
    */
    static Result<void> checkFiles(const GatewayConfig &config);

    Result<void> start();
    void stop(Duration grace = std::chrono::seconds(3));
    Result<void> reload(const GatewayConfig &config);

    bool isRunning() const; //!< Also while it drains.
    quint16 port() const; //!< 0 while not running.
    QUrl url() const; //!< "wss://address:port"
    QUrl issuerUrl() const; //!< Of the embedded issuer; empty without one.
    QUrl apiUrl() const; //!< Of [api], as "https://address:port"; empty without one.
    int connectionCount() const;

Q_SIGNALS:
    void stopped();

private:
    explicit Gateway(const GatewayConfig &config, Clock &clock);
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword::Gateway
