// SPDX-License-Identifier: Apache-2.0
// A sign-out in another program is seen by the Client of this one, and the person reads why.
#include "clientjourney.h"

#include <QFile>
#include <QPromise>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Client::State;
using Support::waitUntil;

class TestTwoProcesses : public ClientJourney
{
    Q_OBJECT

private Q_SLOTS:
    void signOutInTheOther_data();
    void signOutInTheOther();

private:
    ClientOptions shared();
    bool startOther(Support::ReadyProcess &other);
};

ClientOptions TestTwoProcesses::shared()
{
    ClientOptions all = options();
    all.applicationId = u"two processes"_s;
    all.keyStore.reset();
    all.storage = StoragePolicy::EncryptedFile;
    all.askPassphrase = [](const PassphraseQuestion &) {
        QPromise<Result<Secret>> promise;
        promise.start();
        promise.addResult(Secret::copy("the same in both"));
        promise.finish();
        return promise.future();
    };
    return all;
}

// The issuer and the server live in this process, so it goes on while the other one starts.
bool TestTwoProcesses::startOther(Support::ReadyProcess &other)
{
    const QString authority = m_folder->filePath(u"authority.pem"_s);
    QFile file(authority);
    if (!file.open(QIODevice::WriteOnly) || file.write(m_gateway->tls().authority.toPem()) < 0)
        return false;
    file.close();
    QProcess &process = other.process();
    process.start(QStringLiteral(CLIENT_WORKER),
                  {m_issuer->url().toString(), m_gateway->url().toString(), authority, shared().storageFolder});
    return waitUntil([&] { return other.log().contains("READY"); }, 20s); // it reads the output of the process itself
}

void TestTwoProcesses::signOutInTheOther_data()
{
    QTest::addColumn<bool>("connected");
    QTest::newRow("while connected") << true;
    QTest::newRow("while waiting for the server") << false;
}

void TestTwoProcesses::signOutInTheOther()
{
    QFETCH(bool, connected);
    ToldClient told(shared());
    QVERIFY(told.signsIn());
    Support::ReadyProcess other;
    QVERIFY(startOther(other));
    if (!connected) {
        m_gateway->stop();
        QVERIFY(told.reaches(State::Waiting));
    }
    told.taken();
    other.process().write("sign out\n");
    QVERIFY(told.reaches(State::SignInNeeded));
    const QStringList all = told.taken();
    QCOMPARE(all.mid(all.size() - 3), QStringList({u"lastError SignedOut"_s, u"SignInNeeded"_s, u"signInNeeded SignedOut"_s}));
    QVERIFY(!all.contains(u"Starting"_s) && !all.contains(u"Failed"_s));
    if (connected)
        QCOMPARE(all.size(), 3);
    QVERIFY(!told.client.lastError().remedy().isEmpty());
    QVERIFY(!told.client.suggestedAction().isEmpty());
    QVERIFY(waitUntil([&] { return other.process().state() == QProcess::NotRunning; }));
    QVERIFY(waitUntil([&] { return m_issuer->activeFamilies() == 0; }, 20s));
    QVERIFY(told.client.connection().state() != Connection::State::Ready);
    if (!connected)
        QVERIFY(m_gateway->listen());
    told.client.signIn();
    QVERIFY(told.reaches(State::Ready));
}

WATCHWORD_TEST_MAIN(TestTwoProcesses)
#include "tst_twoprocesses.moc"
