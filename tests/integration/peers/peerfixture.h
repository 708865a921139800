// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"
#include "support/gatewayprocess.h"
#include "support/testmain.h"
#include "watchword/link/connection.h"

#include <QFile>
#include <QSslCertificate>
#include <QStandardPaths>
#include <QTcpServer>
#include <QTcpSocket>

namespace PeerTest {

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Connection::State;
using Support::waitUntil;

//! Where daemons are is not in everybody's PATH.
inline QString programPath(const QString &name)
{
    const QString found = QStandardPaths::findExecutable(name);
    return found.isEmpty() ? QStandardPaths::findExecutable(name, {u"/usr/sbin"_s, u"/usr/local/sbin"_s}) : found;
}

inline quint16 portThatIsFreeNow()
{
    QTcpServer probe;
    return probe.listen(QHostAddress::LocalHost) ? probe.serverPort() : 0;
}

inline bool writeFile(const QString &name, const QByteArray &text)
{
    QFile file(name);
    return file.open(QIODevice::WriteOnly) && file.write(text) == text.size();
}

inline QByteArray readFile(const QString &name)
{
    QFile file(name);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/*! A daemon that says nothing when it is ready; it is, when its port answers. */
class Daemon
{
public:
    ~Daemon() { stop(); }
    bool start(const QString &program, const QStringList &arguments, quint16 port)
    {
        m_process.setProcessChannelMode(QProcess::MergedChannels);
        m_process.start(program, arguments);
        const bool isUp = waitUntil([this, port] {
            if (m_process.state() == QProcess::NotRunning)
                return true;
            QTcpSocket socket;
            socket.connectToHost(QHostAddress(QHostAddress::LocalHost), port);
            return socket.waitForConnected(200);
        });
        if (isUp && m_process.state() == QProcess::Running)
            return true;
        qInfo("%s: %s", qPrintable(program), m_process.readAll().constData());
        return false;
    }
    void stop()
    {
        if (m_process.state() == QProcess::NotRunning)
            return;
        m_process.terminate();
        if (m_process.waitForFinished(5'000))
            return;
        m_process.kill();
        m_process.waitForFinished(5'000);
    }

private:
    QProcess m_process;
};

/*! A connection, and what came through it. */
struct Client
{
    Client(const QUrl &url, const QString &authority, const QByteArray &token)
    {
        options.url = url;
        options.additionalCertificateAuthorities = QSslCertificate::fromPath(authority);
        options.backoff.base = 20ms;
        options.backoff.floor = 10ms;
        options.backoff.cap = 200ms;
        options.planned = 50ms;
        options.budgetAttempts = 100;
        if (!token.isEmpty()) {
            AccessToken access;
            access.value = Secret::copy(token);
            tokens = std::make_unique<FixedTokenProvider>(access);
        }
    }
    void open()
    {
        connection = std::make_unique<Connection>(tokens.get(), options);
        Connection *c = connection.get();
        QObject::connect(c, &Connection::textReceived, c, [this](const QString &text) { texts.append(text); });
        QObject::connect(c, &Connection::binaryReceived, c, [this](const QByteArray &bytes) { binaries.append(bytes); });
        QObject::connect(c, &Connection::errorOccurred, c, [this](const Error &error) { errors.append(error); });
        QObject::connect(c, &Connection::closed, c, [this](const Error &reason) { ends.append(reason); });
        QObject::connect(c, &Connection::ready, c, [this] { ++readies; });
        c->open();
    }
    bool isReady() const { return connection->state() == State::Ready; }

    ConnectionOptions options;
    std::unique_ptr<FixedTokenProvider> tokens;
    std::unique_ptr<Connection> connection;
    QStringList texts;
    QList<QByteArray> binaries;
    QList<Error> errors;
    QList<Error> ends;
    int readies = 0;
};

} // namespace PeerTest
