// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "storegate.h"

#include <QDir>

#include <optional>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

/*
    The store may be slow, or another process may have its lock. Meanwhile a person decides something: at each step of what the
    store is doing. The last decision counts, for this run, for the provider and for the next start.
*/
class TestStoreSteps : public SessionFixture
{
    Q_OBJECT

public:
    enum class Doing { Restore, Refresh, SignIn, SignOut };
    enum class Then { SignsOut, SignsIn, Closes, SignsOutAndCloses, SignsOutAndBobSignsIn };

private Q_SLOTS:
    void theLastDecisionCounts_data();
    void theLastDecisionCounts();

private:
    void prepare(Doing doing);
    //! Makes \a doing begin, with the store behind \a gate.
    bool begin(Doing doing, SessionProbe &probe, std::optional<StoreGate> &gate);
    static bool isDone(Doing doing, const SessionProbe &probe);
    bool signsIn(SessionProbe &probe, const QString &subject, StoreGate &gate);
    //! One run with \a steps done before the decision; *\a wasDone: there are no more.
    void decideAfter(int steps, bool *wasDone);
};

Q_DECLARE_METATYPE(TestStoreSteps::Doing)
Q_DECLARE_METATYPE(TestStoreSteps::Then)

void TestStoreSteps::theLastDecisionCounts_data()
{
    QTest::addColumn<Doing>("doing");
    QTest::addColumn<Then>("then");
    QTest::addColumn<QString>("owner"); // empty: nobody
    const QString alice = u"alice"_s;
    const QString bob = u"bob"_s;
    QTest::newRow("restore, signs out") << Doing::Restore << Then::SignsOut << QString();
    QTest::newRow("restore, signs in") << Doing::Restore << Then::SignsIn << alice;
    QTest::newRow("restore, closes") << Doing::Restore << Then::Closes << alice;
    QTest::newRow("restore, signs out and closes") << Doing::Restore << Then::SignsOutAndCloses << QString();
    QTest::newRow("restore, bob instead") << Doing::Restore << Then::SignsOutAndBobSignsIn << bob;
    QTest::newRow("refresh, signs out") << Doing::Refresh << Then::SignsOut << QString();
    QTest::newRow("refresh, signs in") << Doing::Refresh << Then::SignsIn << alice;
    QTest::newRow("refresh, bob instead") << Doing::Refresh << Then::SignsOutAndBobSignsIn << bob;
    QTest::newRow("sign-in, signs out") << Doing::SignIn << Then::SignsOut << QString();
    QTest::newRow("sign-in, signs in") << Doing::SignIn << Then::SignsIn << alice;
    QTest::newRow("sign-in, closes") << Doing::SignIn << Then::Closes << alice;
    QTest::newRow("sign-in, signs out and closes") << Doing::SignIn << Then::SignsOutAndCloses << QString();
    QTest::newRow("sign-in, bob instead") << Doing::SignIn << Then::SignsOutAndBobSignsIn << bob;
    QTest::newRow("sign-out, signs out") << Doing::SignOut << Then::SignsOut << QString();
    QTest::newRow("sign-out, signs in") << Doing::SignOut << Then::SignsIn << alice;
    QTest::newRow("sign-out, closes") << Doing::SignOut << Then::Closes << QString();
    QTest::newRow("sign-out, signs out and closes") << Doing::SignOut << Then::SignsOutAndCloses << QString();
    QTest::newRow("sign-out, bob instead") << Doing::SignOut << Then::SignsOutAndBobSignsIn << bob;
}

void TestStoreSteps::prepare(Doing doing)
{
    m_issuer->revokeAll();
    m_issuer->signInAs(u"alice"_s, u"Alice"_s);
    QDir(options().storageFolder).removeRecursively();
    signInOnce();
    if (doing != Doing::SignIn)
        return;
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    probe.session.signOut();
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }));
}

bool TestStoreSteps::begin(Doing doing, SessionProbe &probe, std::optional<StoreGate> &gate)
{
    const QString folder = options().storageFolder;
    if (doing == Doing::Restore) {
        gate.emplace(folder);
        probe.session.start();
        return true;
    }
    if (doing == Doing::SignIn) {
        probe.session.signIn();
        if (!Support::waitUntil([&] { return !m_page.isEmpty(); }))
            return false;
        gate.emplace(folder);
        return m_issuer->openBrowser(std::exchange(m_page, {}))
            && Support::waitUntil([&] { return probe.events.contains(u"signin.succeeded"_s); });
    }
    probe.session.start();
    if (!probe.reaches(State::Active))
        return false;
    gate.emplace(folder);
    if (doing == Doing::Refresh)
        probe.session.refresh();
    else
        probe.session.signOut();
    return true;
}

bool TestStoreSteps::isDone(Doing doing, const SessionProbe &probe)
{
    if (doing == Doing::SignOut)
        return probe.events.contains(u"signout.finished"_s);
    if (doing == Doing::Refresh)
        return probe.events.contains(u"refresh.finished"_s);
    return probe.session.state() == State::Active;
}

bool TestStoreSteps::signsIn(SessionProbe &probe, const QString &subject, StoreGate &gate)
{
    m_issuer->signInAs(subject, subject);
    m_page.clear();
    const auto before = probe.events.count(u"signin.succeeded"_s);
    probe.session.signIn();
    // The gate is opened as late as it can be: the sign-in looks at the store itself.
    while (m_page.isEmpty()) {
        if (!gate.letOneOn([&] { return !m_page.isEmpty(); }) && m_page.isEmpty())
            return false;
    }
    if (!m_issuer->openBrowser(m_page) || !Support::waitUntil([&] { return probe.events.count(u"signin.succeeded"_s) > before; }))
        return false;
    gate.open();
    return probe.reaches(State::Active) && probe.session.subject() == subject;
}

void TestStoreSteps::decideAfter(int steps, bool *wasDone)
{
    QFETCH(Doing, doing);
    QFETCH(Then, then);
    QFETCH(QString, owner);
    prepare(doing);
    auto probe = std::make_unique<SessionProbe>(withHeldBrowser());
    std::optional<StoreGate> gate;
    QVERIFY(begin(doing, *probe, gate));
    for (int i = 0; i < steps && !isDone(doing, *probe); ++i)
        gate->letOneOn([&] { return isDone(doing, *probe); });
    *wasDone = isDone(doing, *probe);
    const bool signsOut = then == Then::SignsOut || then == Then::SignsOutAndCloses || then == Then::SignsOutAndBobSignsIn;
    if (signsOut) {
        probe->session.signOut();
        QCOMPARE(probe->session.state(), State::SignedOut);
        QCOMPARE(probe->signedOut.size(), 1);
    }
    if (then == Then::SignsIn)
        QVERIFY(signsIn(*probe, u"alice"_s, *gate));
    else if (then == Then::SignsOutAndBobSignsIn)
        QVERIFY(signsIn(*probe, u"bob"_s, *gate));
    gate->open();
    if (then == Then::Closes || then == Then::SignsOutAndCloses) {
        probe.reset();
    } else if (owner.isEmpty()) {
        QVERIFY2(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }), qPrintable(probe->session.explain()));
        QCOMPARE(probe->session.state(), State::SignedOut);
    } else {
        if (signsOut) // nothing is left of alice
            QVERIFY2(Support::waitUntil([&] { return m_issuer->activeFamilies() == 1; }), qPrintable(probe->session.explain()));
        QVERIFY(probe->refreshed());
        QCOMPARE(probe->session.state(), State::Active);
    }
    if (probe)
        QCOMPARE(probe->failed.size(), 0);
    probe.reset();
    QVERIFY(owner.isEmpty() ? isSignedOutForGood() : isStored(owner));
}

void TestStoreSteps::theLastDecisionCounts()
{
    bool wasDone = false;
    for (int steps = 0; !wasDone; ++steps) {
        QVERIFY2(steps < 20, "the store is never done");
        decideAfter(steps, &wasDone);
        if (QTest::currentTestFailed()) {
            qInfo("after %d steps of the store", steps);
            return;
        }
    }
}

WATCHWORD_TEST_MAIN(TestStoreSteps)
#include "tst_storesteps.moc"
