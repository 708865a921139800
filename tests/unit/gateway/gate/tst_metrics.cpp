// SPDX-License-Identifier: Apache-2.0
#include "gate/metrics.h"
#include "support/testmain.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QSet>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! The text of /metrics, and the dashboard that shows it. */
class TestMetrics : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void histogram();
    void dashboardShowsWhatThereIs();

private:
    static QSet<QString> namesIn(const QString &text)
    {
        static const QRegularExpression name(u"watchword_[a-z_]+"_s);
        QSet<QString> names;
        auto matches = name.globalMatch(text);
        while (matches.hasNext())
            names.insert(matches.next().captured());
        return names;
    }
};

void TestMetrics::histogram()
{
    Metrics metrics;
    for (const Duration time : {0ms, 5ms, 6ms, 50ms, 2500ms, 2501ms})
        metrics.ended.observe(time);
    const QByteArray text = metrics.toPrometheus();
    QVERIFY2(text.contains("# TYPE watchword_revocation_seconds histogram\n"
                           "watchword_revocation_seconds_bucket{le=\"0.005\"} 2\n"
                           "watchword_revocation_seconds_bucket{le=\"0.01\"} 3\n"
                           "watchword_revocation_seconds_bucket{le=\"0.025\"} 3\n"
                           "watchword_revocation_seconds_bucket{le=\"0.05\"} 4\n"),
             text.constData());
    QVERIFY(text.contains("watchword_revocation_seconds_bucket{le=\"2.5\"} 5\n"
                          "watchword_revocation_seconds_bucket{le=\"+Inf\"} 6\n"
                          "watchword_revocation_seconds_sum 5.062\n"
                          "watchword_revocation_seconds_count 6\n"));
}

void TestMetrics::dashboardShowsWhatThereIs()
{
    QFile file(QStringLiteral(WATCHWORD_DOCS "/grafana-dashboard.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray dashboard = file.readAll();
    QVERIFY(QJsonDocument::fromJson(dashboard).isObject());
    const QSet<QString> shown = namesIn(QString::fromUtf8(dashboard));
    const QSet<QString> there = namesIn(QString::fromUtf8(Metrics().toPrometheus()));
    QCOMPARE(shown - there, QSet<QString>());
    for (const QString &name : there) {
        const bool isPart = name.startsWith("watchword_revocation_seconds"_L1) || name.startsWith("watchword_canary_seconds"_L1);
        QVERIFY2(isPart || shown.contains(name), qPrintable(name));
    }
}

WATCHWORD_TEST_MAIN(TestMetrics)
#include "tst_metrics.moc"
