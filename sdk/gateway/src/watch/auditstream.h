// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watch/streamsocket.h"

namespace Watchword::Gateway {

/*! One reader of the audit log (protocol.md section 5): says where it starts, replays in pages, then follows. */
class AuditStream final : public StreamSocket
{
    Q_OBJECT

public:
    AuditStream(std::unique_ptr<ClientSocket> socket, const Identity &identity, const QString &after, StreamContext &context,
                QObject *parent);

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
    qsizetype readPage(qsizetype budget);
    void sendCheckpoint(const WatchMessage::CheckpointRequest &wanted);
    bool sendEvent(quint64 sequence, const QString &text);
    void sendMark();

    const QString m_after;
    QString m_epoch;
    quint64 m_cursor = 0; // the last sequence that was sent or is known to be lost
    Alarm m_mark;
};

} // namespace Watchword::Gateway
