// SPDX-License-Identifier: Apache-2.0
#include "stage.h"
#include "support/testmain.h"
#include "toolrun.h"

#include <QFile>
#include <QTemporaryDir>

#include <csignal>

using namespace Qt::StringLiterals;

/*! xdg-open is there, and says only later whether it found a browser. */
class TestSignInBrowser : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void browserThatDoesNotStart_data();
    void browserThatDoesNotStart();

private:
    Stage m_stage;
    ToolHome m_home;
};

void TestSignInBrowser::initTestCase()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    const QString problem = m_stage.build();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

void TestSignInBrowser::browserThatDoesNotStart_data()
{
    QTest::addColumn<QByteArray>("end");
    QTest::newRow("none is found") << QByteArray("exit 3\n");
    QTest::newRow("it falls") << QByteArray("kill -9 $$\n");
}

// A person gets the address, and no noise.
void TestSignInBrowser::browserThatDoesNotStart()
{
    QFETCH(const QByteArray, end);
    QTemporaryDir folder;
    QFile opener(folder.filePath(u"xdg-open"_s));
    QVERIFY(opener.open(QIODevice::WriteOnly));
    opener.write("#!/bin/sh\necho \"noise of the opener\"; echo \"noise of the opener\" >&2\n" + end);
    opener.close();
    QVERIFY(opener.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
    m_home.setVariable(u"PATH"_s, folder.path() + u':' + qEnvironmentVariable("PATH"));
    const Watchword::ClientOptions options = m_stage.clientOptions();
    QByteArray said;
    const ToolHome::Run run =
        m_home.run({u"sign-in"_s, u"--issuer"_s, options.issuer.toString(), u"--client-id"_s, options.clientId, u"--scope"_s,
                    options.scopes.join(u' '), u"--resource"_s, options.resource.toString(), u"--ca"_s, m_stage.authorityFile(),
                    u"--browser"_s, u"--account"_s, u"browserless"_s},
                   [&](const QByteArray &line) {
                       said += line.trimmed() + '\n';
                       if (line.contains("--device")) // the last that is said
                           ::kill(pid_t(m_home.pid()), SIGTERM);
                   });
    m_home.clearVariables();
    QVERIFY2(run.code == 143, (run.out + run.err).constData());
    QVERIFY2(said.contains("Open this address in a browser on this machine:\nhttps://"), said.constData());
    QVERIFY(!(run.out + run.err).contains("noise"));
}

WATCHWORD_TEST_MAIN(TestSignInBrowser)
#include "tst_signinbrowser.moc"
