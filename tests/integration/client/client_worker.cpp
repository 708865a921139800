// SPDX-License-Identifier: Apache-2.0
/*
    Another process with the same account, for tests that need two:

        client_worker ISSUER SERVER AUTHORITY FOLDER   restores, prints "READY", signs out at the first line of its input,
                                                   ends when the provider has taken the tokens back
*/
#include "watchword/auth/session.h"
#include "watchword/client/client.h"

#include <QCoreApplication>
#include <QPromise>
#include <QSocketNotifier>
#include <QSslCertificate>

#include <cstdio>

using namespace Watchword;
using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    if (arguments.size() != 5)
        return 2;
    ClientOptions options;
    options.issuer = QUrl(arguments.at(1));
    options.clientId = u"desk"_s;
    options.applicationId = u"two processes"_s;
    options.server = QUrl(arguments.at(2));
    options.additionalCertificateAuthorities = QSslCertificate::fromPath(arguments.at(3));
    options.storage = StoragePolicy::EncryptedFile;
    options.storageFolder = arguments.at(4);
    options.askPassphrase = [](const PassphraseQuestion &) {
        QPromise<Result<Secret>> promise;
        promise.start();
        promise.addResult(Secret::copy("the same in both"));
        promise.finish();
        return promise.future();
    };
    options.allowLoopbackHttp = true;
    Client client(options);
    QObject::connect(&client, &Client::ready, &client, [] {
        std::printf("READY\n");
        std::fflush(stdout);
    });
    QObject::connect(&client.session(), &Session::eventLogged, &application, [](const SessionEvent &event) {
        if (event.what == "signout.revoked"_L1)
            QCoreApplication::quit();
    });
    QSocketNotifier input(fileno(stdin), QSocketNotifier::Read);
    QObject::connect(&input, &QSocketNotifier::activated, &client, [&] {
        input.setEnabled(false);
        client.signOut();
    });
    client.start();
    return application.exec();
}
