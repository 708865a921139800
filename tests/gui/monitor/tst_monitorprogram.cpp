// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"

#include "monitor/program/demologin.h"
#include "monitor/program/demoprocess.h"
#include "monitor/program/options.h"

using namespace Monitor;
using namespace Qt::StringLiterals;

/*! Command line and the demo's description: what they take, and what they say to wrong input. */
class TestMonitorProgram : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void readsOptions();
    void refusesWrongOptions_data();
    void refusesWrongOptions();
    void readsTheDemo();
    void refusesAWrongDemo_data();
    void refusesAWrongDemo();
    void readsHiddenFields();
};

void TestMonitorProgram::readsOptions()
{
    const auto options = parseOptions({ u"watchword-monitor"_s, u"--open"_s, u"a.jsonl"_s, u"--page"_s, u"audit"_s, u"--theme"_s, u"high-contrast"_s, u"--size"_s, u"1024x700"_s, u"--language"_s, u"de"_s, u"--screenshot"_s, u"out.png"_s });
    QVERIFY(options.isOk());
    QCOMPARE(options->openFile, u"a.jsonl"_s);
    QCOMPARE(options->page, std::optional(PageId::Audit));
    QCOMPARE(options->theme, std::optional(Theme::Choice::HighContrast));
    QCOMPARE(options->size, QSize(1024, 700));
    QCOMPARE(options->language, u"de"_s);
    QVERIFY(options->hasSource());
    QVERIFY(helpText().contains(u"--demo"_s));
}

void TestMonitorProgram::refusesWrongOptions_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("named");
    QTest::newRow("unknown") << QStringList { u"--colour"_s } << u"colour"_s;
    QTest::newRow("page") << QStringList { u"--page"_s, u"overview"_s } << u"--page"_s;
    QTest::newRow("theme") << QStringList { u"--theme"_s, u"pink"_s } << u"--theme"_s;
    QTest::newRow("language") << QStringList { u"--language"_s, u"xx"_s } << u"--language"_s;
    QTest::newRow("size") << QStringList { u"--size"_s, u"big"_s } << u"--size"_s;
    QTest::newRow("size zero") << QStringList { u"--size"_s, u"0x0"_s } << u"--size"_s;
    QTest::newRow("plain ws") << QStringList { u"--server"_s, u"ws://a"_s } << u"wss://"_s;
    QTest::newRow("no issuer") << QStringList { u"--server"_s, u"wss://a"_s } << u"--issuer"_s;
    QTest::newRow("two sources") << QStringList { u"--demo"_s, u"--open"_s, u"x"_s } << u"--demo"_s;
    QTest::newRow("picture of nothing") << QStringList { u"--screenshot"_s, u"x.png"_s } << u"--screenshot"_s;
    QTest::newRow("positional") << QStringList { u"file.jsonl"_s } << u"--open"_s;
}

void TestMonitorProgram::refusesWrongOptions()
{
    QFETCH(QStringList, arguments);
    QFETCH(QString, named);
    const auto options = parseOptions(QStringList { u"watchword-monitor"_s } + arguments);
    QVERIFY(!options.isOk());
    QCOMPARE(options.error().code(), Watchword::ErrorCode::InvalidArgument);
    QVERIFY2(options.error().detail().contains(named), qPrintable(options.error().detail()));
}

void TestMonitorProgram::readsTheDemo()
{
    const auto info = DemoInfo::fromJson(R"({"gateway":"wss://127.0.0.1:4433","issuer":"https://127.0.0.1:4434","ca":"ca.pem","client_id":"demo",
        "audience":"wss://demo","users":[{"name":"anna","password":"a"},{"name":"operator","password":"o"}],"watch":"/watch","audit":"/audit"})");
    QVERIFY(info.isOk());
    QCOMPARE(info->operatorName, u"operator"_s);
    QCOMPARE(info->operatorPassword.reveal(), QByteArrayView("o"));
    QCOMPARE(info->gateway.port(), 4433);
}

void TestMonitorProgram::refusesAWrongDemo_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QString>("named");
    QTest::newRow("garbage") << QByteArray("hello") << u"JSON"_s;
    QTest::newRow("empty") << QByteArray("{}") << u"JSON"_s;
    QTest::newRow("no issuer") << QByteArray(R"({"gateway":"wss://a"})") << u"issuer"_s;
    QTest::newRow("no users") << QByteArray(R"({"gateway":"wss://a","issuer":"https://a","ca":"c","client_id":"d","watch":"/w","audit":"/a","users":[]})") << u"users"_s;
}

void TestMonitorProgram::refusesAWrongDemo()
{
    QFETCH(QByteArray, line);
    QFETCH(QString, named);
    const auto info = DemoInfo::fromJson(line);
    QVERIFY(!info.isOk());
    QVERIFY2(info.error().detail().contains(named), qPrintable(info.error().detail()));
}

void TestMonitorProgram::readsHiddenFields()
{
    const auto fields = DemoLogin::hiddenFields("<form><input type=\"hidden\" name=\"csrf\" value=\"a&amp;&quot;b\"><input name=\"username\" value=\"x\"></form>");
    QCOMPARE(fields.size(), 1);
    QCOMPARE(fields.first().first, u"csrf"_s);
    QCOMPARE(fields.first().second, u"a&\"b"_s);
    QVERIFY(DemoLogin::hiddenFields("<p>done</p>").isEmpty());
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorProgram)
#include "tst_monitorprogram.moc"
