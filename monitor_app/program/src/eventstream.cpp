// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/eventstream.h"

#include "monitor/models/linkfailure.h"
#include "monitor/widgets/workspace.h"

#include "watchword/link/connection.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTimer>

#include <chrono>
#include <utility>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr auto rateWindow = std::chrono::milliseconds(1000);
constexpr int portOfWss = 443;

Watchword::ConnectionOptions streamOptions(const QUrl &url, const QList<QSslCertificate> &authorities)
{
    Watchword::ConnectionOptions options;
    options.url = url;
    options.subprotocols = QStringList{u"cloudevents.json"_s};
    options.offerWatchword = false;
    options.allowLoopbackPlain = true;
    options.additionalCertificateAuthorities = authorities;
    return options;
}

} // namespace

class EventStream::Private
{
public:
    Private(Workspace &workspace, const QUrl &url, const QList<QSslCertificate> &authorities)
        : workspace(workspace)
        , url(url)
        , connection(nullptr, streamOptions(url, authorities))
    {
    }

    Workspace &workspace;
    const QUrl url;
    Watchword::Connection connection;
    QTimer second;
    qint64 heardAt = 0;
    qint64 lostAt = 0;
    qint64 events = 0; // of this second
    double rate = 0;
    bool wasReady = false;
};

EventStream::EventStream(Workspace &workspace, QUrl url, QList<QSslCertificate> additionalAuthorities, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(workspace, url, additionalAuthorities))
{
    using Watchword::Connection;
    connect(&d->connection, &Connection::textReceived, this, [this](const QString &text) { take(text.toUtf8()); });
    connect(&d->connection, &Connection::binaryReceived, this, &EventStream::take);
    connect(&d->connection, &Connection::stateChanged, this, &EventStream::showState);
    connect(&d->connection, &Connection::lastErrorChanged, this, &EventStream::showState);
    connect(&d->connection, &Connection::nextRetryAtChanged, this, &EventStream::showState);
    d->second.setInterval(rateWindow);
    connect(&d->second, &QTimer::timeout, this, [this] {
        d->rate = double(std::exchange(d->events, 0));
        showState();
    });
    Actions actions;
    actions.retryNow = [this] {
        if (d->connection.state() == Connection::State::Disconnected)
            d->connection.open();
        else
            d->connection.retryNow();
    };
    workspace.setActions(std::move(actions));
}

EventStream::~EventStream()
{
    d->connection.disconnect(this);
    d->workspace.setActions({});
}

void EventStream::start()
{
    d->second.start();
    d->connection.open();
    showState();
}

QByteArrayList EventStream::linesOf(const QByteArray &message)
{
    const QByteArray text = message.trimmed();
    if (text.startsWith('[')) {
        QByteArrayList lines;
        const QJsonArray batch = QJsonDocument::fromJson(text).array();
        for (const QJsonValue &event : batch)
            lines.append(QJsonDocument(event.toObject()).toJson(QJsonDocument::Compact));
        if (!lines.isEmpty())
            return lines;
    }
    // Within a JSON text a line end stands between its parts only, never in a string (RFC 8259 section 7).
    return {QByteArray(text).replace('\n', ' ').replace('\r', ' ')};
}

void EventStream::take(const QByteArray &message)
{
    const QByteArrayList lines = linesOf(message);
    d->heardAt = QDateTime::currentMSecsSinceEpoch();
    d->events += lines.size();
    d->workspace.audit().appendLines(lines);
    d->workspace.noteChange();
}

void EventStream::showState()
{
    using State = Watchword::Connection::State;
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    const Watchword::Connection &connection = d->connection;
    const QString server = u"%1:%2"_s.arg(d->url.host()).arg(d->url.port(portOfWss));
    LinkStatus::Facts facts;
    facts.serverName = server;
    const bool isReady = connection.state() == State::Ready;
    if (isReady) {
        d->wasReady = true;
        d->lostAt = 0;
    } else if (d->wasReady && d->lostAt == 0) {
        d->lostAt = now;
    }
    const QString why = linkFailureText(connection.lastError(), server, {});
    if (isReady) {
        facts.state = LinkStatus::State::Live;
        facts.eventRate = d->rate;
    } else if (connection.state() == State::Disconnected && connection.lastError().code() != Watchword::ErrorCode::Cancelled) {
        facts.state = LinkStatus::State::Lost;
        facts.lostReason = why;
    } else if (d->wasReady || connection.state() == State::Waiting) {
        facts.state = LinkStatus::State::Reconnecting;
        facts.noDataSince = d->lostAt != 0 ? d->lostAt : now;
        facts.failure = why;
        if (connection.nextRetryAt().isValid())
            facts.nextTryAt = connection.nextRetryAt().toMSecsSinceEpoch();
    } else {
        facts.state = LinkStatus::State::Connecting;
    }
    const AuditTable &audit = d->workspace.audit();
    facts.gapCount = audit.gapCount();
    facts.missedEvents = qint64(audit.missedEvents());
    facts.badLines = qint64(audit.badLineCount());
    d->workspace.status().setNow(now);
    d->workspace.status().setFacts(facts);
}

} // namespace Monitor
