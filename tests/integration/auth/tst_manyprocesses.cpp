// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/core/random.h"

#include <QElapsedTimer>
#include <QHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QTemporaryDir>

#include <algorithm>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Watchword::SeededRandom;

/*
    Real processes on one account, a real provider that rotates and revokes a whole family at the first reuse, and a real Secret
    Service. WATCHWORD_REFRESHES and WATCHWORD_KILLS make the runs longer than a test suite has time for.
*/
class TestManyProcesses : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void eightProcesses();
    void killedAnywhere();

private:
    struct Worker
    {
        QProcess process;
        QByteArray text;
        QString result() const;
        bool hasEvent(const char *what) const { return text.contains(QByteArray("EVENT ") + what); }
    };

    std::unique_ptr<Worker> start(const QStringList &arguments);
    QString runToEnd(const QString &mode, QByteArray *text = nullptr);
    QJsonArray refreshes();
    static int number(const char *variable, int otherwise)
    {
        return qEnvironmentVariableIsSet(variable) ? qEnvironmentVariableIntValue(variable) : otherwise;
    }

    QString m_peers;
    std::unique_ptr<Support::ReadyProcess> m_provider;
    std::unique_ptr<QTemporaryDir> m_folder;
    QNetworkAccessManager m_network;
    QString m_issuer;
};

QString TestManyProcesses::Worker::result() const
{
    const qsizetype at = text.lastIndexOf("RESULT ");
    return at < 0 ? QString() : QString::fromUtf8(text.mid(at + 7)).section(u'\n', 0, 0).trimmed();
}

void TestManyProcesses::initTestCase()
{
    m_peers = Support::peersFolder();
    REQUIRE_COMPONENT(!m_peers.isEmpty(), "npm packages of tests/peers");
    REQUIRE_COMPONENT(qEnvironmentVariableIsSet("SECRET_SERVICE_PID"), "a Secret Service");
}

void TestManyProcesses::init()
{
    WatchwordTest::init();
    m_folder = std::make_unique<QTemporaryDir>();
    m_provider = std::make_unique<Support::ReadyProcess>();
    m_provider->setEnvironment(u"AT_TTL"_s, u"3"_s);
    m_provider->setEnvironment(u"DEFAULT_RESOURCE"_s, u"1"_s);
    m_provider->setWorkingDirectory(m_peers);
    const auto url = m_provider->start(u"node"_s, {u"op.mjs"_s}, u"READY"_s, 60'000);
    QVERIFY(url.has_value());
    m_issuer = *url;
    QCOMPARE(runToEnd(u"sign-in"_s), u"Active"_s);
}

std::unique_ptr<TestManyProcesses::Worker> TestManyProcesses::start(const QStringList &arguments)
{
    auto worker = std::make_unique<Worker>();
    QProcess *process = &worker->process;
    QByteArray *text = &worker->text;
    connect(process, &QProcess::readyReadStandardOutput, process, [process, text] { *text += process->readAllStandardOutput(); });
    process->setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process->start(QStringLiteral(SESSION_WORKER), arguments);
    return worker;
}

QString TestManyProcesses::runToEnd(const QString &mode, QByteArray *text)
{
    const auto worker = start({mode, m_issuer, m_folder->path()});
    const bool ended = Support::waitUntil([&] { return worker->process.state() == QProcess::NotRunning; }, 90s);
    if (!ended)
        worker->process.kill();
    if (text)
        *text = worker->text;
    return ended ? worker->result() : u"hangs"_s;
}

QJsonArray TestManyProcesses::refreshes()
{
    QNetworkReply *reply = m_network.get(QNetworkRequest(QUrl(m_issuer + u"/ctl/refreshes"_s)));
    Support::waitUntil([&] { return reply->isFinished(); });
    const QByteArray body = reply->readAll();
    reply->deleteLater();
    return QJsonDocument::fromJson(body).array();
}

void TestManyProcesses::eightProcesses()
{
    const int wanted = number("WATCHWORD_REFRESHES", 60);
    QElapsedTimer time;
    time.start();
    std::vector<std::unique_ptr<Worker>> workers;
    for (int i = 0; i < 8; ++i)
        workers.push_back(start({u"race"_s, m_issuer, m_folder->path(), QString::number(wanted + 1), QString::number(i)}));
    const bool ended = Support::waitUntil(
        [&] {
            return std::all_of(workers.begin(), workers.end(),
                               [](const auto &one) { return one->process.state() == QProcess::NotRunning; });
        },
        std::chrono::seconds(60 + wanted * 2));
    QVERIFY(ended);
    int adopted = 0;
    for (const auto &worker : workers) {
        QCOMPARE(worker->result(), u"Active"_s);
        adopted += int(worker->text.count("EVENT tokens.adopted"));
    }
    // One request for each refresh token, each with success: so no reuse, no family revoked.
    QHash<QString, int> sent;
    const QJsonArray all = refreshes();
    for (const QJsonValue &one : all) {
        QCOMPARE(one["outcome"_L1].toString(), u"success"_s);
        ++sent[one["token"_L1].toString()];
    }
    QVERIFY2(int(all.size()) >= wanted, qPrintable(QString::number(all.size())));
    for (auto it = sent.cbegin(); it != sent.cend(); ++it)
        QCOMPARE(it.value(), 1);
    QVERIFY(adopted > 0);
    std::printf("8 processes: %d refreshes, %d token requests, %d distinct tokens, %d adoptions, %.1f s\n", wanted,
                int(all.size()), int(sent.size()), adopted, double(time.elapsed()) / 1000);
}

/*
    Each round starts a process, kills it at a random moment of its refresh, and starts the next: that one goes on signed in, or
    says that a rotation was lost, and then the provider's own log shows that it had rotated and that nobody had got the answer.
*/
void TestManyProcesses::killedAnywhere()
{
    const int rounds = number("WATCHWORD_KILLS", 25);
    const quint64 seed = quint64(number("WATCHWORD_SEED", 1));
    SeededRandom random(seed);
    QElapsedTimer time;
    time.start();
    int lost = 0, carriedOn = 0, unsent = 0, finished = 0;
    double usual = 60; // ms that a refresh takes; learned
    for (int round = 0; round < rounds; ++round) {
        const qsizetype before = refreshes().size();
        QByteArray killed;
        {
            const auto victim = start({u"refresh"_s, m_issuer, m_folder->path()});
            QVERIFY(Support::waitUntil([&] { return victim->hasEvent("refresh.started"); }, 60s));
            QElapsedTimer refresh;
            refresh.start();
            const double wait = random.nextUnit() * usual * 1.3;
            // Not the event loop of waitUntil: its steps are coarser than a refresh.
            while (double(refresh.nsecsElapsed()) / 1e6 < wait)
                victim->process.waitForReadyRead(1);
            killed = victim->text;
            const bool over = victim->hasEvent("refresh.finished");
            finished += over;
            usual = over ? 0.9 * usual + 0.1 * wait : std::min(usual * 1.02, 2'000.0);
            victim->process.kill(); // SIGKILL; nothing if it has just ended
            QVERIFY(Support::waitUntil([&] { return victim->process.state() == QProcess::NotRunning; }));
        }
        QByteArray text;
        const QString result = runToEnd(u"refresh"_s, &text);
        const QJsonArray log = refreshes();
        QHash<QString, int> rotated, refused;
        for (qsizetype i = before; i < log.size(); ++i) {
            const QString token = log.at(i)["token"_L1].toString();
            ++(log.at(i)["outcome"_L1] == "success"_L1 ? rotated : refused)[token];
        }
        unsent += log.size() == before + 1;
        const QByteArray where =
            "round " + QByteArray::number(round) + ": " + result.toUtf8() + "\nkilled:\n" + killed + "next:\n" + text;
        if (result == "Active"_L1) {
            ++carriedOn;
            QVERIFY2(refused.isEmpty(), where.constData()); // nothing spent was sent
            continue;
        }
        QVERIFY2(result == "NeedsSignIn RotationLost"_L1, where.constData());
        ++lost;
        // The provider had carried it out for the process that was killed, and refused the one token that was left.
        QCOMPARE(refused.size(), 1);
        QVERIFY2(rotated.contains(refused.constBegin().key()), where.constData());
        QCOMPARE(runToEnd(u"sign-in"_s), u"Active"_s);
    }
    QCOMPARE(carriedOn + lost, rounds);
    std::printf("killed %d times (seed %llu): %d went on signed in, %d said rotation_lost and all of those had been rotated "
                "unheard; %d were killed before the provider saw a request, %d after all was done, %.1f s\n",
                rounds, static_cast<unsigned long long>(seed), carriedOn, lost, unsent, finished, double(time.elapsed()) / 1000);
}

WATCHWORD_TEST_MAIN(TestManyProcesses)
#include "tst_manyprocesses.moc"
