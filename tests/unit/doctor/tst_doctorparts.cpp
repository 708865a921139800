// SPDX-License-Identifier: Apache-2.0
#include "recorded.h"

#include "watchword/jose/base64url.h"

#include <QJsonDocument>
#include <QMessageAuthenticationCode>

using namespace DoctorTest;

class TestDoctorParts : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void helloIsWhatTheStandardSays();
    void helloAnswers_data();
    void helloAnswers();
    void badTokensAreBadInOneWay();
    void opaqueTokensAreNoModel();
    void secretsAreReplaced();
    void nothingMovesTheCursor();
    void requestsSayWhatTheyShould();
    void tokenInTheFirstMessage();
    void evidenceSaysWhatWasSent();
};

void TestDoctorParts::helloIsWhatTheStandardSays()
{
    const QByteArray hello = clientHello(TlsVersion::Tls11, {0xc013, 0x002f}, u"orders.example.com"_s, QByteArray(32, 'r'));
    QCOMPARE(hello.left(3), QByteArray("\x16\x03\x01", 3));
    const auto number = [&hello](qsizetype at) { return quint8(hello[at]) << 8 | quint8(hello[at + 1]); };
    QCOMPARE(qsizetype(number(3)), hello.size() - 5);
    QCOMPARE(hello[5], char(1)); // ClientHello
    QCOMPARE(qsizetype(number(7)), hello.size() - 9);
    QCOMPARE(number(9), 0x0302);
    QCOMPARE(hello.mid(11, 32), QByteArray(32, 'r'));
    QCOMPARE(number(44), 4); // two suites
    QCOMPARE(number(46), 0xc013);
    QVERIFY(hello.contains("orders.example.com"));
    // RFC 6066: an address is no name.
    QVERIFY(!clientHello(TlsVersion::Tls12, {1}, u"127.0.0.1"_s, QByteArray(32, 'r')).contains("127.0.0.1"));
}

void TestDoctorParts::helloAnswers_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("kind");
    using Kind = HelloAnswer::Kind;
    const QByteArray hello = QByteArray::fromHex("160301003a020000360301") + QByteArray(32, 'r') + QByteArray::fromHex("0000")
        + QByteArray::fromHex("0a00");
    QTest::newRow("hello") << hello << int(Kind::ServerHello);
    QTest::newRow("alert") << QByteArray::fromHex("15030100020246") << int(Kind::Alert);
    QTest::newRow("half a hello") << hello.left(30) << int(Kind::Other);
    QTest::newRow("HTTP") << QByteArray("HTTP/1.1 400 Bad Request\r\n\r\n") << int(Kind::Other);
    QTest::newRow("nothing") << QByteArray() << int(Kind::Other);
}

void TestDoctorParts::helloAnswers()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, kind);
    const HelloAnswer answer = readHelloAnswer(bytes);
    QCOMPARE(int(answer.kind), kind);
    if (answer.kind == HelloAnswer::Kind::ServerHello) {
        QCOMPARE(answer.version, quint16(0x0301));
        QCOMPARE(nameOfSuite(answer.suite), u"RSA_WITH_3DES_EDE_CBC_SHA"_s);
    }
}

void TestDoctorParts::badTokensAreBadInOneWay()
{
    const BadTokens tokens(Secret::copy(validToken()), issuerKey());
    QVERIFY(tokens.isJwt() && tokens.hasKey());
    JwkSet keys;
    keys.insert(issuerKey().publicKey());
    JwtPolicy policy;
    policy.types = QStringList{u"at+jwt"_s};
    policy.typeRequired = true;
    policy.issuer = u"https://login.example.com"_s;
    policy.audiences = QStringList{u"wss://orders.example.com"_s};
    const WallTime now = Clock::system().wallNow();
    const auto why = [&](const Secret &token) {
        const Result<Jwt> verified = Jwt::verify(token.reveal(), keys, policy, now);
        return verified ? u"accepted"_s : verified.error().codeName();
    };
    const auto minted = [&](const QString &claim, const QJsonValue &value) {
        return tokens.minted([&](QJsonObject &, QJsonObject &claims) { claims.insert(claim, value); });
    };
    const qint64 seconds = toSecondsSinceEpoch(now);
    QCOMPARE(why(Secret::copy(validToken())), u"accepted"_s);
    QCOMPARE(why(tokens.withOtherSignature()), u"BadSignature"_s);
    QCOMPARE(why(tokens.withOtherClaims()), u"BadSignature"_s);
    QCOMPARE(why(tokens.withoutSignature(u"none"_s)), u"UnsupportedAlgorithm"_s);
    QCOMPARE(why(tokens.signedByPublicKey(issuerKey().publicKey())), u"UnsupportedAlgorithm"_s);
    QCOMPARE(why(tokens.withEmbeddedKey()), u"UnknownKey"_s);
    QCOMPARE(why(minted(u"exp"_s, seconds - 3600)), u"TokenExpired"_s);
    QCOMPARE(why(minted(u"nbf"_s, seconds + 3600)), u"TokenNotYetValid"_s);
    QCOMPARE(why(minted(u"aud"_s, u"https://other.example"_s)), u"WrongAudience"_s);
    QCOMPARE(why(minted(u"iss"_s, u"https://other.example"_s)), u"WrongIssuer"_s);
    QCOMPARE(why(minted(u"scope"_s, QString())), u"accepted"_s);
    QCOMPARE(why(madeUpToken()), u"UnknownKey"_s);
    // What a server sees that hands its public key to whatever the token asks for.
    const QByteArray confused = tokens.signedByPublicKey(issuerKey().publicKey()).reveal().toByteArray();
    const qsizetype dot = confused.lastIndexOf('.');
    QVERIFY(Jwt::parse(confused));
    QCOMPARE(Jwt::parse(confused)->algorithm(), u"HS256"_s);
    QCOMPARE(fromBase64Url(confused.mid(dot + 1))->size(), 32);
    // The key that an embedding token brings does verify it.
    const QByteArray embedded = tokens.withEmbeddedKey().reveal().toByteArray();
    JwkSet own;
    own.insert(*Jwk::fromJson(Jwt::parse(embedded)->header().value("jwk"_L1).toObject()));
    QVERIFY(Jwt::verify(embedded, own, policy, now));
}

void TestDoctorParts::opaqueTokensAreNoModel()
{
    const BadTokens tokens(Secret::copy("opaque-token-0123456789"), issuerKey());
    QVERIFY(!tokens.isJwt() && !tokens.hasKey());
    QVERIFY(tokens.withOtherSignature().isEmpty() && tokens.withoutSignature(u"none"_s).isEmpty());
    const BadTokens noKey(Secret::copy(validToken()), {});
    QVERIFY(noKey.isJwt() && !noKey.hasKey());
    QVERIFY(noKey.ownPublicKey().isNull() && noKey.signedByPublicKey({}).isEmpty());
    QVERIFY(!noKey.signedByPublicKey(issuerKey().publicKey()).isEmpty()
            && tokens.signedByPublicKey(issuerKey().publicKey()).isEmpty());
    QVERIFY(noKey.minted([](QJsonObject &, QJsonObject &) {}).isEmpty());
}

void TestDoctorParts::secretsAreReplaced()
{
    Redactor redactor;
    const QByteArray token = validToken();
    redactor.add(Secret::copy(token));
    redactor.add(Secret::copy("opaque+token/0123456789"));
    for (const QByteArray &leak :
         {token, token.toPercentEncoding(), toBase64Url(token), token.split('.').at(1), token.split('.').at(2),
          QByteArray("opaque+token/0123456789"), QByteArray("opaque%2Btoken%2F0123456789")}) {
        const QString shown = redactor.clean("before " + leak + " after");
        QVERIFY2(shown == u"before \u00abtoken\u00bb after"_s, qPrintable(shown));
        QVERIFY(redactor.finds("x" + leak + "y"));
    }
    // Of a server that made one of its own.
    QVERIFY(!redactor.clean("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl").contains(u"eyJ"_s));
    // The request shows what kind of token it was, never the token.
    Exchange exchange = recorded(u"none"_s, kInvalid + token);
    exchange.sent = QByteArray("GET / HTTP/1.1\r\nAuthorization: Bearer ") + kTokenMark + "\r\nAuthorization: Bearer "
        + madeUpToken().reveal().toByteArray() + "\r\n\r\n";
    exchange.credential = u"a token with algorithm none"_s;
    const QString evidence = redactor.evidenceOf(exchange).join(u'\n');
    QVERIFY(evidence.contains(u"Bearer \u00aba token with algorithm none\u00bb"_s));
    QVERIFY(!evidence.contains(QString::fromLatin1(token.split('.').at(2))));
    QVERIFY(evidence.contains(u"Bearer \u00abtoken\u00bb"_s)); // the second one is another
}

void TestDoctorParts::nothingMovesTheCursor()
{
    const Redactor redactor;
    QCOMPARE(redactor.clean("a\x1b[2Jb\x07"
                            "c"),
             u"a\\u{1b}[2Jb\\u{7}c"_s);
    QCOMPARE(redactor.cleanText(u"a\u202eb\u2066c"_s), u"a\\u{202e}b\\u{2066}c"_s);
    QCOMPARE(redactor.clean("a\r\nb\tc"), u"a b c"_s);
    QCOMPARE(redactor.clean(QByteArray("\xff\xfe", 2)).size(), 2); // replaced
    QCOMPARE(redactor.clean(QByteArray(5000, 'x')).size(), 201);
    QCOMPARE(redactor.cleanText(QString(199, u'x') + u"\U0001f600"_s + u"y"_s), QString(199, u'x') + u"\u2026"_s);
}

void TestDoctorParts::requestsSayWhatTheyShould()
{
    DoctorOptions options = withToken("opaque-token-0123456789");
    options.endpoint = QUrl(u"wss://orders.example.com:8443/v1/stream?room=1"_s);
    options.origin = u"https://app.example.com"_s;
    options.subprotocols = QStringList{u"chat"_s};
    Redactor redactor;
    const Requests requests(options, &redactor);
    UpgradeShape shape;
    shape.token = options.token;
    const Probe probe = requests.upgrade(u"valid"_s, shape);
    QVERIFY(probe.bytes.startsWith("GET /v1/stream?room=1 HTTP/1.1\r\nHost: orders.example.com:8443\r\n"));
    QVERIFY(probe.bytes.contains("\r\nOrigin: https://app.example.com\r\n"));
    QVERIFY(probe.bytes.contains("\r\nSec-WebSocket-Protocol: chat\r\n"));
    QVERIFY(probe.bytes.contains(QByteArray("\r\nAuthorization: Bearer ") + kTokenMark + "\r\n"));
    QVERIFY(!probe.bytes.contains("opaque")); // it is put in when it is sent
    QVERIFY(probe.bytes.endsWith("\r\n\r\n") && !requests.halfHead(u"half"_s).bytes.endsWith("\r\n"));
    shape.query = QByteArray("access_token=") + kTokenMark;
    shape.isTokenElsewhere = true;
    const Probe url = requests.upgrade(u"url"_s, shape);
    QVERIFY(url.bytes.startsWith(QByteArray("GET /v1/stream?room=1&access_token=") + kTokenMark + " HTTP"));
    QVERIFY(!url.bytes.contains("Authorization"));
    QVERIFY(!requests.plainUpgrade(u"plain"_s, 0).bytes.contains(kTokenMark));

    options.tokenWay = DoctorOptions::TokenWay::Subprotocol;
    shape = {};
    shape.token = options.token;
    const Probe entry = requests.upgrade(u"valid"_s, shape);
    QVERIFY(
        entry.bytes.contains(QByteArray("Sec-WebSocket-Protocol: chat, base64url.bearer.authorization.k8s.io.") + kTokenMark));
    QCOMPARE(entry.token.reveal().toByteArray(), toBase64Url("opaque-token-0123456789"));
}

void TestDoctorParts::tokenInTheFirstMessage()
{
    DoctorOptions options = withToken("opaque-token-0123456789");
    options.tokenWay = DoctorOptions::TokenWay::GraphqlTransportWs;
    Redactor redactor;
    const Requests requests(options, &redactor);
    UpgradeShape shape;
    shape.token = options.token;
    const Probe probe = requests.upgrade(u"valid"_s, shape);
    QVERIFY(!probe.bytes.contains("Authorization") && probe.bytes.contains("Sec-WebSocket-Protocol: graphql-transport-ws"));
    QCOMPARE(probe.frames.size(), 1);
    QVERIFY(probe.frames.first().payload.contains("connection_init") && probe.frames.first().payload.contains(kTokenMark));

    const auto kindOf = [](const QByteArray &message) {
        Exchange exchange = recorded(u"valid"_s, kSwitched);
        exchange.messages.append({true, message});
        return admissionOf(exchange, DoctorOptions::TokenWay::GraphqlTransportWs).kind;
    };
    QCOMPARE(int(kindOf(R"({"type":"connection_ack"})")), int(Admission::Kind::Admitted));
    QCOMPARE(int(kindOf(R"({"type":"connection_error"})")), int(Admission::Kind::Refused));
    QCOMPARE(int(kindOf(R"({"type":"ping"})")), int(Admission::Kind::NoAnswer)); // neither a welcome nor a refusal came in time
    QCOMPARE(int(admissionOf(closed(u"valid"_s, 4403), DoctorOptions::TokenWay::GraphqlTransportWs).kind),
             int(Admission::Kind::Refused));
    QCOMPARE(int(admissionOf(closed(u"valid"_s, 4429), DoctorOptions::TokenWay::FirstMessage).kind),
             int(Admission::Kind::Limited));
}

// Also what stands in no head, and what a server repeats is told once.
void TestDoctorParts::evidenceSaysWhatWasSent()
{
    const DoctorOptions options = withToken();
    Redactor redactor;
    const Requests requests(options, &redactor);
    QVERIFY(requests.halfHead(u"halfhead"_s).remark.contains(u"never finished"_s));
    ProbeFrame burst;
    burst.payload = "watchword doctor";
    burst.repeat = 400;
    QCOMPARE(inWords(burst), u"400 frames, each: text, 16 bytes"_s);
    ProbeFrame huge;
    huge.opcode = 2;
    huge.announced = quint64(1) << 30;
    huge.masked = false;
    QCOMPARE(inWords(huge), u"frame: binary, 0 bytes, announced as 1073741824, without mask"_s);
    Exchange exchange = recorded(u"burst"_s, kSwitched);
    exchange.behind = QStringList{inWords(burst)};
    for (int i = 0; i < 16; ++i)
        exchange.messages.append({true, "watchword doctor"});
    exchange.messages.append({true, "enough"});
    const QStringList lines = redactor.evidenceOf(exchange);
    QVERIFY(lines.contains(u"> (400 frames, each: text, 16 bytes)"_s));
    QCOMPARE(lines.last(2), QStringList({u"< message: watchword doctor (16 times)"_s, u"< message: enough"_s}));
}

WATCHWORD_TEST_MAIN(TestDoctorParts)
#include "tst_doctorparts.moc"
