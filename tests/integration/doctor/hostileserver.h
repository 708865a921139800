// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/testmain.h"

#include <QFile>
#include <QSslKey>
#include <QSslServer>
#include <QSslSocket>
#include <QTimer>

#include <chrono>

namespace DoctorTest {

using namespace Qt::StringLiterals;

/*! Does the same to everybody who connects: says something at once, and then something again and again. */
class HostileServer : public QSslServer
{
public:
    HostileServer(const QString &folder, QByteArray first, QByteArray again, std::chrono::milliseconds pause)
        : m_first(std::move(first))
        , m_again(std::move(again))
        , m_pause(pause)
    {
        QFile key(folder + u"/server.key"_s);
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setLocalCertificateChain(QSslCertificate::fromPath(folder + u"/server.pem"_s));
        if (key.open(QIODevice::ReadOnly))
            tls.setPrivateKey(QSslKey(&key, QSsl::Ec));
        setSslConfiguration(tls);
        // newConnection comes only with the next one, because a socket is pending after its handshake.
        connect(this, &QTcpServer::pendingConnectionAvailable, this, [this] {
            while (QTcpSocket *socket = nextPendingConnection())
                serve(socket);
        });
    }
    int accepted() const { return m_accepted; }
    int answered() const { return m_answered; } //!< Requests by TLS.
    const QByteArray &heard() const { return m_heard; } //!< All that was sent by TLS, one after the other.

protected:
    void incomingConnection(qintptr descriptor) override
    {
        ++m_accepted;
        QSslServer::incomingConnection(descriptor);
    }

private:
    void serve(QTcpSocket *socket)
    {
        connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
        connect(socket, &QTcpSocket::readyRead, socket, [this, socket] { answer(socket); });
        answer(socket); // the request may have come with the end of the handshake
    }
    void answer(QTcpSocket *socket)
    {
        if (!socket->peek(kMostHeard).contains("\r\n\r\n") || socket->property("served").toBool())
            return;
        socket->setProperty("served", true);
        ++m_answered;
        m_heard += socket->peek(kMostHeard);
        socket->write(m_first);
        if (m_again.isEmpty())
            return;
        auto *timer = new QTimer(socket);
        connect(timer, &QTimer::timeout, socket, [this, socket] {
            if (socket->bytesToWrite() < 1024 * 1024)
                socket->write(m_again);
        });
        timer->start(m_pause);
    }

    static constexpr qint64 kMostHeard = qint64(64) * 1024;
    int m_answered = 0;
    int m_accepted = 0;
    QByteArray m_heard;
    const QByteArray m_first;
    const QByteArray m_again;
    const std::chrono::milliseconds m_pause;
};

} // namespace DoctorTest
