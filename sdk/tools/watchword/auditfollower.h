// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/auditevidence.h"
#include "watchword/watch/chainverifier.h"
#include "watchword/watch/watchclient.h"

#include <QPromise>
#include <QSet>
#include <QTimer>

namespace Watchword::Tool {

/*!
    Follows the audit of a gateway for the doctor, and verifies its chain here.

    Life: start(), settled() once when the audit is live or will not be, then evidence().
    Ownership: borrows \a tokens.
*/
class AuditFollower : public QObject
{
    Q_OBJECT

public:
    AuditFollower(TokenProvider *tokens, const WatchOptions &options);
    ~AuditFollower() override;

    void start();
    //! Finishes when events with all \a ids came, after five seconds, or with the error of the stream.
    QFuture<Result<AuditEvidence>> evidence(const QStringList &ids);

Q_SIGNALS:
    void settled();

private:
    void onLine(const QByteArray &line);
    void onState(WatchClient::AuditState state);
    void settle();
    void answer();

    WatchClient m_client;
    ChainVerifier m_chain;
    AuditEvidence m_evidence;
    QSet<QString> m_wanted;
    QTimer m_patience;
    std::optional<QPromise<Result<AuditEvidence>>> m_promise;
    std::optional<Error> m_error;
    bool m_isSettled = false;
};

} // namespace Watchword::Tool
