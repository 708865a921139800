// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/interner.h"

#include <QHash>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <numeric>

namespace Monitor {

namespace {

constexpr qsizetype ArenaChunk = qsizetype(256) << 10;

size_t hashOf(QByteArrayView text)
{
    return qHashBits(text.data(), size_t(text.size()), 0x57617463);
}

//! The case-folded bytes; empty when they are the same.
QByteArray foldedForm(QByteArrayView text)
{
    bool ascii = true;
    bool upper = false;
    for (const char c : text) {
        ascii = ascii && uchar(c) < 0x80;
        upper = upper || (c >= 'A' && c <= 'Z');
    }
    if (ascii && !upper)
        return {};
    const QByteArray folded = ascii ? text.toByteArray().toLower() : QString::fromUtf8(text).toCaseFolded().toUtf8();
    return folded == text ? QByteArray() : folded;
}

} // namespace

Interner::Interner(qsizetype maxBytes)
    : m_maxBytes(maxBytes)
    , m_blocks(std::make_unique<std::unique_ptr<Entry[]>[]>(MaxBlocks))
    , m_table(1024, Slot{0, notFound()})
{
    add({}, hashOf({}));
    const QByteArrayView overflow("\xE2\x80\xA6");
    add(overflow, hashOf(overflow));
}

Interner::~Interner() = default;

const Interner::Entry &Interner::entry(quint32 id) const
{
    Q_ASSERT(id < size());
    return m_blocks[id / BlockSize][id % BlockSize];
}

QByteArrayView Interner::utf8(quint32 id) const
{
    const Entry &e = entry(id);
    return {e.text, qsizetype(e.length)};
}

QByteArrayView Interner::folded(quint32 id) const
{
    const Entry &e = entry(id);
    return {e.folded, qsizetype(e.foldedLength)};
}

const char *Interner::store(QByteArrayView text)
{
    if (text.isEmpty())
        return "";
    if (m_arenaUsed + text.size() > m_arenaSize) {
        m_arenaSize = std::max(ArenaChunk, text.size());
        m_arena.push_back(std::make_unique_for_overwrite<char[]>(size_t(m_arenaSize)));
        m_arenaUsed = 0;
        m_bytes.fetch_add(m_arenaSize, std::memory_order_relaxed);
    }
    char *place = m_arena.back().get() + m_arenaUsed;
    std::memcpy(place, text.data(), size_t(text.size()));
    m_arenaUsed += text.size();
    return place;
}

void Interner::grow()
{
    std::vector<Slot> bigger(m_table.size() * 2, Slot{0, notFound()});
    const size_t mask = bigger.size() - 1;
    for (const Slot &slot : m_table) {
        if (slot.id == notFound())
            continue;
        size_t i = slot.hash & mask;
        while (bigger[i].id != notFound())
            i = (i + 1) & mask;
        bigger[i] = slot;
    }
    m_bytes.fetch_add(qsizetype(m_table.size() * sizeof(Slot)), std::memory_order_relaxed);
    m_table = std::move(bigger);
}

quint32 Interner::slotOf(QByteArrayView text, size_t hash) const
{
    const size_t mask = m_table.size() - 1;
    for (size_t i = quint32(hash) & mask;; i = (i + 1) & mask) {
        const Slot &slot = m_table[i];
        if (slot.id == notFound() || (slot.hash == quint32(hash) && utf8(slot.id) == text))
            return quint32(i);
    }
}

quint32 Interner::add(QByteArrayView text, size_t hash)
{
    const quint32 id = m_size.load(std::memory_order_relaxed);
    auto &block = m_blocks[id / BlockSize];
    if (!block) {
        block = std::make_unique<Entry[]>(BlockSize);
        m_bytes.fetch_add(qsizetype(BlockSize * sizeof(Entry)), std::memory_order_relaxed);
    }
    Entry e;
    e.text = store(text);
    e.length = quint32(text.size());
    const QByteArray folded = foldedForm(text);
    e.folded = folded.isEmpty() ? e.text : store(folded);
    e.foldedLength = folded.isEmpty() ? e.length : quint32(folded.size());
    block[id % BlockSize] = e;
    m_size.store(id + 1, std::memory_order_release);

    const std::unique_lock lock(m_tableMutex);
    if (size_t(id) * 3 >= m_table.size() * 2)
        grow();
    m_table[slotOf(text, hash)] = Slot{quint32(hash), id};
    return id;
}

quint32 Interner::intern(QByteArrayView text)
{
    // Only this thread changes the table, so reading it here needs no lock.
    const size_t hash = hashOf(text);
    const quint32 found = m_table[slotOf(text, hash)].id;
    if (found != notFound())
        return found;
    const bool full = size() >= MaxBlocks * BlockSize - 1 || bytes() + text.size() > m_maxBytes;
    if (full) {
        m_overflowed.fetch_add(1, std::memory_order_relaxed);
        return Overflow;
    }
    return add(text, hash);
}

quint32 Interner::find(QByteArrayView text) const
{
    const std::shared_lock lock(m_tableMutex);
    return m_table[slotOf(text, hashOf(text))].id;
}

std::shared_ptr<const std::vector<quint32>> Interner::ranks() const
{
    const quint32 count = size();
    {
        const std::shared_lock lock(m_rankMutex);
        if (m_ranks && (m_ranks->size() == count || m_ranks->size() + m_ranks->size() / 10 > count))
            return m_ranks;
    }
    std::vector<quint32> order(count);
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [this](quint32 a, quint32 b) {
        const auto x = folded(a);
        const auto y = folded(b);
        const int compared = std::memcmp(x.data(), y.data(), size_t(std::min(x.size(), y.size())));
        if (compared != 0)
            return compared < 0;
        return x.size() != y.size() ? x.size() < y.size() : a < b;
    });
    auto ranks = std::make_shared<std::vector<quint32>>(count);
    for (quint32 i = 0; i < count; ++i)
        (*ranks)[order[i]] = i;
    const std::unique_lock lock(m_rankMutex);
    m_ranks = ranks;
    return ranks;
}

} // namespace Monitor
