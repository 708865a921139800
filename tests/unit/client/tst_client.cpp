// SPDX-License-Identifier: Apache-2.0
// The facade's own decisions, without an issuer and without a network.
#include "support/await.h"
#include "support/testmain.h"
#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/testing/faultytransport.h"

#include <QSignalSpy>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Qt::StringLiterals;
using State = Client::State;
using Support::waitUntil;

namespace {

/*! A keychain that does not exist. */
class MissingKeychain final : public KeyStore
{
public:
    QFuture<Result<Secret>> readKey() override { return answer<Result<Secret>>(missing()); }
    QFuture<Result<void>> writeKey(const Secret &) override { return answer<Result<void>>(missing()); }
    QFuture<Result<void>> removeKey() override { return answer<Result<void>>(missing()); }
    QString backendName() const override { return u"none"_s; }

private:
    static Error missing() { return Error(ErrorCode::KeychainUnavailable, u"there is no keychain"_s); }
    template <typename T>
    static QFuture<T> answer(const T &result)
    {
        QPromise<T> promise;
        promise.start();
        promise.addResult(result);
        promise.finish();
        return promise.future();
    }
};

} // namespace

class TestClient : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override
    {
        WatchwordTest::init();
        m_network = std::make_shared<FaultyTransport::Network>();
        m_folder = std::make_unique<QTemporaryDir>();
    }
    void nobodySignedIn();
    void missingKeychain_data();
    void missingKeychain();
    void stopAndStart();
    void cancelledBeforeAnythingWasRead();
    void sendIsHeldOrRefusedButNeverLostSilently();
    void slotsInWrongStates();

private:
    ClientOptions options()
    {
        ClientOptions options;
        options.issuer = QUrl(u"https://issuer.invalid"_s);
        options.clientId = u"test"_s;
        options.server = QUrl(u"wss://server.invalid/"_s);
        options.storageFolder = m_folder->path();
        options.keyStore = std::make_shared<MemoryKeyStore>();
        options.openBrowser = [](const QUrl &) { return true; };
        options.connection.transport = FaultyTransport::factory(m_network);
        return options;
    }
    std::shared_ptr<FaultyTransport::Network> m_network;
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestClient::nobodySignedIn()
{
    Client client(options());
    QSignalSpy needed(&client, &Client::signInNeeded);
    QSignalSpy errors(&client, &Client::errorOccurred);
    QCOMPARE(client.state(), State::Stopped);
    client.start();
    client.start();
    QVERIFY(waitUntil([&] { return needed.size() == 1; }));
    QCOMPARE(client.state(), State::SignInNeeded);
    QCOMPARE(errors.size(), 0);
    QVERIFY(!client.isSignedIn());
    QCOMPARE(m_network->started, 0);
}

void TestClient::missingKeychain_data()
{
    QTest::addColumn<StoragePolicy>("storage");
    QTest::addColumn<bool>("goesOn");
    QTest::newRow("keychain only") << StoragePolicy::Keychain << false;
    QTest::newRow("memory accepted") << StoragePolicy::KeychainOrMemory << true;
}

void TestClient::missingKeychain()
{
    QFETCH(StoragePolicy, storage);
    QFETCH(bool, goesOn);
    ClientOptions o = options();
    o.storage = storage;
    o.keyStore = std::make_shared<MissingKeychain>();
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"https://issuer.invalid KeychainUnavailable.* - ."_s));
    Client client(o);
    QSignalSpy needed(&client, &Client::signInNeeded);
    QSignalSpy errors(&client, &Client::errorOccurred);
    client.start();
    QVERIFY(waitUntil([&] { return errors.size() == 1; }));
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::KeychainUnavailable);
    if (goesOn) {
        QVERIFY(waitUntil([&] { return needed.size() == 1; }));
        QCOMPARE(errors.size(), 1);
    } else {
        QVERIFY(waitUntil([&] { return client.session().state() == Session::State::KeychainWaiting; }));
        QCOMPARE(client.state(), State::Starting);
        QCOMPARE(needed.size(), 0);
    }
    QCOMPARE(m_network->started, 0);
}

void TestClient::stopAndStart()
{
    Client client(options());
    QSignalSpy needed(&client, &Client::signInNeeded);
    client.start();
    QVERIFY(waitUntil([&] { return needed.size() == 1; }));
    client.stop();
    QCOMPARE(client.state(), State::Stopped);
    client.stop();
    client.start();
    QVERIFY(waitUntil([&] { return client.state() == State::SignInNeeded; }));
    QCOMPARE(needed.size(), 2);
}

void TestClient::cancelledBeforeAnythingWasRead()
{
    Client client(options());
    QSignalSpy needed(&client, &Client::signInNeeded);
    client.start();
    client.signIn();
    client.cancelSignIn();
    QVERIFY(waitUntil([&] { return client.state() == State::SignInNeeded; }));
    QCOMPARE(needed.size(), 1);
}

void TestClient::sendIsHeldOrRefusedButNeverLostSilently()
{
    ClientOptions o = options();
    o.connection.offlineQueue = 4;
    Client client(o);
    QSignalSpy errors(&client, &Client::errorOccurred);
    QVERIFY(client.send("1234"));
    QCOMPARE(errors.size(), 0);
    QCOMPARE(client.send("5").error().code(), ErrorCode::QueueFull);
    QCOMPARE(errors.size(), 1);
}

void TestClient::slotsInWrongStates()
{
    Client client(options());
    QSignalSpy changed(&client, &Client::stateChanged);
    client.retryNow();
    client.cancelSignIn();
    client.stop();
    client.signOut();
    QCOMPARE(client.state(), State::Stopped);
    QCOMPARE(changed.size(), 0);
}

WATCHWORD_TEST_MAIN(TestClient)
#include "tst_client.moc"
