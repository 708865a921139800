// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/gatewayprocess.h"
#include "support/testmain.h"
#include "watchword/link/connection.h"

#include <QSignalSpy>
#include <QSslCertificate>

#include <memory>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

/*! Connections to the gateway itself that are replaced again and again, with a new token of the same session each time. */
class TestGatewaySwaps : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void roomIsFollowedWithoutHolesAndRepetitions();

private:
    ConnectionOptions options() const;
    AccessToken token(const QString &subject);

    void replaceBoth(Connection &reader, Connection &writer);

    Support::GatewayProcess m_gateway;
    FixedTokenProvider m_readersTokens{AccessToken()};
    FixedTokenProvider m_writersTokens{AccessToken()};
    quint64 m_generation = 0;
};

void TestGatewaySwaps::initTestCase()
{
    QVERIFY(m_gateway.prepare("[[endpoint]]\npath = \"/room\"\nscopes = [\"use\"]\nserves = \"rooms\"\n"
                              "limits = { handshakes_per_second = 0, connections_per_user = 0, messages_per_second = 0, "
                              "bytes_per_second = 0 }\n"));
    QVERIFY(m_gateway.start());
}

ConnectionOptions TestGatewaySwaps::options() const
{
    ConnectionOptions options;
    options.url = m_gateway.url(u"/room?room=lobby"_s);
    options.additionalCertificateAuthorities = QSslCertificate::fromPath(m_gateway.file(u"ca.pem"_s));
    options.budgetAttempts = 1000;
    return options;
}

AccessToken TestGatewaySwaps::token(const QString &subject)
{
    AccessToken token;
    token.value = Secret::copy(m_gateway.token(subject));
    token.subject = subject;
    token.generation = ++m_generation;
    return token;
}

// One after the other, and both together.
void TestGatewaySwaps::replaceBoth(Connection &reader, Connection &writer)
{
    for (int round = 1; round <= 12; ++round) {
        if (round % 3 != 0) {
            m_readersTokens.setToken(token(u"reader"_s));
            reader.replace();
        }
        if (round % 3 != 1) {
            m_writersTokens.setToken(token(u"writer"_s));
            writer.replace();
        }
        const qint64 readers = round - round / 3;
        const qint64 writers = round - (round + 2) / 3;
        QVERIFY(waitUntil([&] { return reader.metrics().replacements >= readers && writer.metrics().replacements >= writers; }));
    }
}

void TestGatewaySwaps::roomIsFollowedWithoutHolesAndRepetitions()
{
    m_readersTokens.setToken(token(u"reader"_s));
    m_writersTokens.setToken(token(u"writer"_s));
    Connection reader(&m_readersTokens, options());
    Connection writer(&m_writersTokens, options());
    QStringList texts;
    QList<quint64> offsets;
    connect(&reader, &Connection::published, this, [&](const Publication &publication) {
        texts.append(QString::fromUtf8(publication.payload));
        offsets.append(publication.offset);
    });
    QSignalSpy gaps(&reader, &Connection::gap);
    QSignalSpy live(&reader, &Connection::roomLive);
    QSignalSpy errors(&reader, &Connection::errorOccurred);
    QSignalSpy writersErrors(&writer, &Connection::errorOccurred);
    QVERIFY(reader.subscribe(u"lobby"_s));
    reader.open();
    writer.open();
    QVERIFY(waitUntil([&] { return live.size() == 1 && writer.state() == Connection::State::Ready; }));
    QSignalSpy states(&reader, &Connection::stateChanged);
    QSignalSpy writersStates(&writer, &Connection::stateChanged);

    QList<QFuture<Result<void>>> sent;
    QList<QFuture<Result<QByteArray>>> asked;
    QStringList expected;
    QTimer sending;
    connect(&sending, &QTimer::timeout, this, [&] {
        expected.append(QString::number(sent.size()));
        sent.append(writer.deliver(expected.last().toUtf8(), {.room = u"lobby"_s}));
        asked.append(writer.request(u"room.info"_s, "{\"room\":\"lobby\"}"));
    });
    sending.start(3ms);
    replaceBoth(reader, writer);
    if (QTest::currentTestFailed())
        return;
    sending.stop();
    QVERIFY(waitUntil([&] {
        return std::all_of(sent.cbegin(), sent.cend(), [](const auto &f) { return f.isFinished(); })
            && std::all_of(asked.cbegin(), asked.cend(), [](const auto &f) { return f.isFinished(); })
            && texts.size() >= sent.size();
    }));
    for (const auto &future : std::as_const(sent))
        QVERIFY(future.result().isOk());
    for (const auto &future : std::as_const(asked))
        QVERIFY(future.result().isOk()); // the old connection answered before it was left
    QCOMPARE(texts, expected);
    for (qsizetype i = 1; i < offsets.size(); ++i)
        QCOMPARE(offsets.at(i), offsets.at(i - 1) + 1);
    QCOMPARE(gaps.size(), 0);
    QCOMPARE(states.size() + writersStates.size(), 0);
    QCOMPARE(errors.size() + writersErrors.size(), 0);
    qInfo("%d messages and as many requests over %lld connections, each once and in order", int(sent.size()),
          static_cast<long long>(2 + reader.metrics().replacements + writer.metrics().replacements));
}

WATCHWORD_TEST_MAIN(TestGatewaySwaps)
#include "tst_gatewayswaps.moc"
