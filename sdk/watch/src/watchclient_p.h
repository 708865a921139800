// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "auditreceiver.h"
#include "servermessage.h"
#include "streamlink.h"
#include "tablemirror.h"
#include "watchword/watch/watchclient.h"

#include <QPromise>
#include <QTimer>

#include <map>

namespace Watchword {

class WatchClient::Private
{
public:
    Private(WatchClient *client, TokenProvider *provider, WatchOptions watchOptions);
    void end(); //!< As the destructor begins.

    void start();
    void stop();
    QFuture<Result<ActionOutcome>> disconnectConnections(const QStringList &ids, int code, Duration after, const QString &reason);
    void retryNow();

    Clock &clock() const { return options.clock ? *options.clock : Clock::system(); }
    QDateTime nextRetryAt() const;

    WatchClient *q;
    TokenProvider *tokens;
    WatchOptions options;
    State state = State::Idle;
    AuditState auditState = AuditState::Off;
    Error lastError{ErrorCode::Cancelled};
    QDateTime since;
    WatchProgress progress;
    WatchServer server;
    qint64 rtt = -1;
    TableMirror<ConnectionRow> connections;
    TableMirror<TokenRow> tokenTable;
    AuditReceiver audit;
    std::unique_ptr<StreamLink> watchLink;
    std::unique_ptr<StreamLink> auditLink;

private:
    struct Action
    {
        QPromise<Result<ActionOutcome>> promise;
        std::unique_ptr<Alarm> timeout;
        void finish(const Result<ActionOutcome> &result);
    };
    struct Handler;

    std::unique_ptr<StreamLink> makeLink(const QString &subprotocol, std::function<QUrl()> url, StreamRenewal::Message renewal);
    void openWatch();
    void openAudit();
    void setState(State next);
    void setAuditState(AuditState next);
    void setError(const Error &error);

    void onWatchUp();
    void onWatchDown(const Error &error);
    void onWatchEnded(const Error &error);
    void onWatchText(const QString &text);
    void addProgress(qsizetype rows);
    bool follows(quint64 rv);
    void finishSnapshot();
    void ping();
    void onPong(const ServerMessage::Pong &pong);

    void onAuditText(const QString &text);
    void flushAudit();
    void onAuditEnded(const Error &error);

    static Error actionError(const QString &reason);
    void finish(const QString &request, const Result<ActionOutcome> &result);
    void failActions(const Error &error);

    std::map<QString, Action> actions;
    quint64 requestNumber = 0;
    quint64 rv = 0;
    bool inSnapshot = false;
    bool haveHello = false;
    Alarm pingAlarm;
    qint64 pingNumber = 0;
    Instant pingSentAt{};
    QList<QByteArray> auditBatch;
    QTimer auditFlush;
};

} // namespace Watchword
