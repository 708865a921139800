// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/auth/sessiontext.h"

#include <QMetaEnum>
#include <QScopeGuard>
#include <QSet>
#include <QTranslator>

using namespace Watchword;
using namespace Qt::StringLiterals;

namespace {

// What a session never gives as its reason: faults of connections, files of the gateway, and our own.
const QSet<ErrorCode> kOfOthers{
    ErrorCode::WrongState,    ErrorCode::Internal,        ErrorCode::UpgradeRejected,
    ErrorCode::OriginDenied,  ErrorCode::ConnectionLimit, ErrorCode::SubprotocolMismatch,
    ErrorCode::MessageTooBig, ErrorCode::SlowConsumer,    ErrorCode::Locked,
    ErrorCode::Replaced,      ErrorCode::ClosedByPeer,    ErrorCode::ProtocolViolation,
    ErrorCode::QueueFull,     ErrorCode::ChainBroken,     ErrorCode::Gap,
};

QList<ErrorCode> reasons()
{
    QList<ErrorCode> all;
    const QMetaEnum codes = QMetaEnum::fromType<ErrorCode>();
    for (int i = 0; i < codes.keyCount(); ++i) {
        const auto code = ErrorCode(codes.value(i));
        // Codes that came later and are not of a sign-in are those after the storage's.
        if (!kOfOthers.contains(code) && int(code) <= int(ErrorCode::NotFound))
            all += code;
    }
    return all + QList{ErrorCode::IdentityChanged, ErrorCode::InsecureTransport, ErrorCode::AddressInUse};
}

} // namespace

/* Every value has words, in English and in German. */
class TestSessionText : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void states_data();
    void states();
    void reasonsHaveWords_data();
    void reasonsHaveWords();
    void somethingToDo();

private:
    QTranslator m_german;
};

void TestSessionText::initTestCase()
{
    QVERIFY(m_german.load(u"watchword_sdk_de"_s, QStringLiteral(WATCHWORD_BINARY_DIR "/translations")));
}

void TestSessionText::states_data()
{
    QTest::addColumn<Session::State>("state");
    const QMetaEnum all = QMetaEnum::fromType<Session::State>();
    for (int i = 0; i < all.keyCount(); ++i)
        QTest::newRow(all.key(i)) << Session::State(all.value(i));
}

void TestSessionText::states()
{
    QFETCH(Session::State, state);
    const QString english = SessionText::ofState(state);
    const QString englishHint = SessionText::suggestion(state, {});
    QVERIFY(english.endsWith(u'.'));
    QCOMPARE(englishHint.isEmpty(), state == Session::State::Active); // everywhere else there is something to do
    QVERIFY(QCoreApplication::installTranslator(&m_german));
    const auto back = qScopeGuard([this] { QCoreApplication::removeTranslator(&m_german); });
    QVERIFY(SessionText::ofState(state).endsWith(u'.'));
    QVERIFY(SessionText::ofState(state) != english);
    if (!englishHint.isEmpty())
        QVERIFY(SessionText::suggestion(state, {}) != englishHint);
}

void TestSessionText::reasonsHaveWords_data()
{
    QTest::addColumn<ErrorCode>("code");
    const auto all = reasons();
    QVERIFY(all.size() > 50);
    for (const ErrorCode code : all)
        QTest::newRow(qPrintable(Error(code).codeName())) << code;
}

void TestSessionText::reasonsHaveWords()
{
    QFETCH(ErrorCode, code);
    const QString unknown = SessionText::ofReason(ErrorCode::Internal);
    const QString english = SessionText::ofReason(code);
    QVERIFY(!english.isEmpty());
    QVERIFY2(english != unknown, "no words of its own");
    const QMetaEnum all = QMetaEnum::fromType<Session::State>();
    QStringList hints;
    for (int i = 0; i < all.keyCount(); ++i)
        hints += SessionText::suggestion(Session::State(all.value(i)), Error(code));
    QVERIFY(QCoreApplication::installTranslator(&m_german));
    const auto back = qScopeGuard([this] { QCoreApplication::removeTranslator(&m_german); });
    QVERIFY(SessionText::ofReason(code) != english);
    for (int i = 0; i < all.keyCount(); ++i) {
        const QString german = SessionText::suggestion(Session::State(all.value(i)), Error(code));
        QCOMPARE(german.isEmpty(), hints.at(i).isEmpty());
        QVERIFY(german.isEmpty() || german != hints.at(i));
    }
}

void TestSessionText::somethingToDo()
{
    using State = Session::State;
    const auto hint = [](State state, ErrorCode code) { return SessionText::suggestion(state, Error(code)); };
    QVERIFY(hint(State::KeychainWaiting, ErrorCode::KeychainLocked)
            != hint(State::KeychainWaiting, ErrorCode::KeychainUnavailable));
    QVERIFY(hint(State::Offline, ErrorCode::CaptivePortal) != hint(State::Offline, ErrorCode::Offline));
    QVERIFY(hint(State::NeedsSignIn, ErrorCode::WrongUser) != hint(State::NeedsSignIn, ErrorCode::RevokedOrExpired));
}

WATCHWORD_TEST_MAIN(TestSessionText)
#include "tst_sessiontext.moc"
