// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/interner.h"

#include <QHash>
#include <QString>
#include <QStringList>

#include <array>
#include <functional>
#include <vector>

namespace Monitor {

/*! A row of the connection table as it comes from the wire; numbers below zero and empty texts are not known. */
struct ConnectionEntry
{
    QString id, session, subject, user, client, ip, node, path, origin, userAgent, tls, cipher, token, closeReason;
    QStringList scope;
    QString state; //!< "open" "expiring" "failing" "closed" "revoked"; others are kept as they are.
    int port = -1;
    qint64 opened = -1, lastIn = -1, expires = -1, issued = -1, closed = -1; //!< ms since the epoch
    qint64 messagesIn = 0, messagesOut = 0, bytesIn = 0, bytesOut = 0;
    qint64 queue = 0, rttMs = -1;
    int renewals = 0, renewalsFailed = 0;
    int closeCode = 0;
};

/*!
    All connections, column by column. A row lives in a slot; its key (slot and the slot's generation) is its id for models and
    selections. Slots of removed rows are kept, readable, until releaseRemoved(), so that an order that is held can still show
   them.

    Rates are exponentially weighted means over 10 s, fed by the differences of counters and decayed when they are read.
    Threads: one thread writes and reads. mutex() is for workers: they lock it shared around reads, writers hold it while they
   write.
*/
class ConnectionTable
{
public:
    enum IdColumn {
        Session,
        Subject,
        User,
        Client,
        Ip,
        Node,
        Path,
        Origin,
        UserAgent,
        Tls,
        Cipher,
        Token,
        Scope,
        CloseReason,
        IdColumnCount
    };
    enum NumberColumn { Opened, LastIn, Expires, Issued, Closed, BytesIn, BytesOut, MessagesIn, MessagesOut, NumberColumnCount };
    enum State : quint8 {
        UnknownState,
        ClosedState,
        OpenState,
        ExpiringState,
        FailingState,
        RevokedState
    }; //!< In order of weight.
    static constexpr qint64 Unknown = std::numeric_limits<qint64>::min();

    ConnectionTable();
    ~ConnectionTable();
    Q_DISABLE_COPY_MOVE(ConnectionTable)

    void upsert(const ConnectionEntry &row, qint64 now); //!< \a now: ms, for the rates.
    bool remove(const QString &id); //!< False if unknown.
    void clear();
    //! Removed rows may be overwritten from now on, but not those that \a keep names by their keys.
    void releaseRemoved(const std::function<bool(quint64)> &keep = {});

    quint32 slotCount() const { return quint32(m_version.size()); } //!< Highest slot + 1.
    qsizetype size() const { return m_slotOfId.size(); }
    quint64 structureVersion() const { return m_structure; } //!< Grows when rows come or go.
    quint64 version() const { return m_changes; } //!< Grows with each change.

    quint32 slotOf(const QString &id) const; //!< noSlot() if unknown.
    static constexpr quint32 noSlot() { return ~quint32(0); }
    quint64 key(quint32 slot) const { return (quint64(m_generation[slot]) << 32) | (slot + 1); }
    quint32 slotOfKey(quint64 key) const; //!< noSlot() once the slot has another row; removed rows are still found.
    bool isLive(quint32 slot) const { return m_live[slot] != 0; }
    quint32 rowVersion(quint32 slot) const { return m_version[slot]; }

    QString id(quint32 slot) const { return m_wireId[slot]; }
    State state(quint32 slot) const { return State(m_state[slot]); }
    bool isOver(quint32 slot) const { return m_state[slot] == ClosedState || m_state[slot] == RevokedState || m_live[slot] == 0; }
    QString stateName(quint32 slot) const;
    quint32 stringId(quint32 slot, IdColumn column) const { return m_ids[size_t(column)][slot]; }
    const quint32 *stringColumn(IdColumn column) const { return m_ids[size_t(column)].data(); }
    QString text(quint32 slot, IdColumn column) const { return m_strings.text(stringId(slot, column)); }
    qint64 number(quint32 slot, NumberColumn column) const { return m_numbers[size_t(column)][slot]; } //!< Unknown if not known.
    quint32 queue(quint32 slot) const { return m_queue[slot]; }
    qint32 rttMs(quint32 slot) const { return m_rtt[slot]; } //!< -1 if not known.
    quint16 port(quint32 slot) const { return m_port[slot]; }
    quint16 closeCode(quint32 slot) const { return m_closeCode[slot]; }
    quint32 renewals(quint32 slot) const { return m_renewals[slot]; }
    quint32 renewalsFailed(quint32 slot) const { return m_renewalsFailed[slot]; }
    double inRate(quint32 slot, qint64 now) const { return decayed(m_inRate[slot], m_rateAt[slot], now); } //!< Messages a second.
    double outRate(quint32 slot, qint64 now) const { return decayed(m_outRate[slot], m_rateAt[slot], now); }

    const Interner &strings() const { return m_strings; }
    std::shared_mutex &mutex() const { return m_mutex; }
    qsizetype liveCount() const; //!< Rows that are not closed or revoked.
    QHash<QString, qsizetype> countByNode() const; //!< Open rows by node, kept up to date.
    qsizetype failingByNode(const QString &node) const;

private:
    static double decayed(float rate, qint64 at, qint64 now);
    quint32 take(const QString &id);
    void write(quint32 slot, const ConnectionEntry &row);
    void measure(quint32 slot, const ConnectionEntry &row, qint64 now, bool fresh);
    void countNode(quint32 slot, int sign);

    mutable std::shared_mutex m_mutex;
    Interner m_strings;
    QHash<QString, quint32> m_slotOfId;
    std::vector<quint32> m_free;
    std::vector<quint32> m_removed;
    std::vector<QString> m_wireId;
    std::vector<quint32> m_generation;
    std::vector<quint32> m_version;
    std::vector<quint8> m_live;
    std::vector<quint8> m_state;
    std::array<std::vector<quint32>, IdColumnCount> m_ids;
    std::array<std::vector<qint64>, NumberColumnCount> m_numbers;
    std::vector<quint32> m_queue;
    std::vector<qint32> m_rtt;
    std::vector<quint16> m_port;
    std::vector<quint16> m_closeCode;
    std::vector<quint32> m_renewals;
    std::vector<quint32> m_renewalsFailed;
    std::vector<float> m_inRate;
    std::vector<float> m_outRate;
    std::vector<qint64> m_rateAt;
    std::array<qsizetype, 6> m_countByState{};
    QHash<quint32, std::array<qsizetype, 2>> m_nodes; // open, failing
    quint64 m_structure = 0;
    quint64 m_changes = 0;
};

} // namespace Monitor
