// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditentry.h"
#include "bridge/clientsocket.h"
#include "endpoint/peerservices.h"
#include "gate/admission.h"

#include <QJsonObject>

namespace Watchword {
struct ConnectionRow;
}

namespace Watchword::Gateway {

/*!
    What others get to see of a connection: its row and that of its token in the watch tables, its events in the audit log,
    and what it adds to the metrics.

    Life cycle: begin(), any number of the others, end(). Threads: one. Ownership: borrows all that it is made with; admission
    and identity are read when they are needed, so they may change.
*/
class PeerRecord
{
public:
    PeerRecord(const QString &id, const Admission &admission, const Identity &identity, PeerServices &services);

    void begin(const QString &subprotocol); //!< Puts the rows, and writes conn.opened.
    void end(int code, const QString &reason); //!< Closes the row.

    void messageReceived(qint64 bytes);
    void messageSent(qint64 bytes);
    void controlSent(qint64 bytes); //!< No message, but bytes.
    void takeRelayed(const ClientSocket::Relayed &total); //!< What passed the Qt thread by until now.
    void updateRow(const ClientSocket &socket);
    bool isOutdated(const ClientSocket &socket) const { return socket.receivedBytes() != m_rowBytes; } //!< The row.

    void renewed(const QString &previousToken); //!< With another token than \a previousToken, or the same.
    void renewalFailed();
    void tokenExpired();

    void audit(const QString &type, int severity, const QString &outcome, const QString &reason, const QString &message,
               const QJsonObject &data = {}) const;
    //! The same, written before it returns, for who is told the id of the event; empty if it could not be written.
    QString auditAndWait(const QString &type, int severity, const QString &outcome, const QString &reason, const QString &message,
                         const QJsonObject &data = {}) const;
    void auditSlowed(const RateBreach &breach) const;
    QString auditLimit(const QString &limit, qint64 value, qint64 most, Duration after) const;
    QJsonObject traffic() const; //!< Of conn.closed.
    QString who() const; //!< For sentences: the person, and from where.

private:
    AuditEntry entryOf(const QString &type, int severity, const QString &outcome, const QString &reason, const QString &message,
                       const QJsonObject &data) const;
    void putTokenRow(const QString &previous);
    void fillTokenOf(ConnectionRow &row) const; // what a renewal changes

    const QString m_id;
    const Admission &m_admission;
    const Identity &m_identity;
    PeerServices &m_services;
    ClientSocket::Relayed m_relayed; // as far as it is counted
    quint64 m_messagesIn = 0;
    quint64 m_messagesOut = 0;
    quint64 m_bytesIn = 0;
    quint64 m_bytesOut = 0;
    quint64 m_renewals = 0;
    quint64 m_renewalsFailed = 0;
    quint64 m_rowBytes = 0; // of any kind, when the row was updated
};

} // namespace Watchword::Gateway
