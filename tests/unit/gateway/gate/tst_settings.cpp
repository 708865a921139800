// SPDX-License-Identifier: Apache-2.0
// Compares the reference page of the settings with what the reader asks for.
#include "config/settings.h"
#include "support/testmain.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QFile>
#include <QRegularExpression>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

struct Setting
{
    QString heading; // of its table in the page
    QString key;
    QString example;
};

// The heading of the page is the name that messages give the table, but for those that have a header of their own in TOML.
QString tableOf(const QString &heading)
{
    if (heading == "[[endpoint.rooms]]"_L1)
        return u"[[rooms]]"_s;
    if (heading == "[[issuer_embedded.user]]"_L1)
        return u"[[user]]"_s;
    if (heading == "[[issuer_embedded.resource_server]]"_L1)
        return u"[[resource_server]]"_s;
    return heading == "[[issuer_embedded.client]]"_L1 ? u"[[client]]"_s : heading;
}

QString wordsOf(const QString &cell)
{
    QString text = cell.trimmed();
    return text.startsWith(u'`') && text.endsWith(u'`') ? text.mid(1, text.size() - 2) : QString();
}

QList<Setting> readPage()
{
    QFile file(QStringLiteral(WATCHWORD_DOCS "/settings.md"));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    QList<Setting> settings;
    QString heading;
    const QStringList lines = QString::fromUtf8(file.readAll()).split(u'\n');
    for (const QString &line : lines) {
        if (line.startsWith("##"_L1))
            heading = line.mid(line.indexOf(u' ') + 1).remove(u'`');
        const QStringList cells = line.split(u'|');
        if (cells.size() == 7 && !wordsOf(cells.at(1)).isEmpty())
            settings.append({heading, wordsOf(cells.at(1)), wordsOf(cells.at(2))});
    }
    return settings;
}

// A document with every table of the page, so that the reader looks into all of them.
const QString kEveryTable =
    u"[listen]\n[[issuer]]\nintrospection = {}\nevents = {}\nevents_poll = {}\n"
    "[[endpoint]]\nupstream_health = {}\nlimits = {}\ncompression = {}\nhistory = {}\nroom_webhook = {}\n[[endpoint.rooms]]\n"
    "[watch]\n[api]\n[audit]\n[locks]\n[gateway]\n[drain]\n[limits]\n[dpop]\n[policy]\nbackoff = {}\n[trusted_proxy]\n[log]\n"
    "[issuer_embedded]\n[[issuer_embedded.user]]\n[[issuer_embedded.client]]\n[[issuer_embedded.resource_server]]\n"_s;

// One setting alone in its table.
QString documentWith(const Setting &setting)
{
    static const QRegularExpression nested(u"^(\\w+) of (.+)$"_s);
    const QString line = setting.key + u" = "_s + setting.example;
    const QRegularExpressionMatch match = nested.match(setting.heading);
    if (setting.heading == "[[endpoint.rooms]]"_L1)
        return u"[[endpoint]]\n[[endpoint.rooms]]\n%1\n"_s.arg(line);
    return match.hasMatch() ? u"%1\n%2 = { %3 }\n"_s.arg(match.captured(2), match.captured(1), line)
                            : setting.heading + u'\n' + line + u'\n';
}

} // namespace

class TestSettings : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void pageNamesEverySetting();
    void examplesAreTaken_data();
    void examplesAreTaken();
    void providersAreTaken_data();
    void providersAreTaken();
};

void TestSettings::pageNamesEverySetting()
{
    QSet<std::pair<QString, QString>> written;
    const QList<Setting> page = readPage();
    for (const Setting &setting : page) {
        const std::pair<QString, QString> entry{tableOf(setting.heading), setting.key};
        QVERIFY2(!written.contains(entry), qPrintable(u"%1 of %2 stands there twice"_s.arg(entry.second, entry.first)));
        written.insert(entry);
    }
    QVERIFY(written.size() > 90);
    QSet<std::pair<QString, QString>> read = settingsAskedFor(kEveryTable);
    read.removeIf([](const std::pair<QString, QString> &entry) { return entry.first.isEmpty(); }); // the tables themselves
    // What [policy] has, an endpoint's own has too; the page says so once.
    read.removeIf([](const std::pair<QString, QString> &entry) { return entry.first.endsWith("policy of [[endpoint]]"_L1); });
    for (const auto &[table, key] : std::as_const(read))
        QVERIFY2(written.contains({table, key}), qPrintable(u"the page lacks %1 of %2"_s.arg(key, table)));
    for (const auto &[table, key] : std::as_const(written))
        QVERIFY2(read.contains({table, key}), qPrintable(u"the page has %1 of %2, which nobody reads"_s.arg(key, table)));
}

void TestSettings::examplesAreTaken_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("table");
    QTest::addColumn<QString>("document");
    const QList<Setting> page = readPage();
    QVERIFY(!page.isEmpty());
    for (const Setting &setting : page) {
        QTest::addRow("%s of %s", qPrintable(setting.key), qPrintable(setting.heading))
            << setting.key << tableOf(setting.heading) << documentWith(setting);
    }
}

void TestSettings::examplesAreTaken()
{
    QFETCH(QString, key);
    QFETCH(QString, table);
    QFETCH(QString, document);
    // Other settings are missing, which is an error; but none about this one.
    const Result<GatewayConfig> config = GatewayConfig::fromToml(document, u"gateway.toml"_s);
    QVERIFY(!config);
    const QString detail = config.error().detail();
    for (const QString &complaint :
         {u"%1 of %2 must"_s.arg(key, table), u"%1 must be"_s.arg(key), u"\"%1\" is not known"_s.arg(key)})
        QVERIFY2(!detail.contains(complaint), qPrintable(detail));
}

// providers.md: the gateway's part for each provider, as it stands there.
void TestSettings::providersAreTaken_data()
{
    QTest::addColumn<QString>("issuer");
    QFile file(QStringLiteral(WATCHWORD_DOCS "/providers.md"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QStringList sections = QString::fromUtf8(file.readAll()).split(u"\n## "_s);
    QCOMPARE(sections.filter(u"```toml\n"_s).size(), 5);
    for (const QString &section : sections) {
        const qsizetype begin = section.indexOf("```toml\n"_L1);
        if (begin >= 0)
            QTest::addRow("%s", qPrintable(section.section(u'\n', 0, 0)))
                << section.sliced(begin + 8, section.indexOf("```"_L1, begin + 8) - begin - 8);
    }
}

void TestSettings::providersAreTaken()
{
    QFETCH(QString, issuer);
    const Result<GatewayConfig> config = GatewayConfig::fromToml(
        u"[listen]\naddress = \"127.0.0.1:0\"\nplain = true\n[[endpoint]]\npath = \"/a\"\nserves = \"echo\"\n"_s + issuer,
        u"gateway.toml"_s);
    QVERIFY2(config, qPrintable(config ? QString() : config.error().detail()));
    QCOMPARE(config->issuers.size(), 1);
    const IssuerConfig &read = config->issuers.first();
    QVERIFY(!read.audiences.isEmpty() && !read.tokenTypes.isEmpty());
    QVERIFY(read.maxLifetime.count() > 0 && read.maxLifetime < IssuerConfig().maxLifetime);
    // What is commented out has to be right too.
    const Result<GatewayConfig> whole = GatewayConfig::fromToml(
        u"[listen]\naddress = \"127.0.0.1:0\"\nplain = true\n[[endpoint]]\npath = \"/a\"\nserves = \"echo\"\n"_s
            + QString(issuer).replace("# introspection"_L1, "introspection"_L1),
        u"gateway.toml"_s);
    QVERIFY2(whole, qPrintable(whole ? QString() : whole.error().detail()));
    static const QStringList names{u"Keycloak"_s, u"Microsoft Entra ID"_s, u"Okta"_s, u"Auth0"_s, u"Google"_s};
    QVERIFY(names.contains(QString::fromLatin1(QTest::currentDataTag())));
}

WATCHWORD_TEST_MAIN(TestSettings)
#include "tst_settings.moc"
