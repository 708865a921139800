// SPDX-License-Identifier: Apache-2.0
#include "machineevents.h"
#include "support/testmain.h"

#include <QFile>

#include <map>

using namespace MachineTest;

class TestConnectionMachine : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everyEventInEveryState();
    void everyDeadlineInEveryState();
    void refusedTokenIsReplacedOnce();
    void refusedTokenIsNeverSentAgain();
    void tokenThatServedToItsEndWasNotRefused();
    void policyRows_data();
    void policyRows();
    void retryAfterIsHonoured();
    void retryNowAsksTheTokenProvider();
    void waitsAreNamed();
    void backoffResetsOnlyAfterStability();
    void slowTierAfterLongOutage();
    void plannedRestartSpreads();
    void byeOverridesTheTable();
    void budgetHoldsForEveryPath();
    void heartbeat();
    void wakeProbesBeforeItGivesUp();
    void failAtEveryStep();
    void randomEvents_data();
    void randomEvents();
};

// The complete table, as text: a change of any cell shows up in the review of that file.
void TestConnectionMachine::everyEventInEveryState()
{
    QStringList table;
    for (const QString &state : kStates) {
        Bench probe;
        probe.bring(state);
        QCOMPARE(stateName(probe.machine.state()), state);
        const size_t count = allEvents(probe).size();
        for (size_t i = 0; i < count; ++i) {
            Bench bench;
            bench.bring(state);
            const auto [name, event] = allEvents(bench).at(i);
            const QStringList actions = bench.step(event);
            table.append(u"%1 + %2 = %3: %4"_s.arg(state, name, stateName(bench.machine.state()),
                                                   actions.isEmpty() ? u"-"_s : actions.join(u", "_s)));
        }
    }
    QFile file(QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/unit/link/machine_table.txt"));
    // After a change that is meant: write it anew with this variable, and review the difference.
    if (qEnvironmentVariableIsSet("WATCHWORD_WRITE_TABLE")) {
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(table.join(u'\n').toUtf8() + '\n');
        file.close();
    }
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QStringList expected = QString::fromUtf8(file.readAll()).trimmed().split(u'\n');
    for (qsizetype i = 0; i < table.size(); ++i) {
        if (table.at(i) != expected.value(i))
            qInfo().noquote() << "now:" << table.at(i);
    }
    QCOMPARE(table, expected);
}

void TestConnectionMachine::everyDeadlineInEveryState()
{
    const std::map<QString, QStringList> expected{
        {u"AwaitingToken"_s, {u"ReportError Timeout"_s, u"ReportWait 1 Timeout until 1010500"_s}},
        {u"Opening"_s, {u"DropTransport 1 0"_s, u"ReportError Timeout"_s, u"ReportWait 1 Timeout until 1010500"_s}},
        {u"AwaitingHello"_s, {u"DropTransport 1 4000"_s, u"ReportError Timeout"_s, u"ReportWait 1 Timeout until 1005500"_s}},
        {u"Up"_s, {u"SendPing 1 1"_s}},
        {u"Waiting"_s, {u"RequestToken 2 Connect -"_s}},
        {u"Closing"_s, {u"DropTransport 1 0"_s, u"ReportClosed 1 Cancelled"_s}},
        {u"Up+Scheduled"_s, {u"RequestToken 2 Connect -"_s}},
        {u"Up+TokenAsked"_s, {u"ReportReplacement 2 Timeout until 1010500"_s}},
        {u"Up+Opening"_s, {u"DropTransport 2 0"_s, u"ReportReplacement 2 Timeout until 1010500"_s}},
        {u"Up+AwaitingHello"_s, {u"DropTransport 2 4000"_s, u"ReportReplacement 2 Timeout until 1005500"_s}},
        {u"Up+Draining"_s, {u"EndDrain 1"_s}},
    };
    for (const auto &[state, actions] : expected) {
        Bench bench;
        bench.bring(state);
        QCOMPARE(bench.untilDeadline(), actions);
    }
    QVERIFY(!Bench().machine.deadline());
}

void TestConnectionMachine::refusedTokenIsReplacedOnce()
{
    Bench bench;
    bench.bring(u"Opening"_s);
    QCOMPARE(bench.end(401, 0), QStringList({u"ReportError Unauthorized"_s, u"RequestToken 2 Rejected aaaa"_s}));
    QCOMPARE(bench.token(u"bbbb"_s), QStringList({u"StartTransport 2"_s}));
    QCOMPARE(bench.end(401, 0), QStringList({u"ReportError Unauthorized"_s, u"ReportClosed 2 Unauthorized person"_s}));
    QVERIFY(!bench.machine.deadline());
    QCOMPARE(bench.lastClosed.httpStatus(), 401);
}

void TestConnectionMachine::refusedTokenIsNeverSentAgain()
{
    Bench bench;
    bench.bring(u"Opening"_s);
    bench.end(401, 0);
    QCOMPARE(bench.token(u"aaaa"_s), QStringList({u"ReportClosed 2 Unauthorized person"_s}));
    bench.step(M::Open{});
    QCOMPARE(bench.token(u"aaaa"_s), QStringList({u"ReportClosed 3 Unauthorized person"_s}));
    bench.step(M::Open{});
    QCOMPARE(bench.token(u"cccc"_s), QStringList({u"StartTransport 4"_s}));
}

void TestConnectionMachine::tokenThatServedToItsEndWasNotRefused()
{
    Bench bench;
    for (int i = 0; i < 5; ++i) {
        bench.up(false, u"token%1"_s.arg(i), 5s);
        QVERIFY(bench.is("Up"));
        bench.now += 6s;
        // 1008 is what servers say that do not know 4401.
        const QStringList actions = bench.end(0, i % 2 ? 4401 : 1008, Error(ErrorCode::ClosedByPeer));
        QCOMPARE(actions.last(), u"RequestToken %1 Rejected token%2"_s.arg(i + 2).arg(i));
    }
}

void TestConnectionMachine::policyRows_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<int>("closeCode");
    QTest::addColumn<ErrorCode>("error");
    QTest::addColumn<QString>("last"); //!< The last action, without numbers.
    using E = ErrorCode;
    const auto row = [](const QByteArray &name, int status, int code, E error, const char *last) {
        QTest::newRow(name.constData()) << status << code << error << QString::fromLatin1(last);
    };
    for (const int status : {408, 425, 429, 500, 502, 503, 504, 599})
        row("HTTP " + QByteArray::number(status), status, 0, E::UpgradeRejected, "ReportWait fast");
    for (const int status : {200, 302, 400, 404, 405, 407, 410, 426})
        row("HTTP " + QByteArray::number(status), status, 0, E::UpgradeRejected, "ReportWait slow");
    row("HTTP 401", 401, 0, E::UpgradeRejected, "RequestToken");
    row("HTTP 403", 403, 0, E::UpgradeRejected, "ReportClosed");
    for (const int code : {1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 3000, 4000, 4408, 4411, 4429, 4440, 4499})
        row("close " + QByteArray::number(code), 0, code, E::ClosedByPeer, "ReportWait fast");
    for (const int code : {1002, 1003, 1007, 1008, 1009, 1010, 3500, 4403, 4409, 4423, 4430, 4500})
        row("close " + QByteArray::number(code), 0, code, E::ClosedByPeer, "ReportClosed");
    for (const int code : {4402, 4410})
        row("close " + QByteArray::number(code), 0, code, E::ClosedByPeer, "ReportClosed person");
    for (const int code : {4401, 4441})
        row("close " + QByteArray::number(code), 0, code, E::ClosedByPeer, "RequestToken");
    for (const E code : {E::HostNotFound, E::ConnectionRefused, E::ConnectionLost, E::ProxyFailed, E::Timeout, E::Offline})
        row("network " + QByteArray::number(int(code)), 0, 0, code, "ReportWait fast");
    for (const E code : {E::TlsFailed, E::PinMismatch, E::SubprotocolMismatch, E::ProtocolViolation})
        row("network " + QByteArray::number(int(code)), 0, 0, code, "ReportWait slow");
    row("malformed token", 0, 0, E::MalformedToken, "ReportClosed");
}

void TestConnectionMachine::policyRows()
{
    QFETCH(int, status);
    QFETCH(int, closeCode);
    QFETCH(ErrorCode, error);
    QFETCH(QString, last);
    Bench bench;
    if (closeCode)
        bench.up();
    else
        bench.bring(u"Opening"_s);
    const QStringList actions = bench.end(status, closeCode, Error(error));
    QVERIFY(actions.size() >= 2 && actions.first().startsWith("ReportError"_L1));
    if (last.startsWith("ReportWait"_L1)) {
        QVERIFY2(bench.is("Waiting"), qPrintable(actions.join(u", "_s)));
        const Duration delay = *bench.machine.deadline() - bench.now;
        QVERIFY(last.endsWith("fast"_L1) ? delay >= 250ms && delay <= 5s : delay >= 120s && delay <= 300s);
    } else {
        QVERIFY2(actions.last().startsWith(last.section(u' ', 0, 0)), qPrintable(actions.last()));
        QCOMPARE(actions.last().endsWith("person"_L1), last.endsWith("person"_L1));
    }
}

// Only the provider knows whether its own server asked for time.
void TestConnectionMachine::retryNowAsksTheTokenProvider()
{
    Bench bench;
    bench.step(M::Open{});
    bench.step(M::TokenFailed{bench.id(), Error(ErrorCode::ConnectionRefused).withRetryAfter(111s)});
    QVERIFY(bench.is("Waiting"));
    QCOMPARE(bench.step(M::RetryNow{}), QStringList{u"RequestToken 2 Connect -"_s});
}

// Who decides how long it takes.
void TestConnectionMachine::waitsAreNamed()
{
    const auto reasonOf = [](Bench &bench, const M::Event &event) {
        for (const M::Action &action : bench.machine.step(event, bench.now)) {
            if (const auto *wait = std::get_if<M::ReportWait>(&action))
                return wait->why;
        }
        return QString();
    };
    const auto noToken = [&reasonOf](Duration again) {
        Bench bench;
        bench.step(M::Open{});
        return reasonOf(bench, M::TokenFailed{bench.id(), Error(ErrorCode::ConnectionRefused).withRetryAfter(again)});
    };
    QVERIFY2(noToken(111s).endsWith(u"the sign-in service is tried again in 111.0 s"_s), qPrintable(noToken(111s)));
    QVERIFY2(noToken(1ms).endsWith(u"no access token once"_s), qPrintable(noToken(1ms)));
    const auto busy = [&reasonOf](Duration after) {
        Bench bench;
        bench.step(M::Open{});
        bench.token(u"aaaa"_s);
        TransportEnd end;
        end.http.status = 503;
        end.error = Error(ErrorCode::UpgradeRejected).withRetryAfter(after);
        return reasonOf(bench, M::Ended{bench.id(), end});
    };
    QVERIFY2(busy(60s).endsWith(u"the server asked for 60.0 s"_s), qPrintable(busy(60s)));
    QVERIFY2(busy(1ms).endsWith(u"failed once"_s), qPrintable(busy(1ms)));
}

void TestConnectionMachine::retryAfterIsHonoured()
{
    Bench bench;
    bench.bring(u"Opening"_s);
    bench.end(429, 0, Error(ErrorCode::RateLimited).withRetryAfter(60s));
    QCOMPARE(*bench.machine.deadline(), bench.now + 66s); // plus half of 20 %
    QCOMPARE(bench.step(M::RetryNow{}), QStringList({u"ReportWait 1 RateLimited until 1060000"_s}));
    QCOMPARE(bench.after(59s), QStringList());
    QCOMPARE(bench.after(1s), QStringList({u"RequestToken 2 Connect -"_s}));
    bench.token(u"aaaa"_s);
    bench.end(503, 0, Error(ErrorCode::RateLimited).withRetryAfter(24h));
    QCOMPARE(*bench.machine.deadline(), bench.now + 330s); // cut to five minutes, plus jitter
}

void TestConnectionMachine::backoffResetsOnlyAfterStability()
{
    Bench bench;
    QList<Duration> delays;
    for (int i = 0; i < 4; ++i) {
        bench.up();
        bench.now += 9s;
        bench.end(0, 1006);
        delays.append(*bench.machine.deadline() - bench.now);
    }
    QCOMPARE(delays, QList<Duration>({500ms, 1000ms, 2000ms, 4000ms}));
    bench.up();
    bench.now += 10s;
    bench.end(0, 1006);
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(500ms));
}

void TestConnectionMachine::slowTierAfterLongOutage()
{
    Bench bench;
    bench.bring(u"Opening"_s);
    const Instant from = bench.now;
    bool slow = false;
    for (int i = 0; i < 40; ++i) {
        bench.end(0, 0, Error(ErrorCode::ConnectionRefused));
        const Duration delay = *bench.machine.deadline() - bench.now;
        QVERIFY(delay <= (bench.now - from >= 120s ? Duration(60s) : Duration(10s)));
        slow = slow || delay > 20s;
        bench.untilDeadline();
        bench.token(u"aaaa"_s);
    }
    QVERIFY(slow);
    QVERIFY(bench.is("Opening"));
}

void TestConnectionMachine::plannedRestartSpreads()
{
    Bench bench;
    bench.up();
    bench.now += 1h;
    bench.end(0, 1012);
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(2500ms));
}

void TestConnectionMachine::byeOverridesTheTable()
{
    Bench bench;
    bench.up();
    bench.step(M::Farewell{bench.id(), 4411, RetryAction::Retry, 30s});
    bench.end(0, 4411, Error(ErrorCode::ClosedByPeer));
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(33s));
    bench.up();
    bench.step(M::Farewell{bench.id(), 1012, RetryAction::Stop, 0ms});
    QCOMPARE(bench.end(0, 1012).last(), u"ReportClosed 2 ClosedByPeer"_s);
    // Before the hello, too.
    bench.step(M::Open{});
    bench.token(u"aaaa"_s);
    bench.step(M::Upgraded{bench.id(), true});
    bench.step(M::Farewell{bench.id(), 4429, std::nullopt, 40s});
    bench.end(0, 4429, Error(ErrorCode::ClosedByPeer));
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(44s));
    // The close that was announced does not come: the client closes itself.
    bench.up();
    bench.step(M::Farewell{bench.id(), 1012, RetryAction::Retry, 0ms});
    QCOMPARE(bench.untilDeadline().first(), u"DropTransport 4 0"_s);
    QVERIFY(bench.is("Waiting"));
}

void TestConnectionMachine::budgetHoldsForEveryPath()
{
    Bench bench(true, [](ConnectionOptions &o) { o.budgetAttempts = 3; });
    for (int i = 0; i < 3; ++i) {
        bench.up();
        bench.step(M::Close{});
        bench.end(0, 1000);
    }
    QCOMPARE(bench.step(M::Open{}), QStringList({u"ReportWait 3 RateLimited until 1060000"_s}));
    QCOMPARE(bench.step(M::RetryNow{}), QStringList());
    QCOMPARE(bench.step(M::TokenChanged{}), QStringList());
    QCOMPARE(bench.step(M::Probe{}), QStringList());
    bench.step(M::Close{});
    bench.step(M::Open{});
    QVERIFY(bench.is("Waiting"));
    QCOMPARE(bench.after(60s), QStringList({u"RequestToken 4 Connect -"_s}));
}

void TestConnectionMachine::heartbeat()
{
    Bench bench;
    bench.up();
    QCOMPARE(bench.after(12'500ms), QStringList({u"SendPing 1 1"_s}));
    QCOMPARE(bench.after(80ms, M::Pong{1, 1}), QStringList({u"ReportRtt 80"_s}));
    QCOMPARE(bench.after(0ms, M::Pong{1, 99}), QStringList()); // an answer that nobody asked for
    // Traffic makes pings unnecessary.
    for (int i = 0; i < 20; ++i) {
        bench.now += 5s;
        bench.machine.noteActivity(bench.now);
        QCOMPARE(bench.step(M::Tick{}), QStringList());
    }
    QCOMPARE(bench.after(25s), QStringList({u"SendPing 1 2"_s}));
    QCOMPARE(bench.after(9'999ms), QStringList());
    QCOMPARE(bench.after(1ms),
             QStringList({u"DropTransport 1 4000"_s, u"ReportError Timeout"_s, u"ReportWait 1 Timeout until 1148080"_s}));
}

void TestConnectionMachine::wakeProbesBeforeItGivesUp()
{
    Bench bench;
    bench.up(true, u"aaaa"_s, 24h);
    bench.untilDeadline();
    QCOMPARE(bench.after(8h).first(), u"SendPing 1 2"_s);
    QVERIFY(bench.is("Up"));
    QCOMPARE(bench.after(3s).first(), u"DropTransport 1 4000"_s);
}

// Whatever step of "token, upgrade, hello, renewal token, renewal answer" fails for whatever reason: the
// machine waits with a deadline, or it has ended; it has said why; and it never keeps a transport that nobody
// knows of.
void TestConnectionMachine::failAtEveryStep()
{
    for (int step = 0; step < 5; ++step) {
        for (int fault = 0; fault < 4; ++fault) {
            Bench bench;
            bench.step(M::Open{});
            if (step > 0)
                bench.token(u"aaaa"_s);
            if (step > 1)
                bench.step(M::Upgraded{1, true});
            if (step > 2) {
                bench.step(bench.hello());
                bench.step(M::RenewalDue{1});
            }
            if (step > 3)
                bench.step(M::TokenReady{1, u"bbbb"_s, kStart + 2h});
            QStringList log;
            const bool tokenStep = step == 0 || step == 3;
            if (fault == 0)
                log = bench.after(10s);
            else if (fault == 1)
                log = tokenStep ? bench.step(M::TokenFailed{1, Error(ErrorCode::Offline)}) : bench.end(0, step < 2 ? 0 : 1006);
            else if (fault == 2)
                log = tokenStep ? bench.step(M::TokenFailed{1, Error(ErrorCode::InvalidGrant)})
                                : bench.end(step < 2 ? 403 : 0, step < 2 ? 0 : 4403);
            else
                log = bench.step(M::Close{});
            const QString where = u"step %1 fault %2: "_s.arg(step).arg(fault) + log.join(u", "_s);
            QVERIFY2(std::holds_alternative<M::Idle>(bench.machine.state()) == !bench.machine.deadline(), qPrintable(where));
            const bool ended = log.join(u' ').contains("ReportClosed"_L1);
            QVERIFY2(ended == bench.is("Idle"), qPrintable(where));
            if (fault != 3)
                QVERIFY2(log.join(u' ').contains("ReportError"_L1), qPrintable(where));
            if (step == 1 || step == 2) // a transport was there: either it ended by itself, or it is dropped
                QVERIFY2(fault == 1 || fault == 2 || log.join(u' ').contains("DropTransport"_L1), qPrintable(where));
        }
    }
}

void TestConnectionMachine::randomEvents_data()
{
    QTest::addColumn<int>("seed");
    for (int seed = 1; seed <= 40; ++seed)
        QTest::addRow("%d", seed) << seed;
}

// Invariants over long random lives: budget, no try after the end, a deadline in every waiting state, progress at every
// deadline, one transport, a second one only while one connection replaces another, and a refused token never again on
// the wire.
void TestConnectionMachine::randomEvents()
{
    QFETCH(int, seed);
    SeededRandom random{quint64(seed)};
    Bench bench(true, [&](ConnectionOptions &o) { o.random = &random; });
    Observed observed;
    for (int i = 0; i < 3000; ++i) {
        if (random.nextUnit() < 0.5 && bench.machine.deadline())
            bench.now = std::max(bench.now, *bench.machine.deadline());
        else
            bench.now += Duration(qint64(random.nextUnit() * 2000));
        auto events = allEvents(bench);
        M::Event event = events.at(size_t(random.nextUnit() * double(events.size()))).second;
        if (random.nextUnit() < 0.4)
            event = M::Tick{};
        if (auto *ready = std::get_if<M::TokenReady>(&event)) {
            ready->fingerprint = u"t%1"_s.arg(int(random.nextUnit() * 50));
            ready->expiresAt = bench.now + Duration(qint64(random.nextUnit() * 100'000));
        }
        if (!observed.happens(event, bench))
            continue;
        const M::Actions actions = bench.machine.step(event, bench.now);
        for (const M::Action &action : actions)
            observed.note(action, event, bench);
        QVERIFY2(observed.wrong.isEmpty(), qPrintable(observed.wrong));
        const bool idle = bench.is("Idle");
        QCOMPARE(idle, observed.ended);
        QCOMPARE(bench.machine.deadline().has_value(), !idle);
        if (std::holds_alternative<M::Tick>(event) && !idle)
            QVERIFY2(*bench.machine.deadline() > bench.now, qPrintable(stateName(bench.machine.state())));
        if (idle || bench.is("Waiting") || bench.is("AwaitingToken"))
            QVERIFY(observed.transports.empty());
        // The machine knows of every transport that is there.
        for (const auto &[id, token] : observed.transports)
            QVERIFY2(bench.machine.isAlive(id), qPrintable(stateName(bench.machine.state())));
        QVERIFY(observed.transports.size() < 2 || (observed.transports.size() == 2 && bench.other() != 0));
    }
}

WATCHWORD_TEST_MAIN(TestConnectionMachine)
#include "tst_connectionmachine.moc"
