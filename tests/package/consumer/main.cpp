// SPDX-License-Identifier: Apache-2.0
#include "watchword/client/client.h"
#include "watchword/jose/pkce.h"

#include <QCoreApplication>

#include <cstdio>

// RFC 7636 appendix B, and a client that is made, asked and destroyed: enough to know that linking was complete.
int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    Watchword::ClientOptions options;
    options.issuer = QUrl(QStringLiteral("https://login.example.com"));
    options.clientId = QStringLiteral("consumer");
    options.server = QUrl(QStringLiteral("wss://orders.example.com/v1/stream"));
    options.storage = Watchword::StoragePolicy::MemoryOnly;
    const Watchword::Client client(options);
    const bool idle = client.state() == Watchword::Client::State::Stopped;
    const QString challenge = Watchword::Pkce::challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    const bool right = challenge == QStringLiteral("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    std::printf("consumer: %s\n", idle && right ? "ok" : "wrong");
    return idle && right ? 0 : 1;
}
