// SPDX-License-Identifier: Apache-2.0
#include "auditsource.h"
#include "command.h"
#include "watchword/watch/chainverifier.h"
#include "watchword/watch/checkpointwitness.h"
#include "watchword/watch/watchclient.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTimer>

#include <optional>
#include <utility>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

constexpr std::chrono::seconds kWitnessPatience{15};

class Tail
{
public:
    Tail(const QCommandLineParser &parser, WatchClient &client)
        : m_client(client)
        , m_json(parser.isSet(u"json"_s))
        , m_follow(!parser.isSet(u"no-follow"_s))
        , m_filter(parser.value(u"filter"_s))
    {
        QObject::connect(&client, &WatchClient::auditReceived, &client, [this](const QList<QByteArray> &lines) {
            for (const QByteArray &line : lines)
                onLine(line);
        });
        QObject::connect(&client, &WatchClient::auditGap, &client, [](quint64 from, quint64 to) {
            printNote(u"watchword: the gateway no longer has events %1 to %2"_s.arg(from).arg(to));
        });
        QObject::connect(&client, &WatchClient::checkpointReceived, &client,
                         [this](const AuditCheckpoint &checkpoint) { onCheckpoint(checkpoint); });
        QObject::connect(&client, &WatchClient::auditMarked, &client, [this] { askForCheckpoint(0); });
        QObject::connect(&client, &WatchClient::auditEpochChanged, &client, [this](const QString &epoch) {
            printNote(u"watchword: the log was started anew, epoch %1"_s.arg(epoch));
            m_chain.reset();
        });
        QObject::connect(
            &client, &WatchClient::auditStateChanged, &client, [this](WatchClient::AuditState state) { onState(state); },
            Qt::QueuedConnection);
    }

    //! Remembers the log over restarts; before the client starts.
    Result<void> setWitness(const QString &folder)
    {
        Result<CheckpointWitness> opened = CheckpointWitness::open(folder);
        if (!opened)
            return opened.error();
        m_witness.emplace(std::move(opened).value());
        return {};
    }

    int exitCode() const { return m_chain.broken() || m_isRewritten ? int(ChainNotVerified) : int(Done); }

    void printSummary() const
    {
        QString text =
            u"watchword: %1 events, %2 of them verified"_s.arg(m_client.auditReceivedCount()).arg(m_chain.verifiedCount());
        if (m_unproven > 0)
            text += u", %1 where the reading begins anew: what they build on was not read"_s.arg(m_unproven);
        if (m_repeated > 0)
            text += u", %1 that came twice"_s.arg(m_repeated);
        printNote(text + u", cursor %1"_s.arg(m_client.auditCursor()));
    }

private:
    void onLine(const QByteArray &line)
    {
        const Result<AuditEvent> event = AuditEvent::fromBytes(line);
        if (!event) {
            printNote(u"watchword: "_s + event.error().toString());
            return;
        }
        const ChainVerifier::Outcome outcome = m_chain.push(*event);
        const bool isNewStart =
            outcome.verdict == ChainVerifier::Verdict::Unproven || outcome.verdict == ChainVerifier::Verdict::Gap;
        m_unproven += isNewStart ? 1 : 0;
        m_repeated += outcome.verdict == ChainVerifier::Verdict::Duplicate ? 1 : 0;
        if (outcome.verdict == ChainVerifier::Verdict::Broken)
            printNote(u"watchword: the chain is broken: %1"_s.arg(outcome.why));
        if (!event->shortType().contains(m_filter, Qt::CaseInsensitive))
            return;
        printLine(m_json ? line : auditSentence(*event));
    }

    void askForCheckpoint(quint64 seen)
    {
        if (m_witness)
            m_client.requestCheckpoint(seen);
    }

    // The first answer says which log it is; the second proves that it goes on from what was seen of it.
    void onCheckpoint(const AuditCheckpoint &checkpoint)
    {
        if (!m_witness)
            return;
        const QByteArray origin = checkpoint.note.left(checkpoint.note.indexOf('\n'));
        const quint64 seen = m_witness->seen(origin);
        const bool isOther = m_asked != seen || checkpoint.consistency.isEmpty();
        if (seen > 0 && isOther && std::exchange(m_asked, seen) != seen) {
            askForCheckpoint(seen);
            return;
        }
        m_asked = 0;
        const Result<quint64> taken = m_witness->take(checkpoint, Clock::system().wallNow());
        if (taken) {
            if (!std::exchange(m_isWitnessed, true))
                printNote(u"watchword: the log is the one that was seen before, and goes on to event %1"_s.arg(*taken));
            witnessed();
            return;
        }
        m_isRewritten = true;
        printNote(u"watchword: "_s + taken.error().toString());
        witnessed();
    }

    // Without --no-follow it goes on.
    void witnessed()
    {
        if (m_isWaitingForWitness) {
            printSummary();
            QCoreApplication::exit(exitCode());
        }
    }

    void onState(WatchClient::AuditState state)
    {
        if (state == WatchClient::AuditState::Live)
            askForCheckpoint(0);
        if (state == WatchClient::AuditState::Live && !m_follow && m_witness) {
            m_isWaitingForWitness = true;
            QTimer::singleShot(kWitnessPatience, &m_client, [this] {
                printNote(u"watchword: the gateway shows no checkpoint of its log"_s);
                QCoreApplication::exit(m_chain.broken() ? int(ChainNotVerified) : int(Failed));
            });
        } else if (state == WatchClient::AuditState::Live && !m_follow) {
            printSummary();
            QCoreApplication::exit(exitCode());
        } else if (state == WatchClient::AuditState::Denied || state == WatchClient::AuditState::Lost) {
            QCoreApplication::exit(report(m_client.lastError(), m_json));
        }
    }

    WatchClient &m_client;
    const bool m_json;
    const bool m_follow;
    const QString m_filter;
    ChainVerifier m_chain;
    quint64 m_unproven = 0;
    quint64 m_repeated = 0;
    std::optional<CheckpointWitness> m_witness;
    quint64 m_asked = 0; //!< For the proof from so many events.
    bool m_isWitnessed = false;
    bool m_isRewritten = false;
    bool m_isWaitingForWitness = false;
};

} // namespace

int runTail(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Follows the audit log of a gateway, verifies its hash chain on this machine, and "
                                     "says what is missing. The cursor at the end resumes it without loss."_s);
    Credentials::addOptions(parser);
    parser.addOption({u"filter"_s, u"Only events whose type contains this, as in \"signin\"."_s, u"text"_s});
    parser.addOption({u"after"_s, u"A cursor to go on behind; \"0\" is the oldest event; else the newest 200."_s, u"cursor"_s});
    parser.addOption({u"path"_s, u"The gateway's audit path."_s, u"path"_s, u"/audit"_s});
    parser.addOption({u"witness"_s,
                      u"A folder that remembers the log: one that was rewritten or shortened since the last time is found."_s,
                      u"folder"_s});
    parser.addOption({u"no-follow"_s, u"Ends when everything that exists was read."_s});
    parser.addPositionalArgument(u"gateway"_s, u"wss://host:port"_s);
    if (const std::optional<int> end = parse(parser, u"tail"_s, arguments, 1))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    WatchOptions options;
    options.gateway = QUrl(parser.positionalArguments().constFirst(), QUrl::StrictMode);
    if (options.gateway.scheme() != "wss"_L1 || options.gateway.host().isEmpty())
        return usage(u"the gateway is named as wss://host:port"_s);
    Credentials credentials;
    if (const Result<void> read = credentials.read(parser); !read)
        return report(read.error(), json);
    options.watchPath.clear();
    options.auditPath = parser.value(u"path"_s);
    options.auditAfter = parser.value(u"after"_s);
    options.additionalCertificateAuthorities = credentials.authorities();
    WatchClient client(credentials.tokens(), options);
    Tail tail(parser, client);
    if (parser.isSet(u"witness"_s)) {
        if (const Result<void> opened = tail.setWitness(parser.value(u"witness"_s)); !opened)
            return report(opened.error(), json);
    }
    interruptOnSignals();
    client.start();
    const int code = QCoreApplication::exec();
    const bool isInterrupted = code > 128;
    if (isInterrupted)
        tail.printSummary(); // with the cursor to go on from
    // That the chain does not verify is worth more than why it was watched no longer.
    return isInterrupted && tail.exitCode() != Done ? tail.exitCode() : code;
}

} // namespace Watchword::Tool
