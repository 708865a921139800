// SPDX-License-Identifier: Apache-2.0
// Thousands of SDK connections in one process, over a restart of their gateway.
#include "peers.h"

#include "watchword/link/connection.h"

#include <QCoreApplication>
#include <QFile>
#include <QFutureWatcher>
#include <QHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>
#include <QSslCertificate>
#include <QTimer>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

namespace Bench {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Watchword::Connection;

namespace {

constexpr int kOpening = 16;
constexpr auto kSteady = 11s; // longer than ConnectionOptions::stableAfter
constexpr auto kLastAnswers = 30s;

// The same time line in all processes of this machine.
qint64 steadyNow()
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Watchword::AccessToken accessToken(const QByteArray &value)
{
    Watchword::AccessToken token;
    token.value = Watchword::Secret::copy(value);
    return token;
}

/*! One client: a connection with the default options, and what became of its messages. */
struct Member
{
    Member(const QByteArray &token, const Watchword::ConnectionOptions &options)
        : tokens(accessToken(token))
        , connection(&tokens, alone(options))
    {
    }
    // Each stands for a program of its own, with a budget of its own.
    static Watchword::ConnectionOptions alone(Watchword::ConnectionOptions options)
    {
        options.budget = std::make_shared<Watchword::ConnectBudget>();
        return options;
    }
    Watchword::FixedTokenProvider tokens;
    Connection connection;
    QList<qint64> starts; // of attempts
    QList<qint64> readies;
    QHash<QString, int> echoes; // by message
    int sent = 0;
    int acknowledged = 0;
    int failed = 0;
    bool isReady = false;
    bool wasLost = false; // since the fleet was steady
};

class Fleet : public QObject
{
public:
    Fleet(const QStringList &arguments);
    void open();

private:
    void openNext();
    void add(const QByteArray &token, const Watchword::ConnectionOptions &options, int number);
    void stateChanged(Member &member, Connection::State state);
    void send(Member &member, int number);
    void steady();
    void look();
    void finish();
    QJsonObject report() const;

    std::vector<std::unique_ptr<Member>> m_members;
    QString m_reportFile;
    QTimer m_messages; // one message of one member at a time
    QTimer m_steady;
    QTimer m_lastAnswers;
    size_t m_next = 0;
    size_t m_opened = 0;
    qint64 m_openedAt = 0;
    qint64 m_stormEnd = 0;
    qint64 m_backAt = 0;
    size_t m_ready = 0;
    bool m_isSteady = false;
};

Fleet::Fleet(const QStringList &arguments)
    : m_reportFile(arguments.value(4))
{
    Watchword::ConnectionOptions options;
    options.url = QUrl(arguments.value(0));
    options.additionalCertificateAuthorities = QSslCertificate::fromPath(arguments.value(1));
    QFile file(arguments.value(2));
    if (file.open(QIODevice::ReadOnly)) {
        const QList<QByteArray> lines = file.readAll().trimmed().split('\n');
        const int count = std::min(arguments.value(3).toInt(), int(lines.size()));
        for (int i = 0; i < count; ++i)
            add(lines.at(i), options, i);
    }
    m_messages.setInterval(5ms);
    connect(&m_messages, &QTimer::timeout, this, [this] {
        m_next = (m_next + 1) % m_members.size();
        send(*m_members.at(m_next), int(m_next));
    });
    m_steady.setSingleShot(true);
    m_steady.setInterval(kSteady);
    connect(&m_steady, &QTimer::timeout, this, &Fleet::steady);
    m_lastAnswers.setSingleShot(true);
    m_lastAnswers.setInterval(kLastAnswers);
    connect(&m_lastAnswers, &QTimer::timeout, this, &Fleet::finish);
}

void Fleet::add(const QByteArray &token, const Watchword::ConnectionOptions &options, int number)
{
    m_members.push_back(std::make_unique<Member>(token, options));
    Member *member = m_members.back().get();
    Connection *connection = &member->connection;
    connect(connection, &Connection::stateChanged, this, [this, member, number](Connection::State state) {
        stateChanged(*member, state);
        if (state == Connection::State::Waiting && m_isSteady)
            send(*member, number); // while there is nobody to take it
    });
    connect(connection, &Connection::textReceived, this, [this, member](const QString &text) {
        ++member->echoes[text];
        look();
    });
    connect(connection, &Connection::closed, this, [number](const Watchword::Error &reason) {
        std::fprintf(stderr, "client %d ended: %s\n", number, qPrintable(reason.toString()));
        QCoreApplication::exit(1);
    });
}

// A few at a time: this is how a fleet grows over a day, and not what is measured.
void Fleet::open()
{
    QLoggingCategory::setFilterRules(u"watchword.*.info=false"_s); // one line for every failure
    m_openedAt = steadyNow();
    for (int i = 0; i < kOpening; ++i)
        openNext();
}

void Fleet::openNext()
{
    if (m_opened < m_members.size())
        m_members.at(m_opened++)->connection.open();
}

void Fleet::stateChanged(Member &member, Connection::State state)
{
    const qint64 now = steadyNow();
    if (state == Connection::State::Connecting)
        member.starts.append(now);
    const bool isReady = state == Connection::State::Ready;
    if (isReady == member.isReady)
        return;
    member.isReady = isReady;
    if (!isReady) {
        --m_ready;
        member.wasLost = m_isSteady;
        m_steady.stop();
        return;
    }
    member.readies.append(now);
    if (member.readies.size() == 1)
        openNext();
    if (++m_ready == m_members.size()) {
        if (!m_isSteady)
            m_stormEnd = now;
        m_steady.start();
    }
    look();
}

void Fleet::send(Member &member, int number)
{
    if (m_backAt != 0)
        return;
    const QString text = u"%1:%2"_s.arg(number).arg(++member.sent);
    member.echoes.insert(text, 0);
    auto *watcher = new QFutureWatcher<Watchword::Result<void>>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, &member] {
        watcher->deleteLater();
        const bool good = watcher->future().resultCount() > 0 && watcher->future().result();
        ++(good ? member.acknowledged : member.failed);
        look();
    });
    watcher->setFuture(member.connection.deliver(text.toUtf8()));
}

void Fleet::steady()
{
    if (m_isSteady)
        return;
    m_isSteady = true;
    m_messages.start();
    std::printf("READY %lld\n", static_cast<long long>(m_stormEnd - m_openedAt));
    std::fflush(stdout);
}

// Is everybody back, and is every message answered?
void Fleet::look()
{
    if (!m_isSteady || m_ready != m_members.size())
        return;
    if (m_backAt == 0) {
        const auto lost = [](const auto &member) { return member->wasLost; };
        if (!std::all_of(m_members.begin(), m_members.end(), lost))
            return;
        m_backAt = steadyNow();
        m_messages.stop();
        m_lastAnswers.start();
    }
    const auto answered = [](const auto &member) { return member->acknowledged + member->failed == member->sent; };
    if (std::all_of(m_members.begin(), m_members.end(), answered))
        finish();
}

QJsonObject Fleet::report() const
{
    QJsonArray starts;
    QJsonArray readies;
    qint64 sent = 0;
    qint64 unanswered = 0;
    qint64 doubled = 0;
    qsizetype mostStarts = 0;
    for (const auto &member : m_members) {
        const QList<qint64> &all = member->starts;
        for (qsizetype i = 0, first = 0; i < all.size(); ++i) {
            while (all.at(first) + 60'000 <= all.at(i))
                ++first;
            mostStarts = std::max(mostStarts, i - first + 1);
            starts.append(all.at(i));
        }
        for (const qint64 ready : member->readies)
            readies.append(ready);
        sent += member->sent;
        unanswered += member->sent - member->acknowledged;
        for (const int echoes : member->echoes)
            doubled += echoes > 1 ? 1 : 0;
    }
    return {{u"opened"_s, m_openedAt}, {u"back"_s, m_backAt},   {u"starts"_s, starts},   {u"readies"_s, readies},
            {u"sent"_s, sent},         {u"lost"_s, unanswered}, {u"doubled"_s, doubled}, {u"mostStarts"_s, mostStarts}};
}

void Fleet::finish()
{
    QFile file(m_reportFile);
    const QByteArray json = QJsonDocument(report()).toJson(QJsonDocument::Compact);
    const bool written = file.open(QIODevice::WriteOnly) && file.write(json) == json.size();
    QCoreApplication::exit(written ? 0 : 1);
}

} // namespace

int runFleet(const QStringList &arguments)
{
    Fleet fleet(arguments);
    fleet.open();
    return QCoreApplication::exec();
}

} // namespace Bench
