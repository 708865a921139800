// SPDX-License-Identifier: Apache-2.0
#include <QApplication>
#include <watchword/client/client.h>

int main(int argc, char **argv)
{
    QApplication app(argc, argv);
    Watchword::Client client({.issuer = QUrl("https://login.example.com"),
                              .clientId = "orders-desktop",
                              .scopes = {"openid", "offline_access", "orders:read"},
                              .server = QUrl("wss://orders.example.com/v1/stream")});
    QObject::connect(&client, &Watchword::Client::signInNeeded, &client, &Watchword::Client::signIn);
    QObject::connect(&client, &Watchword::Client::messageReceived,
                     [](const QByteArray &message) { qInfo().noquote() << message; });
    client.start(); // restores from the keychain, refreshes, connects, heals
    return app.exec();
}
