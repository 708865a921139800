// SPDX-License-Identifier: Apache-2.0
#include "peerfixture.h"

using namespace PeerTest;

/*! Client, reverse proxy, gateway: as most gateways are reached. TLS ends at the front and begins again behind it. */
class TestTlsFronts : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void carriesAndHeals_data();
    void carriesAndHeals();

private:
    QByteArray nginx(quint16 port) const;
    QByteArray haproxy(quint16 port) const;

    Support::GatewayProcess m_gateway;
};

void TestTlsFronts::initTestCase()
{
    QLoggingCategory::setFilterRules(u"watchword.*.info=false"_s);
    QVERIFY(m_gateway.prepare("[gateway]\nheartbeat = \"1 s\"\n[[endpoint]]\npath = \"/echo\"\nscopes = [\"use\"]\n"
                              "serves = \"echo\"\nlimits = { handshakes_per_second = 0 }\n"));
    QVERIFY(m_gateway.start());
    QVERIFY(writeFile(m_gateway.file(u"both.pem"_s),
                      readFile(m_gateway.file(u"server.pem"_s)) + readFile(m_gateway.file(u"server.key"_s))));
}

QByteArray TestTlsFronts::nginx(quint16 port) const
{
    const QByteArray folder = m_gateway.file({}).toLocal8Bit() + '/';
    return "daemon off; master_process off; pid " + folder + "nginx.pid; error_log " + folder
        + "nginx.err; events { worker_connections 64; }\nhttp { access_log off; client_body_temp_path " + folder
        + "t1; proxy_temp_path " + folder + "t2; fastcgi_temp_path " + folder + "t3; uwsgi_temp_path " + folder
        + "t4; scgi_temp_path " + folder + "t5;\nserver { listen 127.0.0.1:" + QByteArray::number(port) + " ssl; ssl_certificate "
        + folder + "server.pem; ssl_certificate_key " + folder + "server.key;\nlocation / { proxy_pass https://127.0.0.1:"
        + QByteArray::number(m_gateway.port()) + "; proxy_ssl_verify on; proxy_ssl_trusted_certificate " + folder
        + "ca.pem; proxy_ssl_name localhost; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
          "proxy_set_header Connection upgrade; proxy_set_header Host $http_host; } } }\n";
}

QByteArray TestTlsFronts::haproxy(quint16 port) const
{
    const QByteArray folder = m_gateway.file({}).toLocal8Bit() + '/';
    return "defaults\n mode http\n timeout connect 1s\n timeout client 10s\n timeout server 10s\n timeout tunnel 60s\n"
           " retries 0\nfrontend wss\n bind 127.0.0.1:"
        + QByteArray::number(port) + " ssl crt " + folder + "both.pem alpn http/1.1\n default_backend gateway\n"
        + "backend gateway\n server a 127.0.0.1:" + QByteArray::number(m_gateway.port()) + " ssl verify required ca-file "
        + folder + "ca.pem verifyhost localhost\n";
}

void TestTlsFronts::carriesAndHeals_data()
{
    QTest::addColumn<QString>("front");
    QTest::newRow("nginx") << u"nginx"_s;
    QTest::newRow("HAProxy") << u"haproxy"_s;
}

void TestTlsFronts::carriesAndHeals()
{
    QFETCH(const QString, front);
    const bool isNginx = front == "nginx"_L1;
    const QString program = programPath(front);
    REQUIRE_COMPONENT(!program.isEmpty(), "nginx or haproxy");
    const quint16 port = portThatIsFreeNow();
    const QString file = m_gateway.file(front + u".conf"_s);
    QVERIFY(writeFile(file, isNginx ? nginx(port) : haproxy(port)));
    const QStringList arguments = isNginx
        ? QStringList{u"-p"_s, m_gateway.file({}), u"-e"_s, m_gateway.file(u"nginx.err"_s), u"-c"_s, file}
        : QStringList{u"-db"_s, u"-f"_s, file};
    Daemon daemon;
    QVERIFY(daemon.start(program, arguments, port));

    Client client(m_gateway.url(u"/echo"_s, port), m_gateway.file(u"ca.pem"_s), m_gateway.token(front));
    client.open();
    QVERIFY(waitUntil([&] { return client.isReady(); }));
    QVERIFY(client.connection->isWatchword());
    const auto arrives = [&client](const QByteArray &text) {
        const QFuture<Result<void>> future = client.connection->deliver(text);
        return Support::waitFor(future) && future.result();
    };
    QVERIFY(arrives("through the front"));
    QVERIFY(waitUntil([&] { return client.texts.contains(u"through the front"_s); }));

    // The gateway goes: the front answers in its place, and says so.
    m_gateway.kill();
    QVERIFY(waitUntil([&] { return !client.isReady(); }));
    const int status = isNginx ? 502 : 503;
    const auto frontSaidSo = [&client, status] {
        return std::any_of(client.errors.cbegin(), client.errors.cend(),
                           [status](const Error &error) { return error.httpStatus() == status; });
    };
    QVERIFY(waitUntil(frontSaidSo));
    const QFuture<Result<void>> waiting = client.connection->deliver("sent while it was away");
    QVERIFY(!waiting.isFinished());
    QVERIFY(m_gateway.start());
    QVERIFY(Support::waitFor(waiting));
    QVERIFY(waiting.result());

    // The front goes, and comes back.
    const int readies = client.readies;
    daemon.stop();
    QVERIFY(waitUntil([&] { return !client.isReady(); }));
    QVERIFY(daemon.start(program, arguments, port));
    QVERIFY(waitUntil([&] { return client.readies > readies; }));
    QVERIFY(arrives("after all that"));
    QVERIFY(client.ends.isEmpty());
}

WATCHWORD_TEST_MAIN(TestTlsFronts)
#include "tst_tlsfronts.moc"
