// SPDX-License-Identifier: Apache-2.0
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/jose/jwt.h"

#include <QJsonArray>
#include <QJsonDocument>

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
    void damageIsSeenByBoth_data() { algorithms(); }
    void damageIsSeenByBoth();
    void claimsAreJudgedAlike_data();
    void claimsAreJudgedAlike();
    void thumbprints_data() { algorithms(); }
    void thumbprints();

private:
    static void algorithms();
    static JwtPolicy policy(const QString &algorithm);
    static bool acceptedByUs(const QByteArray &token, const JwkSet &keys, const QString &algorithm);
    bool acceptedByThem(const QByteArray &token, const JwkSet &keys, const QString &algorithm);
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
    for (const char *name : {"ES256", "RS256", "PS256", "EdDSA", "ES384", "ES512", "RS512", "PS384"})
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
    const auto connection = connect(&process, &QProcess::readyReadStandardOutput, &process, [&answer, this] {
        answer = m_peer.log().mid(m_peer.log().lastIndexOf('\n', -2) + 1);
    });
    process.write(QJsonDocument(request).toJson(QJsonDocument::Compact) + '\n');
    while (!answer.endsWith('\n')) {
        if (!process.waitForReadyRead(20'000))
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

bool TestJoseCross::acceptedByThem(const QByteArray &token, const JwkSet &keys, const QString &algorithm)
{
    const QJsonObject answer = ask({{u"do"_s, u"verify"_s},
                                    {u"token"_s, QString::fromLatin1(token)},
                                    {u"jwks"_s, QJsonDocument::fromJson(keys.toBytes()).object()},
                                    {u"issuer"_s, u"https://login.example.com"_s},
                                    {u"audience"_s, u"orders"_s},
                                    {u"typ"_s, u"at+jwt"_s},
                                    {u"now"_s, kNow},
                                    {u"algorithms"_s, QJsonArray{algorithm}}});
    if (!answer.value("ok"_L1).isBool())
        qFatal("the peer did not answer");
    return answer.value("ok"_L1).toBool();
}

void TestJoseCross::theirsToUs()
{
    QFETCH(QString, algorithm);
    const QJsonObject answer = ask(
        {{u"do"_s, u"sign"_s}, {u"alg"_s, algorithm}, {u"typ"_s, u"at+jwt"_s}, {u"claims"_s, goodClaims()}});
    const QByteArray token = answer.value("token"_L1).toString().toLatin1();
    const QByteArray set =
        QJsonDocument(QJsonObject{{u"keys"_s, QJsonArray{answer.value("jwk"_L1)}}}).toJson();
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

void TestJoseCross::damageIsSeenByBoth()
{
    QFETCH(QString, algorithm);
    const SigningKey key = SigningKey::generate(algorithm).value();
    JwkSet keys;
    keys.insert(key.publicKey());
    const QByteArray token = signJwt(key, u"at+jwt"_s, goodClaims()).value();
    int refused = 0;
    for (qsizetype i = 0; i < token.size(); i += 31) {
        QByteArray broken = token;
        broken[i] = broken.at(i) == 'A' ? 'B' : 'A';
        // The other library lets unused bits of the last character pass; we must not accept more than it
        // does.
        QVERIFY2(!acceptedByUs(broken, keys, algorithm), qPrintable(QString::number(i)));
        refused += !acceptedByThem(broken, keys, algorithm);
    }
    QVERIFY(refused >= token.size() / 31 - 1);
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
