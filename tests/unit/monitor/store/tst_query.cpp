// SPDX-License-Identifier: Apache-2.0
#include <monitor/store/completion.h>
#include <monitor/store/query.h>
#include <monitor/store/queryterms.h>

#include <support/testmain.h>

#include <QRandomGenerator>

using namespace Monitor;
using namespace Qt::StringLiterals;

class TestQuery : public WatchwordTest
{
    Q_OBJECT

    // 2026-11-22 14:32:40 UTC
    static QueryContext audit()
    {
        return {auditFields(),
                1'795'357'960'000,
                {{u"bad"_s, u"sev>=error"_s}, {u"self"_s, u"$self"_s}},
                {{plainName(u"Schwere"), u"sev"_s}, {plainName(u"Nachricht des Ereignisses"), u"message"_s}}};
    }
    static QueryContext connections() { return {connectionFields(), 1'795'357'960'000, {}}; }

private Q_SLOTS:
    void accepts_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("canonical");
        const auto row = [](const char *text, const char *canonical) {
            QTest::newRow(text) << QString::fromUtf8(text) << QString::fromUtf8(canonical);
        };
        row("", "");
        row("   ", "");
        row("user:alice*", "user:alice*");
        row("user:a sev>=error", "user:a and sev >= error");
        row("user:a AND NOT sev>=error", "user:a and not sev >= error");
        row("a or b and c", "a or (b and c)");
        row("(a or b) c", "(a or b) and c");
        row("-kind:heartbeat", "not kind:heartbeat");
        row("!kind:x", "not kind:x");
        row("not not user:a", "user:a");
        row("!(-user:a)", "user:a");
        row("not (not (not user:a))", "not user:a");
        row("close.code in (1006,1011)", "close.code in (1006, 1011)");
        row("ip in 10.0.0.0/8 and not sev<warning", "ip in (10.0.0.0/8) and not sev < warning");
        row("reason ~ /time\\/out|reset/i", "reason ~ /time\\/out|reset/i");
        row("message has \"rate limit\"", "message has \"rate limit\"");
        row("\"rate limit\"", "\"rate limit\"");
        row("ts within last 15m", "ts within last 15m");
        row("ts between 12:00..12:05", "ts between \"12:00..12:05\"");
        row("severity:CRITICAL", "sev:CRITICAL");
        row("user:\"or\"", "user:\"or\"");
        row("$bad", "sev >= error");
        row("is:gap or is:UNREADABLE", "is:gap or is:UNREADABLE");
        row("row:event", "is:event");
        row("Event:conn.opened", "kind:conn.opened");
        row("\"Close code\" in 1006", "close.code in (1006)");
        row("Schwere >= warning", "sev >= warning");
        row("\"Nachricht des Ereignisses\" has x", "message has x");
        row("data.actor.type:service", "data.actor.type:service");
        row("id:abc and source ~ /gw/", "id:abc and source ~ /gw/");
        row("not user:*", "not user:*");
    }
    void accepts()
    {
        QFETCH(QString, text);
        QFETCH(QString, canonical);
        const ParsedQuery parsed = parseQuery(text, audit());
        QVERIFY2(!parsed.error.isSet(), qPrintable(parsed.error.message));
        QCOMPARE(toText(*parsed.root), canonical);
        const ParsedQuery again = parseQuery(canonical, audit());
        QVERIFY2(!again.error.isSet(), qPrintable(again.error.message));
        QCOMPARE(toText(*again.root), canonical);
    }

    void refuses_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<int>("position");
        QTest::addColumn<int>("length");
        QTest::addColumn<QString>("part"); // of the message
        const auto row = [](const char *text, int position, int length, const char *part) {
            QTest::newRow(text) << QString::fromUtf8(text) << position << length << QString::fromUtf8(part);
        };
        row("usr:alice", 0, 3, "Did you mean user?");
        row("user:a and", 9, 1, "ends too early");
        row("user:", 4, 1, "value for user is missing");
        row("(user:a", 0, 1, "never closed");
        row("user:a)", 6, 1, "without");
        row("()", 0, 2, "empty");
        row("and user:a", 0, 3, "missing before");
        row("message:\"abc", 8, 4, "never closed");
        row("reason ~ /ab", 9, 3, "never closed");
        row("reason ~ /a(/", 12, 1, "pattern is wrong");
        row("sev:loud", 4, 4, "Write one of: unknown, info");
        row("sev ~ err", 4, 2, "text field");
        row("seq:12x4", 4, 4, "number");
        row("ts:25:00", 3, 5, "12:05");
        row("ip in 10.0.0.0/40", 6, 11, "not a network");
        row("ip < 10.0.0.1", 3, 2, "no order");
        row("seq between 5", 0, 13, "range");
        row("seq:9..3", 4, 4, "upside down");
        row("user in ()", 8, 2, "empty");
        row("user in (a, (b))", 12, 1, "stand in a list");
        row("user in (a", 8, 1, "never closed");
        row("user within 5m", 0, 12, "time field");
        row("ts within last x", 15, 1, "duration");
        row("$nothing", 0, 8, "no saved filter");
        row("$self", 0, 5, "contains itself");
        row(":x", 0, 1, "does not begin");
        row("seq > 1..2", 6, 4, "cannot be compared");
        row("user:\"\"", 0, 7, "not user:*");
        row("user in (a, \"\")", 12, 2, "not user:*");
        row("\"\"", 0, 2, "quotes are empty");
        row("data:x", 0, 4, "which member");
        row("is:late", 3, 4, "Write one of: event, gap, unreadable");
    }
    void refuses()
    {
        QFETCH(QString, text);
        QFETCH(QString, part);
        const ParsedQuery parsed = parseQuery(text, audit());
        QVERIFY(parsed.error.isSet());
        QVERIFY(!parsed.root);
        QVERIFY2(parsed.error.message.contains(part), qPrintable(parsed.error.message));
        QTEST(parsed.error.position, "position");
        QTEST(parsed.error.length, "length");
    }

    void everyTitleIsAName_data()
    {
        QTest::addColumn<QString>("title");
        QTest::addColumn<QString>("field");
        for (const auto &[title, field] :
             {std::pair("State", "state"), std::pair("User", "user"), std::pair("Client", "client"), std::pair("Address", "ip"),
              std::pair("Node", "node"), std::pair("Age", "age"), std::pair("Idle", "idle"), std::pair("In /s", "rate.in"),
              std::pair("Out /s", "rate.out"), std::pair("Queue", "queue"), std::pair("Token left", "token.left"),
              std::pair("Close", "close.code"), std::pair("token-left", "token.left"), std::pair("is", "state")})
            QTest::newRow(title) << QString::fromLatin1(title) << QString::fromLatin1(field);
    }
    void everyTitleIsAName()
    {
        QFETCH(QString, title);
        QFETCH(QString, field);
        const QString value = field == u"state" ? u"open"_s : u"0"_s;
        for (const QString &text : {u"\"%1\":%2"_s.arg(title, value), u"\"%1\" : %2"_s.arg(title.toUpper(), value)}) {
            const ParsedQuery parsed = parseQuery(text, connections());
            QVERIFY2(parsed.root, qPrintable(text + u": "_s + parsed.error.message));
            QVERIFY2(parsed.root->field, qPrintable(text));
            QCOMPARE(QString::fromLatin1(parsed.root->field->name), field);
        }
    }

    void offersTheFix()
    {
        const QueryError error = parseQuery(u"user:\"\" or usr:x"_s, audit()).error;
        QCOMPARE(error.suggestion, u"not user:*"_s);
        QCOMPARE(parseQuery(u"usr:x"_s, audit()).error.suggestion, u"user"_s);
    }

    void termsAreWhatWasWritten_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QStringList>("terms");
        QTest::addColumn<QString>("withoutFirst");
        QTest::addColumn<QString>("firstNegated");
        const auto row = [](const char *text, const QStringList &terms, const char *without, const char *negated) {
            QTest::newRow(text) << QString::fromLatin1(text) << terms << QString::fromLatin1(without)
                                << QString::fromLatin1(negated);
        };
        row("", {}, "", "");
        row(" user:a ", {u"user:a"_s}, "", "not user:a");
        row("user:a  sev >= error", {u"user:a"_s, u"sev >= error"_s}, "sev >= error", "not user:a and sev >= error");
        row("-user:a and (b or c)", {u"-user:a"_s, u"(b or c)"_s}, "(b or c)", "user:a and (b or c)");
        row("(a or b) and c", {u"(a or b)"_s, u"c"_s}, "c", "not (a or b) and c");
        row("a or b c", {u"a"_s, u"b c"_s}, "b c", "not a or b c");
        row("(a and b)", {u"(a and b)"_s}, "", "not (a and b)");
        row("not(a and b) c", {u"not(a and b)"_s, u"c"_s}, "c", "(a and b) and c");
        row("$bad user in (a, b)", {u"$bad"_s, u"user in (a, b)"_s}, "user in (a, b)", "not $bad and user in (a, b)");
        row("user:", {}, "", "");
    }
    void termsAreWhatWasWritten()
    {
        QFETCH(QString, text);
        const QueryTerms terms(text, parseQuery(text, audit()));
        QTEST(terms.terms(), "terms");
        QTEST(terms.without(0), "withoutFirst");
        QTEST(terms.negated(0), "firstNegated");
        for (int term = 0; term < int(terms.terms().size()); ++term)
            QVERIFY(text.mid(terms.positionOf(term)).trimmed().startsWith(terms.terms().at(term)));
    }

    void endsDeepAndLongTexts()
    {
        QVERIFY(parseQuery(QString(200, u'('), audit()).error.isSet());
        QVERIFY(parseQuery(QString(200, u'!') + u'a', audit()).error.isSet());
        QVERIFY(parseQuery(QString(5000, u'a'), audit()).error.isSet());
    }

    void readsUnits()
    {
        const auto value = [](const char *text) {
            const ParsedQuery parsed = parseQuery(QString::fromLatin1(text), connections());
            return parsed.root ? parsed.root->values.front().number : -1;
        };
        QCOMPARE(value("age > 2h30m"), 9'000'000);
        QCOMPARE(value("token.left < 90s"), 90'000);
        QCOMPARE(value("bytes.in > 1kB"), 1000);
        QCOMPARE(value("queue > 64KiB"), 65'536);
        QCOMPARE(value("msgs.in > 12k"), 12'000);
        QCOMPARE(value("opened > 14:00"), 1'795'356'000'000);
        QVERIFY(parseQuery(u"age > 2h"_s, connections()).dependsOnNow);
        QVERIFY(!parseQuery(u"rtt > 2s"_s, connections()).dependsOnNow);
    }

    void positionsOfAnyTextAreInside()
    {
        const QString alphabet = u"user:sev><=!~()\"/-$ andornotin..,10.0.0.0/8 within last 5m is:gap data.x"_s;
        QRandomGenerator random(7);
        for (int round = 0; round < 20'000; ++round) {
            QString text;
            for (int i = 0, n = int(random.bounded(24)); i < n; ++i)
                text += alphabet[random.bounded(int(alphabet.size()))];
            const ParsedQuery parsed = parseQuery(text, audit());
            QCOMPARE(parsed.error.isSet(), parsed.root == nullptr);
            if (parsed.error.isSet()) {
                QVERIFY2(parsed.error.position >= 0 && parsed.error.position <= text.size(), qPrintable(text));
                QVERIFY2(!parsed.error.message.isEmpty(), qPrintable(text));
                continue;
            }
            const QString canonical = toText(*parsed.root);
            const ParsedQuery again = parseQuery(canonical, audit());
            QVERIFY2(again.root, qPrintable(text + u" -> "_s + canonical + u": "_s + again.error.message));
            QCOMPARE(toText(*again.root), canonical);
        }
    }

    void completes_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<int>("start");
        QTest::addColumn<QString>("first");
        QTest::newRow("start") << u""_s << 0 << u"ts"_s;
        QTest::newRow("field") << u"se"_s << 0 << u"seq"_s;
        QTest::newRow("after field") << u"user "_s << 5 << u":"_s;
        QTest::newRow("value") << u"user:al"_s << 5 << u"alice"_s;
        QTest::newRow("list") << u"user in (bob, a"_s << 14 << u"alice"_s;
        QTest::newRow("logic") << u"user:a "_s << 7 << u"and"_s;
        QTest::newRow("inside brackets") << u"(sev>=error or ki"_s << 15 << u"kind"_s;
    }
    void completes()
    {
        QFETCH(QString, text);
        const auto lister = [](const Field &, const QString &prefix) {
            return bestValues({{u"bob"_s, 5}, {u"alice"_s, 3}, {u"eve"_s, 1}}, prefix, 5);
        };
        const Completion completion = completeQuery(text, int(text.size()), audit(), lister);
        QVERIFY(!completion.items.isEmpty());
        QTEST(completion.start, "start");
        QTEST(completion.items.front().text, "first");
        QVERIFY(!completion.expected.isEmpty());
    }
};

WATCHWORD_TEST_MAIN(TestQuery)
#include "tst_query.moc"
