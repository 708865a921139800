// SPDX-License-Identifier: Apache-2.0
#include "loginbrowser.h"
#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

/*!
    What README.md and guide.md promise, seen: their programs against `watchword-gateway --demo`, beside a real keychain. The
    system browser is a script that writes down what it should open; a person at the issuer's login page does the rest.
*/
class TestDocuments : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void theProgramOfTheReadme();
    void theRoomsOfTheGuide();
    void theProgramInQml();
    void theHandshakesByHand();

private:
    //! Runs \a program to its end; false if it did not end by itself. \a opened: how often it opened a browser.
    bool run(const QString &program, const QStringList &arguments, int opened);

    QTemporaryDir m_folder;
    Support::ReadyProcess m_gateway;
    QByteArray m_line;
    QJsonObject m_demo;
    QByteArray m_out;
};

void TestDocuments::initTestCase()
{
    REQUIRE_COMPONENT(!QStandardPaths::findExecutable(u"gnome-keyring-daemon"_s).isEmpty(), "gnome-keyring");
    const auto line = m_gateway.start(QStringLiteral(GATEWAY), {u"--demo"_s, u"--users"_s, u"2"_s}, u"{"_s);
    QVERIFY(line);
    m_line = '{' + line->toUtf8();
    m_demo = QJsonDocument::fromJson(m_line).object();
    QVERIFY(m_demo.contains("issuer"_L1));
    QFile opener(m_folder.filePath(u"xdg-open"_s));
    QVERIFY(opener.open(QIODevice::WriteOnly));
    opener.write("#!/bin/sh\nprintf '%s\\n' \"$1\" >>\"" + m_folder.filePath(u"opened"_s).toUtf8() + "\"\n");
    opener.close();
    QVERIFY(opener.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
}

bool TestDocuments::run(const QString &program, const QStringList &arguments, int opened)
{
    const QJsonObject user = m_demo.value("users"_L1).toArray().first().toObject();
    Tool::LoginBrowser person(user.value("name"_L1).toString(), Secret::copy(user.value("password"_L1).toString().toUtf8()),
                              QSslCertificate::fromPath(m_demo.value("ca"_L1).toString()));
    QFile wishes(m_folder.filePath(u"opened"_s));
    wishes.remove();
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"PATH"_s, m_folder.path() + u':' + environment.value(u"PATH"_s));
    environment.insert(u"QT_QPA_PLATFORM"_s, u"offscreen"_s);
    // The person sits before a screen: without one the program would show a code for another device (SignInRoute::Automatic).
    environment.insert(u"DISPLAY"_s, u":77"_s);
    environment.remove(u"SSH_CONNECTION"_s);
    QProcess process;
    process.setProcessEnvironment(environment);
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.setWorkingDirectory(m_folder.path());
    process.start(program, arguments);
    int seen = 0;
    const bool ended = waitUntil(
        [&] {
            if (!wishes.isOpen())
                (void)(wishes.exists() && wishes.open(QIODevice::ReadOnly));
            if (const QByteArray wish = wishes.isOpen() ? wishes.readLine().trimmed() : QByteArray(); !wish.isEmpty()) {
                ++seen;
                person.open(QUrl::fromEncoded(wish));
            }
            return process.state() == QProcess::NotRunning;
        },
        60s);
    m_out = process.readAll();
    if (!ended)
        process.kill();
    process.waitForFinished();
    const bool isFine = ended && process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0 && seen == opened;
    if (!isFine)
        qInfo().noquote() << program << "opened the browser" << seen << "times, ended with" << process.exitCode() << "and said"
                          << m_out;
    return isFine;
}

// Signs in, is connected, gets its message back and ends; the next time nobody is asked.
void TestDocuments::theProgramOfTheReadme()
{
    for (const int opened : {1, 0}) {
        QVERIFY(run(QStringLiteral(DOCUMENTED), {QString::fromUtf8(m_line)}, opened));
        QVERIFY2(m_out.split('\n').contains("hello"), m_out.constData());
    }
}

// What is published comes back, and from whom.
void TestDocuments::theRoomsOfTheGuide()
{
    QVERIFY(run(QStringLiteral(DOCUMENTED_ROOMS), {QString::fromUtf8(m_line)}, 1));
    const QString user = m_demo.value("users"_L1).toArray().first().toObject().value("name"_L1).toString();
    QVERIFY2(m_out.contains(user.toUtf8() + " lorry 7 is at the gate"), m_out.constData());
}

void TestDocuments::theProgramInQml()
{
    QFile guide(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/guide.md"));
    QVERIFY(guide.open(QIODevice::ReadOnly));
    const QString text = QString::fromUtf8(guide.readAll());
    QString block = text.section(u"```qml\nimport Watchword\n"_s, 1, 1).section(u"```"_s, 0, 0);
    QVERIFY(block.contains("Client { id: orders;"_L1) && block.contains("Room { client: orders; name: \"depot\""_L1));
    const QString scopes = m_demo.value("scopes"_L1).toVariant().toStringList().join(u"\", \""_s);
    const QString client = u"Client { id: orders; issuer: \"%1\"; clientId: \"%2\"; server: \"%3/room\"; scopes: [\"%4\"]; "
                           "additionalCertificateAuthorities: \"file://%5\"; storage: Client.MemoryOnly; "
                           "onSignInNeeded: orders.signIn() }"_s.arg(
                               m_demo.value("issuer"_L1).toString(), m_demo.value("client_id"_L1).toString(),
                               m_demo.value("gateway"_L1).toString(), scopes, m_demo.value("ca"_L1).toString());
    block.replace(QRegularExpression(u"^Client \\{[^\\n]*\\}"_s), client);
    block.replace(u"Room { client"_s,
                  u"Room { id: depot; onLiveChanged: if (live) depot.publish(\"hello\", (outcome) => "
                  "console.log(\"published\", outcome.ok)); client"_s);
    QFile page(m_folder.filePath(u"main.qml"_s));
    QVERIFY(page.open(QIODevice::WriteOnly));
    page.write("import QtQuick\nimport Watchword\nItem {\nListModel { id: log; onCountChanged: { console.log(\"got\", "
               "log.get(0).line); Qt.quit() } }\n"
               + block.toUtf8() + "}\n");
    page.close();
    QVERIFY(run(QStringLiteral(DOCUMENTED_QML), {}, 1));
    const QString user = m_demo.value("users"_L1).toArray().first().toObject().value("name"_L1).toString();
    QVERIFY2(m_out.contains("got " + user.toUtf8() + ": hello"), m_out.constData());
}

// The column "see it" of practices.md.
void TestDocuments::theHandshakesByHand()
{
    REQUIRE_COMPONENT(!QStandardPaths::findExecutable(u"curl"_s).isEmpty(), "curl");
    QFile practices(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/practices.md"));
    QVERIFY(practices.open(QIODevice::ReadOnly));
    QString text = QString::fromUtf8(practices.readAll());
    text.replace(u"://GW/"_s, u"://"_s + QUrl(m_demo.value("gateway"_L1).toString()).authority() + u'/');
    text.replace(u"ca.pem http"_s, m_demo.value("ca"_L1).toString() + u" http"_s);
    const QRegularExpressionMatch ask = QRegularExpression(u"^ASK=\"[^\"]*\""_s, QRegularExpression::MultilineOption).match(text);
    QVERIFY(ask.hasMatch());
    const auto bodyOf = [&](const QString &command, int *code) {
        QProcess shell;
        shell.start(u"sh"_s, {u"-c"_s, ask.captured() + u'\n' + command + u" -s"_s});
        shell.waitForFinished();
        *code = shell.exitCode();
        return shell.readAllStandardOutput();
    };
    int rows = 0;
    int code = 0;
    auto commands = QRegularExpression(u"`(\\$ASK[^`]*)`[a-z ]* answers (\\d+)"_s).globalMatch(text);
    while (commands.hasNext()) {
        const QRegularExpressionMatch row = commands.next();
        const QByteArray answer = bodyOf(row.captured(1), &code);
        QVERIFY2(answer.startsWith("HTTP/1.1 " + row.captured(2).toUtf8()),
                 (row.captured(1).toUtf8() + '\n' + answer).constData());
        ++rows;
    }
    QCOMPARE(rows, 3);
    const QRegularExpressionMatch plain = QRegularExpression(u"`(curl http://[^`]*)` does not answer"_s).match(text);
    QVERIFY(plain.hasMatch());
    QCOMPARE(bodyOf(plain.captured(1), &code), QByteArray());
    QVERIFY(code != 0);
}

WATCHWORD_TEST_MAIN(TestDocuments)
#include "tst_documents.moc"
