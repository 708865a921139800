// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "watchword/watch/chainverifier.h"
#include "watchword/watch/watchclient.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

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
        QObject::connect(&client, &WatchClient::auditEpochChanged, &client, [this](const QString &epoch) {
            printNote(u"watchword: the log was started anew, epoch %1"_s.arg(epoch));
            m_chain.reset();
        });
        QObject::connect(
            &client, &WatchClient::auditStateChanged, &client, [this](WatchClient::AuditState state) { onState(state); },
            Qt::QueuedConnection);
    }

    int exitCode() const { return m_chain.broken() ? int(ChainNotVerified) : int(Done); }

    void printSummary() const
    {
        printNote(u"watchword: %1 events, %2 of them verified, cursor %3"_s.arg(m_client.auditReceivedCount())
                      .arg(m_chain.verifiedCount())
                      .arg(m_client.auditCursor()));
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
        if (outcome.verdict == ChainVerifier::Verdict::Broken)
            printNote(u"watchword: the chain is broken: %1"_s.arg(outcome.why));
        if (!event->shortType().contains(m_filter, Qt::CaseInsensitive))
            return;
        printLine(m_json ? line : sentence(*event).toUtf8());
    }

    static QString sentence(const AuditEvent &event)
    {
        static const QStringList severities{u"-"_s, u"info"_s, u"notice"_s, u"warn"_s, u"error"_s, u"critical"_s};
        const QJsonObject actor = event.data.value("actor"_L1).toObject();
        const QString name = actor.value("name"_L1).toString(actor.value("sub"_L1).toString());
        return u"%1 %2 %3 %4 %5 %6"_s.arg(toRfc3339(event.time))
            .arg(severities.value(event.data.value("severity"_L1).toInt(), u"-"_s), -8)
            .arg(event.shortType(), -20)
            .arg(name.isEmpty() ? u"-"_s : name, -12)
            .arg(event.subject, event.data.value("message"_L1).toString())
            .trimmed();
    }

    void onState(WatchClient::AuditState state)
    {
        if (state == WatchClient::AuditState::Live && !m_follow) {
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
