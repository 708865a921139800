// SPDX-License-Identifier: Apache-2.0
#include "stage.h"
#include "support/testmain.h"
#include "toolrun.h"

#include <QDeadlineTimer>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTcpServer>
#include <QTcpSocket>
#include <QUrlQuery>

#include <csignal>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*!
    The command line as a script uses it: signed in at npm oidc-provider, the key in a real Secret Service,
   the token taken by curl to the gateway. Each function goes on where the one before stopped.
*/
class TestSignInCommands : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override { } // the programs' own output is looked at; the provider prints warnings
    void nobodyIsThere();
    void signIn();
    void accountsAreListed();
    void tokenForCurl();
    void tokenIsRefreshed();
    void tokenThatDoesNotLastIsNone();
    void interruptedSignIn_data();
    void interruptedSignIn();
    void noBrowserToBeFound();
    void mistakesAtSignIn();
    void everyOptionArrives();
    void pushedRequest();
    void strengthOfTheFirstSignIn();
    void strongerSignIn();
    void passphraseInsteadOfKeychain();
    void eventsInOrder();
    void connectEchoes();
    void explains();
    void secondAccount();
    void anotherDevice();
    void refusedOnTheOtherDevice();
    void boundToken();
    void signOut();

private:
    QStringList signInArguments(const QStringList &more = {});
    ToolHome::Run signInAs(const QStringList &more);
    //! The sign-in ends by \a signal as soon as it has shown its link, which \a query gets the query of.
    ToolHome::Run signInUntil(int signal, const QStringList &more, QUrlQuery *query);
    QByteArray statusOf(const QString &authorization, const QString &before = {});
    int stat(const QString &name) { return m_stage.providerStats().value(name).toInt(); }

    Stage m_stage;
    ToolHome m_home;
};

namespace {

QJsonObject lastObject(const QByteArray &out)
{
    return QJsonDocument::fromJson(out.trimmed().mid(out.trimmed().lastIndexOf('\n') + 1)).object();
}

bool looksLikeJwt(const QByteArray &text)
{
    return text.startsWith("eyJ") && text.count('.') == 2 && !text.contains('\n');
}

} // namespace

void TestSignInCommands::initTestCase()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    const QString problem = m_stage.build();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

QStringList TestSignInCommands::signInArguments(const QStringList &more)
{
    const Watchword::ClientOptions options = m_stage.clientOptions();
    return QStringList{u"sign-in"_s,
                       u"--issuer"_s,
                       options.issuer.toString(),
                       u"--client-id"_s,
                       options.clientId,
                       u"--scope"_s,
                       options.scopes.join(u' '),
                       u"--resource"_s,
                       options.resource.toString(),
                       u"--ca"_s,
                       m_stage.authorityFile(),
                       u"--json"_s}
    + more;
}

ToolHome::Run TestSignInCommands::signInAs(const QStringList &more)
{
    const auto browser = m_stage.browser();
    return m_home.run(signInArguments(QStringList(u"--no-browser"_s) + more), [&browser](const QByteArray &line) {
        const QJsonObject said = QJsonDocument::fromJson(line).object();
        if (said.contains("sign_in_url"_L1))
            browser(QUrl(said.value("sign_in_url"_L1).toString()));
    });
}

void TestSignInCommands::nobodyIsThere()
{
    for (const QString &command : {u"token"_s, u"explain"_s, u"sign-out"_s}) {
        const ToolHome::Run run = m_home.run({command, u"--json"_s});
        QCOMPARE(run.code, 3);
        QVERIFY(run.out.isEmpty());
        QVERIFY(!QJsonDocument::fromJson(run.err).object().value("error"_L1).toString().isEmpty());
    }
    const ToolHome::Run none = m_home.run({u"accounts"_s, u"--json"_s});
    QCOMPARE(none.code, 0);
    QCOMPARE(none.out.trimmed(), QByteArray("[]"));
}

void TestSignInCommands::signIn()
{
    const ToolHome::Run run = signInAs({});
    QVERIFY2(run.code == 0, run.err.constData());
    const QJsonObject said = lastObject(run.out);
    QCOMPARE(said.value("account"_L1).toString(), u"default"_s);
    QCOMPARE(said.value("subject"_L1).toString(), u"alice"_s);
    QVERIFY(!said.value("expires_at"_L1).toString().isEmpty());
}

void TestSignInCommands::accountsAreListed()
{
    const ToolHome::Run run = m_home.run({u"accounts"_s});
    QCOMPARE(run.code, 0);
    QVERIFY2(run.out.startsWith("* default"), run.out.constData());
    const QJsonArray all = QJsonDocument::fromJson(m_home.run({u"accounts"_s, u"--json"_s}).out).array();
    QCOMPARE(all.size(), 1);
    QCOMPARE(all.first()["client_id"_L1].toString(), u"native"_s);
    QVERIFY(all.first()["default"_L1].toBool());
}

// What a script does, with the gateway deciding.
QByteArray TestSignInCommands::statusOf(const QString &authorization, const QString &before)
{
    const QString url = m_stage.gatewayUrl().toString().replace(u"wss:"_s, u"https:"_s) + u"/v1/stream"_s;
    const QString script = uR"(%4 curl -sS -o /dev/null -w '%{http_code}' --max-time 3 --http1.1 --cacert '%1' %2 \
        -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
        -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' '%3' 2>/dev/null || true)"_s.arg(m_stage.authorityFile(), authorization,
                                                                                          url, before);
    return m_home.shell(script).out;
}

void TestSignInCommands::tokenForCurl()
{
    QCOMPARE(statusOf(QString()), QByteArray("401"));
    QCOMPARE(statusOf(u"-H 'Authorization: Bearer nonsense'"_s), QByteArray("401"));
    QCOMPARE(statusOf(u"-H \"Authorization: Bearer $(watchword token --raw)\""_s), QByteArray("101"));

    // Better, because the token is no argument of curl's: header lines on standard input.
    const QString url = m_stage.gatewayUrl().toString().replace(u"wss:"_s, u"https:"_s) + u"/v1/stream"_s;
    QCOMPARE(statusOf(u"-H @-"_s, u"watchword token --headers '%1' |"_s.arg(url)), QByteArray("101"));
    QCOMPARE(m_home.run({u"token"_s, u"--raw"_s, u"--headers"_s, url}).code, 2);

    const ToolHome::Run json = m_home.run({u"token"_s});
    QCOMPARE(json.code, 0);
    const QJsonObject token = lastObject(json.out);
    QVERIFY(looksLikeJwt(token.value("access_token"_L1).toString().toLatin1()));
    QCOMPARE(token.value("token_type"_L1).toString(), u"Bearer"_s);
    QVERIFY(token.value("scope"_L1).toString().contains(u"orders:read"_s));
}

void TestSignInCommands::tokenIsRefreshed()
{
    const QByteArray first = m_home.run({u"token"_s, u"--raw"_s}).out.trimmed();
    QVERIFY(looksLikeJwt(first));
    // Tokens live 5 s: after a while another comes, by the refresh token that the store kept.
    QByteArray later = first;
    for (const QDeadlineTimer end(std::chrono::seconds(20)); later == first && !end.hasExpired();) {
        const ToolHome::Run run = m_home.run({u"token"_s, u"--raw"_s, u"--min-valid"_s, u"3s"_s});
        QVERIFY2(run.code == 0, run.err.constData());
        later = run.out.trimmed();
    }
    QVERIFY(looksLikeJwt(later));
    QVERIFY(later != first);
    QVERIFY(m_stage.providerStats().value("token"_L1).toObject().value("refresh_token"_L1).toInt() >= 1);
}

void TestSignInCommands::tokenThatDoesNotLastIsNone()
{
    const ToolHome::Run run = m_home.run({u"token"_s, u"--json"_s, u"--min-valid"_s, u"60s"_s});
    QVERIFY2(run.code == 2, run.err.constData());
    QVERIFY(run.out.isEmpty());
    const QJsonObject said = lastObject(run.err);
    QCOMPARE(said.value("error"_L1).toString(), u"InvalidArgument"_s);
    QVERIFY2(said.value("detail"_L1).toString().endsWith(u"--min-valid asks for 60 s"_s), run.err.constData());
    QVERIFY(!said.value("remedy"_L1).toString().isEmpty());
}

ToolHome::Run TestSignInCommands::signInUntil(int signal, const QStringList &more, QUrlQuery *query)
{
    return m_home.run(signInArguments(QStringList(u"--no-browser"_s) + more), [&](const QByteArray &line) {
        const QJsonObject said = QJsonDocument::fromJson(line).object();
        if (!said.contains("sign_in_url"_L1))
            return;
        *query = QUrlQuery(QUrl(said.value("sign_in_url"_L1).toString()));
        ::kill(pid_t(m_home.pid()), signal);
    });
}

void TestSignInCommands::interruptedSignIn_data()
{
    QTest::addColumn<int>("signal");
    QTest::addColumn<int>("code");
    QTest::newRow("SIGINT") << SIGINT << 130;
    QTest::newRow("SIGTERM") << SIGTERM << 143;
}

void TestSignInCommands::interruptedSignIn()
{
    QFETCH(int, signal);
    QFETCH(int, code);
    QUrlQuery query;
    const ToolHome::Run run = signInUntil(signal, {u"--account"_s, u"interrupted"_s}, &query);
    QVERIFY2(run.code == code, run.err.constData());
    // Nothing is half done: the account is not there, and nobody listens for its redirect.
    QCOMPARE(m_home.run({u"token"_s, u"--account"_s, u"interrupted"_s}).code, 3);
    const QUrl redirect(query.queryItemValue(u"redirect_uri"_s, QUrl::FullyDecoded));
    QVERIFY(redirect.port() > 0);
    QTcpSocket socket;
    socket.connectToHost(redirect.host(), quint16(redirect.port()));
    QVERIFY(!socket.waitForConnected(2'000));
    QCOMPARE(socket.error(), QAbstractSocket::ConnectionRefusedError);
    QVERIFY(m_home.run({u"accounts"_s}).out.startsWith("* default")); // the others are as they were
}

// The link is shown as with --no-browser, and the person has all the time.
void TestSignInCommands::noBrowserToBeFound()
{
    m_home.setVariable(u"PATH"_s, u"/nonexistent"_s);
    int links = 0;
    const ToolHome::Run run =
        m_home.run(signInArguments({u"--browser"_s, u"--account"_s, u"interrupted"_s}), [&](const QByteArray &line) {
            links += QJsonDocument::fromJson(line).object().contains("sign_in_url"_L1) ? 1 : 0;
            ::kill(pid_t(m_home.pid()), SIGTERM);
        });
    m_home.clearVariables();
    QVERIFY2(run.code == 143, run.err.constData());
    QCOMPARE(links, 1);
}

void TestSignInCommands::mistakesAtSignIn()
{
    QStringList untrusted = signInArguments({u"--no-browser"_s, u"--account"_s, u"mistaken"_s});
    QStringList misnamed = untrusted;
    untrusted.remove(untrusted.indexOf(u"--ca"_s), 2);
    QCOMPARE(m_home.run(untrusted).code, 4);
    misnamed[misnamed.indexOf(u"--issuer"_s) + 1] += u'/';
    const ToolHome::Run run = m_home.run(misnamed);
    QVERIFY2(run.code == 2 && run.err.contains("IssuerMismatch"), run.err.constData());
}

void TestSignInCommands::everyOptionArrives()
{
    QTcpServer probe;
    QVERIFY(probe.listen(QHostAddress::LocalHost));
    const quint16 port = probe.serverPort();
    probe.close();
    const QString first = QString::number(port);
    QUrlQuery query;
    const ToolHome::Run run =
        signInUntil(SIGINT,
                    {u"--account"_s, u"options"_s, u"--login-hint"_s, u"erin@x"_s, u"--acr"_s, u"urn:mfa urn:pwd"_s,
                     u"--max-age"_s, u"5min"_s, u"--parameter"_s, u"ui_locales=de en"_s, u"--parameter"_s, u"x=a=b"_s,
                     u"--parameter"_s, u"client_id=evil"_s, u"--redirect-port"_s, first, u"--redirect-path"_s, u"/back"_s},
                    &query);
    QVERIFY2(run.code == 130, run.err.constData());
    const auto value = [&query](const QString &name) { return query.queryItemValue(name, QUrl::FullyDecoded); };
    QCOMPARE(value(u"login_hint"_s), u"erin@x"_s);
    QCOMPARE(value(u"acr_values"_s), u"urn:mfa urn:pwd"_s);
    QCOMPARE(value(u"max_age"_s), u"300"_s);
    QCOMPARE(value(u"ui_locales"_s), u"de en"_s);
    QCOMPARE(value(u"x"_s), u"a=b"_s);
    QCOMPARE(value(u"client_id"_s), u"native"_s); // ours are not replaced
    QCOMPARE(value(u"redirect_uri"_s), u"http://127.0.0.1:%1/back"_s.arg(first));
    QCOMPARE(value(u"resource"_s), m_stage.clientOptions().resource.toString());
}

void TestSignInCommands::pushedRequest()
{
    QUrlQuery query;
    const ToolHome::Run run = signInUntil(SIGINT, {u"--account"_s, u"pushed"_s, u"--par"_s, u"always"_s}, &query);
    QVERIFY2(run.code == 130, run.err.constData());
    QVERIFY2(query.hasQueryItem(u"request_uri"_s) && !query.hasQueryItem(u"scope"_s), qPrintable(query.toString()));
}

void TestSignInCommands::strengthOfTheFirstSignIn()
{
    const QStringList account{u"--account"_s, u"strong"_s};
    const QStringList strong = account + QStringList{u"--acr"_s, u"urn:strong"_s, u"--max-age"_s, u"1h"_s};
    QVERIFY(m_stage.control(u"weak?on=1"_s));
    const ToolHome::Run weak = signInAs(strong);
    QVERIFY(m_stage.control(u"weak?on=0"_s));
    QCOMPARE(weak.code, 3);
    const QJsonObject why = lastObject(weak.err);
    QCOMPARE(why.value("error"_L1).toString(), u"InsufficientAuthentication"_s);
    QVERIFY2(why.value("detail"_L1).toString().contains("urn:strong"_L1), weak.err.constData());
    QVERIFY(!why.value("remedy"_L1).toString().isEmpty());
    QCOMPARE(m_home.run(QStringList{u"token"_s, u"--raw"_s} + account).code, 3); // nobody is signed in
    QCOMPARE(signInAs(strong).code, 0);
    QCOMPARE(m_home.run(QStringList{u"sign-out"_s} + account).code, 0);
    const ToolHome::Run unverifiable = m_home.run({u"sign-in"_s, u"--issuer"_s, u"https://x"_s, u"--client-id"_s, u"a"_s,
                                                   u"--scope"_s, u"mail"_s, u"--acr"_s, u"urn:mfa"_s});
    QCOMPARE(unverifiable.code, 2);
}

// Somebody who is signed in already is asked anew, and what came back is verified.
void TestSignInCommands::strongerSignIn()
{
    const ToolHome::Run run = signInAs({u"--max-age"_s, u"1h"_s});
    QVERIFY2(run.code == 0, run.err.constData());
    QCOMPARE(lastObject(run.out).value("subject"_L1).toString(), u"alice"_s);
    QUrlQuery query;
    const ToolHome::Run again = signInUntil(SIGTERM, {u"--max-age"_s, u"0"_s}, &query);
    QVERIFY2(again.code == 143, again.err.constData());
    QCOMPARE(query.queryItemValue(u"max_age"_s), u"0"_s);
    QCOMPARE(m_home.run({u"token"_s, u"--raw"_s}).code, 0); // and who is signed in stays so
}

void TestSignInCommands::passphraseInsteadOfKeychain()
{
    QFile file(m_home.filePath(u"passphrase"_s));
    const auto write = [&file](const QByteArray &text) {
        return file.open(QIODevice::WriteOnly | QIODevice::Truncate) && file.setPermissions(QFile::ReadOwner | QFile::WriteOwner)
            && file.write(text) == text.size() && (file.close(), true);
    };
    QVERIFY(write("correct horse\n"));
    const QStringList account{u"--account"_s, u"sealed"_s};
    const ToolHome::Run run = signInAs(account + QStringList{u"--passphrase-file"_s, file.fileName()});
    QVERIFY2(run.code == 0, run.err.constData());
    const ToolHome::Run token = m_home.run(QStringList{u"token"_s, u"--raw"_s} + account);
    QVERIFY2(token.code == 0, token.err.constData());
    QVERIFY(looksLikeJwt(token.out.trimmed()));
    const ToolHome::Run explained = m_home.run(QStringList{u"explain"_s} + account);
    QVERIFY2(explained.out.contains("keychain: ") && !explained.out.contains("Secret Service"), explained.out.constData());
    QVERIFY(write("another horse\n"));
    const ToolHome::Run wrong = m_home.run(QStringList{u"token"_s, u"--timeout"_s, u"5s"_s} + account);
    QCOMPARE(wrong.code, 5);
    QVERIFY(write("correct horse"));
    QCOMPARE(m_home.run(QStringList{u"token"_s, u"--raw"_s} + account).code, 0); // nothing was lost by it
    QVERIFY(!m_home.seen().contains("correct horse"));
    QCOMPARE(m_home.run(QStringList{u"sign-out"_s} + account).code, 0);
    QVERIFY(m_home.run({u"accounts"_s}).out.startsWith("* default"));
}

void TestSignInCommands::eventsInOrder()
{
    const QList<QByteArray> lines = m_home.run({u"explain"_s}).out.split('\n');
    QList<QByteArray> times;
    for (const QByteArray &line : lines) {
        if (line.startsWith("  20"))
            times.append(line.trimmed().left(24));
    }
    QVERIFY(times.size() >= 2);
    QVERIFY2(std::is_sorted(times.begin(), times.end()), lines.join('\n').constData());
}

void TestSignInCommands::connectEchoes()
{
    const ToolHome::Run run = m_home.run({u"connect"_s, m_stage.gatewayUrl().toString() + u"/v1/stream"_s}, {}, "hello\nworld\n");
    QVERIFY2(run.code == 0, run.err.constData());
    QCOMPARE(run.out, QByteArray("hello\nworld\n"));
}

void TestSignInCommands::explains()
{
    const ToolHome::Run text = m_home.run({u"explain"_s});
    QVERIFY2(text.code == 0, text.err.constData());
    QVERIFY2(text.out.contains("state: Active"), text.out.constData());
    QVERIFY(text.out.contains("keychain: "));
    QVERIFY(text.out.contains("timeline, "));
    const QJsonObject json = lastObject(m_home.run({u"explain"_s, u"--json"_s}).out);
    QCOMPARE(json.value("state"_L1).toString(), u"Active"_s);
    QVERIFY(!json.value("versions"_L1).toObject().value("tls"_L1).toString().isEmpty());

    for (const QString &name : {u"bundle.json"_s, u"bundle.txt"_s}) {
        const ToolHome::Run run = m_home.run({u"explain"_s, u"--bundle"_s, m_home.filePath(name)});
        QVERIFY2(run.code == 0, run.err.constData());
        QFile file(m_home.filePath(name));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.permissions() & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
        const QByteArray bytes = file.readAll();
        QVERIFY(bytes.contains("Active"));
        QVERIFY(!bytes.contains("eyJ"));
        QVERIFY(!bytes.contains("alice"));
        if (name.endsWith(u".json"_s))
            QVERIFY(QJsonDocument::fromJson(bytes).object().value("sessions"_L1).toObject().contains("default"_L1));
    }
    QCOMPARE(m_home.run({u"explain"_s, u"--bundle"_s, m_home.filePath(u"none/bundle.json"_s)}).code, 5);
}

void TestSignInCommands::secondAccount()
{
    const ToolHome::Run run = signInAs({u"--account"_s, u"work"_s});
    QVERIFY2(run.code == 0, run.err.constData());
    QVERIFY(m_home.run({u"accounts"_s}).out.startsWith("* work")); // the last one that signed in
    const QByteArray work = m_home.run({u"token"_s, u"--raw"_s, u"--account"_s, u"work"_s}).out;
    const QByteArray other = m_home.run({u"token"_s, u"--raw"_s, u"--account"_s, u"default"_s}).out;
    QVERIFY(looksLikeJwt(work.trimmed()) && looksLikeJwt(other.trimmed()));
    QVERIFY(work != other);
    QCOMPARE(m_home.run({u"token"_s, u"--account"_s, u"nobody"_s}).code, 3);
}

void TestSignInCommands::anotherDevice()
{
    QJsonObject device;
    const ToolHome::Run run = m_home.run(signInArguments({u"--device"_s, u"--account"_s, u"tv"_s}), [&](const QByteArray &line) {
        const QJsonObject said = QJsonDocument::fromJson(line).object();
        if (!said.contains("user_code"_L1))
            return;
        device = said;
        m_stage.control(u"device?user=erin&user_code="_s + said.value("user_code"_L1).toString());
    });
    QVERIFY2(run.code == 0, run.err.constData());
    QVERIFY(!device.value("verification_uri"_L1).toString().isEmpty());
    QVERIFY(!device.value("expires_at"_L1).toString().isEmpty());
    QCOMPARE(lastObject(run.out).value("subject"_L1).toString(), u"erin"_s);
    QVERIFY(looksLikeJwt(m_home.run({u"token"_s, u"--raw"_s, u"--account"_s, u"tv"_s}).out.trimmed()));
}

void TestSignInCommands::refusedOnTheOtherDevice()
{
    const ToolHome::Run run =
        m_home.run(signInArguments({u"--device"_s, u"--account"_s, u"refused"_s}), [&](const QByteArray &line) {
            const QJsonObject said = QJsonDocument::fromJson(line).object();
            if (said.contains("user_code"_L1))
                m_stage.control(u"device?deny=1&user_code="_s + said.value("user_code"_L1).toString());
        });
    QCOMPARE(run.code, 6);
    QCOMPARE(lastObject(run.err).value("error"_L1).toString(), u"AccessDenied"_s);
    QCOMPARE(m_home.run({u"token"_s, u"--account"_s, u"refused"_s}).code, 3);
    QCOMPARE(m_home.run(signInArguments({u"--device"_s, u"--no-browser"_s})).code, 2);
}

void TestSignInCommands::boundToken()
{
    const ToolHome::Run run = signInAs({u"--dpop"_s, u"--account"_s, u"bound"_s});
    QVERIFY2(run.code == 0, run.err.constData());
    const QJsonObject token = lastObject(m_home.run({u"token"_s, u"--account"_s, u"bound"_s}).out);
    QCOMPARE(token.value("token_type"_L1).toString(), u"DPoP"_s);
    const QStringList arguments{u"token"_s,    u"--account"_s, u"bound"_s, u"--headers"_s, u"https://api.test/orders?x=1"_s,
                                u"--method"_s, u"POST"_s};
    const QList<QByteArray> lines = m_home.run(arguments).out.trimmed().split('\n');
    QCOMPARE(lines.size(), 2);
    QVERIFY(lines.at(0).startsWith("Authorization: DPoP eyJ"));
    QVERIFY(lines.at(1).startsWith("DPoP: eyJ"));
    const QByteArray proof = QByteArray::fromBase64(lines.at(1).split('.').value(1), QByteArray::Base64UrlEncoding);
    QCOMPARE(QJsonDocument::fromJson(proof).object().value("htm"_L1).toString(), u"POST"_s);
    QCOMPARE(QJsonDocument::fromJson(proof).object().value("htu"_L1).toString(), u"https://api.test/orders"_s);
    QVERIFY(m_home.run(arguments).out.trimmed().split('\n').value(1) != lines.at(1)); // good for one request
}

void TestSignInCommands::signOut()
{
    QCOMPARE(signInAs({u"--account"_s, u"brief"_s, u"--scope"_s, u"openid"_s}).code, 0);
    QCOMPARE(m_home.run({u"sign-out"_s, u"--account"_s, u"brief"_s}).code, 0); // there is nothing to revoke
    QVERIFY(!m_home.run({u"accounts"_s, u"--json"_s}).out.contains("brief"));
    const int before = stat(u"revocation"_s);
    const ToolHome::Run run = m_home.run({u"sign-out"_s, u"--account"_s, u"work"_s, u"--json"_s});
    QVERIFY2(run.code == 0, run.err.constData());
    QVERIFY(lastObject(run.out).value("signed_out"_L1).toBool());
    QVERIFY(lastObject(run.out).value("revoked"_L1).toBool());
    QCOMPARE(stat(u"revocation"_s), before + 1);
    QCOMPARE(m_home.run({u"token"_s, u"--account"_s, u"work"_s}).code, 3);
    QCOMPARE(m_home.run({u"sign-out"_s, u"--account"_s, u"work"_s}).code, 3);
    QCOMPARE(m_home.run({u"token"_s, u"--raw"_s}).code, 0); // the others are still there

    const ToolHome::Run everywhere = m_home.run({u"sign-out"_s, u"--everywhere"_s, u"--no-browser"_s, u"--json"_s});
    QVERIFY2(everywhere.code == 0, everywhere.err.constData());
    const QUrl page(
        QJsonDocument::fromJson(everywhere.out.left(everywhere.out.indexOf('\n'))).object().value("sign_out_url"_L1).toString());
    QCOMPARE(page.host(), u"127.0.0.1"_s);
    QVERIFY2(page.query().contains(u"client_id"_s) && !page.query().contains(u"eyJ"_s), qPrintable(page.toString()));
    for (int left = 2; left > 0; --left) { // default and tv: without a name the last one used goes
        const ToolHome::Run next = m_home.run({u"sign-out"_s});
        QVERIFY2(next.code == 0, next.err.constData());
        QCOMPARE(next.out.trimmed(), QByteArray("Signed out."));
    }
    QCOMPARE(m_home.run({u"accounts"_s, u"--json"_s}).out.trimmed(), QByteArray("[]"));
    QCOMPARE(m_home.run({u"token"_s}).code, 3);
    QVERIFY2(!m_home.seen().contains("eyJ"), "a token was printed on standard error, or was an argument");
}

WATCHWORD_TEST_MAIN(TestSignInCommands)
#include "tst_signincommands.moc"
