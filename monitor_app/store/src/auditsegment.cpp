// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/auditsegment.h"

#include <algorithm>
#include <cstring>

namespace Monitor {

namespace {

template <typename T>
std::unique_ptr<T[]> column()
{
    // Not cleared: pages that no row has reached cost no memory.
    return std::make_unique_for_overwrite<T[]>(AuditSegment::Capacity);
}

quint32 mixed(quint32 id)
{
    id ^= id >> 16;
    id *= 0x7feb352dU;
    id ^= id >> 15;
    id *= 0x846ca68bU;
    return id ^ (id >> 16);
}

} // namespace

AuditSegment::AuditSegment(quint64 firstRow)
    : m_firstRow(firstRow)
    , m_times(column<qint64>())
    , m_sequences(column<quint32>())
    , m_kinds(column<quint16>())
    , m_nodes(column<quint16>())
    , m_severities(column<quint8>())
    , m_outcomes(column<quint8>())
    , m_closeCodes(column<quint16>())
    , m_payloadOffsets(column<quint32>())
{
    for (auto &ids : m_ids)
        ids = column<quint32>();
}

AuditSegment::~AuditSegment() = default;

void AuditSegment::addToBloom(quint32 id)
{
    if (id == 0)
        return;
    const quint32 h = mixed(id);
    m_bloom[(h >> 6) & 7] |= quint64(1) << (h & 63);
    m_bloom[(h >> 15) & 7] |= quint64(1) << ((h >> 9) & 63);
}

bool AuditSegment::mayHold(quint32 id) const
{
    const quint32 h = mixed(id);
    return (m_bloom[(h >> 6) & 7] >> (h & 63)) & (m_bloom[(h >> 15) & 7] >> ((h >> 9) & 63)) & 1;
}

quint32 AuditSegment::storePayload(QByteArrayView payload)
{
    const qsizetype need = payload.size() + qsizetype(sizeof(quint32));
    if (m_payload.chunks.empty() || m_payload.used + need > m_payload.size) {
        if (m_payload.chunks.size() >= 4095 || need > ChunkSize)
            return Escaped;
        m_payload.chunks.push_back(std::make_unique_for_overwrite<char[]>(size_t(ChunkSize)));
        m_payload.size = ChunkSize;
        m_payload.used = 0;
        m_payloadBytes.fetch_add(ChunkSize, std::memory_order_relaxed);
    }
    const quint32 offset = quint32((m_payload.chunks.size() - 1) * size_t(ChunkSize)) + quint32(m_payload.used);
    char *place = m_payload.chunks.back().get() + m_payload.used;
    const quint32 length = quint32(payload.size());
    std::memcpy(place, &length, sizeof length);
    std::memcpy(place + sizeof length, payload.data(), length);
    m_payload.used += need;
    return offset;
}

bool AuditSegment::append(const AuditRecord &record, QByteArrayView payload)
{
    const quint32 row = m_count.load(std::memory_order_relaxed);
    if (row == Capacity || isSealed())
        return false;
    if (row == 0)
        m_sequenceBase = record.sequence;
    const quint64 distance = record.sequence - m_sequenceBase;
    const bool far = record.sequence < m_sequenceBase || distance >= Escaped;
    {
        const std::lock_guard lock(m_sideMutex);
        m_payloadOffsets[row] = payload.isEmpty() ? Escaped : storePayload(payload);
        if (far)
            m_farSequences.emplace(row, record.sequence);
    }
    m_sequences[row] = far ? Escaped : quint32(distance);
    m_times[row] = record.time;
    m_kinds[row] = record.kind;
    m_nodes[row] = record.node;
    m_severities[row] = record.severity;
    m_outcomes[row] = record.outcome;
    m_closeCodes[row] = record.closeCode;
    const std::array<quint32, IdColumnCount> ids = {record.actor,  record.client, record.session, record.connection, record.token,
                                                    record.family, record.ip,     record.reason,  record.message};
    for (size_t i = 0; i < ids.size(); ++i)
        m_ids[i][row] = ids[i];
    if (record.time != 0) { // an event that states no time belongs nowhere on the axis
        m_minTime = std::min(m_minTime, record.time);
        m_maxTime = std::max(m_maxTime, record.time);
    }
    m_kindMask |= quint64(1) << (record.kind & 63);
    m_severityMask |= quint8(1u << (record.severity & 7));
    addToBloom(record.actor);
    addToBloom(record.session);
    addToBloom(record.ip);
    m_count.store(row + 1, std::memory_order_release);
    return true;
}

bool AuditSegment::appendGap(const AuditGap &gap, qint64 time)
{
    const quint32 row = m_count.load(std::memory_order_relaxed);
    if (row == Capacity || isSealed())
        return false;
    {
        const std::lock_guard lock(m_sideMutex);
        m_gaps.emplace(row, gap);
    }
    AuditRecord record;
    record.time = time;
    record.sequence = gap.from;
    record.severity = 4;
    record.outcome = AuditRecord::Gap;
    return append(record, {});
}

void AuditSegment::dropPayload()
{
    const std::lock_guard lock(m_sideMutex);
    m_payload = {};
    m_payloadBytes.store(0, std::memory_order_relaxed);
}

quint64 AuditSegment::sequence(quint32 row) const
{
    if (m_sequences[row] != Escaped)
        return m_sequenceBase + m_sequences[row];
    const std::lock_guard lock(m_sideMutex);
    return m_farSequences.at(row);
}

AuditRecord AuditSegment::record(quint32 row) const
{
    Q_ASSERT(row < count());
    AuditRecord r;
    r.time = m_times[row];
    r.sequence = sequence(row);
    r.kind = m_kinds[row];
    r.node = m_nodes[row];
    r.severity = m_severities[row];
    r.outcome = m_outcomes[row];
    r.closeCode = m_closeCodes[row];
    r.actor = m_ids[Actor][row];
    r.client = m_ids[Client][row];
    r.session = m_ids[Session][row];
    r.connection = m_ids[Connection][row];
    r.token = m_ids[Token][row];
    r.family = m_ids[Family][row];
    r.ip = m_ids[Ip][row];
    r.reason = m_ids[Reason][row];
    r.message = m_ids[Message][row];
    return r;
}

AuditGap AuditSegment::gap(quint32 row) const
{
    const std::lock_guard lock(m_sideMutex);
    const auto found = m_gaps.find(row);
    return found == m_gaps.end() ? AuditGap{} : found->second;
}

bool AuditSegment::hasPayload() const
{
    const std::lock_guard lock(m_sideMutex);
    return !m_payload.chunks.empty();
}

QByteArray AuditSegment::payload(quint32 row) const
{
    const std::lock_guard lock(m_sideMutex);
    const quint32 offset = m_payloadOffsets[row];
    if (offset == Escaped || m_payload.chunks.empty())
        return {};
    const char *place = m_payload.chunks[offset / quint32(ChunkSize)].get() + offset % quint32(ChunkSize);
    quint32 length = 0;
    std::memcpy(&length, place, sizeof length);
    return {place + sizeof length, qsizetype(length)};
}

} // namespace Monitor
