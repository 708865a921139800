// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watch/streamsocket.h"

namespace Watchword::Gateway {

/*! One watcher of the tables (protocol.md section 6): waits for "view", then snapshot, then deltas. */
class WatchStream final : public StreamSocket
{
    Q_OBJECT

public:
    WatchStream(std::unique_ptr<ClientSocket> socket, const Identity &identity, StreamContext &context, QObject *parent);

    void begin() override;
    qsizetype turn(qsizetype budget) override;
    bool wantsTurn() const override;

protected:
    void receive(const QString &text) override;
    QJsonObject renewed(const QJsonObject &fields) const override;
    QJsonObject notRenewed(const QJsonObject &fields) const override;
    QString neededScope() const override;
    void sent() override;

private:
    enum class Phase { AwaitingView, SnapshotDue, Connections, Tokens, Live };

    void beginSnapshot();
    template <typename Row>
    qsizetype sendSnapshotRows(const TableChanges<Row> &changes, const char *table);
    qsizetype snapshotTurn(qsizetype budget);
    qsizetype deltaTurn(qsizetype budget);
    template <typename Row>
    qsizetype sendDelta(const TableChanges<Row> &changes, const char *table, quint64 &cursor);
    void reset(const QString &reason);
    void sendMark();

    void onDisconnect(const WatchMessage::Disconnect &request);
    Result<void> auditDisconnect(const WatchMessage::Disconnect &request, const QString &refusal);
    Result<void> auditDisconnectOf(const QStringList &connections, const WatchMessage::Disconnect &request,
                                   const QString &refusal);
    void refuse(const WatchMessage::Disconnect &request, const QString &reason);

    Phase m_phase = Phase::AwaitingView;
    Duration m_rate{500};
    quint64 m_rv = 0;
    quint64 m_snapshot = 0; // the version that the running snapshot shows
    quint64 m_connections = 0; // cursors
    quint64 m_tokens = 0;
    bool m_deltaDue = false;
    quint64 m_deltaUntil = 0; // what the running delta shows; bounds it while rows keep changing
    Alarm m_view;
    Alarm m_delta;
    Alarm m_mark;
};

} // namespace Watchword::Gateway
