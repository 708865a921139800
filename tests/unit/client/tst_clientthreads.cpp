// SPDX-License-Identifier: Apache-2.0
// Any thread may connect to the signals of a Client, at any time. Run it under ThreadSanitizer: -DWATCHWORD_SANITIZE=thread.
#include "support/await.h"
#include "support/testmain.h"
#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/testing/faultytransport.h"

#include <QTemporaryDir>
#include <QThread>

#include <atomic>

using namespace Watchword;
using namespace Qt::StringLiterals;
using Support::waitUntil;

class TestClientThreads : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void connectFromTwoThreadsWhileStarting();
};

void TestClientThreads::connectFromTwoThreadsWhileStarting()
{
    for (int round = 0; round < 20; ++round) {
        QTemporaryDir folder;
        const auto network = std::make_shared<FaultyTransport::Network>();
        ClientOptions options;
        options.issuer = QUrl(u"https://issuer.invalid"_s);
        options.clientId = u"test"_s;
        options.server = QUrl(u"wss://server.invalid/"_s);
        options.storageFolder = folder.path();
        options.keyStore = std::make_shared<MemoryKeyStore>();
        options.connection.transport = FaultyTransport::factory(network);
        Client client(options);
        QObject here;
        std::atomic<bool> go = false;
        std::atomic<int> connected = 0;
        std::vector<std::unique_ptr<QThread>> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back(QThread::create([&] {
                while (!go)
                    QThread::yieldCurrentThread();
                for (int n = 0; n < 50; ++n) {
                    const auto ignore = [] {};
                    const QMetaObject::Connection all[] = {connect(&client, &Client::messageReceived, &here, ignore),
                                                           connect(&client, &Client::secondsToRetryChanged, &here, ignore),
                                                           connect(&client, &Client::accountsChanged, &here, ignore)};
                    for (const QMetaObject::Connection &one : all)
                        disconnect(one);
                    ++connected;
                }
            }));
            threads.back()->start();
        }
        go = true;
        client.start();
        QVERIFY(waitUntil([&] { return client.state() == Client::State::SignInNeeded && connected == 100; }));
        for (const auto &thread : threads)
            QVERIFY(thread->wait(10'000));
    }
}

WATCHWORD_TEST_MAIN(TestClientThreads)
#include "tst_clientthreads.moc"
