// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/auditrows.h"

#include "payloadreader.h"

#include <QString>

namespace Monitor {

namespace {

constexpr int NoIdColumn = -1;

int idColumn(AuditColumn column)
{
    switch (column) {
    case AuditColumn::User:
        return AuditSegment::Actor;
    case AuditColumn::Client:
        return AuditSegment::Client;
    case AuditColumn::Session:
        return AuditSegment::Session;
    case AuditColumn::Connection:
        return AuditSegment::Connection;
    case AuditColumn::Token:
        return AuditSegment::Token;
    case AuditColumn::Family:
        return AuditSegment::Family;
    case AuditColumn::Ip:
        return AuditSegment::Ip;
    case AuditColumn::Reason:
        return AuditSegment::Reason;
    case AuditColumn::Message:
        return AuditSegment::Message;
    default:
        return NoIdColumn;
    }
}

bool overlaps(const RangeSet &set, qint64 low, qint64 high)
{
    return std::any_of(set.ranges.begin(), set.ranges.end(),
                       [&](const auto &range) { return range.first <= high && range.second >= low; });
}

qint64 rowKind(quint8 outcome)
{
    return outcome & AuditRecord::Bad ? 2 : (outcome & AuditRecord::Gap ? 1 : 0);
}

} // namespace

const Interner *AuditRows::dictionary(int column) const
{
    const auto c = AuditColumn(column);
    if (c == AuditColumn::Kind)
        return &m_table.kinds();
    if (c == AuditColumn::Node)
        return &m_table.nodes();
    return idColumn(c) == NoIdColumn ? nullptr : &m_table.strings();
}

void AuditRows::scanIds(int column, const DictionaryMatch &match, quint32 from, quint32 to, quint64 *bits) const
{
    const auto c = AuditColumn(column);
    const auto accept = [&match](quint32 id) { return match.has(id); };
    if (c == AuditColumn::Kind)
        return scanColumn(m_segment->kinds(), from, to, bits, accept);
    if (c == AuditColumn::Node)
        return scanColumn(m_segment->nodes(), from, to, bits, accept);
    const quint32 *ids = m_segment->ids(AuditSegment::IdColumn(idColumn(c)));
    if (const quint32 only = match.single(); only != Interner::notFound())
        return scanColumn(ids, from, to, bits, [only](quint32 id) { return id == only; });
    scanColumn(ids, from, to, bits, accept);
}

void AuditRows::scanTimes(RangeSet ranges, quint32 from, quint32 to, quint64 *bits) const
{
    // Zero is no time: an event without one is not before anything.
    std::vector<std::pair<qint64, qint64>> known;
    for (const auto &[low, high] : ranges.ranges) {
        if (low < 0)
            known.emplace_back(low, std::min<qint64>(high, -1));
        if (high > 0)
            known.emplace_back(std::max<qint64>(low, 1), high);
    }
    ranges.ranges = std::move(known);
    scanColumnRanges(m_segment->times(), ranges, from, to, bits);
}

void AuditRows::scanRanges(int column, const RangeSet &ranges, quint32 from, quint32 to, quint64 *bits) const
{
    switch (AuditColumn(column)) {
    case AuditColumn::Time:
        return scanTimes(ranges, from, to, bits);
    case AuditColumn::Severity:
        return scanColumnRanges(m_segment->severities(), ranges, from, to, bits);
    case AuditColumn::CloseCode:
        return scanColumnRanges(m_segment->closeCodes(), ranges, from, to, bits);
    case AuditColumn::Outcome:
        return scanColumn(m_segment->outcomes(), from, to, bits, [&](quint8 v) { return ranges.has(v & 0x3f); });
    case AuditColumn::Row:
        return scanColumn(m_segment->outcomes(), from, to, bits, [&](quint8 v) { return ranges.has(rowKind(v)); });
    default:
        break;
    }
    for (quint32 row = from; row < to; ++row) {
        const quint64 bit = quint64(1) << ((row - from) % 64);
        quint64 &word = bits[(row - from) / 64];
        const quint64 sequence = std::min(m_segment->sequence(row), quint64(std::numeric_limits<qint64>::max()));
        word = ranges.has(qint64(sequence)) ? word | bit : word & ~bit;
    }
}

void AuditRows::scanPayload(const PayloadTest &condition, quint32 from, quint32 to, quint64 *bits) const
{
    PayloadReader reader;
    const auto of = condition.all ? PayloadReader::Of::All : PayloadReader::Of::Any;
    const auto accept = [&condition](QByteArrayView text) {
        return condition.test(text, QString::fromUtf8(text).toCaseFolded().toUtf8()) == DictionaryMatch::Answer::Yes;
    };
    for (quint32 row = from; row < to; ++row) {
        const quint64 bit = quint64(1) << ((row - from) % 64);
        quint64 &word = bits[(row - from) / 64];
        if ((word & bit) && !reader.passes(m_segment->payload(row), condition.path, of, accept))
            word &= ~bit;
    }
}

bool AuditRows::mayMatchIds(int column, const DictionaryMatch &match) const
{
    const auto c = AuditColumn(column);
    const quint32 only = match.single();
    if (!m_segment->isSealed() || only == Interner::notFound() || only == Interner::Empty)
        return true;
    if (c == AuditColumn::Kind)
        return m_segment->kindMask() >> (only & 63) & 1;
    const bool inBloom = c == AuditColumn::User || c == AuditColumn::Session || c == AuditColumn::Ip;
    return !inBloom || m_segment->mayHold(only);
}

bool AuditRows::mayMatchRanges(int column, const RangeSet &ranges) const
{
    if (!m_segment->isSealed())
        return true;
    if (AuditColumn(column) == AuditColumn::Time)
        return overlaps(ranges, m_segment->minTime(), m_segment->maxTime());
    if (AuditColumn(column) != AuditColumn::Severity)
        return true;
    for (int severity = 0; severity < 8; ++severity) {
        if ((m_segment->severityMask() >> severity & 1) && ranges.has(severity))
            return true;
    }
    return false;
}

} // namespace Monitor
