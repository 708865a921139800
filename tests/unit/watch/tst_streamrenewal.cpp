// SPDX-License-Identifier: Apache-2.0
#include "streamrenewal.h"

#include "support/testmain.h"
#include "watchword/testing/manualclock.h"

#include <QJsonDocument>
#include <QPromise>
#include <QSignalSpy>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

/*! "token-1", "token-2" and so on, a new one whenever a longer one is wanted. */
class Numbered final : public TokenProvider
{
public:
    explicit Numbered(Clock &clock)
        : m_clock(clock)
    {
    }
    QFuture<Result<AccessToken>> requestToken(const TokenRequest &request) override
    {
        ++asked;
        if (!isFrozen && !m_token.isValidAt(m_clock.wallNow(), request.minimumValidity)) {
            m_token.value = Secret::copy("token-" + QByteArray::number(++made));
            m_token.expiresAt = m_clock.wallNow() + 100s;
            m_token.proof = proof;
            m_token.type = proof ? u"DPoP"_s : u"Bearer"_s;
        }
        QPromise<Result<AccessToken>> promise;
        promise.start();
        promise.addResult(failure ? Result<AccessToken>(*failure) : Result<AccessToken>(m_token));
        promise.finish();
        return promise.future();
    }

    int asked = 0;
    int made = 0;
    bool isFrozen = false;
    std::optional<Error> failure;
    std::shared_ptr<TokenProof> proof;

private:
    Clock &m_clock;
    AccessToken m_token;
};

class CountingProof final : public TokenProof
{
public:
    Result<QByteArray> headerFor(const QByteArray &method, const QUrl &url, const Secret &accessToken) override
    {
        if (fails)
            return Error(ErrorCode::UnusableKey);
        return method + ' ' + url.toEncoded() + ' ' + accessToken.reveal().toByteArray() + ' ' + nonce + ' '
            + QByteArray::number(++made);
    }
    bool rememberNonce(const QUrl &, const QByteArray &given) override { return std::exchange(nonce, given) != given; }

    int made = 0;
    bool fails = false;
    QByteArray nonce;
};

} // namespace

class TestStreamRenewal : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void renewsInTime();
    void sameTokenIsSentOnce();
    void proofsAreMadeForTheStream();
    void refusals_data();
    void refusals();
    void signerFails();
    void noAnswer();
    void providerFails_data();
    void providerFails();
    void nothingAfterTheEnd();

private:
    WallTime in(Duration time) const { return m_clock->wallNow() + time; }
    void pass(Duration time)
    {
        m_clock->advance(time);
        QCoreApplication::processEvents(); // the provider's answer
    }
    QString sent(int number, QLatin1StringView member = QLatin1StringView("token")) const
    {
        return QJsonDocument::fromJson(m_sent->value(number).value(0).toByteArray()).object().value(member).toString();
    }

    std::unique_ptr<ManualClock> m_clock;
    std::unique_ptr<Numbered> m_tokens;
    std::shared_ptr<CountingProof> m_proof;
    std::unique_ptr<StreamRenewal> m_renewal;
    std::unique_ptr<QSignalSpy> m_sent;
    std::unique_ptr<QSignalSpy> m_failed;
    std::unique_ptr<QSignalSpy> m_keyChanged;
};

void TestStreamRenewal::init()
{
    WatchwordTest::init();
    m_renewal.reset();
    m_clock = std::make_unique<ManualClock>();
    m_tokens = std::make_unique<Numbered>(*m_clock);
    m_proof = std::make_shared<CountingProof>();
    m_renewal = std::make_unique<StreamRenewal>(
        m_tokens.get(), [](const QJsonObject &fields) { return QString::fromUtf8(QJsonDocument(fields).toJson()); }, *m_clock);
    m_sent = std::make_unique<QSignalSpy>(m_renewal.get(), &StreamRenewal::toBeSent);
    m_failed = std::make_unique<QSignalSpy>(m_renewal.get(), &StreamRenewal::failed);
    m_keyChanged = std::make_unique<QSignalSpy>(m_renewal.get(), &StreamRenewal::keyChanged);
}

void TestStreamRenewal::renewsInTime()
{
    m_renewal->begin(QUrl(u"wss://gateway.test/watch"_s), in(100s));
    pass(74s);
    QCOMPARE(m_tokens->asked, 0);
    pass(1s);
    QCOMPARE(sent(0), u"token-1"_s);
    QVERIFY(sent(0, "dpop"_L1).isEmpty());
    Q_EMIT m_tokens->tokenChanged(1); // of the token that is on its way
    m_renewal->accepted(in(100s), {});
    pass(75s);
    QCOMPARE(sent(1), u"token-2"_s);
    m_renewal->accepted(in(100s), {});
    QVERIFY(m_failed->isEmpty());
}

void TestStreamRenewal::sameTokenIsSentOnce()
{
    m_renewal->begin(QUrl(u"wss://gateway.test/watch"_s), in(100s));
    pass(75s);
    m_tokens->isFrozen = true;
    m_renewal->accepted(in(100s), {});
    for (int second = 0; second < 120; ++second)
        pass(1s);
    QCOMPARE(m_sent->size(), 1);
    QVERIFY2(m_tokens->asked < 20, qPrintable(QString::number(m_tokens->asked)));
}

void TestStreamRenewal::proofsAreMadeForTheStream()
{
    m_tokens->proof = m_proof;
    m_renewal->begin(QUrl(u"wss://gateway.test/audit?after=0"_s), in(100s));
    Q_EMIT m_tokens->tokenChanged(1);
    QCoreApplication::processEvents();
    QCOMPARE(sent(0, "dpop"_L1), u"GET wss://gateway.test/audit?after=0 token-1  1"_s);
    m_renewal->accepted(in(100s), "n-1");
    pass(75s);
    QCOMPARE(sent(1, "dpop"_L1), u"GET wss://gateway.test/audit?after=0 token-2 n-1 2"_s);
}

void TestStreamRenewal::refusals_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("reason");
    QTest::addColumn<QByteArray>("nonce");
    QTest::addColumn<int>("atOnce"); // messages
    QTest::addColumn<ErrorCode>("error"); // Cancelled: none
    QTest::addColumn<bool>("comesAgain"); // while the token lives
    const auto row = [](const char *name, int code, const char *reason, const char *nonce, int atOnce, ErrorCode error,
                        bool comesAgain) {
        QTest::newRow(name) << code << QString::fromLatin1(reason) << QByteArray(nonce) << atOnce << error << comesAgain;
    };
    row("nonce", 4402, "use_dpop_nonce", "n-1", 1, ErrorCode::WrongNonce, true);
    row("nonce that is not given", 4402, "use_dpop_nonce", "", 0, ErrorCode::WrongNonce, true);
    row("proof", 4402, "invalid_dpop_proof", "n-1", 0, ErrorCode::WrongNonce, true);
    row("token", 4402, "token_invalid", "", 0, ErrorCode::Unauthorized, false);
    row("person", 4402, "identity_changed", "n-1", 0, ErrorCode::Unauthorized, false);
    row("key", 4402, "key_changed", "n-1", 0, ErrorCode::Cancelled, false);
    row("busy", 1013, "try_again_later", "", 0, ErrorCode::Unauthorized, true);
    row("too often", 4429, "rate_limited", "", 0, ErrorCode::Unauthorized, true);
}

void TestStreamRenewal::refusals()
{
    QFETCH(int, code);
    QFETCH(QString, reason);
    QFETCH(QByteArray, nonce);
    QFETCH(int, atOnce);
    QFETCH(ErrorCode, error);
    QFETCH(bool, comesAgain);
    m_tokens->proof = m_proof;
    m_renewal->begin(QUrl(u"wss://gateway.test/watch"_s), in(100s));
    pass(75s);
    m_renewal->refused({code, reason, nonce});
    QCOMPARE(m_sent->size(), 1 + atOnce);
    QCOMPARE(m_proof->nonce, nonce);
    if (atOnce > 0) {
        QVERIFY(m_failed->isEmpty());
        QVERIFY(sent(0, "dpop"_L1) != sent(1, "dpop"_L1));
        m_renewal->refused({code, reason, "n-2"});
        QCOMPARE(m_sent->size(), 1 + atOnce);
    }
    QCOMPARE(m_failed->size(), error == ErrorCode::Cancelled ? 0 : 1);
    QCOMPARE(m_keyChanged->size(), error == ErrorCode::Cancelled ? 1 : 0);
    if (!m_failed->isEmpty()) {
        QCOMPARE(m_failed->first().first().value<Error>().code(), error);
        QCOMPARE(m_failed->first().first().value<Error>().closeCode(), code);
    }
    pass(15s);
    QCOMPARE(m_sent->size() > 1 + atOnce, comesAgain);
}

void TestStreamRenewal::signerFails()
{
    m_tokens->proof = m_proof;
    m_proof->fails = true;
    m_renewal->begin(QUrl(u"wss://gateway.test/watch"_s), in(100s));
    pass(75s);
    QVERIFY(m_sent->isEmpty());
    QCOMPARE(m_failed->first().first().value<Error>().code(), ErrorCode::UnusableKey);
    m_proof->fails = false;
    pass(15s);
    QCOMPARE(m_sent->size(), 1);
}

void TestStreamRenewal::noAnswer()
{
    m_renewal->begin(QUrl(u"wss://gateway.test/watch"_s), in(100s));
    pass(75s);
    pass(10s);
    QCOMPARE(m_failed->first().first().value<Error>().code(), ErrorCode::Timeout);
    pass(10s);
    QCOMPARE(m_sent->size(), 2);
    m_renewal->accepted(in(100s), {});
    QCOMPARE(m_failed->size(), 1);
}

void TestStreamRenewal::providerFails_data()
{
    QTest::addColumn<ErrorCode>("code");
    QTest::addColumn<bool>("comesAgain");
    QTest::newRow("for a while") << ErrorCode::Offline << true;
    QTest::newRow("until somebody signs in") << ErrorCode::SignInRequired << false;
}

void TestStreamRenewal::providerFails()
{
    QFETCH(ErrorCode, code);
    QFETCH(bool, comesAgain);
    m_renewal->begin(QUrl(u"wss://gateway.test/watch"_s), in(100s));
    m_tokens->failure = Error(code);
    pass(75s);
    QVERIFY(m_sent->isEmpty());
    m_tokens->failure.reset();
    pass(10s);
    QCOMPARE(m_sent->size(), comesAgain ? 1 : 0);
    Q_EMIT m_tokens->tokenChanged(1);
    QCoreApplication::processEvents();
    QCOMPARE(m_sent->size(), 1);
}

void TestStreamRenewal::nothingAfterTheEnd()
{
    m_renewal->begin(QUrl(u"wss://gateway.test/watch"_s), in(100s));
    m_clock->advance(75s); // asked
    m_renewal->end();
    QCoreApplication::processEvents();
    m_renewal->accepted(in(100s), {});
    m_renewal->refused({4402, u"use_dpop_nonce"_s, "n-1"});
    Q_EMIT m_tokens->tokenChanged(1);
    pass(1000s);
    QCOMPARE(m_tokens->asked, 1);
    QVERIFY(m_sent->isEmpty() && m_failed->isEmpty());
}

WATCHWORD_TEST_MAIN(TestStreamRenewal)
#include "tst_streamrenewal.moc"
