// SPDX-License-Identifier: Apache-2.0
#include "oidcfixture.h"

#include <QDeadlineTimer>
#include <QDir>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QFile>
#include <QScopeGuard>
#include <QSslConfiguration>

#include <sys/file.h>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

/*
    A program ends whenever a person likes: also in the middle of a refresh, and right after a sign-out. The provider is a process
    of its own, rotates refresh tokens and ends the family when one comes twice.
*/
class TestFarewell : public OidcFixture
{
    Q_OBJECT

private Q_SLOTS:
    void inTheMiddleOfARefresh_data();
    void inTheMiddleOfARefresh();
    void rightAfterASignOut_data();
    void rightAfterASignOut();
    void signOutInTheMiddleOfARefresh();
    void signOutWhileAnotherProcessHoldsTheLock();
    void silentProviderIsNotWaitedForLong();
    void nothingIsEmittedMeanwhile();

private:
    static void turn();
};

void TestFarewell::turn()
{
    QEventLoop loop;
    const QDeadlineTimer end(20ms);
    while (!loop.processEvents() && !end.hasExpired()) { }
}

void TestFarewell::inTheMiddleOfARefresh_data()
{
    QTest::addColumn<bool>("tls");
    QTest::newRow("http") << false;
    QTest::newRow("https") << true;
}

void TestFarewell::inTheMiddleOfARefresh()
{
    QFETCH(bool, tls);
    const QSslConfiguration before = QSslConfiguration::defaultConfiguration();
    const auto restore = qScopeGuard([&] { QSslConfiguration::setDefaultConfiguration(before); });
    QList<std::pair<QString, QString>> environment{{u"AT_TTL"_s, u"600"_s}};
    if (tls) {
        QVERIFY(Support::makeCertificates(m_folder->path()));
        environment += {u"TLS_CERT"_s, m_folder->filePath(u"server.pem"_s)};
        environment += {u"TLS_KEY"_s, m_folder->filePath(u"server.key"_s)};
        QSslConfiguration trusting = before;
        trusting.addCaCertificates(QSslCertificate::fromPath(m_folder->filePath(u"ca.pem"_s)));
        QSslConfiguration::setDefaultConfiguration(trusting);
    }
    QVERIFY(startProvider(environment));
    QCOMPARE(m_issuer.scheme(), tls ? u"https"_s : u"http"_s);
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
    }
    for (int turns = 0; turns < 200; ++turns) {
        auto probe = std::make_unique<SessionProbe>(options());
        probe->session.start();
        QVERIFY2(probe->reaches(State::Active), qPrintable(u"after %1 turns"_s.arg(turns)));
        probe->session.refresh();
        for (int i = 0; i < turns && !probe->events.contains(u"refresh.finished"_s); ++i)
            turn();
        const bool last = probe->events.contains(u"refresh.finished"_s);
        probe.reset(); // the person closes the program

        SessionProbe next(options());
        next.session.start();
        QVERIFY(next.reaches(State::Active));
        QVERIFY2(next.refreshed(), qPrintable(u"after %1 turns"_s.arg(turns)));
        QVERIFY2(next.session.state() == State::Active,
                 qPrintable(u"after %1 turns: %2"_s.arg(turns).arg(next.session.explain())));
        QCOMPARE(next.needed.size(), 0);
        if (last)
            return;
    }
    QFAIL("no refresh ever finished");
}

void TestFarewell::rightAfterASignOut_data()
{
    QTest::addColumn<bool>("restored");
    QTest::newRow("while active") << true;
    QTest::newRow("while being restored") << false;
}

void TestFarewell::rightAfterASignOut()
{
    QFETCH(bool, restored);
    QVERIFY(startProvider(u"AT_TTL"_s, u"600"_s));
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
    }
    {
        SessionProbe probe(options());
        probe.session.start();
        QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"key.opened"_s); }));
        QVERIFY(!restored || probe.reaches(State::Active));
        probe.session.signOut();
    }
    SessionProbe next(options());
    next.session.start();
    QVERIFY(Support::waitUntil([&] { return next.needed.size() == 1; }));
    QCOMPARE(next.lastNeed().code(), ErrorCode::SignedOut);
    QVERIFY(Support::waitUntil([&] { return stats().value(u"revocation"_s).toInt() == 1; })); // what the last run could not
}

void TestFarewell::signOutInTheMiddleOfARefresh()
{
    QVERIFY(startProvider(u"AT_TTL"_s, u"600"_s));
    for (int turns = 0; turns < 200; ++turns) {
        auto probe = std::make_unique<SessionProbe>(options());
        QVERIFY(signedIn(*probe));
        probe->session.refresh();
        for (int i = 0; i < turns && !probe->events.contains(u"refresh.finished"_s); ++i)
            turn();
        const bool last = probe->events.contains(u"refresh.finished"_s);
        probe->session.signOut();
        probe.reset();

        SessionProbe next(options());
        next.session.start();
        QVERIFY(Support::waitUntil([&] { return next.needed.size() == 1; }));
        QVERIFY2(next.lastNeed().code() == ErrorCode::SignedOut, qPrintable(u"after %1 turns"_s.arg(turns)));
        if (last)
            return;
    }
    QFAIL("no refresh ever finished");
}

void TestFarewell::signOutWhileAnotherProcessHoldsTheLock()
{
    QVERIFY(startProvider(u"AT_TTL"_s, u"600"_s));
    auto probe = std::make_unique<SessionProbe>(options());
    QVERIFY(signedIn(*probe));
    const QDir folder(m_folder->path());
    QStringList locks = folder.entryList({u"*.lock"_s}, QDir::Files);
    locks.removeAll(u"key.lock"_s);
    QCOMPARE(locks.size(), 1);
    QFile lock(folder.filePath(locks.first()));
    QVERIFY(lock.open(QIODevice::ReadWrite));
    QCOMPARE(::flock(lock.handle(), LOCK_EX | LOCK_NB), 0);
    probe->session.signOut();
    QElapsedTimer timer;
    timer.start();
    probe.reset();
    QVERIFY2(timer.elapsed() >= 2'000 && timer.elapsed() < 4'500, qPrintable(QString::number(timer.elapsed())));
    lock.close();
    SessionProbe next(options());
    next.session.start();
    QVERIFY(Support::waitUntil([&] { return next.needed.size() == 1; }));
    QCOMPARE(next.lastNeed().code(), ErrorCode::SignedOut);
    QVERIFY(Support::waitUntil([&] { return stats().value(u"revocation"_s).toInt() >= 1; }));
}

void TestFarewell::silentProviderIsNotWaitedForLong()
{
    QVERIFY(startProvider(u"AT_TTL"_s, u"600"_s));
    SessionOptions o = options();
    o.destructionGrace = 200ms;
    auto probe = std::make_unique<SessionProbe>(o);
    QVERIFY(signedIn(*probe));
    ask(u"/ctl/hang-token?n=1"_s);
    probe->session.refresh();
    QVERIFY(Support::waitUntil([&] { return stats().value(u"hung"_s).toInt() == 1; }));
    QElapsedTimer timer;
    timer.start();
    probe.reset();
    QVERIFY2(timer.elapsed() >= 200 && timer.elapsed() < 2'900, qPrintable(QString::number(timer.elapsed())));
    SessionProbe next(options()); // the token was not used, and the fast repetition says so
    next.session.start();
    QVERIFY(next.reaches(State::Active));
    QVERIFY(next.refreshed());
    QCOMPARE(next.session.state(), State::Active);
}

void TestFarewell::nothingIsEmittedMeanwhile()
{
    QVERIFY(startProvider(u"AT_TTL"_s, u"600"_s));
    int emitted = 0;
    bool watched = false;
    const auto count = [&] { emitted += int(watched); };
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
        connect(&probe.session, &Session::stateChanged, this, count);
        connect(&probe.session, &TokenProvider::tokenChanged, this, count);
        connect(&probe.session, &Session::eventLogged, this, count);
        connect(&probe.session, &Session::expiresAtChanged, this, count);
        probe.session.refresh();
        QVERIFY(Support::waitUntil([&] { return probe.session.timeline().last().what == "refresh.started"_L1; }));
        for (int i = 0; i < 5; ++i)
            turn();
        watched = true;
    }
    QCOMPARE(emitted, 0);
}

WATCHWORD_TEST_MAIN(TestFarewell)
#include "tst_farewell.moc"
