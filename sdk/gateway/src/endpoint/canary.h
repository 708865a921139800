// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/metrics.h"
#include "lock/lockbook.h"
#include "watchword/core/secret.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QObject>
#include <QSslCertificate>
#include <QSslSocket>

#include <functional>

namespace Watchword::Gateway {

/*!
    Measures all the time how long it takes from a revocation to the close frame, by a connection of the gateway's own: it comes
    through the listener like any other, and the lock on its session is stored like any other.

    Each round has a token, a session and a path that nobody else knows; the token is good for that round. A round that is not
    over after kPatience has failed: a revocation did not reach its connection.

        Idle --start(), every--> Connecting --101--> Revoked --close frame--> Idle
        any of them --kPatience, or an end that is none--> Idle, and counted as failed

    Life cycle: start() once, stop() before the listener closes. Threads: one. Ownership: borrows all that it is made with.
*/
class WATCHWORD_TEST_EXPORT Canary : public QObject
{
    Q_OBJECT

public:
    static constexpr std::chrono::seconds kPatience{5};
    /*! Where the listener is. */
    struct Site
    {
        QHostAddress address;
        quint16 port = 0;
        QSslCertificate certificate; //!< The server's own, and no other is taken; null: no TLS.
    };
    struct Services
    {
        Clock &clock;
        LockBook &locks;
        Metrics &metrics;
        std::function<Site()> site;
    };

    Canary(const Services &services, Duration every);
    ~Canary() override;

    EndpointConfig endpoint() const; //!< To be added to those of the configuration.
    //! Whose token it is, if it is that of the round that goes on.
    std::optional<Identity> identityOf(const Secret &token) const;
    void start();
    void stop();

Q_SIGNALS:
    void measured(std::chrono::milliseconds time); //!< From the revocation to the close frame.
    void failed(const QString &why);

private:
    enum class State { Idle, Connecting, Revoked };

    void begin();
    void due();
    void connected();
    void read();
    void revoke();
    void takeFrames();
    void end(const QString &problem);

    Services m_services;
    const Duration m_every;
    const QString m_path;
    Alarm m_alarm; // the next round, or the end of patience
    State m_state = State::Idle;
    std::unique_ptr<QSslSocket> m_socket;
    QSslCertificate m_certificate;
    QByteArray m_received;
    Secret m_token;
    QString m_session;
    Instant m_revokedAt{};
};

} // namespace Watchword::Gateway
