// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/predicate.h"

#include "queryparser.h"

#include <algorithm>
#include <limits>

namespace Monitor {

namespace {

constexpr qint64 HighestKnown = std::numeric_limits<qint64>::max();
using Op = QueryNode::Op;

QByteArray folded(const QString &text)
{
    return text.toCaseFolded().toUtf8();
}

//! Glob with * only, both case-folded; linear but for one step back per star.
bool matchesGlob(QByteArrayView text, QByteArrayView pattern)
{
    qsizetype t = 0;
    qsizetype p = 0;
    qsizetype star = -1;
    qsizetype mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star >= 0) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

bool contains(QByteArrayView text, QByteArrayView part)
{
    return text.indexOf(part) >= 0;
}

//! "TLSv1.3" and "1.3" are the same version; other texts compare by their folded bytes.
int compareTexts(QByteArrayView text, const QByteArray &value)
{
    const auto numeric = [](QByteArrayView t, bool &ok) {
        qsizetype at = 0;
        while (at < t.size() && (t[at] < '0' || t[at] > '9'))
            ++at;
        return t.sliced(at).toByteArray().toDouble(&ok);
    };
    bool firstOk = false;
    bool secondOk = false;
    const double a = numeric(text, firstOk);
    const double b = numeric(value, secondOk);
    if (firstOk && secondOk)
        return a < b ? -1 : (a > b ? 1 : 0);
    return text.compare(value);
}

//! Calls \a test for the value, or for each word of a field with several values.
template <typename F>
bool anyElement(bool several, QByteArrayView text, F &&test)
{
    if (!several || text.indexOf(' ') < 0)
        return test(text);
    qsizetype start = 0;
    while (start <= text.size()) {
        qsizetype end = text.indexOf(' ', start);
        if (end < 0)
            end = text.size();
        if (test(text.sliced(start, end - start)))
            return true;
        start = end + 1;
    }
    return false;
}

using Answer = DictionaryMatch::Answer;
using Accept = std::function<bool(QByteArrayView utf8, QByteArrayView folded)>;

bool isPattern(Op op)
{
    return op == Op::Regex || op == Op::NotRegex;
}

Accept oneValue(Op op, const QueryNode::Value &value, bool isAddress, bool several)
{
    Network network;
    if (isAddress && value.text.contains(u'/') && parseNetwork(value.text, network)) {
        return [network](QByteArrayView utf8, QByteArrayView) { return isInNetwork(utf8, network); };
    }
    const QByteArray exact = value.text.toUtf8();
    const QByteArray fold = folded(value.text);
    switch (op) {
    case Op::Equal:
    case Op::Unequal:
        return [exact, several](QByteArrayView utf8, QByteArrayView) {
            return anyElement(several, utf8, [&](QByteArrayView e) { return e == exact; });
        };
    case Op::Has:
    case Op::Text:
        return [fold](QByteArrayView, QByteArrayView f) { return contains(f, fold); };
    case Op::Less:
        return [fold](QByteArrayView, QByteArrayView f) { return !f.isEmpty() && compareTexts(f, fold) < 0; };
    case Op::LessEqual:
        return [fold](QByteArrayView, QByteArrayView f) { return !f.isEmpty() && compareTexts(f, fold) <= 0; };
    case Op::Greater:
        return [fold](QByteArrayView, QByteArrayView f) { return !f.isEmpty() && compareTexts(f, fold) > 0; };
    case Op::GreaterEqual:
        return [fold](QByteArrayView, QByteArrayView f) { return !f.isEmpty() && compareTexts(f, fold) >= 0; };
    default:
        return [fold, several](QByteArrayView, QByteArrayView f) {
            return anyElement(several, f, [&](QByteArrayView e) { return matchesGlob(e, fold); });
        };
    }
}

DictionaryMatch::Test patternTest(const QRegularExpression &regex)
{
    return [regex](QByteArrayView utf8, QByteArrayView) {
        const QRegularExpressionMatch match = regex.match(QString::fromUtf8(utf8));
        if (match.hasMatch())
            return Answer::Yes;
        return match.isValid() ? Answer::No : Answer::TooHard; // the limit of its steps
    };
}

DictionaryMatch::Test positiveTest(const QueryNode &node)
{
    if (isPattern(node.op) && !node.values.isEmpty())
        return patternTest(node.values.first().regex);
    const bool isAddress = node.field && node.field->type == FieldType::Address;
    const bool several = node.field && QLatin1String(node.field->name) == QLatin1String("scope");
    std::vector<Accept> tests;
    for (const QueryNode::Value &value : node.values)
        tests.push_back(oneValue(node.op, value, isAddress, several));
    return [tests](QByteArrayView utf8, QByteArrayView fold) {
        const bool accepted = std::any_of(tests.begin(), tests.end(), [&](const auto &test) { return test(utf8, fold); });
        return accepted ? Answer::Yes : Answer::No;
    };
}

DictionaryMatch::Test textTest(const QueryNode &node)
{
    const DictionaryMatch::Test test = positiveTest(node);
    if (node.op != Op::Unequal && node.op != Op::NotRegex)
        return test;
    return [test](QByteArrayView utf8, QByteArrayView fold) {
        const Answer answer = test(utf8, fold);
        return answer == Answer::TooHard ? answer : (answer == Answer::Yes ? Answer::No : Answer::Yes);
    };
}

//! The least value that a comparison finds. Of a list of words "unknown" is found by its name only.
qint64 lowestOf(const Field &field, Op op)
{
    const bool byName = op == Op::Matches || op == Op::Equal || op == Op::In;
    const bool hasUnknown = QLatin1String(field.words).startsWith(QLatin1String("unknown"));
    return hasUnknown && !byName ? 1 : field.lowest;
}

RangeSet rangesOf(const QueryNode &node)
{
    RangeSet set;
    const qint64 lowest = lowestOf(*node.field, node.op);
    const auto add = [&set, lowest](qint64 from, qint64 to) {
        if (std::max(lowest, from) <= to)
            set.ranges.emplace_back(std::max(lowest, from), to);
    };
    for (const QueryNode::Value &value : node.values) {
        const qint64 before = value.number > lowest ? value.number - 1 : lowest - 1;
        switch (node.op) {
        case Op::Less:
            add(lowest, before);
            break;
        case Op::LessEqual:
            add(lowest, value.upper);
            break;
        case Op::Unequal:
            add(lowest, before);
            [[fallthrough]];
        case Op::Greater:
            if (value.upper < HighestKnown)
                add(value.upper + 1, HighestKnown);
            break;
        case Op::GreaterEqual:
            add(value.number, HighestKnown);
            break;
        default:
            add(value.number, value.upper);
            break;
        }
    }
    return set;
}

} // namespace

DictionaryMatch::DictionaryMatch(const Interner &dictionary, Test test)
    : m_dictionary(dictionary)
    , m_test(std::move(test))
{
}

bool DictionaryMatch::extend(const Stop &stop)
{
    const quint32 size = m_dictionary.size();
    m_bits.resize((size_t(size) + 63) / 64);
    for (; m_known < size; ++m_known) {
        if (m_known % 16 == 0 && stop && stop())
            return false;
        if (m_tooHard >= HardLimit) {
            m_known = size;
            break;
        }
        if (m_known == Interner::Empty)
            continue;
        switch (m_test(m_dictionary.utf8(m_known), m_dictionary.folded(m_known))) {
        case Answer::No:
            break;
        case Answer::TooHard:
            ++m_tooHard;
            break;
        case Answer::Yes:
            m_bits[m_known >> 6] |= quint64(1) << (m_known & 63);
            m_single = m_known;
            ++m_accepted;
            break;
        }
    }
    return true;
}

struct CompiledQuery::Step
{
    enum class Kind { Everything, And, Or, Not, Ids, Ranges, Payload };
    Kind kind = Kind::Everything;
    int column = 0;
    std::shared_ptr<DictionaryMatch> match;
    RangeSet ranges;
    PayloadTest payload;
    std::vector<std::unique_ptr<Step>> children;
    int cost = 0;
};

class CompiledQuery::Compiler
{
public:
    Compiler(CompiledQuery &q, const RowSource &prototype, std::span<const Field> fields)
        : q(q)
        , prototype(prototype)
        , fields(fields)
    {
    }

    std::unique_ptr<Step> compile(const QueryNode &node)
    {
        if (node.shared)
            return compile(*node.shared);
        auto step = std::make_unique<Step>();
        switch (node.kind) {
        case QueryNode::Kind::Everything:
            return step;
        case QueryNode::Kind::Test:
            return test(node);
        case QueryNode::Kind::And:
            step->kind = Step::Kind::And;
            break;
        case QueryNode::Kind::Or:
            step->kind = Step::Kind::Or;
            break;
        case QueryNode::Kind::Not:
            step->kind = Step::Kind::Not;
            break;
        }
        for (const auto &child : node.children)
            step->children.push_back(compile(*child));
        // The cheapest condition first: it often decides a whole run of rows.
        std::stable_sort(step->children.begin(), step->children.end(),
                         [](const auto &a, const auto &b) { return a->cost < b->cost; });
        for (const auto &child : step->children)
            step->cost += child->cost;
        return step;
    }

private:
    std::unique_ptr<Step> ids(int column, const DictionaryMatch::Test &test)
    {
        const Interner *dictionary = prototype.dictionary(column);
        auto step = std::make_unique<Step>();
        step->kind = Step::Kind::Ids;
        step->column = column;
        step->cost = 2;
        const auto known = std::find_if(shared.begin(), shared.end(), [&](const auto &s) { return s.first == dictionary; });
        if (known != shared.end()) {
            step->match = known->second;
        } else {
            step->match = std::make_shared<DictionaryMatch>(*dictionary, test);
            shared.emplace_back(dictionary, step->match);
            q.m_matches.push_back(step->match);
        }
        return step;
    }

    std::unique_ptr<Step> test(const QueryNode &node)
    {
        shared.clear(); // one condition shares its matches between the columns it looks at
        if (!node.field) {
            const auto accept = textTest(node);
            auto any = std::make_unique<Step>();
            any->kind = Step::Kind::Or;
            for (const Field &field : fields) {
                if (field.text)
                    any->children.push_back(ids(field.column, accept));
            }
            any->cost = 2 * int(any->children.size());
            return any;
        }
        const int column = node.field->column;
        q.m_columns.push_back(column);
        q.m_hasPattern = q.m_hasPattern || isPattern(node.op);
        if (prototype.dictionary(column))
            return ids(column, textTest(node));
        auto step = std::make_unique<Step>();
        if (!node.path.isEmpty()) {
            constexpr int parseAgain = 100;
            step->kind = Step::Kind::Payload;
            step->payload = {node.path.toUtf8().split('.'), textTest(node), node.op == Op::Unequal || node.op == Op::NotRegex};
            step->cost = parseAgain;
            q.m_readsPayload = true;
            return step;
        }
        step->kind = Step::Kind::Ranges;
        step->column = column;
        step->cost = 1;
        step->ranges = rangesOf(node);
        return step;
    }

    CompiledQuery &q;
    const RowSource &prototype;
    std::span<const Field> fields;
    std::vector<std::pair<const Interner *, std::shared_ptr<DictionaryMatch>>> shared;
};

CompiledQuery::CompiledQuery(std::shared_ptr<const QueryNode> root, const RowSource &prototype, std::span<const Field> fields,
                             const DictionaryMatch::Stop &stop)
    : m_root(std::move(root))
{
    Compiler compiler(*this, prototype, fields);
    m_step = compiler.compile(*m_root);
    extend(stop);
}

CompiledQuery::~CompiledQuery() = default;

bool CompiledQuery::isEverything() const
{
    return m_step->kind == Step::Kind::Everything;
}

bool CompiledQuery::tests(int column) const
{
    return std::find(m_columns.begin(), m_columns.end(), column) != m_columns.end();
}

bool CompiledQuery::extend(const DictionaryMatch::Stop &stop)
{
    return std::all_of(m_matches.begin(), m_matches.end(), [&stop](const auto &match) { return match->extend(stop); });
}

quint32 CompiledQuery::tooHard() const
{
    quint32 most = 0;
    for (const auto &match : m_matches)
        most = std::max(most, match->tooHard());
    return most;
}

bool CompiledQuery::isNeverTrue() const
{
    const auto never = [](const Step &step, const auto &self) -> bool {
        switch (step.kind) {
        case Step::Kind::Ids:
            return step.match->isEmpty();
        case Step::Kind::And:
            return std::any_of(step.children.begin(), step.children.end(), [&](const auto &c) { return self(*c, self); });
        case Step::Kind::Or:
            return std::all_of(step.children.begin(), step.children.end(), [&](const auto &c) { return self(*c, self); });
        default:
            return false;
        }
    };
    return never(*m_step, never);
}

void CompiledQuery::evaluate(const RowSource &rows, quint32 from, quint32 to, quint64 *bits) const
{
    if (from >= to)
        return;
    run(*m_step, rows, from, to, bits);
    if (const quint32 rest = (to - from) % 64)
        bits[(to - from) / 64] &= (quint64(1) << rest) - 1;
}

void CompiledQuery::run(const Step &step, const RowSource &rows, quint32 from, quint32 to, quint64 *bits) const
{
    const size_t words = (size_t(to - from) + 63) / 64;
    switch (step.kind) {
    case Step::Kind::Everything:
        std::fill_n(bits, words, ~quint64(0));
        return;
    case Step::Kind::Ids:
        if (step.match->isEmpty() || !rows.mayMatchIds(step.column, *step.match))
            std::fill_n(bits, words, 0);
        else
            rows.scanIds(step.column, *step.match, from, to, bits);
        return;
    case Step::Kind::Ranges:
        if (!rows.mayMatchRanges(step.column, step.ranges))
            std::fill_n(bits, words, 0);
        else
            rows.scanRanges(step.column, step.ranges, from, to, bits);
        return;
    case Step::Kind::Payload:
        std::fill_n(bits, words, ~quint64(0));
        rows.scanPayload(step.payload, from, to, bits);
        return;
    case Step::Kind::Not:
        run(*step.children.front(), rows, from, to, bits);
        for (size_t i = 0; i < words; ++i)
            bits[i] = ~bits[i];
        return;
    case Step::Kind::And:
    case Step::Kind::Or:
        break;
    }
    const bool isAnd = step.kind == Step::Kind::And;
    std::vector<quint64> other(words);
    std::fill_n(bits, words, isAnd ? ~quint64(0) : 0);
    for (const auto &child : step.children) {
        quint64 any = 0;
        if (isAnd && child->kind == Step::Kind::Payload) { // only what the cheaper conditions left
            rows.scanPayload(child->payload, from, to, bits);
            continue;
        }
        run(*child, rows, from, to, other.data());
        for (size_t i = 0; i < words; ++i) {
            bits[i] = isAnd ? bits[i] & other[i] : bits[i] | other[i];
            any |= bits[i];
        }
        if (isAnd && any == 0)
            return;
    }
}

} // namespace Monitor
