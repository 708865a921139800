// SPDX-License-Identifier: Apache-2.0
#include "linkfixture.h"

#include "support/process.h"

#include <QSslCertificate>

#include <csignal>
#include <cstdio>

using namespace LinkTest;

namespace {

constexpr Duration kLifetime = 6s;
constexpr auto kAsleep = 8s;

/*! Tokens that say in their text until when they are good. */
class DatedTokens final : public TokenProvider
{
public:
    QFuture<Result<AccessToken>> requestToken(const TokenRequest &request) override
    {
        const WallTime now = Clock::system().wallNow();
        if (!m_token.isValidAt(now, request.minimumValidity) || request.rejectedFingerprint == m_token.value.fingerprint()) {
            m_token.expiresAt = now + kLifetime;
            m_token.value = Secret::copy("until-" + QByteArray::number(qint64(m_token.expiresAt->time_since_epoch().count())));
        }
        QPromise<Result<AccessToken>> promise;
        promise.start();
        promise.addResult(m_token);
        promise.finish();
        return promise.future();
    }
    //! How long \a token is still good; negative if it has ended.
    static Duration left(const QByteArray &token)
    {
        return Duration(token.mid(6).toLongLong()) - Clock::system().wallNow().time_since_epoch();
    }

private:
    AccessToken m_token;
};

// What the stopped process is: a program with a connection, and nothing else.
int runClient(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    DatedTokens tokens;
    ConnectionOptions options = plainOptions();
    options.url = QUrl(arguments.value(2));
    options.additionalCertificateAuthorities = QSslCertificate::fromPath(arguments.value(3));
    options.backoff.base = 20ms;
    options.planned = 20ms;
    Connection connection(&tokens, options);
    QObject::connect(&connection, &Connection::ready, &connection, [] {
        std::printf("READY\n");
        std::fflush(stdout);
    });
    connection.open();
    return QCoreApplication::exec();
}

/*! A server, the client's process, and what came from it after it was continued. */
struct Scene
{
    FakeGateway gateway;
    Support::ReadyProcess client;
    QTemporaryDir folder;
    bool isAwake = false;
    QString first; //!< Type of the frame, or "upgrade".
    QByteArray firstToken;

    void heard(const QString &what, const QByteArray &token)
    {
        if (!isAwake || !first.isEmpty())
            return;
        first = what;
        firstToken = token;
    }
    bool begin()
    {
        gateway.setTokenLifetime(kLifetime);
        QObject::connect(&gateway, &FakeGateway::requestReceived, &gateway,
                         [this] { heard(u"upgrade"_s, gateway.requests().constLast().bearer()); });
        QObject::connect(&gateway, &FakeGateway::accepted, &gateway, [this](FakePeer *peer) {
            QObject::connect(peer, &FakePeer::frameReceived, &gateway, [this](const Frame &frame) {
                heard(frame.type(), frame.fields().value("token"_L1).toString().toLatin1());
            });
            QObject::connect(peer, &FakePeer::textReceived, &gateway, [this](const QString &) { heard(u"text"_s, {}); });
        });
        if (!folder.isValid() || !gateway.listen())
            return false;
        QFile authority(folder.filePath(u"ca.pem"_s));
        if (!authority.open(QIODevice::WriteOnly) || authority.write(gateway.tls().authority.toPem()) <= 0)
            return false;
        authority.close();
        // Both ends of the handshake are here: the start must not hold up this thread.
        client.process().setProcessChannelMode(QProcess::ForwardedErrorChannel);
        client.process().start(QCoreApplication::applicationFilePath(),
                               {u"--client"_s, gateway.url(u"/stream"_s).toString(), authority.fileName()});
        return waitUntil([this] { return gateway.peer() && gateway.peer()->isOpen() && client.log().contains("READY"); });
    }
    bool send(int signal) { return ::kill(pid_t(client.process().processId()), signal) == 0; }
};

} // namespace

/*! A notebook that is closed and opened again: SIGSTOP and SIGCONT, over the end of the access token. */
class TestSleep : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void theFirstWordCarriesAFreshToken();
};

void TestSleep::theFirstWordCarriesAFreshToken()
{
    // Three at once, because sleeping takes its time: the server keeps the connection, closes it, and breaks it.
    Scene kept;
    Scene closed;
    Scene broken;
    const QList<Scene *> scenes{&kept, &closed, &broken};
    for (Scene *scene : scenes)
        QVERIFY(scene->begin());
    for (Scene *scene : scenes)
        QVERIFY(scene->send(SIGSTOP));
    const QDeadlineTimer asleep(kAsleep);
    const QDeadlineTimer middle(kAsleep / 2);
    QVERIFY(waitUntil([&] { return middle.hasExpired(); }));
    closed.gateway.peer()->bye(4401, u"refresh"_s, 0, u"token_expired"_s);
    broken.gateway.peer()->reset();
    QVERIFY(waitUntil([&] { return asleep.hasExpired(); }));
    for (Scene *scene : scenes) {
        scene->isAwake = true;
        QVERIFY(scene->send(SIGCONT));
    }
    for (Scene *scene : scenes)
        QVERIFY(waitUntil([&] { return !scene->first.isEmpty(); }));
    qInfo("first words: %s (good for %lld ms), %s (%lld ms), %s (%lld ms)", qPrintable(kept.first),
          static_cast<long long>(DatedTokens::left(kept.firstToken).count()), qPrintable(closed.first),
          static_cast<long long>(DatedTokens::left(closed.firstToken).count()), qPrintable(broken.first),
          static_cast<long long>(DatedTokens::left(broken.firstToken).count()));
    QVERIFY2(kept.first == "auth.refresh"_L1 || kept.first == "upgrade"_L1, qPrintable(kept.first));
    QCOMPARE(closed.first, u"upgrade"_s);
    QCOMPARE(broken.first, u"upgrade"_s);
    for (const Scene *scene : scenes)
        QVERIFY2(DatedTokens::left(scene->firstToken) > 1s, scene->firstToken.constData());
}

int main(int argc, char **argv)
{
    if (argc > 1 && qstrcmp(argv[1], "--client") == 0)
        return runClient(argc, argv);
    QCoreApplication application(argc, argv);
    TestSleep test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_sleep.moc"
