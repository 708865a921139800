// SPDX-License-Identifier: Apache-2.0
#include "gatefixture.h"
#include "support/testmain.h"
#include "toolrun.h"
#include "watchedclient.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

/*! `watchword sessions|locks|kick` against the API of a running gateway. */
class TestSessionCommands : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void cleanup();
    void ownSessions();
    void sessionsOfAUser();
    void locks();
    void kick();
    void mistakes_data();
    void mistakes();
    void refusals();

private:
    ToolHome::Run run(const QStringList &arguments, const QByteArray &token);
    QByteArray operatorToken() const
    {
        QJsonObject claims = m_gate->claims(u"olga"_s);
        claims.insert("scope"_L1, u"gw:read gw:kick gw:lock"_s);
        claims.insert("auth_time"_L1, claims.value("iat"_L1));
        return m_gate->token(claims);
    }
    std::unique_ptr<WatchedClient> client(const QByteArray &token)
    {
        auto client = std::make_unique<WatchedClient>(m_gate->client(u"/echo"_s, token));
        return client->opened() ? std::move(client) : nullptr;
    }

    std::unique_ptr<GateFixture> m_gate;
    std::unique_ptr<ToolHome> m_home;
};

void TestSessionCommands::init()
{
    WatchwordTest::init();
    m_gate = std::make_unique<GateFixture>();
    QVERIFY(m_gate->prepare());
    m_gate->config.api = ApiConfig{QHostAddress(QHostAddress::LocalHost), 0};
    QVERIFY(m_gate->start());
    m_home = std::make_unique<ToolHome>();
}

void TestSessionCommands::cleanup()
{
    m_gate.reset();
}

ToolHome::Run TestSessionCommands::run(const QStringList &arguments, const QByteArray &token)
{
    QFile file(m_home->filePath(u"token"_s));
    if (!file.open(QIODevice::WriteOnly) || file.write(token) < 0 || !file.setPermissions(QFile::ReadOwner | QFile::WriteOwner))
        return {};
    file.close();
    QStringList all{arguments.first(),        m_gate->gateway->apiUrl().toString(), u"--token-file"_s, file.fileName(), u"--ca"_s,
                    m_gate->file(u"ca.pem"_s)};
    return m_home->run(all + arguments.mid(1));
}

void TestSessionCommands::ownSessions()
{
    const QByteArray token = m_gate->token();
    QJsonObject other = m_gate->claims();
    other.insert("sid"_L1, u"s-phone"_s);
    const auto laptop = client(token);
    const auto phone = client(m_gate->token(other));
    QVERIFY(laptop && phone);
    const ToolHome::Run listed = run({u"sessions"_s}, token);
    QCOMPARE(listed.code, 0);
    QVERIFY2(listed.out.contains("s-ada\tada") && listed.out.contains("this one") && listed.out.contains("s-phone"),
             listed.out.constData());
    const ToolHome::Run ended = run({u"sessions"_s, u"--end"_s, u"s-phone"_s}, token);
    QCOMPARE(ended.code, 0);
    QVERIFY(phone->closed());
    QCOMPARE(phone->code(), 4410);
    QVERIFY(!laptop->isClosed);
    QVERIFY(!m_home->seen().contains(token));
}

void TestSessionCommands::sessionsOfAUser()
{
    const auto ada = client(m_gate->token());
    QVERIFY(ada);
    const ToolHome::Run listed = run({u"sessions"_s, u"--user"_s, u"ada"_s, u"--json"_s}, operatorToken());
    QCOMPARE(listed.code, 0);
    QCOMPARE(QJsonDocument::fromJson(listed.out).object().value("total"_L1).toInt(), 1);
    const ToolHome::Run connections = run({u"sessions"_s, u"--connections"_s}, operatorToken());
    QVERIFY2(connections.out.contains("/echo\t127.0.0.1"), connections.out.constData());
    QCOMPARE(run({u"sessions"_s, u"--user"_s, u"ada"_s, u"--end"_s, u"s-ada"_s, u"--reason"_s, u"lost"_s}, operatorToken()).code,
             0);
    QVERIFY(ada->closed());
}

void TestSessionCommands::locks()
{
    const auto ada = client(m_gate->token());
    QVERIFY(ada);
    const ToolHome::Run made =
        run({u"locks"_s, u"--user"_s, u"ada"_s, u"--for"_s, u"10min"_s, u"--message"_s, u"Call us"_s, u"--reason"_s, u"fraud"_s},
            operatorToken());
    QCOMPARE(made.code, 0);
    QVERIFY(ada->closed());
    QCOMPARE(ada->code(), 4423);
    const QString id = QString::fromLatin1(made.out.trimmed());
    const ToolHome::Run listed = run({u"locks"_s}, operatorToken());
    QVERIFY2(listed.out.contains(id.toLatin1() + "\tlocked\tuser\tada"), listed.out.constData());
    QCOMPARE(run({u"locks"_s, u"--remove"_s, id}, operatorToken()).code, 0);
    QVERIFY(run({u"locks"_s}, operatorToken()).out.isEmpty());
    QVERIFY(client(m_gate->token()));
}

void TestSessionCommands::kick()
{
    const auto ada = client(m_gate->token());
    const auto bob = client(m_gate->token(m_gate->claims(u"bob"_s)));
    QVERIFY(ada && bob);
    const ToolHome::Run tried = run({u"kick"_s, u"--user"_s, u"ada"_s, u"--reason"_s, u"r"_s, u"--dry-run"_s}, operatorToken());
    QVERIFY2(tried.code == 0 && tried.out.startsWith("1 would end"), tried.out.constData());
    QVERIFY(!ada->isClosed);
    QCOMPARE(run({u"kick"_s, u"--user"_s, u"ada"_s, u"--reason"_s, u"r"_s}, operatorToken()).code, 0);
    QVERIFY(ada->closed());
    QCOMPARE(ada->code(), 4411);
    QVERIFY(!bob->isClosed);
    QCOMPARE(run({u"kick"_s, u"--all"_s, u"--reason"_s, u"r"_s}, operatorToken()).code, 0);
    QVERIFY(bob->closed());
}

void TestSessionCommands::mistakes_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("whom") << QStringList{u"kick"_s, u"--reason"_s, u"r"_s};
    QTest::newRow("why") << QStringList{u"kick"_s, u"--user"_s, u"ada"_s};
    QTest::newRow("how fast") << QStringList{u"kick"_s, u"--user"_s,       u"ada"_s, u"--reason"_s,
                                             u"r"_s,    u"--per-second"_s, u"fast"_s};
    QTest::newRow("two locks") << QStringList{u"locks"_s, u"--user"_s, u"ada"_s, u"--client"_s, u"app"_s, u"--reason"_s, u"r"_s};
    QTest::newRow("lock without reason") << QStringList{u"locks"_s, u"--user"_s, u"ada"_s};
    QTest::newRow("how long") << QStringList{u"locks"_s, u"--user"_s, u"ada"_s, u"--reason"_s, u"r"_s, u"--for"_s, u"ages"_s};
}

void TestSessionCommands::mistakes()
{
    QFETCH(QStringList, arguments);
    const auto ada = client(m_gate->token());
    QVERIFY(ada);
    QCOMPARE(run(arguments, operatorToken()).code, 2);
    QVERIFY(!ada->isClosed);
}

void TestSessionCommands::refusals()
{
    const ToolHome::Run forbidden = run({u"locks"_s}, m_gate->token());
    QCOMPARE(forbidden.code, 6);
    QVERIFY2(forbidden.err.contains("gw:read"), forbidden.err.constData());
    QCOMPARE(run({u"sessions"_s, u"--end"_s, u"s-none"_s}, m_gate->token()).code != 0, true);
    QCOMPARE(run({u"sessions"_s}, signJwt(m_gate->stranger, u"at+jwt"_s, m_gate->claims()).value()).code, 3);
    QFile token(m_home->filePath(u"token"_s));
    const ToolHome::Run plain = m_home->run({u"sessions"_s, u"http://127.0.0.1:1"_s, u"--token-file"_s, token.fileName()});
    QCOMPARE(plain.code, 2);
}

WATCHWORD_TEST_MAIN(TestSessionCommands)
#include "tst_sessioncommands.moc"
