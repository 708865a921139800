// SPDX-License-Identifier: Apache-2.0
#include "gate/configfiles.h"
#include "gate/securitytext.h"
#include "support/testmain.h"

#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

/*! RFC 9116: a contact, and until when it is good. A file without them is refused; one that is old is served, with a warning. */
class TestSecurityText : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void ends_data();
    void ends();
    void files();
};

void TestSecurityText::ends_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("end"); // empty: refused
    QTest::addColumn<QString>("why");
    const QByteArray contact = "Contact: mailto:security@example.com\n";
    const QByteArray expires = "Expires: 2099-01-31T00:00:00Z\n";
    const QString end = u"2099-01-31T00:00:00Z"_s;
    QTest::newRow("both") << contact + expires << end << QString();
    QTest::newRow("any case, CRLF, comments")
        << QByteArray("# us\r\nCONTACT: https://example.com\r\nexpires: 2099-01-31T01:00:00+01:00\r\n") << end << QString();
    QTest::newRow("two contacts") << contact + contact + expires << end << QString();
    QTest::newRow("no contact") << expires << QString() << u"names no Contact"_s;
    QTest::newRow("contact in a comment") << "# " + contact + expires << QString() << u"names no Contact"_s;
    QTest::newRow("empty contact") << "Contact:\n" + contact + expires << QString() << u"names no Contact"_s;
    QTest::newRow("no end") << contact << QString() << u"0 lines with Expires"_s;
    QTest::newRow("two ends") << contact + expires + expires << QString() << u"2 lines with Expires"_s;
    QTest::newRow("no time") << contact + "Expires: next year\n" << QString() << u"no time as in"_s;
    QTest::newRow("no zone") << contact + "Expires: 2099-01-31T00:00:00\n" << QString() << u"no time as in"_s;
    QTest::newRow("nothing") << QByteArray() << QString() << u"names no Contact"_s;
}

void TestSecurityText::ends()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, end);
    QFETCH(QString, why);
    const Result<QDateTime> result = securityTextEnd(text);
    QCOMPARE(bool(result), why.isEmpty());
    if (result)
        QCOMPARE(result->toString(Qt::ISODate), end);
    else
        QVERIFY2(result.error().detail().contains(why), qPrintable(result.error().detail()));
}

void TestSecurityText::files()
{
    QCOMPARE(*readSecurityText({}), QByteArray());
    QTemporaryDir folder;
    QFile file(folder.filePath(u"security.txt"_s));
    const auto read = [&file](const QByteArray &text) {
        const bool isWritten = file.open(QIODevice::WriteOnly) && file.write(text) == text.size();
        file.close();
        return isWritten ? readSecurityText(file.fileName()) : Error(ErrorCode::StorageFailed, file.errorString());
    };
    const QByteArray good = "Contact: mailto:a@example.com\nExpires: 2099-01-31T00:00:00Z\n";
    QCOMPARE(*read(good), good);
    const Result<QByteArray> refused = read("Contact: mailto:a@example.com\n");
    QCOMPARE(refused.error().code(), ErrorCode::ConfigInvalid);
    QVERIFY(refused.error().detail().contains(u"security_txt of [listen]"_s)
            && refused.error().detail().contains(file.fileName()));
    QCOMPARE(readSecurityText(folder.filePath(u"missing"_s)).error().code(), ErrorCode::FileUnreadable);
    // An old one is no reason not to start.
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"ended at 2001-01-01T00:00:00Z - write a new Expires"_s));
    QVERIFY(read("Contact: mailto:a@example.com\nExpires: 2001-01-01T00:00:00Z\n"));
}

WATCHWORD_TEST_MAIN(TestSecurityText)
#include "tst_securitytext.moc"
