// SPDX-License-Identifier: Apache-2.0
#include "refreshworld.h"
#include "support/testmain.h"

using namespace RefreshWorld;

/* Answers, and disks, that a refresh cannot use as they are. */
class TestRefreshAnswers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void unusableAnswerKeepsItsRefreshToken_data();
    void unusableAnswerKeepsItsRefreshToken();
    void typeOfTheTokenBefore();
    void withoutRotation_data();
    void withoutRotation();
};

void TestRefreshAnswers::unusableAnswerKeepsItsRefreshToken_data()
{
    QTest::addColumn<bool>("saveFails");
    QTest::newRow("saved") << false;
    QTest::newRow("disk fails once") << true;
}

void TestRefreshAnswers::unusableAnswerKeepsItsRefreshToken()
{
    QFETCH(bool, saveFails);
    World world;
    world.stored.expiresAt = wallTimeFromSeconds(1'800'000'100);
    Process process(world);
    process.network = {Network::Unusable};
    process.failAt = saveFails ? 5 : -1;
    process.run(T::Start{world.stored});
    QCOMPARE(int(process.finishes.first().outcome), int(Outcome::Busy)); // it is asked again, later
    QCOMPARE(process.finishes.first().error.code(), ErrorCode::InvalidResponse);
    QCOMPARE(textOf(world.stored.refreshToken), u"r2"_s);
    const auto &[published, stored] = process.published.first();
    QCOMPARE(textOf(published.refreshToken), u"r2"_s);
    QCOMPARE(textOf(published.accessToken), u"access-1"_s); // which is as good as before
    QVERIFY(published.expiresAt == wallTimeFromSeconds(1'800'000'100));
    QCOMPARE(stored, !saveFails);
    process.run(T::Start{published});
    QCOMPARE(int(process.finishes.last().outcome), int(Outcome::Refreshed));
    QCOMPARE(textOf(world.stored.refreshToken), u"r3"_s);
    QCOMPARE(world.violations, QStringList());
}

void TestRefreshAnswers::typeOfTheTokenBefore()
{
    for (const QString &said : {QString(), u"Bearer"_s}) {
        SeededRandom random(1);
        T machine(random);
        TokenSet stored = tokensOf(1, u"r1"_s);
        stored.tokenType = u"DPoP"_s;
        const QList<T::Event> way{T::Start{stored}, T::LockTried{{}}, T::Loaded{stored}, T::Probed{{}}, T::JournalWritten{{}}};
        for (const T::Event &event : way)
            machine.step(event, {}, Instant(1h));
        TokenAnswer answer;
        answer.meaning = TokenAnswerClass::Success;
        answer.grant.accessToken = secretOf(u"access-2"_s);
        answer.grant.tokenType = said;
        const T::Actions actions = machine.step(T::Answered{answer}, {}, Instant(1h));
        QCOMPARE(std::get<T::Save>(actions.at(0)).tokens.tokenType, said.isEmpty() ? u"DPoP"_s : said);
    }
}

void TestRefreshAnswers::withoutRotation_data()
{
    QTest::addColumn<bool>("sameTokenSent"); // or none
    QTest::addColumn<bool>("lastIsLost");
    QTest::newRow("none comes") << false << false;
    QTest::newRow("the same comes") << true << false;
    QTest::newRow("the last answer is lost") << false << true;
}

// The same refresh token is sent again and again: what was answered is no loose end that a refusal could be blamed on.
void TestRefreshAnswers::withoutRotation()
{
    QFETCH(bool, sameTokenSent);
    QFETCH(bool, lastIsLost);
    SeededRandom random(1);
    T machine(random);
    TokenSet stored = tokensOf(1, u"r1"_s);
    std::optional<RefreshJournal> journal;
    const auto send = [&] {
        machine.step(T::Start{stored}, {}, Instant(1h));
        machine.step(T::LockTried{{}}, {}, Instant(1h));
        machine.step(T::Loaded{stored, journal}, {}, Instant(1h));
        const T::Actions actions = machine.step(T::Probed{{}}, {}, Instant(1h));
        journal = std::get<T::WriteJournal>(actions.at(0)).journal;
        machine.step(T::JournalWritten{{}}, {}, Instant(1h));
    };
    for (int round = 0; round < 3; ++round) {
        send();
        QCOMPARE(journal->unresolved, 1);
        TokenAnswer answer;
        answer.meaning = TokenAnswerClass::Success;
        answer.grant.accessToken = secretOf(u"access"_s);
        answer.grant.refreshToken = sameTokenSent ? secretOf(u"r1"_s) : Secret();
        stored = std::get<T::Save>(machine.step(T::Answered{answer}, {}, Instant(1h)).at(0)).tokens;
        machine.step(T::Saved{{}}, {}, Instant(1h));
    }
    if (lastIsLost) {
        send();
        journal->unresolved = 1; // and the process ended there
        machine = T(random);
    }
    send();
    machine.step(T::Answered{{TokenAnswerClass::FinalUser, {}, Error(ErrorCode::InvalidGrant), false}}, {}, Instant(1h));
    const T::Actions actions = machine.step(T::Loaded{stored, journal}, {}, Instant(1h));
    const auto ended = std::get<T::WriteJournal>(actions.at(0)).journal.ended;
    QVERIFY(ended == (lastIsLost ? ErrorCode::RotationLost : ErrorCode::RevokedOrExpired));
}

WATCHWORD_TEST_MAIN(TestRefreshAnswers)
#include "tst_refreshanswers.moc"
