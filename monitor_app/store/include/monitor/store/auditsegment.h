// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QByteArrayView>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace Monitor {

/*! A hole in the sequence numbers, shown as a row of its own. */
struct AuditGap
{
    //! Lost at the gateway, here, or seen as a jump in the numbers; or nothing is missing and the numbers begin again.
    enum class Cause { Server, Monitor, Sequence, Restart };
    quint64 from = 0; //!< First missing sequence number; of a restart the number that it begins with.
    quint64 to = 0; //!< Last missing one; of a restart the number before it; count = to - from + 1, or unknown when both are 0.
    quint64 count = 0;
    qint64 durationMs = -1; //!< Between the neighbours, -1 if not known.
    Cause cause = Cause::Sequence;
};

/*! One event as it is put into the columns. Strings are ids of the table's interner. */
struct AuditRecord
{
    enum Flag : quint8 { Gap = 0x40, Bad = 0x80 };
    qint64 time = 0; //!< ms since the epoch
    quint64 sequence = 0;
    quint16 kind = 0; //!< Index of AuditTable::kindName().
    quint16 node = 0;
    quint8 severity = 0; //!< As on the wire, 0 to 5.
    quint8 outcome = 0; //!< 0 unknown, 1 success, 2 failure, 3 denied; with Flag bits.
    quint16 closeCode = 0;
    quint32 actor = 0;
    quint32 client = 0;
    quint32 session = 0;
    quint32 connection = 0;
    quint32 token = 0;
    quint32 family = 0;
    quint32 ip = 0;
    quint32 reason = 0;
    quint32 message = 0;
};

/*!
    65,536 rows of the audit log, column by column, 60 bytes a row. Rows are written once, by one thread; every thread may read
    rows below count(). Once sealed nothing changes any more, except that the payload may be dropped to save memory.
*/
class AuditSegment
{
public:
    static constexpr quint32 Capacity = 65536;
    static constexpr qsizetype BytesPerRow = 60;

    explicit AuditSegment(quint64 firstRow);
    ~AuditSegment();
    Q_DISABLE_COPY_MOVE(AuditSegment)

    quint64 firstRow() const { return m_firstRow; } //!< Global id of row 0; ids never change.
    quint32 count() const { return m_count.load(std::memory_order_acquire); }
    bool isSealed() const { return m_sealed.load(std::memory_order_acquire); }

    // Writer only.
    bool append(const AuditRecord &record, QByteArrayView payload); //!< False when full; then seal it.
    bool appendGap(const AuditGap &gap, qint64 time);
    void seal() { m_sealed.store(true, std::memory_order_release); }
    void dropPayload();

    AuditRecord record(quint32 row) const;
    quint64 sequence(quint32 row) const;
    AuditGap gap(quint32 row) const; //!< For rows with AuditRecord::Gap.
    QByteArray payload(quint32 row) const; //!< A copy; empty once dropped.
    bool hasPayload() const;
    qsizetype payloadBytes() const { return m_payloadBytes.load(std::memory_order_relaxed); }

    // Columns; only rows below count() may be read.
    const qint64 *times() const { return m_times.get(); }
    const quint16 *kinds() const { return m_kinds.get(); }
    const quint16 *nodes() const { return m_nodes.get(); }
    const quint8 *severities() const { return m_severities.get(); }
    const quint8 *outcomes() const { return m_outcomes.get(); }
    const quint16 *closeCodes() const { return m_closeCodes.get(); }
    enum IdColumn { Actor, Client, Session, Connection, Token, Family, Ip, Reason, Message, IdColumnCount };
    const quint32 *ids(IdColumn column) const { return m_ids[size_t(column)].get(); }

    // Zone map; complete only when sealed.
    qint64 minTime() const { return m_minTime; }
    qint64 maxTime() const { return m_maxTime; }
    quint64 kindMask() const { return m_kindMask; } //!< Bit (kind & 63).
    quint8 severityMask() const { return m_severityMask; }
    bool mayHold(quint32 id) const; //!< False: no actor, session or address of this segment has this id.

private:
    template <typename T>
    using Column = std::unique_ptr<T[]>;
    static constexpr quint32 Escaped = ~quint32(0);
    static constexpr qsizetype ChunkSize = 1 << 20;
    struct Payload
    {
        std::vector<std::unique_ptr<char[]>> chunks;
        qsizetype used = 0;
        qsizetype size = 0; // of the last chunk
    };
    void addToBloom(quint32 id);
    quint32 storePayload(QByteArrayView payload);

    const quint64 m_firstRow;
    std::atomic<quint32> m_count{0};
    std::atomic<bool> m_sealed{false};
    quint64 m_sequenceBase = 0;
    Column<qint64> m_times;
    Column<quint32> m_sequences;
    Column<quint16> m_kinds;
    Column<quint16> m_nodes;
    Column<quint8> m_severities;
    Column<quint8> m_outcomes;
    Column<quint16> m_closeCodes;
    std::array<Column<quint32>, IdColumnCount> m_ids;
    Column<quint32> m_payloadOffsets;
    mutable std::mutex m_sideMutex; // payload, gaps and sequences that do not fit into 32 bits
    Payload m_payload;
    std::atomic<qsizetype> m_payloadBytes{0};
    std::map<quint32, AuditGap> m_gaps;
    std::map<quint32, quint64> m_farSequences;
    qint64 m_minTime = std::numeric_limits<qint64>::max();
    qint64 m_maxTime = std::numeric_limits<qint64>::min();
    quint64 m_kindMask = 0;
    quint8 m_severityMask = 0;
    std::array<quint64, 8> m_bloom{};
};

} // namespace Monitor
