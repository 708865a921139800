// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/interner.h"
#include "monitor/store/query.h"

#include <QByteArrayList>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

namespace Monitor {

/*!
    The strings of a dictionary that a text condition accepts: looked at once, extended when the dictionary grows. The empty
    string stands for a value that is missing, and is never accepted.
*/
class DictionaryMatch
{
public:
    enum class Answer { No, Yes, TooHard }; //!< TooHard: a pattern gave up on this text.
    using Test = std::function<Answer(QByteArrayView utf8, QByteArrayView folded)>;
    using Stop = std::function<bool()>;
    static constexpr quint32 HardLimit = 64; //!< After so many texts that are too hard, no other is tried.

    DictionaryMatch(const Interner &dictionary, Test test);

    //! Takes in strings that are new; needed before rows that have them are looked at. Returns false if \a stop ended it, which
    //! is asked between texts; the next call goes on from there.
    bool extend(const Stop &stop = {});
    quint32 tooHard() const { return m_tooHard; } //!< Texts on which a pattern gave up; they are not accepted.
    bool has(quint32 id) const { return id < m_known && (m_bits[id >> 6] >> (id & 63) & 1); }
    quint32 known() const { return m_known; }
    //! The one id that is accepted, or Interner::notFound() when there are none or several.
    quint32 single() const { return m_accepted == 1 ? m_single : Interner::notFound(); }
    bool isEmpty() const { return m_accepted == 0; }

private:
    const Interner &m_dictionary;
    Test m_test;
    std::vector<quint64> m_bits;
    quint32 m_known = 0;
    quint32 m_accepted = 0;
    quint32 m_single = 0;
    quint32 m_tooHard = 0;
};

/*! Numbers that a condition accepts: any of some inclusive ranges. */
struct RangeSet
{
    std::vector<std::pair<qint64, qint64>> ranges;
    bool has(qint64 value) const
    {
        for (const auto &[low, high] : ranges) {
            if (value >= low && value <= high)
                return true;
        }
        return false;
    }
};

/*! A condition on a member of the event as it came: of a list some element fulfils it, or with \a all every one. */
struct PayloadTest
{
    QByteArrayList path;
    DictionaryMatch::Test test;
    bool all = false;
};

/*!
    Rows that conditions are evaluated over: a run of at most 65,536 rows, column by column.
    Bit i of the output is row from + i; scan functions set each bit of the range to the result.
*/
class RowSource
{
public:
    virtual ~RowSource() = default;
    //! Dictionary of a text column, null if the column is a number.
    virtual const Interner *dictionary(int column) const = 0;
    virtual void scanIds(int column, const DictionaryMatch &match, quint32 from, quint32 to, quint64 *bits) const = 0;
    virtual void scanRanges(int column, const RangeSet &ranges, quint32 from, quint32 to, quint64 *bits) const = 0;
    //! False only if no row of the run can fulfil the condition.
    virtual bool mayMatchIds(int, const DictionaryMatch &) const { return true; }
    virtual bool mayMatchRanges(int, const RangeSet &) const { return true; }
    //! Clears the bits of rows that the condition does not accept; rows whose bit is not set are not looked at.
    virtual void scanPayload(const PayloadTest &, quint32, quint32, quint64 *) const { }
};

/*!
    A query bound to a source: text conditions are sets of dictionary ids, all others are ranges of numbers.

    evaluate() may be called for any run of rows, again and again as rows are added; two evaluations of the same rows give the
    same bits. Threads: one at a time.
*/
class CompiledQuery
{
public:
    //! \a prototype says which columns have dictionaries; it may be any run of the same source. Text conditions are looked up
    //! at once; if \a stop ended that, extend() has to do it before evaluate().
    CompiledQuery(std::shared_ptr<const QueryNode> root, const RowSource &prototype, std::span<const Field> fields,
                  const DictionaryMatch::Stop &stop = {});
    ~CompiledQuery();

    bool isEverything() const;
    bool tests(int column) const; //!< Some condition names this column.
    //! Before evaluate(), when dictionaries may have grown. Returns false if \a stop ended it.
    bool extend(const DictionaryMatch::Stop &stop = {});
    bool hasPattern() const { return m_hasPattern; } //!< A regular expression: looking up may take long.
    bool readsPayload() const { return m_readsPayload; } //!< Every row is parsed again: evaluate few at once.
    quint32 tooHard() const; //!< Texts on which a pattern gave up, HardLimit or more: then there may be others.
    //! bits must have room for (to - from + 63) / 64 words.
    void evaluate(const RowSource &rows, quint32 from, quint32 to, quint64 *bits) const;
    bool isNeverTrue() const; //!< A text condition that no known string fulfils decides all.

private:
    struct Step;
    class Compiler;
    void run(const Step &step, const RowSource &rows, quint32 from, quint32 to, quint64 *bits) const;

    std::shared_ptr<const QueryNode> m_root;
    std::unique_ptr<Step> m_step;
    std::vector<int> m_columns;
    std::vector<std::shared_ptr<DictionaryMatch>> m_matches;
    bool m_hasPattern = false;
    bool m_readsPayload = false;
};

//! Writes predicate(column[row]) for rows [from, to) as bits.
template <typename T, typename Predicate>
void scanColumn(const T *column, quint32 from, quint32 to, quint64 *bits, Predicate &&predicate)
{
    for (quint32 row = from; row < to; row += 64) {
        const quint32 end = std::min(to, row + 64);
        quint64 word = 0;
        for (quint32 i = row; i < end; ++i)
            word |= quint64(predicate(column[i])) << (i - row);
        bits[(row - from) / 64] = word;
    }
}

//! The same for ranges, with a quick path for the usual single range.
template <typename T>
void scanColumnRanges(const T *column, const RangeSet &set, quint32 from, quint32 to, quint64 *bits)
{
    if (set.ranges.size() == 1) {
        const auto [low, high] = set.ranges.front();
        scanColumn(column, from, to, bits, [low = low, high = high](T v) { return qint64(v) >= low && qint64(v) <= high; });
    } else {
        scanColumn(column, from, to, bits, [&set](T v) { return set.has(qint64(v)); });
    }
}

} // namespace Monitor
