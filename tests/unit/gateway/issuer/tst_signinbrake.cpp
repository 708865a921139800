// SPDX-License-Identifier: Apache-2.0
#include "issuer/codebook.h"
#include "issuer/sealer.h"
#include "issuer/signinbrake.h"
#include "issuer/signinrequest.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! What the sign-in page stands on. */
class TestSignInBrake : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void countsBeforeItIsKnown();
    void oneAddressAndOneAccount();
    void knownDeviceHasItsOwnCounter();
    void memoryIsBounded();
    void sealedTexts();
    void signInRequestComesBack();
    void codesComeOnce();

private:
    const SignInLimits m_limits{.failuresPerUser = 3, .failuresPerAddress = 10, .failuresPerAccount = 8, .window = 60s};
    const Instant m_start{1'000'000ms};
};

void TestSignInBrake::countsBeforeItIsKnown()
{
    SignInBrake brake(m_limits);
    const SignInTry attempt{u"Alice"_s, u"192.0.2.1"_s, {}};
    for (int i = 0; i < 3; ++i)
        QVERIFY(!brake.take(attempt, m_start));
    QCOMPARE(brake.take({u"aLICE"_s, u"192.0.2.1"_s, {}}, m_start + 10s), std::optional<Duration>(50s));
    QVERIFY(!brake.take(attempt, m_start + 60s)); // the window is over
    brake.notMade(attempt);
    for (int i = 0; i < 3; ++i)
        QVERIFY(!brake.take(attempt, m_start + 61s));
    QVERIFY(brake.take(attempt, m_start + 62s));
    brake.succeeded(attempt);
    QVERIFY(!brake.take(attempt, m_start + 63s));
}

void TestSignInBrake::oneAddressAndOneAccount()
{
    SignInBrake brake(m_limits);
    for (int i = 0; i < 10; ++i)
        QVERIFY(!brake.take({u"user%1"_s.arg(i), u"192.0.2.1"_s, {}}, m_start));
    QVERIFY(brake.take({u"another"_s, u"192.0.2.1"_s, {}}, m_start));
    QVERIFY(!brake.take({u"another"_s, u"192.0.2.2"_s, {}}, m_start));
    for (int i = 0; i < 8; ++i)
        QVERIFY(!brake.take({u"target"_s, u"198.51.100.%1"_s.arg(i), {}}, m_start));
    QVERIFY(brake.take({u"target"_s, u"203.0.113.1"_s, {}}, m_start));
    // A right password is no try of the address's or the account's.
    SignInBrake other(m_limits);
    for (int i = 0; i < 50; ++i) {
        const SignInTry attempt{u"user%1"_s.arg(i % 2), u"192.0.2.1"_s, {}};
        QVERIFY(!other.take(attempt, m_start));
        other.succeeded(attempt);
    }
}

void TestSignInBrake::knownDeviceHasItsOwnCounter()
{
    SignInBrake brake(m_limits);
    for (int i = 0; i < 10; ++i)
        brake.take({u"alice"_s, u"192.0.2.1"_s, {}}, m_start);
    const SignInTry known{u"alice"_s, u"192.0.2.1"_s, u"d1"_s};
    for (int i = 0; i < 3; ++i)
        QVERIFY(!brake.take(known, m_start));
    QVERIFY(brake.take(known, m_start));
    QVERIFY(brake.take({u"alice"_s, u"192.0.2.99"_s, u"d1"_s}, m_start)); // wherever it is carried
    QVERIFY(!brake.take({u"alice"_s, u"192.0.2.1"_s, u"d2"_s}, m_start));
}

void TestSignInBrake::memoryIsBounded()
{
    SignInBrake brake({.failuresPerUser = 1, .failuresPerAddress = 1'000'000, .failuresPerAccount = 1'000'000, .window = 60s});
    const SignInTry first{u"first"_s, u"a"_s, {}};
    QVERIFY(!brake.take(first, m_start));
    QVERIFY(brake.take(first, m_start));
    for (int i = 0; i < 6'000; ++i) // two counters each
        brake.take({u"user%1"_s.arg(i), u"b"_s, {}}, m_start + 1ms);
    QVERIFY(!brake.take(first, m_start + 2ms)); // forgotten for younger ones
}

void TestSignInBrake::sealedTexts()
{
    const Sealer sealer("one");
    const QByteArray sealed = sealer.seal("text");
    QCOMPARE(sealer.open(sealed), std::optional<QByteArray>("text"));
    QVERIFY(!Sealer("one").open(sealed)); // another key
    for (qsizetype i = 0; i < sealed.size(); ++i) {
        QByteArray changed = sealed;
        changed[i] = changed.at(i) == 'A' ? 'B' : 'A';
        QVERIFY2(!sealer.open(changed), changed.constData());
    }
    for (const char *foreign : {"", ".", "dGV4dA", "dGV4dA.", ".AAAA", "dGV4dA=.AAAA"})
        QVERIFY2(!sealer.open(foreign), foreign);
}

void TestSignInBrake::signInRequestComesBack()
{
    SignInRequest request;
    request.id = u"id"_s;
    request.clientId = u"app"_s;
    request.redirectUri = u"http://127.0.0.1/cb?a=\"ü\""_s;
    request.state = u"[1,2]"_s;
    request.nonce = u"n"_s;
    request.challenge = u"c"_s;
    request.loginHint = u"alice"_s;
    request.scopes = QStringList{u"openid"_s, u"a:b"_s};
    request.expires = WallTime(123'456'789ms);
    const std::optional<SignInRequest> back = SignInRequest::fromBytes(request.toBytes());
    QVERIFY(back);
    QCOMPARE(back->toBytes(), request.toBytes());
    QCOMPARE(back->redirectUri, request.redirectUri);
    QCOMPARE(back->scopes, request.scopes);
    QCOMPARE(back->expires, request.expires);
    QVERIFY(!SignInRequest::fromBytes("[]"));
    QVERIFY(!SignInRequest::fromBytes("{}"));
}

void TestSignInBrake::codesComeOnce()
{
    CodeBook codes(600s);
    const WallTime now(std::chrono::seconds(1'000));
    CodeGrant grant;
    grant.sessionId = u"s-1"_s;
    grant.expires = now + 60s;
    const Secret code = codes.issue(grant);
    const QString text = QString::fromLatin1(code.reveal());
    QVERIFY(!codes.present(text + u'A'));
    QVERIFY(!codes.present(text)->isReplay);
    codes.forget(now + 659s);
    QVERIFY(codes.present(text)->isReplay); // ended, but remembered
    codes.forget(now + 660s);
    QVERIFY(!codes.present(text));
    for (int i = 0; i < 10'000; ++i) {
        QVERIFY(!codes.isFull());
        codes.issue(grant);
    }
    QVERIFY(codes.isFull());
}

WATCHWORD_TEST_MAIN(TestSignInBrake)
#include "tst_signinbrake.moc"
