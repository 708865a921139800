// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>
#include <QString>

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <vector>

namespace Monitor {

/*!
    Strings by number: every distinct UTF-8 string is stored once and named by a 32-bit id; 0 is the empty string.

    Strings lie in an arena that never moves, so text of an id below size() can be read in any thread without a lock. One thread
    interns; any thread may find().

    Memory is bounded: beyond maxBytes() intern() returns the id of Overflow and counts overflowed(); the caller still has the
    text in its raw payload. Strings are not freed one by one; the whole interner goes with its table.
*/
class Interner
{
public:
    static constexpr quint32 Empty = 0;
    static constexpr quint32 Overflow = 1; //!< Its text is "…".

    explicit Interner(qsizetype maxBytes = qsizetype(512) << 20);
    ~Interner();
    Q_DISABLE_COPY_MOVE(Interner)

    quint32 intern(QByteArrayView text);
    quint32 intern(const QString &text) { return intern(QByteArrayView(text.toUtf8())); }
    quint32 find(QByteArrayView text) const; //!< Id, or notFound().
    static constexpr quint32 notFound() { return ~quint32(0); }

    quint32 size() const { return m_size.load(std::memory_order_acquire); }
    QByteArrayView utf8(quint32 id) const;
    QByteArrayView folded(quint32 id) const; //!< Case-folded shadow; the same bytes when there is no difference.
    QString text(quint32 id) const { return QString::fromUtf8(utf8(id)); }

    qsizetype bytes() const { return m_bytes.load(std::memory_order_relaxed); } //!< Arena, entries and hash table.
    qsizetype maxBytes() const { return m_maxBytes; }
    quint64 overflowed() const { return m_overflowed.load(std::memory_order_relaxed); }

    /*! Rank of every id in case-folded order; ids above ranks->size() came later. Rebuilt when more than a tenth is new. */
    std::shared_ptr<const std::vector<quint32>> ranks() const;

private:
    struct Entry
    {
        const char *text = nullptr;
        const char *folded = nullptr;
        quint32 length = 0;
        quint32 foldedLength = 0;
    };
    static constexpr quint32 BlockSize = 4096;
    static constexpr quint32 MaxBlocks = 16384;

    const Entry &entry(quint32 id) const;
    const char *store(QByteArrayView text);
    void grow();
    quint32 slotOf(QByteArrayView text, size_t hash) const;
    quint32 add(QByteArrayView text, size_t hash);

    qsizetype m_maxBytes;
    std::unique_ptr<std::unique_ptr<Entry[]>[]> m_blocks;
    std::vector<std::unique_ptr<char[]>> m_arena;
    qsizetype m_arenaUsed = 0;
    qsizetype m_arenaSize = 0;
    struct Slot
    {
        quint32 hash;
        quint32 id; // notFound() when free
    };
    std::vector<Slot> m_table;
    mutable std::shared_mutex m_tableMutex;
    std::atomic<quint32> m_size{0};
    std::atomic<qsizetype> m_bytes{0};
    std::atomic<quint64> m_overflowed{0};
    mutable std::shared_mutex m_rankMutex;
    mutable std::shared_ptr<const std::vector<quint32>> m_ranks;
};

} // namespace Monitor
