// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/core/auditevent.h"
#include "watchword/core/frame.h"
#include "watchword/core/internal/utf8.h"

#include <QJsonArray>
#include <QJsonDocument>

using namespace Watchword;
using namespace Qt::StringLiterals;

/*! Control frames and audit events. */
class TestCoreWire : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void frameRoundTrip_data();
    void frameRoundTrip();
    void hostileFrames_data();
    void hostileFrames();
    void frameLimits();
    void applicationText_data();
    void applicationText();
    void eventRoundTrip();
    void shortTypes();
    void chainOfThree();
    void halvesOfACharacter();
    void tamperedEvents_data();
    void tamperedEvents();
    void knownHash();
    void hostileEvents_data();
    void hostileEvents();

private:
    static AuditEvent event(quint64 sequence);
};

AuditEvent TestCoreWire::event(quint64 sequence)
{
    AuditEvent event;
    event.id = u"6b1f0a1e-0000-4000-8000-%1"_s.arg(sequence, 12, 10, QChar(u'0'));
    event.source = u"wss-gateway://cluster/node"_s;
    event.type = u"dev.watchword.conn.opened.v1"_s;
    event.time = wallTimeFromSeconds(1'800'000'000) + Duration(7);
    event.subject = u"c-1"_s;
    event.sequence = sequence;
    event.data = {{u"severity"_s, 1}, {u"outcome"_s, u"success"_s}, {u"src"_s, QJsonObject{{u"ip"_s, u"::1"_s}}}};
    return event;
}

void TestCoreWire::frameRoundTrip_data()
{
    QTest::addColumn<QJsonObject>("fields");
    QTest::addColumn<QByteArray>("payload");
    QTest::newRow("bare") << QJsonObject() << QByteArray();
    QTest::newRow("fields") << QJsonObject{{u"n"_s, 7}, {u"a"_s, QJsonArray{u"\n"_s, QJsonValue()}}} << QByteArray();
    QTest::newRow("byte order marks") << QJsonObject{{u"\ufeffa"_s, u"\ufeffb"_s}} << QByteArray();
    QTest::newRow("empty payload") << QJsonObject() << QByteArray("");
    QTest::newRow("payload") << QJsonObject{{u"id"_s, u"1"_s}} << QByteArray("line\nline \xc3\xa4 \x1e \"}");
    QTest::newRow("payload with a byte order mark") << QJsonObject() << QByteArray("\xef\xbb\xbfx");
    QTest::newRow("payload of line ends") << QJsonObject() << QByteArray("\n\n");
}

void TestCoreWire::frameRoundTrip()
{
    QFETCH(QJsonObject, fields);
    QFETCH(QByteArray, payload);
    const Frame sent(u"msg"_s, fields, payload);
    const QString text = sent.toText();
    QVERIFY(Frame::isControl(text));
    const Frame read = Frame::parse(text).value();
    QCOMPARE(read.type(), u"msg"_s);
    QCOMPARE(read.fields(), fields);
    QCOMPARE(read.payload(), payload);
    QCOMPARE(read.payload().isNull(), payload.isNull());
    QCOMPARE(read.toText(), text);
    const Frame odd = Frame(u"msg"_s, {{u"t"_s, u"bye"_s}});
    QCOMPARE(Frame::parse(odd.toText()).value().type(), u"msg"_s); // "t" belongs to the frame
}

void TestCoreWire::hostileFrames_data()
{
    QTest::addColumn<QString>("text");
    QTest::newRow("empty") << QString();
    QTest::newRow("application") << u"{\"t\":\"bye\"}"_s;
    QTest::newRow("escaped application text") << u"\x1e\x1e{\"t\":\"bye\"}"_s;
    QTest::newRow("mark only") << u"\x1e"_s;
    QTest::newRow("mark and line end") << u"\x1e\n"_s;
    QTest::newRow("no JSON") << u"\x1ehello"_s;
    QTest::newRow("list") << u"\x1e[]"_s;
    QTest::newRow("text") << u"\x1e\"bye\""_s;
    QTest::newRow("cut off") << u"\x1e{\"t\":\"bye\""_s;
    QTest::newRow("no type") << u"\x1e{\"n\":1}"_s;
    QTest::newRow("type number") << u"\x1e{\"t\":1}"_s;
    QTest::newRow("type empty") << u"\x1e{\"t\":\"\"}"_s;
    QTest::newRow("two objects") << u"\x1e{\"t\":\"a\"}{\"t\":\"b\"}"_s;
    QTest::newRow("deep") << QString(u"\x1e{\"t\":\"a\",\"x\":"_s + QString(8000, u'[') + QString(8000, u']') + u'}');
    QTest::newRow("mark later") << u" \x1e{\"t\":\"a\"}"_s;
    QTest::newRow("line end before the object") << u"\x1e\n{\"t\":\"a\"}"_s;
}

void TestCoreWire::hostileFrames()
{
    QFETCH(QString, text);
    const Result<Frame> result = Frame::parse(text);
    QVERIFY(!result);
    QCOMPARE(result.error().code(), ErrorCode::ProtocolViolation);
}

void TestCoreWire::frameLimits()
{
    const auto sized = [](qsizetype bytes, QStringView filler) {
        QString text = u"\x1e{\"t\":\"a\",\"x\":\""_s;
        const qsizetype unit = filler.toUtf8().size();
        while (text.toUtf8().size() - 1 + unit + 2 <= bytes)
            text += filler;
        while (text.toUtf8().size() - 1 + 2 < bytes)
            text += u'x';
        return text + u"\"}"_s;
    };
    QVERIFY(Frame::parse(sized(16 * 1024, u"x")));
    QVERIFY(!Frame::parse(sized(16 * 1024 + 1, u"x")));
    QVERIFY(Frame::parse(sized(16 * 1024, u"\u20ac")));
    QVERIFY(!Frame::parse(sized(16 * 1024 + 1, u"\u20ac"))); // bytes count, not characters
    QVERIFY(Frame::parse(Frame(u"pub"_s, {}, QByteArray(1'000'000, 'x')).toText())); // only the object is limited
}

void TestCoreWire::applicationText_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("grows");
    QTest::newRow("empty") << QString() << false;
    QTest::newRow("plain") << u"hello"_s << false;
    QTest::newRow("mark") << u"\x1e"_s << true;
    QTest::newRow("like a frame") << u"\x1e{\"t\":\"bye\"}"_s << true;
    QTest::newRow("two marks") << u"\x1e\x1e"_s << true;
    QTest::newRow("mark inside") << u"a\x1e"_s << false;
}

void TestCoreWire::applicationText()
{
    QFETCH(QString, text);
    QFETCH(bool, grows);
    const QString sent = Frame::escape(text);
    QCOMPARE(sent.size(), text.size() + (grows ? 1 : 0));
    QVERIFY(!Frame::isControl(sent)); // nobody can smuggle a control frame in as application text
    QCOMPARE(Frame::unescape(sent), text);
}

void TestCoreWire::eventRoundTrip()
{
    AuditEvent sent = event(42);
    for (const bool sealed : {false, true}) {
        if (sealed)
            sent.seal(u"chain-1"_s, u"ab"_s);
        const QByteArray line = sent.toBytes();
        QVERIFY(!line.contains('\n'));
        QVERIFY(line.contains(R"("sequence":"00000000000000000042")"));
        const AuditEvent read = AuditEvent::fromBytes(line).value();
        QCOMPARE(read.toJson(), sent.toJson());
        QCOMPARE(read.id, sent.id);
        QCOMPARE(read.time, sent.time);
        QCOMPARE(read.sequence, 42u);
        QCOMPARE(read.subject, sent.subject);
        QCOMPARE(read.data, sent.data);
    }
    sent.subject.clear();
    QVERIFY(!sent.toJson().contains("subject"_L1));
    QVERIFY(AuditEvent::fromBytes(sent.toBytes()).value().subject.isEmpty());
    AuditEvent large = event(std::numeric_limits<quint64>::max());
    QCOMPARE(AuditEvent::fromBytes(large.toBytes()).value().sequence, large.sequence);
}

void TestCoreWire::shortTypes()
{
    AuditEvent event;
    const auto shortOf = [&event](const QString &type) {
        event.type = type;
        return event.shortType();
    };
    QCOMPARE(shortOf(u"dev.watchword.conn.opened.v1"_s), u"conn.opened"_s);
    QCOMPARE(shortOf(u"dev.watchword..v1"_s), u"dev.watchword..v1"_s);
    QCOMPARE(shortOf(u"dev.watchword.v1"_s), u"dev.watchword.v1"_s);
    QCOMPARE(shortOf(u"com.example.login"_s), u"com.example.login"_s);
    QCOMPARE(shortOf(QString()), QString());
}

void TestCoreWire::chainOfThree()
{
    QString previous;
    for (quint64 i = 1; i <= 3; ++i) {
        AuditEvent next = event(i);
        QCOMPARE(next.verify(previous).error().code(), ErrorCode::ChainBroken); // not sealed yet
        const QString hash = next.seal(u"chain-1"_s, previous);
        QCOMPARE(hash.size(), 64);
        QCOMPARE(next.chainHash(), hash);
        QCOMPARE(next.previousHash(), previous);
        QVERIFY(next.verify(previous));
        QVERIFY(AuditEvent::fromBytes(next.toBytes()).value().verify(previous)); // also after the wire
        next.data.insert(u"\ufeffua"_s, u"\ufeffa browser of a strange make \ufeff"_s);
        next.seal(u"chain-1"_s, previous);
        QVERIFY(AuditEvent::fromBytes(next.toBytes()).value().verify(previous)); // no false alarm by a stranger's text
        next.data.remove(u"\ufeffua"_s);
        QCOMPARE(next.seal(u"chain-1"_s, previous), hash); // sealing again changes nothing
        QCOMPARE(next.verify(u"0"_s).error().code(), ErrorCode::ChainBroken);
        previous = hash;
    }
}

// A name that was cut off inside an emoji: what is written is UTF-8 that every reader takes, and the chain fits.
void TestCoreWire::halvesOfACharacter()
{
    const QChar high(0xd83d);
    const QChar low(0xde00);
    AuditEvent sent = event(1);
    sent.subject = u"c-"_s + low;
    sent.data.insert(u"name"_s, u"a"_s + high);
    sent.data.insert(u"list"_s, QJsonArray{QString(low), QJsonObject{{u"k"_s + high, u"x"_s + low + high}}, 1, true});
    sent.data.insert(u"whole"_s, u"b\U0001f600"_s);
    const QString hash = sent.seal(u"chain-1"_s, QString());
    const QByteArray line = sent.toBytes();
    QVERIFY2(!line.toLower().contains("\\ud8") && !line.toLower().contains("\\ude"), line.constData());
    QVERIFY(isUtf8(line));
    const AuditEvent read = AuditEvent::fromBytes(line).value();
    QVERIFY(read.verify(QString()));
    QCOMPARE(read.chainHash(), hash);
    QCOMPARE(read.subject, u"c-\ufffd"_s);
    QCOMPARE(read.data.value("name"_L1).toString(), u"a\ufffd"_s);
    QCOMPARE(read.data.value("list"_L1).toArray(),
             (QJsonArray{u"\ufffd"_s, QJsonObject{{u"k\ufffd"_s, u"x\ufffd\ufffd"_s}}, 1, true}));
    QCOMPARE(read.data.value("whole"_L1).toString(), u"b\U0001f600"_s);
    QCOMPARE(AuditEvent(read).seal(u"chain-1"_s, QString()), hash);
}

void TestCoreWire::tamperedEvents_data()
{
    QTest::addColumn<QString>("place");
    QTest::addColumn<QJsonValue>("value");
    QTest::newRow("id") << u"id"_s << QJsonValue(u"other"_s);
    QTest::newRow("source") << u"source"_s << QJsonValue(u"other"_s);
    QTest::newRow("type") << u"type"_s << QJsonValue(u"dev.watchword.conn.closed.v1"_s);
    QTest::newRow("time") << u"time"_s << QJsonValue(u"2027-01-15T08:00:00.008Z"_s);
    QTest::newRow("subject") << u"subject"_s << QJsonValue(u"c-2"_s);
    QTest::newRow("no subject") << u"subject"_s << QJsonValue(QJsonValue::Undefined);
    QTest::newRow("sequence") << u"sequence"_s << QJsonValue(u"00000000000000000003"_s);
    QTest::newRow("data") << u"data/outcome"_s << QJsonValue(u"failure"_s);
    QTest::newRow("data added") << u"data/x"_s << QJsonValue(1);
    QTest::newRow("data removed") << u"data/severity"_s << QJsonValue(QJsonValue::Undefined);
    QTest::newRow("nested") << u"data/src"_s << QJsonValue(QJsonObject{{u"ip"_s, u"::2"_s}});
    QTest::newRow("chain") << u"data/chain"_s << QJsonValue(QJsonValue::Undefined);
    QTest::newRow("hash") << u"data/chain/hash"_s << QJsonValue(QString(64, u'0'));
    QTest::newRow("hash empty") << u"data/chain/hash"_s << QJsonValue(QString());
    QTest::newRow("prev") << u"data/chain/prev"_s << QJsonValue(QString(64, u'0'));
    QTest::newRow("chain number") << u"data/chain/seq"_s << QJsonValue(3);
    QTest::newRow("chain name") << u"data/chain/uid"_s << QJsonValue(u"chain-2"_s);
    QTest::newRow("chain more") << u"data/chain/x"_s << QJsonValue(1);
}

void TestCoreWire::tamperedEvents()
{
    QFETCH(QString, place);
    QFETCH(QJsonValue, value);
    const QString previous(64, u'a');
    AuditEvent sealed = event(2);
    sealed.seal(u"chain-1"_s, previous);
    const QStringList path = place.split(u'/');
    const std::function<QJsonObject(QJsonObject, qsizetype)> changed = [&](QJsonObject object, qsizetype depth) {
        if (depth + 1 < path.size())
            object.insert(path.at(depth), changed(object.value(path.at(depth)).toObject(), depth + 1));
        else
            object.insert(path.at(depth), value); // undefined removes
        return object;
    };
    const AuditEvent read = AuditEvent::fromJson(changed(sealed.toJson(), 0)).value();
    QCOMPARE(read.verify(previous).error().code(), ErrorCode::ChainBroken);
}

void TestCoreWire::knownHash()
{
    // Other implementations must come to the same value: computed by hand from section 4 of the protocol with
    // sha256sum.
    AuditEvent event;
    event.id = u"1"_s;
    event.source = u"s"_s;
    event.type = u"t"_s;
    event.sequence = 1;
    QCOMPARE(event.seal(u"u"_s, QString()), u"238f52eeac960ba0097771bab93720dd4612744709fb42a879e3ff9a465ef53d"_s);
}

void TestCoreWire::hostileEvents_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<ErrorCode>("code");
    const QByteArray good = R"({"specversion":"1.0","id":"1","source":"s","type":"t","time":"2027-01-15T08:00:00Z"})";
    const auto without = [&good](const char *from, const char *to) { return QByteArray(good).replace(from, to); };
    const auto row = [](const char *name, const QByteArray &line, ErrorCode code = ErrorCode::InvalidResponse) {
        QTest::newRow(name) << line << code;
    };
    QVERIFY(AuditEvent::fromBytes(good));
    row("empty", "");
    row("list", "[]");
    row("cut off", good.chopped(1));
    row("two", good + good);
    row("version", without("1.0", "0.3"));
    row("version a number", without("\"1.0\"", "1.0"));
    row("no id", without("\"id\":\"1\",", ""));
    row("id a number", without("\"id\":\"1\"", "\"id\":1"));
    row("empty source", without("\"s\"", "\"\""));
    row("no type", without("\"type\":\"t\",", ""));
    row("no time", without(",\"time\":\"2027-01-15T08:00:00Z\"", ""));
    row("time of no day", without("01-15", "02-30"));
    row("time without offset", without("00Z", "00"));
    row("time in words", without("2027-01-15T08:00:00Z", "yesterday"));
    row("sequence negative", good.chopped(1) + R"(,"sequence":"-1"})");
    row("sequence a number", good.chopped(1) + R"(,"sequence":1})");
    row("sequence too large", good.chopped(1) + R"(,"sequence":"18446744073709551616"})");
    row("sequence in words", good.chopped(1) + R"(,"sequence":"first"})");
    row("too large", good.chopped(1) + ",\"x\":\"" + QByteArray(64 * 1024, 'x') + "\"}", ErrorCode::ResponseTooLarge);
}

void TestCoreWire::hostileEvents()
{
    QFETCH(QByteArray, line);
    QFETCH(ErrorCode, code);
    const Result<AuditEvent> result = AuditEvent::fromBytes(line);
    QVERIFY(!result);
    QCOMPARE(result.error().code(), code);
}

WATCHWORD_TEST_MAIN(TestCoreWire)
#include "tst_corewire.moc"
