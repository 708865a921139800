// SPDX-License-Identifier: Apache-2.0
// Every option of a Session and of a Connection can be set through ClientOptions, and means the same there.
#include "support/testmain.h"
#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/link/networkhints.h"
#include "watchword/testing/manualclock.h"
#include "watchword/testing/throwawaytls.h"

#include <functional>
#include <utility>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// How many members an aggregate has: as many values as it can be initialised with.
struct AnyValue
{
    template <typename T>
    operator T() const;
};

template <typename T, std::size_t... Index>
constexpr bool takes(std::index_sequence<Index...>)
{
    return requires
    {
        T{(void(Index), AnyValue())...};
    };
}

template <typename T, std::size_t Count = 1>
constexpr std::size_t memberCount()
{
    if constexpr (takes<T>(std::make_index_sequence<Count + 1>()))
        return memberCount<T, Count + 1>();
    else
        return Count;
}

struct TwoMembers
{
    QUrl url{};
    int number = 0;
};
static_assert(memberCount<TwoMembers>() == 2);

class NoHints final : public NetworkHints
{
public:
    bool isDisconnected() const override { return false; }
    bool isBehindCaptivePortal() const override { return false; }
};

class FixedRandom final : public RandomSource
{
public:
    double nextUnit() override { return 0.5; }
};

/*! One option of SessionOptions, set through ClientOptions. */
struct SessionOption
{
    const char *name;
    std::function<void(ClientOptions &)> set;
    std::function<bool(const SessionOptions &)> isSet;
};

} // namespace

class TestClientOptions : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void shortestForm();
    void everySessionOption();
    void defaultsAreTheSessions();
    void oneApplicationId_data();
    void oneApplicationId();
    void everyConnectionOption();
    void sharedOptionsReachBoth();
    void theConnectionMayDiffer();

private:
    std::vector<SessionOption> sessionOptions();

    ManualClock m_clock;
    NoHints m_hints;
    FixedRandom m_random;
    const QList<QSslCertificate> m_first{ThrowAwayTls::make().authority};
    const QList<QSslCertificate> m_second{ThrowAwayTls::make().authority};
};

// Of the README: these four in this order.
void TestClientOptions::shortestForm()
{
    const ClientOptions options{.issuer = QUrl(u"https://login.example.com"_s),
                                .clientId = u"orders-desktop"_s,
                                .scopes = {u"openid"_s, u"orders:read"_s},
                                .server = QUrl(u"wss://orders.example.com/v1/stream"_s)};
    QCOMPARE(options.sessionOptions().issuer, options.issuer);
    QCOMPARE(options.sessionOptions().clientId, options.clientId);
    QCOMPARE(options.sessionOptions().scopes, options.scopes);
    QCOMPARE(options.connectionOptions().url, options.server);
    QVERIFY(options.connectionOptions().validate());
}

std::vector<SessionOption> TestClientOptions::sessionOptions()
{
    using C = ClientOptions;
    using S = SessionOptions;
    const QUrl url(u"https://somewhere.example"_s);
    const QString text = u"something"_s;
    const auto keys = std::make_shared<MemoryKeyStore>();
    const QList<std::pair<QString, QString>> parameters{{u"ui_locales"_s, u"de"_s}};
    return {
        {"issuer", [=](C &c) { c.issuer = url; }, [=](const S &s) { return s.issuer == url; }},
        {"clientId", [=](C &c) { c.clientId = text; }, [=](const S &s) { return s.clientId == text; }},
        {"scopes", [=](C &c) { c.scopes = {text}; }, [=](const S &s) { return s.scopes == QStringList{text}; }},
        {"resource", [=](C &c) { c.resource = url; }, [=](const S &s) { return s.resource == url; }},
        {"account", [=](C &c) { c.account = text; }, [=](const S &s) { return s.account == text; }},
        {"applicationId", [=](C &c) { c.applicationId = text; }, [=](const S &s) { return s.applicationId == text; }},
        {"loginHint", [=](C &c) { c.loginHint = text; }, [=](const S &s) { return s.loginHint == text; }},
        {"storage", [](C &c) { c.storage = StoragePolicy::MemoryOnly; },
         [](const S &s) { return s.storage == StoragePolicy::MemoryOnly; }},
        {"storageFolder", [=](C &c) { c.storageFolder = text; }, [=](const S &s) { return s.storageFolder == text; }},
        {"keyStore", [=](C &c) { c.keyStore = keys; }, [=](const S &s) { return s.keyStore == keys; }},
        {"askPassphrase", [](C &c) { c.askPassphrase = [](const PassphraseQuestion &) { return QFuture<Result<Secret>>(); }; },
         [](const S &s) { return bool(s.askPassphrase); }},
        {"redirectPorts", [](C &c) { c.redirectPorts = {4711}; },
         [](const S &s) { return s.redirectPorts == QList<quint16>{4711}; }},
        {"redirectPath", [=](C &c) { c.redirectPath = text; }, [=](const S &s) { return s.redirectPath == text; }},
        {"route", [](C &c) { c.route = SignInRoute::Device; }, [](const S &s) { return s.route == SignInRoute::Device; }},
        {"privateUseRedirect", [=](C &c) { c.privateUseRedirect = url; },
         [=](const S &s) { return s.privateUseRedirect == url; }},
        {"pushedAuthorization", [](C &c) { c.pushedAuthorization = PushedAuthorization::Always; },
         [](const S &s) { return s.pushedAuthorization == PushedAuthorization::Always; }},
        {"tokenBinding", [](C &c) { c.tokenBinding = TokenBinding::Required; },
         [](const S &s) { return s.tokenBinding == TokenBinding::Required; }},
        {"extraParameters", [=](C &c) { c.extraParameters = parameters; },
         [=](const S &s) { return s.extraParameters == parameters; }},
        {"certificateAuthorities", [this](C &c) { c.certificateAuthorities = m_first; },
         [this](const S &s) { return s.certificateAuthorities == m_first; }},
        {"additionalCertificateAuthorities", [this](C &c) { c.additionalCertificateAuthorities = m_first; },
         [this](const S &s) { return s.additionalCertificateAuthorities == m_first; }},
        {"openBrowser", [](C &c) { c.openBrowser = [](const QUrl &) { return true; }; },
         [](const S &s) { return bool(s.openBrowser); }},
        {"networkHints", [this](C &c) { c.networkHints = &m_hints; }, [this](const S &s) { return s.networkHints == &m_hints; }},
        {"clock", [this](C &c) { c.clock = &m_clock; }, [this](const S &s) { return s.clock == &m_clock; }},
        {"random", [this](C &c) { c.random = &m_random; }, [this](const S &s) { return s.random == &m_random; }},
        {"signInTimeout", [](C &c) { c.signInTimeout = 7s; }, [](const S &s) { return s.signInTimeout == 7s; }},
        {"destructionGrace", [](C &c) { c.destructionGrace = 7ms; }, [](const S &s) { return s.destructionGrace == 7ms; }},
        {"lifetimeFromJwt", [](C &c) { c.lifetimeFromJwt = true; }, [](const S &s) { return s.lifetimeFromJwt; }},
        {"allowLoopbackHttp", [](C &c) { c.allowLoopbackHttp = true; }, [](const S &s) { return s.allowLoopbackHttp; }},
    };
}

// An option that is new in SessionOptions has to be added to ClientOptions and to the list above.
void TestClientOptions::everySessionOption()
{
    const std::vector<SessionOption> all = sessionOptions();
    QCOMPARE(all.size(), memberCount<SessionOptions>());
    for (const SessionOption &option : all) {
        ClientOptions options;
        QVERIFY2(!option.isSet(options.sessionOptions()), option.name);
        option.set(options);
        QVERIFY2(option.isSet(options.sessionOptions()), option.name);
    }
}

void TestClientOptions::defaultsAreTheSessions()
{
    const SessionOptions of = ClientOptions().sessionOptions();
    const SessionOptions plain = SessionOptions().completed();
    QCOMPARE(of.scopes, plain.scopes);
    QCOMPARE(of.account, plain.account);
    QCOMPARE(of.applicationId, plain.applicationId);
    QCOMPARE(of.storageFolder, plain.storageFolder);
    QVERIFY(of.storage == plain.storage);
    QVERIFY(of.route == plain.route);
    QVERIFY(of.pushedAuthorization == plain.pushedAuthorization);
    QVERIFY(of.tokenBinding == plain.tokenBinding);
    QCOMPARE(of.redirectPath, plain.redirectPath);
    QVERIFY(of.signInTimeout == plain.signInTimeout);
    QVERIFY(of.destructionGrace == plain.destructionGrace);
    QCOMPARE(of.lifetimeFromJwt, plain.lifetimeFromJwt);
    QCOMPARE(of.allowLoopbackHttp, plain.allowLoopbackHttp);
}

void TestClientOptions::oneApplicationId_data()
{
    QTest::addColumn<QString>("organisation");
    QTest::addColumn<QString>("application");
    QTest::addColumn<QString>("given");
    QTest::addColumn<QString>("expected");
    QTest::newRow("given") << u"Example"_s << u"orders"_s << u"mine"_s << u"mine"_s;
    QTest::newRow("both names") << u"Example"_s << u"orders"_s << QString() << u"Example.orders"_s;
    QTest::newRow("one name") << QString() << u"orders"_s << QString() << u"orders"_s;
    QTest::newRow("none") << QString() << QString() << QString() << u"client"_s;
}

void TestClientOptions::oneApplicationId()
{
    QFETCH(QString, organisation);
    QFETCH(QString, application);
    QFETCH(QString, given);
    QFETCH(QString, expected);
    const QString organisationBefore = QCoreApplication::organizationName();
    const QString applicationBefore = QCoreApplication::applicationName();
    QCoreApplication::setOrganizationName(organisation);
    QCoreApplication::setApplicationName(application.isEmpty() ? u""_s : application);
    ClientOptions client;
    client.clientId = u"client"_s;
    client.applicationId = given;
    SessionOptions session;
    session.clientId = u"client"_s;
    session.applicationId = given;
    session.storage = StoragePolicy::MemoryOnly;
    const QString ofClient = client.sessionOptions().applicationId;
    const QString ofSession = Session(session).options().applicationId;
    QCoreApplication::setOrganizationName(organisationBefore);
    QCoreApplication::setApplicationName(applicationBefore);
    if (application.isEmpty()) { // Qt names an application without a name by its file
        QCOMPARE(ofClient, ofSession);
        return;
    }
    QCOMPARE(ofClient, expected);
    QCOMPARE(ofSession, expected);
}

// They are set in one struct, which arrives as it is.
void TestClientOptions::everyConnectionOption()
{
    ClientOptions options;
    options.connection.subprotocols = {u"orders.v2"_s};
    options.connection.pinnedKeys = {QByteArray(32, 'k')};
    options.connection.maximumRedirects = 2;
    options.connection.connectTimeout = 7s;
    options.connection.offlineQueue = 7;
    options.connection.budget = std::make_shared<ConnectBudget>();
    const ConnectionOptions given = options.connectionOptions();
    QCOMPARE(given.subprotocols, options.connection.subprotocols);
    QCOMPARE(given.pinnedKeys, options.connection.pinnedKeys);
    QCOMPARE(given.maximumRedirects, 2);
    QVERIFY(given.connectTimeout == 7s);
    QCOMPARE(given.offlineQueue, 7);
    QCOMPARE(given.budget, options.connection.budget);
}

void TestClientOptions::sharedOptionsReachBoth()
{
    ClientOptions options;
    options.server = QUrl(u"wss://server.example/"_s);
    options.origin = "https://server.example";
    options.certificateAuthorities = m_first;
    options.additionalCertificateAuthorities = m_second;
    options.clock = &m_clock;
    options.random = &m_random;
    options.networkHints = &m_hints;
    const ConnectionOptions given = options.connectionOptions();
    QCOMPARE(given.url, options.server);
    QCOMPARE(given.origin, options.origin);
    QCOMPARE(given.certificateAuthorities, m_first);
    QCOMPARE(given.additionalCertificateAuthorities, m_second);
    QCOMPARE(given.clock, &m_clock);
    QCOMPARE(given.random, &m_random);
    QCOMPARE(given.networkHints, &m_hints);
}

void TestClientOptions::theConnectionMayDiffer()
{
    ClientOptions options;
    options.server = QUrl(u"wss://server.example/"_s);
    options.certificateAuthorities = m_first;
    options.additionalCertificateAuthorities = m_first;
    options.connection.url = QUrl(u"wss://other.example/"_s);
    options.connection.origin = "https://other.example";
    options.connection.certificateAuthorities = m_second;
    options.connection.additionalCertificateAuthorities = m_second;
    options.connection.clock = &m_clock;
    options.connection.random = &m_random;
    options.connection.networkHints = &m_hints;
    const ConnectionOptions given = options.connectionOptions();
    QCOMPARE(given.url, options.connection.url);
    QCOMPARE(given.origin, options.connection.origin);
    QCOMPARE(given.certificateAuthorities, m_second);
    QCOMPARE(given.additionalCertificateAuthorities, m_first + m_second);
    QCOMPARE(given.clock, &m_clock);
    const SessionOptions session = options.sessionOptions();
    QCOMPARE(session.certificateAuthorities, m_first);
    QCOMPARE(session.additionalCertificateAuthorities, m_first);
    QCOMPARE(session.clock, &Clock::system());
    QCOMPARE(session.random, &RandomSource::system());
}

WATCHWORD_TEST_MAIN(TestClientOptions)
#include "tst_clientoptions.moc"
