// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QElapsedTimer>
#include <QSslConfiguration>
#include <QTcpServer>

#include <optional>

namespace Watchword::Gateway {

//! Reads certificate and key of \a listen. Errors name the file and what is wrong with it.
Result<QSslConfiguration> readTlsConfiguration(const ListenConfig &listen);

/*!
    Accepts TCP and starts TLS on it. A QSslServer would keep sockets whose handshake is not done where nobody can count
    or end them; here every socket is handed over at once, and its owner bounds it.

    Sockets never get the last descriptors of the process (see kLeastSpare): a thread that finds none for its event loop ends
    the whole program, in GLib as in Qt, and the audit, a reload and the issuers' keys need some too. Who comes then is
    closed at once.

    Threads: one. Ownership: the receiver of accepted() owns the socket.
*/
class Listener : public QTcpServer
{
    Q_OBJECT

public:
    static constexpr int kLeastSpare = 16; //!< Descriptors kept from sockets; a quarter of the limit, within these.
    static constexpr int kMostSpare = 128;

    explicit Listener(QObject *parent = nullptr);

    Result<void> open(const ListenConfig &listen);
    //! For new sockets; a null configuration is plain TCP.
    void setTls(const QSslConfiguration &tls, bool isPlain);

Q_SIGNALS:
    void accepted(QTcpSocket *socket);
    void turnedAway(); //!< Accepted and closed, because too few descriptors are left.

protected:
    void incomingConnection(qintptr descriptor) override;

private:
    void turnAway(qintptr descriptor);

    QSslConfiguration m_tls;
    bool m_isPlain = false;
    std::optional<qintptr> m_firstSpare; //!< Sockets have descriptors below this one.
    QElapsedTimer m_sinceWarning;
};

} // namespace Watchword::Gateway
