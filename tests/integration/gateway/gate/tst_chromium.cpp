// SPDX-License-Identifier: Apache-2.0
// A page in a real browser: by subprotocol, by ticket and in the first message, from an Origin that is allowed and one that is
// not.
#include "auditedgate.h"
#include "support/process.h"
#include "support/testmain.h"

#include <QJsonDocument>
#include <QStandardPaths>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

const QByteArray kPage = R"(<!doctype html><title>page</title><script>
const token = location.hash.slice(1).split(',')[1];
const base64url = text => btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const host = location.hash.slice(1).split(',')[0];
function open(path, protocols, first) {
  return new Promise(resolve => {
    const socket = new WebSocket(host + path, protocols);
    let got = '';
    socket.onopen = () => { if (first) socket.send(first); };
    socket.onmessage = event => {
      got += event.data;
      if (got.includes('"t":"hello"')) { resolve('open ' + socket.protocol); socket.close(); }
    };
    socket.onclose = event => resolve('closed ' + event.code);
  });
}
async function buy(path) {
  try {
    const answer = await fetch(host.replace(/^wss/, 'https') + '/v1/tickets?path=' + encodeURIComponent(path),
                               {method: 'POST', headers: {Authorization: 'Bearer ' + token}});
    return answer.ok ? (await answer.json()).ticket : 'status ' + answer.status;
  } catch (error) { return 'refused'; }
}
(async () => {
  const result = {};
  result.subprotocol = await open('/echo', ['watchword.v1', 'watchword.bearer.' + base64url(token)]);
  result.wrong = await open('/echo', ['watchword.v1', 'watchword.bearer.' + base64url('a.b.c')]);
  result.told = await open('/told', ['watchword.v1', 'watchword.bearer.' + base64url('a.b.c')]);
  const ticket = await buy('/page');
  result.bought = ticket.length === 43 ? 'yes' : ticket;
  result.ticket = await open('/page?ticket=' + ticket, ['watchword.v1']);
  result.again = await open('/page?ticket=' + ticket, ['watchword.v1']);
  result.first = await open('/first', ['watchword.v1'], '\u001e' + JSON.stringify({t: 'auth', token}));
  result.firstWrong = await open('/first', ['watchword.v1'], '\u001e' + JSON.stringify({t: 'auth', token: 'a.b.c'}));
  await fetch('/result', {method: 'POST', body: JSON.stringify(result)});
})();
</script>)";

} // namespace

class TestChromium : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void pageOfAnAllowedOrigin();
    void pageOfAnotherOrigin();

private:
    QJsonObject visit();

    AuditedGate m_gate;
    std::unique_ptr<HttpServer> m_pages;
    QString m_chromium;
    std::optional<QJsonObject> m_result;
};

void TestChromium::initTestCase()
{
    m_chromium = QStandardPaths::findExecutable(u"chromium"_s);
    REQUIRE_COMPONENT(!m_chromium.isEmpty(), "chromium");
    QVERIFY(m_gate.prepare());
    m_pages = std::make_unique<HttpServer>([this](const HttpRequest &request, auto respond) {
        HttpResponse response;
        if (request.head.path == "/result")
            m_result = QJsonDocument::fromJson(request.body).object();
        else
            response.with("Content-Type", "text/html; charset=utf-8").body = kPage;
        respond(response);
    });
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setLocalCertificateChain(QSslCertificate::fromPath(m_gate.file(u"server.pem"_s)));
    QFile key(m_gate.file(u"server.key"_s));
    QVERIFY(key.open(QIODevice::ReadOnly));
    tls.setPrivateKey(QSslKey(&key, QSsl::Ec));
    QVERIFY(m_pages->listen(QHostAddress(QHostAddress::LocalHost), 0, tls));
    using Way = EndpointConfig::CredentialWay;
    m_gate.addEndpoint(u"/page"_s, EndpointConfig::Service::Echo).credentials = Way::Ticket;
    m_gate.addEndpoint(u"/first"_s, EndpointConfig::Service::Echo).credentials = Way::FirstMessage;
    m_gate.addEndpoint(u"/told"_s, EndpointConfig::Service::Echo).rejectStyle = EndpointConfig::RejectStyle::AcceptThenClose;
    for (EndpointConfig &endpoint : m_gate.config.endpoints)
        endpoint.origins = QStringList{u"https://127.0.0.1:%1"_s.arg(m_pages->port())};
    QVERIFY(m_gate.begin());
}

// The result that the page tells its server.
QJsonObject TestChromium::visit()
{
    m_result.reset();
    QTemporaryDir profile;
    QProcess browser;
    browser.setProcessChannelMode(QProcess::MergedChannels);
    // The test's authority is unknown to it. Nothing but the test's own servers is asked.
    browser.start(m_chromium,
                  {u"--headless=new"_s, u"--no-sandbox"_s, u"--disable-gpu"_s, u"--disable-dev-shm-usage"_s, u"--no-first-run"_s,
                   u"--disable-background-networking"_s, u"--ignore-certificate-errors"_s, u"--user-data-dir="_s + profile.path(),
                   u"https://127.0.0.1:%1/#%2,%3"_s.arg(QString::number(m_pages->port()), m_gate.gateway->url().toString(),
                                                        QString::fromLatin1(m_gate.token(m_gate.claims(u"ada"_s, 600))))});
    Support::waitUntil([this] { return m_result.has_value(); }, std::chrono::seconds(60));
    browser.kill();
    browser.waitForFinished();
    if (!m_result)
        qWarning("%s", browser.readAll().constData());
    return m_result.value_or(QJsonObject());
}

void TestChromium::pageOfAnAllowedOrigin()
{
    const QJsonObject result = visit();
    QCOMPARE(result.value("subprotocol"_L1).toString(), u"open watchword.v1"_s);
    QCOMPARE(result.value("wrong"_L1).toString(), u"closed 1006"_s); // a browser shows no status
    QCOMPARE(result.value("told"_L1).toString(), u"closed 4402"_s);
    QCOMPARE(result.value("bought"_L1).toString(), u"yes"_s);
    QCOMPARE(result.value("ticket"_L1).toString(), u"open watchword.v1"_s);
    QCOMPARE(result.value("again"_L1).toString(), u"closed 1006"_s);
    QCOMPARE(result.value("first"_L1).toString(), u"open watchword.v1"_s);
    QCOMPARE(result.value("firstWrong"_L1).toString(), u"closed 4402"_s);
}

void TestChromium::pageOfAnotherOrigin()
{
    GatewayConfig next = m_gate.config;
    for (EndpointConfig &endpoint : next.endpoints)
        endpoint.origins = QStringList{u"https://app.example.com"_s};
    QVERIFY(m_gate.gateway->reload(next));
    const QJsonObject result = visit();
    for (const QString &name : {u"subprotocol"_s, u"wrong"_s, u"told"_s, u"ticket"_s, u"again"_s, u"first"_s, u"firstWrong"_s})
        QCOMPARE(result.value(name).toString(), u"closed 1006"_s);
    QCOMPARE(result.value("bought"_L1).toString(), u"refused"_s); // by the browser: nothing allows the page to see more
    const QList<AuditEvent> denied = m_gate.events(u"conn.origin_denied"_s);
    QVERIFY(denied.size() >= 8);
}

WATCHWORD_TEST_MAIN(TestChromium)
#include "tst_chromium.moc"
