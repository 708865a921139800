// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/testing/fakepeer.h"

#include <QPointer>
#include <QTcpSocket>
#include <QUrl>
#include <QWebSocket>

namespace Watchword {

//! Closes \a socket so that the other end sees a RST.
void resetSocket(QTcpSocket *socket);

/*! The two objects that make one connection: the WebSocket, and the socket under it. */
struct FakePeer::Ends
{
    QWebSocket *socket;
    QTcpSocket *transport;
};

class FakePeer::Private
{
public:
    QPointer<QWebSocket> socket;
    QPointer<QTcpSocket> transport;
    int number = 0;
    Secret token;
    QUrl url; //!< Of the upgrade.
    QStringList texts;
    QList<QByteArray> binaries;
    QList<Frame> frames;
    enum class End { Abrupt, CloseFrame } end = End::Abrupt; //!< If it ended now.
};

} // namespace Watchword
