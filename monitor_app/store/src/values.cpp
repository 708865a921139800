// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/values.h"

#include "monitor/store/auditrows.h"
#include "monitor/store/connectionrows.h"

#include <QHash>

#include <algorithm>

namespace Monitor {

namespace {

constexpr qsizetype SegmentsCounted = 4;

QList<qint64> countWords(const Field &field)
{
    return QList<qint64>(QString::fromLatin1(field.words).count(u' ') + 1);
}

ValueCounts named(const Field &field, const QList<qint64> &counts)
{
    const QStringList words = QString::fromLatin1(field.words).split(u' ');
    ValueCounts result;
    for (qsizetype i = 0; i < words.size(); ++i)
        result.append({words[i], counts[i]});
    return result;
}

template <typename Id>
void countIds(QHash<quint32, qint64> &counts, const Id *ids, quint32 count)
{
    for (quint32 i = 0; i < count; ++i)
        ++counts[ids[i]];
}

ValueCounts textsOf(const QHash<quint32, qint64> &counts, const Interner &dictionary)
{
    ValueCounts result;
    for (auto it = counts.begin(); it != counts.end(); ++it) {
        if (it.key() != Interner::Empty)
            result.append({dictionary.text(it.key()), it.value()});
    }
    return result;
}

const quint32 *auditIds(const AuditSegment &segment, AuditColumn column)
{
    switch (column) {
    case AuditColumn::User:
        return segment.ids(AuditSegment::Actor);
    case AuditColumn::Client:
        return segment.ids(AuditSegment::Client);
    case AuditColumn::Session:
        return segment.ids(AuditSegment::Session);
    case AuditColumn::Connection:
        return segment.ids(AuditSegment::Connection);
    case AuditColumn::Token:
        return segment.ids(AuditSegment::Token);
    case AuditColumn::Family:
        return segment.ids(AuditSegment::Family);
    case AuditColumn::Ip:
        return segment.ids(AuditSegment::Ip);
    case AuditColumn::Reason:
        return segment.ids(AuditSegment::Reason);
    case AuditColumn::Message:
        return segment.ids(AuditSegment::Message);
    default:
        return nullptr;
    }
}

} // namespace

ValueCounts bestValues(ValueCounts counts, const QString &prefix, int most)
{
    const auto misses = [&](const auto &value) { return !value.first.contains(prefix, Qt::CaseInsensitive); };
    counts.erase(std::remove_if(counts.begin(), counts.end(), misses), counts.end());
    std::sort(counts.begin(), counts.end(), [&](const auto &a, const auto &b) {
        const bool x = a.first.startsWith(prefix, Qt::CaseInsensitive);
        const bool y = b.first.startsWith(prefix, Qt::CaseInsensitive);
        if (x != y)
            return x;
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    if (counts.size() > most)
        counts.resize(most);
    return counts;
}

ValueCounts valuesOf(const AuditTable &table, const Field &field, const QString &prefix, int most)
{
    const auto snapshot = table.snapshot();
    const auto column = AuditColumn(field.column);
    const Interner *dictionary = AuditRows(table, nullptr).dictionary(field.column);
    QHash<quint32, qint64> ids;
    const bool isWord = column == AuditColumn::Severity || column == AuditColumn::Outcome;
    QList<qint64> words = countWords(field);
    for (qsizetype i = std::max(qsizetype(0), qsizetype(snapshot.size()) - SegmentsCounted); i < qsizetype(snapshot.size());
         ++i) {
        const AuditSegment &segment = *snapshot[size_t(i)];
        const quint32 count = segment.count();
        if (column == AuditColumn::Kind)
            countIds(ids, segment.kinds(), count);
        else if (column == AuditColumn::Node)
            countIds(ids, segment.nodes(), count);
        else if (column == AuditColumn::CloseCode)
            countIds(ids, segment.closeCodes(), count);
        else if (const quint32 *column32 = auditIds(segment, column))
            countIds(ids, column32, count);
        for (quint32 row = 0; isWord && row < count; ++row) {
            const quint8 value =
                column == AuditColumn::Severity ? segment.severities()[row] : quint8(segment.outcomes()[row] & 0x3f);
            if (value < words.size())
                ++words[value];
        }
    }
    if (isWord || *field.words != '\0')
        return bestValues(named(field, words), prefix, most);
    if (dictionary)
        return bestValues(textsOf(ids, *dictionary), prefix, most);
    ValueCounts numbers;
    for (auto it = ids.begin(); it != ids.end(); ++it) {
        if (it.key() != 0)
            numbers.append({QString::number(it.key()), it.value()});
    }
    return bestValues(numbers, prefix, most);
}

ValueCounts valuesOf(const ConnectionTable &table, const Field &field, const QString &prefix, int most)
{
    const auto column = ConnectionColumn(field.column);
    const int idColumn = ConnectionRows::idColumn(column);
    const bool isCode = column == ConnectionColumn::CloseCode;
    const bool isWord = column == ConnectionColumn::State;
    if (idColumn < 0 && !isCode && !isWord)
        return {};
    QHash<quint32, qint64> counts;
    QList<qint64> words = countWords(field);
    for (quint32 slot = 0; slot < table.slotCount(); ++slot) {
        if (!table.isLive(slot))
            continue;
        if (isWord)
            ++words[table.state(slot)];
        else
            ++counts[isCode ? table.closeCode(slot) : table.stringId(slot, ConnectionTable::IdColumn(idColumn))];
    }
    if (isWord)
        return bestValues(named(field, words), prefix, most);
    if (!isCode)
        return bestValues(textsOf(counts, table.strings()), prefix, most);
    ValueCounts numbers;
    for (auto it = counts.begin(); it != counts.end(); ++it) {
        if (it.key() != 0)
            numbers.append({QString::number(it.key()), it.value()});
    }
    return bestValues(numbers, prefix, most);
}

} // namespace Monitor
