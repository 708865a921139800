// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "signin/loopbackrequest.h"
#include "watchword/core/clock.h"

#include <QObject>
#include <QTcpServer>
#include <QUrl>

namespace Watchword {

/*!
    The port that the browser is redirected to (RFC 8252 section 7.3). listen() comes before the authorization URL is
    built, because the port is part of it. decided() is emitted once, for the first request that carries the right state;
    then the port is closed. Strays get their status, and listening goes on.
*/
class LoopbackListener : public QObject
{
    Q_OBJECT

public:
    explicit LoopbackListener(Clock &clock, QObject *parent = nullptr);
    ~LoopbackListener() override;

    //! 127.0.0.1, then ::1; each of \a ports in turn, or any free one.
    Result<QUrl> listen(const QList<quint16> &ports, const QString &path);
    void expect(const ExpectedRedirect &expected) { m_expected = expected; }
    void close();

Q_SIGNALS:
    void decided(const Watchword::LoopbackVerdict &verdict);

private:
    void accept();
    void read(class QTcpSocket *socket);

    Clock &m_clock;
    QTcpServer m_server;
    ExpectedRedirect m_expected;
    bool m_decided = false;
};

} // namespace Watchword
