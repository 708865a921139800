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
//! The same without TLS.
int plainEchoServer(const QStringList &arguments);

//! See runLoad() and runAttack().
int generateLoad(const QStringList &arguments);
int attackServer(const QStringList &arguments);

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

//! URL CA COUNT: holds so many idle connections until it is ended. Prints READY.
int idleWithSdk(const QStringList &arguments);
int idleWithQWebSocket(const QStringList &arguments);

//! ALGORITHM SECONDS: verifications a second of Jwt::verify().
int verifyJwt(const QStringList &arguments);

} // namespace Bench
