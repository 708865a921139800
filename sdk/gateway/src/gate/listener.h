// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QSslConfiguration>
#include <QTcpServer>

namespace Watchword::Gateway {

//! Reads certificate and key of \a listen. Errors name the file and what is wrong with it.
Result<QSslConfiguration> readTlsConfiguration(const ListenConfig &listen);

/*!
    Accepts TCP and starts TLS on it. A QSslServer would keep sockets whose handshake is not done where nobody can count
    or end them; here every socket is handed over at once, and its owner bounds it.

    Threads: one. Ownership: the receiver of accepted() owns the socket.
*/
class Listener : public QTcpServer
{
    Q_OBJECT

public:
    explicit Listener(QObject *parent = nullptr);

    Result<void> open(const ListenConfig &listen);
    //! For new sockets; a null configuration is plain TCP.
    void setTls(const QSslConfiguration &tls, bool isPlain);

Q_SIGNALS:
    void accepted(QTcpSocket *socket);

protected:
    void incomingConnection(qintptr descriptor) override;

private:
    QSslConfiguration m_tls;
    bool m_isPlain = false;
};

} // namespace Watchword::Gateway
