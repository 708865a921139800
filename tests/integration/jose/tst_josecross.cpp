// SPDX-License-Identifier: Apache-2.0
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/jose/jws.h"
#include "watchword/jose/jwt.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QRandomGenerator>

using namespace Watchword;
using namespace Qt::StringLiterals;

/*! Our tokens are read by npm "jose", its tokens by us, and both refuse the same damage. */
class TestJoseCross : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void theirsToUs_data() { algorithms(); }
    void theirsToUs();
    void oursToThem_data() { algorithms(); }
    void oursToThem();
    void keysCross_data() { algorithms(); }
    void keysCross();
    void anyPayload_data() { algorithms(); }
    void anyPayload();
    void largerRsaKeys_data();
    void largerRsaKeys();
    void damagedTokens_data() { algorithms(); }
    void damagedTokens();
    void damagedKeys_data() { algorithms(); }
    void damagedKeys();
    void claimsAreJudgedAlike_data();
    void claimsAreJudgedAlike();
    void thumbprints_data() { algorithms(); }
    void thumbprints();

private:
    static void algorithms();
    static JwtPolicy policy(const QString &algorithm);
    static bool acceptedByUs(const QByteArray &token, const JwkSet &keys, const QString &algorithm);
    bool acceptedByThem(const QByteArray &token, const JwkSet &keys, const QString &algorithm);
    QList<bool> acceptedByThem(const QList<QByteArray> &tokens, const QJsonArray &sets, const QString &algorithm);
    QJsonObject ask(const QJsonObject &request);

    Support::ReadyProcess m_peer;
};

namespace {

constexpr qint64 kNow = 1'800'000'000;

QJsonObject goodClaims()
{
    return {{u"iss"_s, u"https://login.example.com"_s},
            {u"aud"_s, QJsonArray{u"orders"_s, u"other"_s}},
            {u"sub"_s, u"\u00e4 \U0001f600 \"\\/"_s},
            {u"iat"_s, kNow - 10},
            {u"exp"_s, kNow + 600},
            {u"scope"_s, u"a b"_s},
            {u"x"_s, QJsonObject{{u"y"_s, QJsonArray{1, 2.5, true, QJsonValue()}}}}};
}

} // namespace

void TestJoseCross::algorithms()
{
    QTest::addColumn<QString>("algorithm");
    for (const char *name : {"ES256", "RS256", "PS256", "EdDSA", "Ed25519", "ES384", "ES512", "RS384", "RS512", "PS384", "PS512"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestJoseCross::initTestCase()
{
    const QString folder = Support::peersFolder();
    REQUIRE_COMPONENT(!folder.isEmpty(), "the npm packages of tests/peers");
    const auto ready = m_peer.start(u"node"_s, {folder + u"/jose-peer.mjs"_s}, u"READY"_s);
    QVERIFY(ready);
}

QJsonObject TestJoseCross::ask(const QJsonObject &request)
{
    QByteArray answer;
    QProcess &process = m_peer.process();
    const auto connection = connect(&process, &QProcess::readyReadStandardOutput, &process,
                                    [&answer, this] { answer = m_peer.log().mid(m_peer.log().lastIndexOf('\n', -2) + 1); });
    process.write(QJsonDocument(request).toJson(QJsonDocument::Compact) + '\n');
    while (!answer.endsWith('\n')) {
        if (!process.waitForReadyRead(60'000))
            break;
    }
    disconnect(connection);
    return QJsonDocument::fromJson(answer).object();
}

JwtPolicy TestJoseCross::policy(const QString &algorithm)
{
    JwtPolicy policy;
    policy.algorithms = QStringList{algorithm};
    policy.issuer = u"https://login.example.com"_s;
    policy.audiences = {u"orders"_s};
    policy.types = {u"at+jwt"_s};
    policy.typeRequired = true;
    policy.leeway = Duration::zero();
    return policy;
}

bool TestJoseCross::acceptedByUs(const QByteArray &token, const JwkSet &keys, const QString &algorithm)
{
    return Jwt::verify(token, keys, policy(algorithm), wallTimeFromSeconds(kNow)).isOk();
}

QList<bool> TestJoseCross::acceptedByThem(const QList<QByteArray> &tokens, const QJsonArray &sets, const QString &algorithm)
{
    QJsonArray texts;
    for (const QByteArray &token : tokens)
        texts.append(QString::fromLatin1(token));
    const QJsonArray answers = ask({{u"do"_s, u"verify"_s},
                                    {u"tokens"_s, texts},
                                    {u"sets"_s, sets},
                                    {u"issuer"_s, u"https://login.example.com"_s},
                                    {u"audience"_s, u"orders"_s},
                                    {u"typ"_s, u"at+jwt"_s},
                                    {u"now"_s, kNow},
                                    {u"algorithms"_s, QJsonArray{algorithm}}})
                                   .value("ok"_L1)
                                   .toArray();
    if (answers.size() != tokens.size())
        qFatal("the peer did not answer");
    QList<bool> accepted;
    for (const QJsonValue answer : answers)
        accepted.append(answer.toBool());
    return accepted;
}

bool TestJoseCross::acceptedByThem(const QByteArray &token, const JwkSet &keys, const QString &algorithm)
{
    const QJsonArray sets{QJsonDocument::fromJson(keys.toBytes()).object()};
    return acceptedByThem(QList<QByteArray>{token}, sets, algorithm).constFirst();
}

void TestJoseCross::theirsToUs()
{
    QFETCH(QString, algorithm);
    const QJsonObject answer =
        ask({{u"do"_s, u"sign"_s}, {u"alg"_s, algorithm}, {u"typ"_s, u"at+jwt"_s}, {u"claims"_s, goodClaims()}});
    const QByteArray token = answer.value("token"_L1).toString().toLatin1();
    const QByteArray set = QJsonDocument(QJsonObject{{u"keys"_s, QJsonArray{answer.value("jwk"_L1)}}}).toJson();
    const JwkSet keys = JwkSet::fromBytes(set).value();
    const Result<Jwt> jwt = Jwt::verify(token, keys, policy(algorithm), wallTimeFromSeconds(kNow));
    QVERIFY2(jwt, qPrintable(jwt ? QString() : jwt.error().toString()));
    QCOMPARE(jwt->claims(), goodClaims());
    QCOMPARE(jwt->keyId(), keys.keys().first().thumbprint());
}

void TestJoseCross::oursToThem()
{
    QFETCH(QString, algorithm);
    const SigningKey key = SigningKey::generate(algorithm).value();
    JwkSet keys;
    keys.insert(key.publicKey());
    const QByteArray token = signJwt(key, u"at+jwt"_s, goodClaims()).value();
    QVERIFY(acceptedByThem(token, keys, algorithm));
    QVERIFY(acceptedByUs(token, keys, algorithm));
    JwkSet others;
    others.insert(SigningKey::generate(algorithm).value().publicKey());
    QVERIFY(!acceptedByThem(token, others, algorithm));
    QVERIFY(!acceptedByUs(token, others, algorithm));
}

// Their private key signs here and says the same of itself; ours signs there.
void TestJoseCross::keysCross()
{
    QFETCH(QString, algorithm);
    const QJsonObject theirs = ask({{u"do"_s, u"key"_s}, {u"alg"_s, algorithm}});
    const Secret pem = Secret::copy(theirs.value("pem"_L1).toString().toLatin1());
    const Result<SigningKey> imported = SigningKey::fromPem(pem, algorithm);
    QVERIFY2(imported, qPrintable(imported ? QString() : imported.error().toString()));
    QCOMPARE(imported->publicKey().toPublicJson(), theirs.value("jwk"_L1).toObject());
    JwkSet keys;
    keys.insert(imported->publicKey());
    QVERIFY(acceptedByThem(signJwt(*imported, u"at+jwt"_s, goodClaims()).value(), keys, algorithm));

    const SigningKey ours = SigningKey::generate(algorithm).value();
    const QJsonObject answer = ask({{u"do"_s, u"signWith"_s},
                                    {u"alg"_s, algorithm},
                                    {u"pem"_s, QString::fromLatin1(ours.toPem().reveal())},
                                    {u"typ"_s, u"at+jwt"_s},
                                    {u"claims"_s, goodClaims()}});
    JwkSet own;
    own.insert(ours.publicKey());
    QVERIFY(acceptedByUs(answer.value("token"_L1).toString().toLatin1(), own, algorithm));
}

// Any bytes, not only claims.
void TestJoseCross::anyPayload()
{
    QFETCH(QString, algorithm);
    const SigningKey key = SigningKey::generate(algorithm).value();
    JwkSet keys;
    keys.insert(key.publicKey());
    JwsPolicy policy;
    policy.algorithms = QStringList{algorithm};
    policy.types = {u"licence"_s};
    QByteArray every;
    for (int c = 0; c < 256; ++c)
        every += char(c);
    for (const QByteArray &payload : {QByteArray("x"), every, QByteArray(50'000, '\0')}) {
        const QJsonObject verify{
            {u"do"_s, u"verifyBytes"_s}, {u"jwk"_s, key.publicKey().toPublicJson()}, {u"algorithms"_s, QJsonArray{algorithm}}};
        QJsonObject request = verify;
        QByteArray text = Jws::sign(key, payload, u"licence"_s).value();
        request.insert(u"text"_s, QString::fromLatin1(text));
        const QJsonObject theirs = ask(request);
        QCOMPARE(QByteArray::fromBase64(theirs.value("payload"_L1).toString().toLatin1()), payload);
        QCOMPARE(theirs.value("header"_L1).toObject(), Jws::verify(text, keys, policy)->header());
        text[text.indexOf('.') + 1] = text.at(text.indexOf('.') + 1) == 'A' ? 'B' : 'A';
        request.insert(u"text"_s, QString::fromLatin1(text));
        QVERIFY(ask(request).value("refused"_L1).toBool());
        QCOMPARE(Jws::verify(text, keys, policy).error().code(), ErrorCode::BadSignature);

        const QJsonObject signedThere = ask({{u"do"_s, u"signBytes"_s},
                                             {u"alg"_s, algorithm},
                                             {u"pem"_s, QString::fromLatin1(key.toPem().reveal())},
                                             {u"typ"_s, u"licence"_s},
                                             {u"payload"_s, QString::fromLatin1(payload.toBase64())}});
        const Result<Jws> read = Jws::verify(signedThere.value("text"_L1).toString().toLatin1(), keys, policy);
        QVERIFY2(read, qPrintable(read ? QString() : read.error().toString()));
        QCOMPARE(read->payload(), payload);
    }
}

void TestJoseCross::largerRsaKeys_data()
{
    QTest::addColumn<QString>("algorithm");
    QTest::addColumn<int>("bits");
    QTest::newRow("RS256, 3072") << u"RS256"_s << 3072;
    QTest::newRow("PS256, 4096") << u"PS256"_s << 4096;
}

void TestJoseCross::largerRsaKeys()
{
    QFETCH(QString, algorithm);
    QFETCH(int, bits);
    const QJsonObject answer = ask({{u"do"_s, u"sign"_s},
                                    {u"alg"_s, algorithm},
                                    {u"typ"_s, u"at+jwt"_s},
                                    {u"claims"_s, goodClaims()},
                                    {u"options"_s, QJsonObject{{u"modulusLength"_s, bits}}}});
    const Result<Jwk> key = Jwk::fromJson(answer.value("jwk"_L1).toObject());
    QVERIFY2(key, qPrintable(key ? QString() : key.error().toString()));
    JwkSet keys;
    keys.insert(*key);
    QVERIFY(acceptedByUs(answer.value("token"_L1).toString().toLatin1(), keys, algorithm));
}

namespace {

const QByteArray kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char letter(QRandomGenerator &random)
{
    return kAlphabet.at(random.bounded(int(kAlphabet.size())));
}

//! One change of a text: a letter replaced, removed, added, two exchanged, or the end cut off.
QByteArray damaged(QByteArray text, QRandomGenerator &random)
{
    const QByteArray whole = text;
    while (text == whole) {
        const int at = random.bounded(int(text.size()));
        const int other = random.bounded(int(text.size()));
        switch (random.bounded(5)) {
        case 0:
            text[at] = letter(random);
            break;
        case 1:
            text.remove(at, 1);
            break;
        case 2:
            text.insert(at, letter(random));
            break;
        case 3:
            std::swap(text[at], text[other]);
            break;
        default:
            text.truncate(at);
            break;
        }
    }
    return text;
}

//! A public key with one member damaged, taken away, or given another meaning.
QJsonObject damagedKey(QJsonObject key, QRandomGenerator &random)
{
    static const QList<std::pair<QString, QString>> meanings{
        {u"kty"_s, u"RSA"_s},   {u"kty"_s, u"EC"_s},    {u"kty"_s, u"OKP"_s},    {u"kty"_s, u"oct"_s},   {u"crv"_s, u"P-256"_s},
        {u"crv"_s, u"P-384"_s}, {u"crv"_s, u"P-521"_s}, {u"crv"_s, u"X25519"_s}, {u"use"_s, u"enc"_s},   {u"alg"_s, u"none"_s},
        {u"alg"_s, u"HS256"_s}, {u"e"_s, u"AQ"_s},      {u"e"_s, u"Ag"_s},       {u"kid"_s, u"other"_s}, {u"d"_s, u"AQAB"_s}};
    const QJsonObject whole = key;
    while (key == whole) {
        const QString name = key.keys().at(random.bounded(int(key.size())));
        const auto &[member, value] = meanings.at(random.bounded(int(meanings.size())));
        switch (random.bounded(3)) {
        case 0:
            if (name.size() == 1) // n, e, x, y
                key.insert(name, QString::fromLatin1(damaged(key.value(name).toString().toLatin1(), random)));
            break;
        case 1:
            if (name.size() == 1 || name == "kty"_L1 || name == "crv"_L1)
                key.remove(name);
            break;
        default:
            key.insert(member, value);
            break;
        }
    }
    return key;
}

quint32 seedOf(const QString &text)
{
    return qEnvironmentVariableIsSet("WATCHWORD_SEED") ? quint32(qEnvironmentVariableIntValue("WATCHWORD_SEED"))
                                                       : quint32(qHash(text, 8725));
}

} // namespace

void TestJoseCross::damagedTokens()
{
    QFETCH(QString, algorithm);
    const quint32 seed = seedOf(algorithm);
    QRandomGenerator random(seed);
    const SigningKey key = SigningKey::generate(algorithm).value();
    JwkSet keys;
    keys.insert(key.publicKey());
    const QByteArray token = signJwt(key, u"at+jwt"_s, goodClaims()).value();
    QList<QByteArray> tokens{token};
    for (int i = 0; i < 150; ++i)
        tokens.append(damaged(token, random));
    const QList<bool> theirs = acceptedByThem(tokens, QJsonArray{QJsonDocument::fromJson(keys.toBytes()).object()}, algorithm);
    QVERIFY(theirs.constFirst() && acceptedByUs(token, keys, algorithm));
    int lenient = 0; // they let the unused bits of the last letter pass; we take one text per signature only
    for (qsizetype i = 1; i < tokens.size(); ++i) {
        QVERIFY2(!acceptedByUs(tokens.at(i), keys, algorithm),
                 qPrintable(u"seed %1, token %2: %3"_s.arg(seed).arg(i).arg(QLatin1StringView(tokens.at(i)))));
        lenient += theirs.at(i) ? 1 : 0;
    }
    QVERIFY2(lenient <= 5, qPrintable(u"seed %1: they take %2 of them"_s.arg(seed).arg(lenient)));
}

void TestJoseCross::damagedKeys()
{
    QFETCH(QString, algorithm);
    const quint32 seed = seedOf(algorithm);
    QRandomGenerator random(seed);
    const SigningKey key = SigningKey::generate(algorithm).value();
    const QByteArray token = signJwt(key, u"at+jwt"_s, goodClaims()).value();
    QJsonArray sets;
    QList<QByteArray> tokens;
    for (int i = 0; i < 100; ++i) {
        const QJsonObject changed = damagedKey(key.publicKey().toPublicJson(), random);
        sets.append(QJsonObject{{u"keys"_s, QJsonArray{changed}}});
        tokens.append(token);
    }
    const QList<bool> theirs = acceptedByThem(tokens, sets, algorithm);
    int refused = 0;
    for (qsizetype i = 0; i < tokens.size(); ++i) {
        const QByteArray text = QJsonDocument(sets.at(i).toObject()).toJson(QJsonDocument::Compact);
        const Result<JwkSet> keys = JwkSet::fromBytes(text);
        const bool ours = keys && acceptedByUs(token, *keys, algorithm);
        // A member that this type of key does not have, such as "e" of an EC key, does no harm to either.
        QVERIFY2(!ours || theirs.at(i), qPrintable(u"seed %1: %2"_s.arg(seed).arg(QLatin1StringView(text))));
        refused += ours ? 0 : 1;
    }
    QVERIFY2(refused >= 70, qPrintable(u"seed %1: only %2 refused"_s.arg(seed).arg(refused)));
}

void TestJoseCross::claimsAreJudgedAlike_data()
{
    QTest::addColumn<QJsonObject>("changes"); // null removes
    QTest::addColumn<QString>("type");
    const auto row = [](const char *name, const QJsonObject &changes, const QString &type = u"at+jwt"_s) {
        QTest::newRow(name) << changes << type;
    };
    row("good", {});
    row("expired", {{u"exp"_s, kNow}});
    row("last second", {{u"exp"_s, kNow + 1}});
    row("no exp", {{u"exp"_s, QJsonValue()}});
    row("exp text", {{u"exp"_s, u"1900000000"_s}});
    row("exp fraction", {{u"exp"_s, kNow + 600.5}});
    row("nbf now", {{u"nbf"_s, kNow}});
    row("nbf later", {{u"nbf"_s, kNow + 1}});
    row("nbf text", {{u"nbf"_s, u"1"_s}});
    row("other issuer", {{u"iss"_s, u"https://evil.example"_s}});
    row("no issuer", {{u"iss"_s, QJsonValue()}});
    row("other audience", {{u"aud"_s, u"billing"_s}});
    row("one audience", {{u"aud"_s, u"orders"_s}});
    row("no audience", {{u"aud"_s, QJsonValue()}});
    row("audience number", {{u"aud"_s, 1}});
    row("type of an id token", {}, u"JWT"_s);
    row("type with prefix", {}, u"application/at+jwt"_s);
    row("type in capitals", {}, u"AT+JWT"_s);
    row("no type", {}, QString());
}

void TestJoseCross::claimsAreJudgedAlike()
{
    QFETCH(QJsonObject, changes);
    QFETCH(QString, type);
    static const SigningKey key = SigningKey::generate(u"ES256"_s).value();
    JwkSet keys;
    keys.insert(key.publicKey());
    QJsonObject claims = goodClaims();
    for (auto it = changes.begin(); it != changes.end(); ++it) {
        if (it->isNull())
            claims.remove(it.key());
        else
            claims.insert(it.key(), *it);
    }
    const QByteArray token = signJwt(key, type, claims).value();
    QCOMPARE(acceptedByUs(token, keys, u"ES256"_s), acceptedByThem(token, keys, u"ES256"_s));
}

void TestJoseCross::thumbprints()
{
    QFETCH(QString, algorithm);
    const Jwk key = SigningKey::generate(algorithm).value().publicKey();
    const QJsonObject answer = ask({{u"do"_s, u"thumbprint"_s}, {u"jwk"_s, key.toPublicJson()}});
    QCOMPARE(answer.value("thumbprint"_L1).toString(), key.thumbprint());
}

WATCHWORD_TEST_MAIN(TestJoseCross)
#include "tst_josecross.moc"
