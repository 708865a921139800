// SPDX-License-Identifier: Apache-2.0
#include "stage.h"

#include "support/await.h"
#include "support/testmain.h"
#include "watchword/client/client.h"

#include <QDateTime>

using namespace Qt::StringLiterals;
using namespace Watchword;
using namespace std::chrono_literals;

/*! npm oidc-provider says that a person signed out, and the gateway ends the person's connections. */
class TestProviderLogout : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override { }
    void signOutAtTheProviderEndsConnections();

private:
    Stage m_stage;
};

void TestProviderLogout::signOutAtTheProviderEndsConnections()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    const QString problem = m_stage.build();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    Client alice(m_stage.clientOptions());
    QList<ErrorCode> reasons;
    connect(&alice, &Client::signInNeeded, this, [&](const Error &reason) {
        reasons.append(reason.code());
        if (reason.code() != ErrorCode::SessionRevoked)
            alice.signIn();
    });
    int readies = 0;
    connect(&alice, &Client::ready, this, [&readies] { ++readies; });
    alice.start();
    QVERIFY(Support::waitUntil([&] { return readies == 1; }, 30s));
    const QString uri = QString::fromLatin1(QUrl::toPercentEncoding(m_stage.apiUrl().toString() + u"/v1/backchannel-logout"_s));
    QVERIFY(m_stage.control(u"logout?sub=nobody&uri="_s + uri)); // somebody else's
    QVERIFY(m_stage.control(u"logout?sub=alice&uri="_s + uri)); // and the provider says that it was taken
    QVERIFY(Support::waitUntil([&] { return reasons.contains(ErrorCode::SessionRevoked); }, 30s));
    // Times of tokens are whole seconds, and what began in that of the logout ends with it.
    const qint64 second = QDateTime::currentSecsSinceEpoch();
    QVERIFY(Support::waitUntil([&] { return QDateTime::currentSecsSinceEpoch() > second; }));
    alice.signIn();
    QVERIFY(Support::waitUntil([&] { return readies >= 2; }, 30s)); // who signs in again is let in again
    QCOMPARE(reasons.count(ErrorCode::SessionRevoked), 1);
}

WATCHWORD_TEST_MAIN(TestProviderLogout)
#include "tst_providerlogout.moc"
