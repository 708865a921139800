// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

namespace Bench {

// Each returns the exit code of the process; clients print their figure in the last line.

//! FOLDER: TLS server that upgrades and then sends 256-byte text messages as fast as they are taken.
int floodServer(const QStringList &arguments);
//! FOLDER: TLS WebSocket echo by QWebSocketServer.
int echoServer(const QStringList &arguments);

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
