// SPDX-License-Identifier: Apache-2.0
// Whom Session, Connection and Client trust: the same options mean the same in all three, over real TLS.
#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/testing/fakegateway.h"
#include "watchword/testing/fakeissuer.h"

#include <QFile>
#include <QSignalSpy>
#include <QSslConfiguration>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

Q_DECLARE_METATYPE(Watchword::ErrorCode)

class TestAuthorities : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void cleanup();
    void session_data() { rows(); }
    void session();
    void connection_data() { rows(); }
    void connection();
    void client_data() { rows(); }
    void client();

private:
    enum List { Nobody, Ours, Strangers };
    static void rows();
    QList<QSslCertificate> certificates(int list) const;
    template <typename Options>
    Options trusting()
    {
        Options options;
        options.certificateAuthorities = certificates(m_only);
        options.additionalCertificateAuthorities = certificates(m_additional);
        return options;
    }
    bool browse(const QUrl &url) { return m_issuer->openBrowser(url); }

    QTemporaryDir m_folder;
    QList<QSslCertificate> m_ours;
    const QList<QSslCertificate> m_strangers{ThrowAwayTls::make().authority};
    const QSslConfiguration m_systems = QSslConfiguration::defaultConfiguration();
    std::unique_ptr<FakeIssuer> m_issuer;
    std::unique_ptr<FakeGateway> m_gateway;
    int m_only = Nobody;
    int m_additional = Nobody;
    bool m_trusted = false;
};

void TestAuthorities::initTestCase()
{
    QVERIFY(Support::makeCertificates(m_folder.path()));
    m_ours = QSslCertificate::fromPath(m_folder.filePath(u"ca.pem"_s));
    QCOMPARE(m_ours.size(), 1);
}

// Issuer and server have certificates of one authority, which the system knows or does not know.
void TestAuthorities::init()
{
    WatchwordTest::init();
    FakeIssuer::Options tls;
    tls.certificateFile = m_folder.filePath(u"server.pem"_s);
    tls.keyFile = m_folder.filePath(u"server.key"_s);
    m_issuer = std::make_unique<FakeIssuer>(tls);
    QVERIFY(m_issuer->listen());
    m_issuer->setBrowserAuthorities(m_ours);
    QFile key(tls.keyFile);
    QVERIFY(key.open(QIODevice::ReadOnly));
    const QByteArray pem = key.readAll();
    const QSsl::KeyAlgorithm algorithm = pem.contains("BEGIN RSA") || QSslKey(pem, QSsl::Ec).isNull() ? QSsl::Rsa : QSsl::Ec;
    m_gateway = std::make_unique<FakeGateway>();
    m_gateway->setTls({m_ours.first(), QSslCertificate::fromPath(tls.certificateFile).value(0), QSslKey(pem, algorithm)});
    QVERIFY(m_gateway->listen());
    QFETCH(int, only);
    QFETCH(int, additional);
    QFETCH(bool, system);
    QFETCH(bool, trusted);
    m_only = only;
    m_additional = additional;
    m_trusted = trusted;
    QSslConfiguration configuration = m_systems;
    configuration.setCaCertificates(system ? m_ours : QList<QSslCertificate>());
    QSslConfiguration::setDefaultConfiguration(configuration);
}

void TestAuthorities::cleanup()
{
    QSslConfiguration::setDefaultConfiguration(m_systems);
    m_issuer.reset();
    m_gateway.reset();
}

void TestAuthorities::rows()
{
    QTest::addColumn<bool>("system"); // it knows the authority
    QTest::addColumn<int>("only");
    QTest::addColumn<int>("additional");
    QTest::addColumn<bool>("trusted");
    QTest::newRow("known to the system") << true << int(Nobody) << int(Nobody) << true;
    QTest::newRow("unknown") << false << int(Nobody) << int(Nobody) << false;
    QTest::newRow("only ours") << false << int(Ours) << int(Nobody) << true;
    QTest::newRow("only a stranger, though the system knows ours") << true << int(Strangers) << int(Nobody) << false;
    QTest::newRow("additional") << false << int(Nobody) << int(Ours) << true;
    QTest::newRow("another additional one beside the system's") << true << int(Nobody) << int(Strangers) << true;
    QTest::newRow("additional beside only a stranger") << false << int(Strangers) << int(Ours) << true;
}

QList<QSslCertificate> TestAuthorities::certificates(int list) const
{
    return list == Ours ? m_ours : list == Strangers ? m_strangers : QList<QSslCertificate>();
}

void TestAuthorities::session()
{
    auto options = trusting<SessionOptions>();
    options.issuer = m_issuer->url();
    options.clientId = u"app"_s;
    options.storage = StoragePolicy::MemoryOnly;
    options.openBrowser = [this](const QUrl &url) { return browse(url); };
    Session session(options);
    QSignalSpy failed(&session, &Session::signInFailed);
    session.signIn();
    QVERIFY(waitUntil([&] { return session.state() == Session::State::Active || !failed.isEmpty(); }, 20s));
    QCOMPARE(session.state() == Session::State::Active, m_trusted);
    if (!m_trusted)
        QCOMPARE(failed.first().first().value<Error>().code(), ErrorCode::TlsFailed);
}

void TestAuthorities::connection()
{
    auto options = trusting<ConnectionOptions>();
    options.url = m_gateway->url();
    options.budget = std::make_shared<ConnectBudget>();
    AccessToken token;
    token.value = Secret::copy("token");
    FixedTokenProvider tokens(token);
    if (!m_trusted) // somebody has to change something
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"TlsFailed.*additionalCertificateAuthorities"_s));
    Connection connection(&tokens, options);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == Connection::State::Ready || !connection.attempts().isEmpty(); }, 20s));
    if (m_trusted) {
        QVERIFY(waitUntil([&] { return connection.state() == Connection::State::Ready; }, 20s));
    } else {
        QVERIFY(waitUntil([&] { return connection.lastError().condition() == Error(ErrorCode::TlsFailed).condition(); }, 20s));
        QVERIFY(m_gateway->requests().isEmpty());
    }
}

void TestAuthorities::client()
{
    auto options = trusting<ClientOptions>();
    options.issuer = m_issuer->url();
    options.clientId = u"app"_s;
    options.server = m_gateway->url();
    options.storage = StoragePolicy::MemoryOnly;
    options.openBrowser = [this](const QUrl &url) { return browse(url); };
    options.connection.budget = std::make_shared<ConnectBudget>();
    Client client(options);
    QSignalSpy failed(&client.session(), &Session::signInFailed);
    client.signIn();
    QVERIFY(waitUntil([&] { return client.state() == Client::State::Ready || !failed.isEmpty(); }, 20s));
    QCOMPARE(client.state() == Client::State::Ready, m_trusted);
    if (!m_trusted)
        QCOMPARE(client.lastError().code(), ErrorCode::TlsFailed);
}

WATCHWORD_TEST_MAIN(TestAuthorities)
#include "tst_authorities.moc"
