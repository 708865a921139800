// SPDX-License-Identifier: Apache-2.0
#include "watchword/client/client.h"
#include "watchword/core/version.h"

#include <QCoreApplication>

#include <cstdio>

// A client that is made, asked and destroyed: enough to know that the package links.
int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    Watchword::ClientOptions options;
    options.issuer = QUrl(QStringLiteral("https://login.example.com"));
    options.clientId = QStringLiteral("consumer");
    options.server = QUrl(QStringLiteral("wss://orders.example.com/v1/stream"));
    options.storage = Watchword::StoragePolicy::MemoryOnly;
    const Watchword::Client client(options);
    std::printf("Watchword %s\n", qPrintable(Watchword::versionText()));
    return client.state() == Watchword::Client::State::Stopped ? 0 : 1;
}
