// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

namespace Bench {

// Each returns the exit code of the process; clients print their figure in the last line.

//! FOLDER: TLS server that upgrades and then sends 256-byte text messages as fast as they are taken.
int floodServer(const QStringList &arguments);
//! FOLDER: TLS WebSocket echo by QWebSocketServer.
int echoServer(const QStringList &arguments);

//! FOLDER: TLS WebSocket echo on the gateway's engine alone.
int echoServerOfNet(const QStringList &arguments);

//! URL CA TOKENS COUNT: so many echoes a second, over 16 connections, one at a time on each.
int pingPongByClients(const QStringList &arguments);
//! URL CA TOKENS COUNT: upgrades a second.
int upgradesByClients(const QStringList &arguments);
//! URL CA TOKENS COUNT: TLS handshakes a second.
int handshakesByClients(const QStringList &arguments);
//! URL CA TOKENS COUNT: holds so many connections until it is ended.
int holdConnections(const QStringList &arguments);

/*!
    URL CA TOKENS COUNT REPORT: so many SDK connections that send acknowledged messages. Prints READY and the milliseconds
    that it took to connect them, a few at a time; then waits until all were lost and are back, writes REPORT and ends.
*/
int runFleet(const QStringList &arguments);

//! URL CA MESSAGES: messages a second received.
int receiveWithSdk(const QStringList &arguments);
int receiveWithQWebSocket(const QStringList &arguments);
int receiveWithBeast(const QStringList &arguments);

//! URL CA ROUNDS: median round trip in microseconds.
int roundTripWithSdk(const QStringList &arguments);
int roundTripWithQWebSocket(const QStringList &arguments);

//! ALGORITHM SECONDS: verifications a second of Jwt::verify().
int verifyJwt(const QStringList &arguments);

} // namespace Bench
