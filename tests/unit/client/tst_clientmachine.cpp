// SPDX-License-Identifier: Apache-2.0
// What a Client shows of its Session and Connection, and what it does about them.
#include "clientmachine.h"
#include "support/testmain.h"

#include <QMetaEnum>

using namespace Watchword;
using namespace Qt::StringLiterals;
using M = ClientMachine;
using Mode = M::Mode;
using S = Session::State;
using C = Connection::State;
using Shown = Client::State;

Q_DECLARE_METATYPE(Watchword::ClientMachine::Mode)

namespace {

constexpr Mode kModes[] = {Mode::Stopped,      Mode::Restoring, Mode::Running,   Mode::Accepting,
                           Mode::PersonNeeded, Mode::Refused,   Mode::SigningIn, Mode::Failed};
constexpr const char *kModeNames[] = {"Stopped",      "Restoring", "Running",   "Accepting",
                                      "PersonNeeded", "Refused",   "SigningIn", "Failed"};
constexpr S kSessions[] = {S::SignedOut, S::KeychainWaiting, S::Restoring, S::SigningIn, S::Active,
                           S::Offline,   S::NeedsSignIn,     S::StepUp,    S::Degraded};
constexpr C kConnections[] = {C::Disconnected, C::Connecting, C::Ready, C::Waiting, C::Closing};

const Error kNobody(ErrorCode::SignInRequired, QStringLiteral("nobody"));
const Error kRejected(ErrorCode::TokenExpired, QStringLiteral("the server's"));
const Error kForbidden(ErrorCode::Forbidden, QStringLiteral("the server's"));
const Error kRefused(ErrorCode::ConnectionRefused, QStringLiteral("the provider's"));

QString nameOf(S state)
{
    return QString::fromLatin1(QMetaEnum::fromType<S>().valueToKey(int(state)));
}

M::Settled settled(S session, C connection = C::Disconnected, const Error &reason = {})
{
    return {session, reason, connection};
}

template <typename T>
const T *find(const M::Actions &actions)
{
    for (const M::Action &action : actions) {
        if (const T *found = std::get_if<T>(&action))
            return found;
    }
    return nullptr;
}

// The way a Client gets there.
M machineIn(Mode mode)
{
    M machine;
    if (mode == Mode::Stopped)
        return machine;
    machine.step(M::Start{});
    if (mode == Mode::Restoring)
        return machine;
    if (mode == Mode::PersonNeeded || mode == Mode::SigningIn || mode == Mode::Accepting) {
        machine.step(M::NeedsPerson{kNobody});
        machine.step(settled(S::SignedOut));
        if (mode == Mode::PersonNeeded)
            return machine;
        machine.step(M::SignIn{});
        machine.step(settled(S::SigningIn));
        if (mode == Mode::Accepting)
            machine.step(M::SignedIn{});
        return machine;
    }
    machine.step(settled(S::Active));
    if (mode == Mode::Refused)
        machine.step(M::Refusal{kRejected});
    else if (mode == Mode::Failed)
        machine.step(M::Closed{kForbidden});
    machine.step(settled(S::Active));
    return machine;
}

} // namespace

class TestClientMachine : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void statesOfModes();
    void everyModeBySessionByConnection_data();
    void everyModeBySessionByConnection();
    void slots_data();
    void slots();
    void refusals_data();
    void refusals();
    void strongerSignInIsAskedForOnce();
    void failedSignInsLeadBack_data();
    void failedSignInsLeadBack();
    void signedOutElsewhere_data();
    void signedOutElsewhere();
    void betterReasonOfTheSameTurn();
    void flashesAreNotShown();
    void startTellsAgain();
    void switchForgets();
};

void TestClientMachine::statesOfModes()
{
    for (const C connection : kConnections) {
        QCOMPARE(M::stateOf(Mode::Stopped, connection), Shown::Stopped);
        QCOMPARE(M::stateOf(Mode::Restoring, connection), Shown::Starting);
        QCOMPARE(M::stateOf(Mode::PersonNeeded, connection), Shown::SignInNeeded);
        QCOMPARE(M::stateOf(Mode::Refused, connection), Shown::SignInNeeded);
        QCOMPARE(M::stateOf(Mode::SigningIn, connection), Shown::SigningIn);
        QCOMPARE(M::stateOf(Mode::Failed, connection), Shown::Failed);
    }
    for (const Mode mode : {Mode::Running, Mode::Accepting}) {
        QCOMPARE(M::stateOf(mode, C::Disconnected), Shown::Connecting);
        QCOMPARE(M::stateOf(mode, C::Connecting), Shown::Connecting);
        QCOMPARE(M::stateOf(mode, C::Ready), Shown::Ready);
        QCOMPARE(M::stateOf(mode, C::Waiting), Shown::Waiting);
        QCOMPARE(M::stateOf(mode, C::Closing), Shown::Connecting);
    }
}

void TestClientMachine::everyModeBySessionByConnection_data()
{
    using enum ClientMachine::Mode;
    QTest::addColumn<int>("mode");
    QTest::addColumn<QList<Mode>>("next"); // for each of kSessions
    const auto row = [](Mode mode, QList<Mode> next) { QTest::newRow(kModeNames[int(mode)]) << int(mode) << std::move(next); };
    // clang-format off
    //                  SignedOut     KeychainW.    Restoring     SigningIn  Active        Offline       NeedsSignIn   StepUp        Degraded
    row(Stopped,      {Stopped,      Stopped,      Stopped,      SigningIn, Stopped,      Stopped,      Stopped,      Stopped,      Stopped});
    row(Restoring,    {Restoring,    Restoring,    Restoring,    SigningIn, Running,      Running,      PersonNeeded, PersonNeeded, Running});
    row(Running,      {PersonNeeded, Running,      Running,      SigningIn, Running,      Running,      PersonNeeded, PersonNeeded, Running});
    row(Accepting,    {PersonNeeded, Accepting,    Accepting,    SigningIn, Accepting,    Accepting,    PersonNeeded, PersonNeeded, Accepting});
    row(PersonNeeded, {PersonNeeded, PersonNeeded, Restoring,    SigningIn, Running,      Running,      PersonNeeded, PersonNeeded, Running});
    row(Refused,      {PersonNeeded, Refused,      Refused,      SigningIn, Refused,      Refused,      PersonNeeded, Refused,      Refused});
    row(SigningIn,    {PersonNeeded, SigningIn,    SigningIn,    SigningIn, Running,      Running,      PersonNeeded, PersonNeeded, Running});
    row(Failed,       {PersonNeeded, Failed,       Failed,       SigningIn, Failed,       Failed,       PersonNeeded, PersonNeeded, Failed});
    // clang-format on
}

// All 360. A person is told exactly when the mode becomes PersonNeeded by what the session is.
void TestClientMachine::everyModeBySessionByConnection()
{
    QFETCH(int, mode);
    QFETCH(QList<Mode>, next);
    QCOMPARE(next.size(), qsizetype(std::size(kSessions)));
    const auto from = Mode(mode);
    for (std::size_t i = 0; i < std::size(kSessions); ++i) {
        for (const C connection : kConnections) {
            M machine = machineIn(from);
            QCOMPARE(machine.mode(), from);
            const M::Actions actions = machine.step(settled(kSessions[i], connection, kRejected));
            const QByteArray name = nameOf(kSessions[i]).toLatin1();
            const char *what = name.constData();
            const bool runs = next[qsizetype(i)] == Mode::Running || next[qsizetype(i)] == Mode::Accepting;
            const Mode expected = runs && connection == C::Ready ? Mode::Running : next[qsizetype(i)]; // accepted
            QVERIFY2(machine.mode() == expected, what);
            const M::Show *show = find<M::Show>(actions);
            QVERIFY2(show && show->state == M::stateOf(expected, connection), what);
            QVERIFY2(bool(find<M::OpenConnection>(actions)) == (runs && connection == C::Disconnected), what);
            const bool isNew =
                expected == Mode::PersonNeeded && from != Mode::PersonNeeded && from != Mode::Refused && from != Mode::SigningIn;
            QVERIFY2(bool(find<M::TellSignInNeeded>(actions)) == isNew, what);
            if (isNew)
                QVERIFY2(find<M::TellSignInNeeded>(actions)->reason == show->lastError, what);
            QVERIFY(!find<M::TellReady>(actions) && !find<M::BeginSignIn>(actions) && !find<M::SignOutSession>(actions));
        }
    }
}

void TestClientMachine::slots_data()
{
    QTest::addColumn<int>("mode");
    QTest::addColumn<QList<Mode>>("next"); // after start(), stop(), signIn(), signOut()
    using enum ClientMachine::Mode;
    QTest::newRow("Stopped") << int(Stopped) << QList<Mode>{Restoring, Stopped, SigningIn, Stopped};
    QTest::newRow("Restoring") << int(Restoring) << QList<Mode>{Restoring, Stopped, SigningIn, PersonNeeded};
    QTest::newRow("Running") << int(Running) << QList<Mode>{Running, Stopped, Running, PersonNeeded};
    QTest::newRow("Accepting") << int(Accepting) << QList<Mode>{Accepting, Stopped, Accepting, PersonNeeded};
    QTest::newRow("PersonNeeded") << int(PersonNeeded) << QList<Mode>{PersonNeeded, Stopped, SigningIn, PersonNeeded};
    QTest::newRow("Refused") << int(Refused) << QList<Mode>{Refused, Stopped, SigningIn, PersonNeeded};
    QTest::newRow("SigningIn") << int(SigningIn) << QList<Mode>{SigningIn, Stopped, SigningIn, PersonNeeded};
    QTest::newRow("Failed") << int(Failed) << QList<Mode>{Restoring, Stopped, SigningIn, PersonNeeded};
}

void TestClientMachine::slots()
{
    QFETCH(int, mode);
    QFETCH(QList<Mode>, next);
    const std::vector<M::Event> events{M::Start{}, M::Stop{}, M::SignIn{}, M::SignOut{}};
    for (std::size_t i = 0; i < events.size(); ++i) {
        M machine = machineIn(Mode(mode));
        const M::Actions actions = machine.step(events[i]);
        QCOMPARE(machine.mode(), next[qsizetype(i)]);
        const bool changed = machine.mode() != Mode(mode);
        QCOMPARE(bool(find<M::StartSession>(actions)), i == 0 && changed);
        QCOMPARE(bool(find<M::CloseConnection>(actions)), (i == 1 && changed) || i == 3);
        QCOMPARE(bool(find<M::BeginSignIn>(actions)), i == 2 && changed);
        QCOMPARE(bool(find<M::SignOutSession>(actions)), i == 3);
        // A sign-out is a person's own: nobody is asked to sign in, and there is no error.
        const M::Actions later = machine.step(settled(S::SignedOut));
        if (i == 3 || i == 1) {
            QVERIFY(!find<M::TellSignInNeeded>(later));
            QCOMPARE(find<M::Show>(later)->lastError.code(), ErrorCode::Cancelled);
        }
    }
}

void TestClientMachine::refusals_data()
{
    QTest::addColumn<int>("mode");
    QTest::addColumn<ErrorCode>("code");
    QTest::addColumn<int>("next");
    QTest::newRow("token, while running") << int(Mode::Running) << ErrorCode::TokenExpired << int(Mode::Refused);
    QTest::newRow("token, right after a sign-in") << int(Mode::Accepting) << ErrorCode::TokenExpired << int(Mode::Failed);
    QTest::newRow("revoked") << int(Mode::Running) << ErrorCode::SessionRevoked << int(Mode::PersonNeeded);
    QTest::newRow("while a person is needed") << int(Mode::PersonNeeded) << ErrorCode::TokenExpired << int(Mode::PersonNeeded);
    QTest::newRow("while stopped") << int(Mode::Stopped) << ErrorCode::TokenExpired << int(Mode::Stopped);
    QTest::newRow("while signing in") << int(Mode::SigningIn) << ErrorCode::TokenExpired << int(Mode::SigningIn);
}

void TestClientMachine::refusals()
{
    QFETCH(int, mode);
    QFETCH(ErrorCode, code);
    QFETCH(int, next);
    M machine = machineIn(Mode(mode));
    const M::Actions actions = machine.step(M::Refusal{Error(code)});
    QCOMPARE(bool(find<M::SignOutSession>(actions)), code == ErrorCode::SessionRevoked);
    QVERIFY(!find<M::AskSession>(actions));
    QCOMPARE(int(machine.mode()), next);
    machine.step(M::Closed{Error(code)}); // which follows
    QCOMPARE(int(machine.mode()), next);
    const bool failed = machine.mode() == Mode::Failed;
    QCOMPARE(bool(find<M::RefreshSession>(machine.step(M::Start{}))), failed); // what was refused is not tried again
    QVERIFY(!find<M::RefreshSession>(machineIn(Mode::Failed).step(M::Start{}))); // nothing is wrong with the token
}

void TestClientMachine::strongerSignInIsAskedForOnce()
{
    const M::Demand demand{{u"mfa"_s}, {}};
    const Error weak(ErrorCode::InsufficientAuthentication);
    M machine = machineIn(Mode::Accepting);
    machine.step(M::Demands{demand});
    const M::Actions first = machine.step(M::Refusal{weak});
    QVERIFY(find<M::AskSession>(first));
    QVERIFY(find<M::AskSession>(first)->demand == demand);
    QCOMPARE(machine.mode(), Mode::Refused);
    machine.step(M::NeedsPerson{weak}); // the session says the same
    const M::Actions told = machine.step(settled(S::StepUp));
    QCOMPARE(find<M::TellSignInNeeded>(told)->reason.code(), weak.code());
    QVERIFY(!find<M::TellSignInNeeded>(machine.step(settled(S::StepUp))));
    machine.step(M::SignIn{});
    machine.step(M::SignedIn{});
    machine.step(M::Demands{demand});
    QVERIFY(!find<M::AskSession>(machine.step(M::Refusal{weak})));
    QCOMPARE(machine.mode(), Mode::Failed);
    QCOMPARE(find<M::Show>(machine.step(settled(S::Active)))->lastError.code(), weak.code());
}

void TestClientMachine::failedSignInsLeadBack_data()
{
    QTest::addColumn<int>("before");
    QTest::addColumn<int>("after");
    QTest::newRow("from the start") << int(Mode::Stopped) << int(Mode::PersonNeeded);
    QTest::newRow("while restoring") << int(Mode::Restoring) << int(Mode::PersonNeeded);
    QTest::newRow("needed") << int(Mode::PersonNeeded) << int(Mode::PersonNeeded);
    QTest::newRow("refused") << int(Mode::Refused) << int(Mode::Refused);
    QTest::newRow("failed") << int(Mode::Failed) << int(Mode::Failed);
}

void TestClientMachine::failedSignInsLeadBack()
{
    QFETCH(int, before);
    QFETCH(int, after);
    for (const Error &reason : {kRefused, Error(ErrorCode::Cancelled)}) {
        M machine = machineIn(Mode(before));
        machine.step(M::SignIn{});
        machine.step(settled(S::SigningIn));
        const bool cancelled = reason.code() == ErrorCode::Cancelled;
        QCOMPARE(bool(find<M::Report>(machine.step(M::SignInFailed{reason}))), !cancelled);
        QCOMPARE(int(machine.mode()), after);
        const S session = Mode(before) == Mode::Refused || Mode(before) == Mode::Failed ? S::Active : S::SignedOut;
        const M::Actions actions = machine.step(settled(session));
        QCOMPARE(int(machine.mode()), after);
        QVERIFY(!find<M::TellSignInNeeded>(actions)); // else a program that signs in at once would open browsers for ever
        if (!cancelled)
            QCOMPARE(find<M::Show>(actions)->lastError.code(), reason.code());
        else if (Mode(after) == Mode::PersonNeeded)
            QCOMPARE(find<M::Show>(actions)->lastError.code(), ErrorCode::SignInRequired);
    }
}

void TestClientMachine::signedOutElsewhere_data()
{
    QTest::addColumn<int>("mode");
    QTest::addColumn<bool>("told");
    for (const Mode mode : kModes) {
        const bool told = mode == Mode::Restoring || mode == Mode::Running || mode == Mode::Accepting || mode == Mode::Failed;
        QTest::newRow(kModeNames[int(mode)]) << int(mode) << told;
    }
}

void TestClientMachine::signedOutElsewhere()
{
    QFETCH(int, mode);
    QFETCH(bool, told);
    M machine = machineIn(Mode(mode));
    machine.step(M::SignedOut{});
    machine.step(M::Closed{Error(ErrorCode::SignedOut)}); // the connection's word for the same
    const M::Actions actions = machine.step(settled(Mode(mode) == Mode::SigningIn ? S::SigningIn : S::SignedOut));
    QCOMPARE(bool(find<M::TellSignInNeeded>(actions)), told);
    if (told) {
        QCOMPARE(machine.mode(), Mode::PersonNeeded);
        QCOMPARE(find<M::Show>(actions)->lastError.code(), ErrorCode::SignedOut);
        QVERIFY(!find<M::TellSignInNeeded>(machine.step(settled(S::SignedOut))));
    }
    QVERIFY(!find<M::OpenConnection>(actions));
}

// A session that says signedOut() and then why a person is needed.
void TestClientMachine::betterReasonOfTheSameTurn()
{
    const Error why(ErrorCode::SignedOut, u"signed out by another process"_s);
    M machine = machineIn(Mode::Running);
    machine.step(M::SignedOut{});
    machine.step(M::NeedsPerson{why});
    const M::Actions actions = machine.step(settled(S::SignedOut));
    QCOMPARE(find<M::TellSignInNeeded>(actions)->reason, why);
    QCOMPARE(find<M::Show>(actions)->lastError, why);
}

// SigningIn, SignedOut and Restoring in one turn of the event loop: nothing of it is looked at.
void TestClientMachine::flashesAreNotShown()
{
    M machine = machineIn(Mode::SigningIn);
    QCOMPARE(find<M::Show>(machine.step(settled(S::Restoring)))->state, Shown::SigningIn);
    machine.step(M::SignedIn{});
    const M::Actions actions = machine.step(settled(S::Active));
    QCOMPARE(find<M::Show>(actions)->state, Shown::Connecting);
    QCOMPARE(find<M::Show>(actions)->lastError.code(), ErrorCode::Cancelled);
    QVERIFY(find<M::OpenConnection>(actions));
}

// The session says it once; who starts later, or again, is told too.
void TestClientMachine::startTellsAgain()
{
    M machine = machineIn(Mode::PersonNeeded);
    machine.step(M::Stop{});
    machine.step(settled(S::SignedOut));
    machine.step(M::Start{});
    const M::Actions actions = machine.step(settled(S::SignedOut));
    QCOMPARE(find<M::TellSignInNeeded>(actions)->reason, kNobody);
    machine.step(M::Stop{});
    machine.step(M::Start{});
    QVERIFY(find<M::TellSignInNeeded>(machine.step(settled(S::NeedsSignIn, C::Disconnected, kRejected))));
}

void TestClientMachine::switchForgets()
{
    for (const Mode mode : kModes) {
        M machine = machineIn(mode);
        const M::Actions actions = machine.step(M::Switch{});
        QVERIFY(find<M::ReplaceAccount>(actions));
        QCOMPARE(bool(find<M::StartSession>(actions)), mode != Mode::Stopped);
        QCOMPARE(machine.mode(), mode == Mode::Stopped ? Mode::Stopped : Mode::Restoring);
        const M::Actions later = machine.step(settled(S::SignedOut));
        QVERIFY(!find<M::TellSignInNeeded>(later)); // what the other account said does not count
        QCOMPARE(find<M::Show>(later)->lastError.code(), ErrorCode::Cancelled);
    }
}

WATCHWORD_TEST_MAIN(TestClientMachine)
#include "tst_clientmachine.moc"
