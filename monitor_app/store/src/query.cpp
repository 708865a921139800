// SPDX-License-Identifier: Apache-2.0
#include "queryparser.h"

namespace Monitor {

namespace {

constexpr int MaxText = 4096;
constexpr int MaxNesting = 64;
constexpr int MaxSavedDepth = 8;

bool isOrdered(FieldType type)
{
    return type != FieldType::Address;
}

//! Columns are numbered by each source of its own; only events have a payload.
bool isPayload(const Field &field)
{
    const std::span<const Field> events = auditFields();
    return &field >= events.data() && &field < events.data() + events.size() && field.column == int(AuditColumn::Payload);
}

const QString patternLimit = QStringLiteral("(*LIMIT_MATCH=10000)"); // steps on one text

bool dependsOnNow(const Field &field)
{
    // Only ages and remaining times are measured against the clock; a round trip or a time in the log is not.
    const QLatin1String name(field.name);
    return field.type == FieldType::Duration && name != QLatin1String("rtt");
}

} // namespace

QueryParser::QueryParser(const QString &text, const QueryContext &context, int depth)
    : m_text(text)
    , m_context(context)
    , m_depth(depth)
{
}

ParsedQuery QueryParser::parse()
{
    if (m_text.size() > MaxText) {
        fail(MaxText, int(m_text.size()) - MaxText, Query::tr("The filter is longer than %1 characters.").arg(MaxText));
        return std::move(m_result);
    }
    skipSpace();
    expect(Expect::Term);
    NodePtr root;
    if (atEnd()) {
        root = std::make_unique<QueryNode>();
    } else {
        root = parseOr();
        if (root && !atEnd())
            root = fail(m_at, 1, Query::tr("“)” without “(”. Take it away or open a bracket before it."));
    }
    if (!m_result.error.isSet())
        m_result.root = std::move(root);
    return std::move(m_result);
}

QueryParser::NodePtr QueryParser::fail(int position, int length, const QString &message, const QString &suggestion)
{
    if (!m_result.error.isSet()) {
        m_result.error = {position, std::max(1, length), message, suggestion};
        m_result.tokens.append({QueryToken::Kind::Error, position, std::max(1, length)});
    }
    return nullptr;
}

void QueryParser::expect(Expect what, const Field *field, bool range)
{
    m_expected = {what, field, range};
}

QueryParser::NodePtr QueryParser::placed(NodePtr node, int start) const
{
    int end = m_at;
    while (end > start && m_text[end - 1].isSpace())
        --end;
    if (node) {
        node->position = start;
        node->length = end - start;
    }
    return node;
}

QueryParser::NodePtr QueryParser::parseOr()
{
    const int start = m_at;
    NodePtr left = parseAnd();
    while (left && takeKeyword(QLatin1String("or"))) {
        expect(Expect::Term);
        NodePtr right = parseAnd();
        if (!right)
            return nullptr;
        if (left->kind != QueryNode::Kind::Or) {
            auto both = std::make_unique<QueryNode>();
            both->kind = QueryNode::Kind::Or;
            both->children.push_back(std::move(left));
            left = std::move(both);
        }
        left->children.push_back(std::move(right));
    }
    return placed(std::move(left), start);
}

QueryParser::NodePtr QueryParser::parseAnd()
{
    const int start = m_at;
    NodePtr left = parseNot();
    bool own = false;
    while (left && !atEnd() && peek() != u')' && !keywordAhead(QLatin1String("or"))) {
        if (takeKeyword(QLatin1String("and")))
            expect(Expect::Term);
        NodePtr right = parseNot();
        if (!right)
            return nullptr;
        if (!own) {
            auto both = std::make_unique<QueryNode>();
            both->kind = QueryNode::Kind::And;
            both->children.push_back(std::move(left));
            left = std::move(both);
            own = true;
        }
        left->children.push_back(std::move(right));
    }
    return placed(std::move(left), start);
}

QueryParser::NodePtr QueryParser::parseNot()
{
    const int first = m_at;
    bool negated = false;
    int depth = 0;
    for (;; ++depth) {
        const int start = m_at;
        if (depth > MaxNesting)
            return fail(m_at, 1, Query::tr("Too many “not” in a row."));
        if (takeKeyword(QLatin1String("not"))) {
            negated = !negated;
        } else if ((peek() == u'!' && peek(1) != u'=' && peek(1) != u'~')
                   || (peek() == u'-' && !peek(1).isSpace() && !peek(1).isNull())) {
            ++m_at;
            mark(QueryToken::Kind::Operator, start);
            skipSpace();
            negated = !negated;
        } else {
            break;
        }
        expect(Expect::Term);
    }
    NodePtr term = parseTerm();
    if (!term || !negated)
        return placed(std::move(term), first);
    if (term->kind == QueryNode::Kind::Not) // from brackets
        return placed(std::move(term->children.front()), first);
    auto node = std::make_unique<QueryNode>();
    node->kind = QueryNode::Kind::Not;
    node->children.push_back(std::move(term));
    return placed(std::move(node), first);
}

QueryParser::NodePtr QueryParser::parseGroup()
{
    const int start = m_at++;
    mark(QueryToken::Kind::Bracket, start);
    if (++m_nesting > MaxNesting)
        return fail(start, 1, Query::tr("More than %1 brackets in each other.").arg(MaxNesting));
    skipSpace();
    expect(Expect::Term);
    if (peek() == u')')
        return fail(start, m_at - start + 1, Query::tr("The brackets are empty. Write a condition between them."));
    NodePtr inner = parseOr();
    if (!inner)
        return nullptr;
    if (peek() != u')')
        return fail(start, 1, Query::tr("“(” is never closed. Add “)”."));
    const int close = m_at++;
    mark(QueryToken::Kind::Bracket, close);
    skipSpace();
    --m_nesting;
    expect(Expect::TermOrLogic);
    return inner;
}

QueryParser::NodePtr QueryParser::parseTerm()
{
    if (atEnd()) {
        return fail(std::max(0, int(m_text.size()) - 1), 1,
                    Query::tr("The filter ends too early: a condition is missing at the end."));
    }
    if (peek() == u'(')
        return parseGroup();
    if (peek() == u'"') {
        const int start = m_at;
        QString text;
        if (!readQuoted(text))
            return nullptr;
        const int end = m_at;
        skipSpace();
        if (const Field *field = operatorAhead() ? fieldNamed(text) : nullptr) { // "Token left" < 30s
            m_result.tokens.append({QueryToken::Kind::Field, start, end - start});
            return parseTest(*field, text, start);
        }
        m_at = end;
        if (text.isEmpty())
            return fail(start, end - start, Query::tr("The quotes are empty. Write the text to look for between them."));
        return parseBareText(start, text, true);
    }
    return parseWordTerm();
}

QueryParser::NodePtr QueryParser::parseWordTerm()
{
    const int start = m_at;
    if (keywordAhead(QLatin1String("and")) || keywordAhead(QLatin1String("or"))) {
        const QString word = readWord(false);
        return fail(start, int(word.size()),
                    Query::tr("A condition is missing before “%1”. To look for the word, write \"%1\".").arg(word));
    }
    const QString word = readWord(false);
    if (word.isEmpty()) {
        return fail(start, 1, Query::tr("“%1” does not begin a condition. Put text that contains it in quotes.").arg(peek()));
    }
    const int end = m_at;
    skipSpace();
    if (!operatorAhead()) {
        m_at = end;
        return parseBareText(start, word, false);
    }
    const Field *field = fieldNamed(word);
    if (!field) {
        const QString near = nearestField(m_context.fields, word);
        return fail(start, end - start,
                    near.isEmpty()
                        ? Query::tr("“%1” is unknown. Press Ctrl+Space for the list of fields, or put text in quotes.").arg(word)
                        : Query::tr("“%1” is unknown. Did you mean %2?").arg(word, near),
                    near);
    }
    m_result.tokens.append({QueryToken::Kind::Field, start, end - start});
    return parseTest(*field, word, start);
}

const Field *QueryParser::fieldNamed(const QString &name) const
{
    constexpr QLatin1String member("data.");
    if (name.size() > member.size() && name.startsWith(member, Qt::CaseInsensitive) && !name.endsWith(u'.'))
        return findField(m_context.fields, u"data");
    if (const Field *field = findField(m_context.fields, name))
        return field;
    const auto title = m_context.titles.constFind(plainName(name));
    return title == m_context.titles.constEnd() ? nullptr : findField(m_context.fields, *title);
}

QueryParser::NodePtr QueryParser::savedQuery(int position)
{
    const QString name = m_text.mid(position + 1, m_at - position - 1);
    mark(QueryToken::Kind::Value, position);
    const auto found = m_context.saved.constFind(name);
    if (found == m_context.saved.constEnd())
        return fail(position, m_at - position, Query::tr("There is no saved filter named “%1”.").arg(name));
    if (m_depth >= MaxSavedDepth)
        return fail(position, m_at - position, Query::tr("The saved filter “%1” contains itself.").arg(name));
    QueryParser inner(*found, m_context, m_depth + 1);
    ParsedQuery parsed = inner.parse();
    if (parsed.error.isSet()) {
        return fail(position, m_at - position, Query::tr("The saved filter “%1” is wrong: %2").arg(name, parsed.error.message));
    }
    m_result.dependsOnNow = m_result.dependsOnNow || parsed.dependsOnNow;
    auto group = std::make_unique<QueryNode>();
    group->kind = QueryNode::Kind::And;
    group->shared = parsed.root;
    return group;
}

QueryParser::NodePtr QueryParser::parseBareText(int position, const QString &word, bool isQuoted)
{
    NodePtr node;
    if (!isQuoted && word.startsWith(u'$') && word.size() > 1) {
        node = savedQuery(position);
        if (!node)
            return nullptr;
    } else {
        mark(QueryToken::Kind::Text, position);
        node = std::make_unique<QueryNode>();
        node->kind = QueryNode::Kind::Test;
        node->op = Op::Text;
        QueryNode::Value value;
        value.text = word;
        node->values.append(value);
    }
    node->position = position;
    node->length = m_at - position;
    skipSpace();
    expect(Expect::TermOrLogic);
    return node;
}

QueryParser::NodePtr QueryParser::parseTest(const Field &field, const QString &written, int position)
{
    auto node = std::make_unique<QueryNode>();
    node->kind = QueryNode::Kind::Test;
    node->field = &field;
    node->position = position;
    if (isPayload(field))
        node->path = written.contains(u'.') ? written : QString::fromLatin1(field.name);
    if (node->path == QLatin1String("data"))
        return fail(position, 4, Query::tr("Say which member of the event, for example data.actor.type."));
    expect(Expect::Operator, &field);
    const int start = m_at;
    m_result.dependsOnNow = m_result.dependsOnNow || dependsOnNow(field);
    const QString name = QString::fromLatin1(field.name);
    const bool isText = field.type == FieldType::Text || field.type == FieldType::Address;
    if (takeOperator(node->op)) {
        const bool orders = node->op >= Op::Less && node->op <= Op::GreaterEqual;
        const bool isRegex = node->op == Op::Regex || node->op == Op::NotRegex;
        if (isRegex && !isText)
            return fail(start, m_at - start,
                        Query::tr("“~” needs a text field; %1 is a %2. Use “:” or “<”.").arg(name, fieldTypeName(field.type)));
        if (orders && !isOrdered(field.type))
            return fail(start, m_at - start, Query::tr("%1 has no order. Use “:” or “in” with a network.").arg(name));
        node = parseOperand(std::move(node));
    } else if (takeKeyword(QLatin1String("in"))) {
        node->op = Op::In;
        node = parseList(std::move(node));
    } else if (takeKeyword(QLatin1String("has"))) {
        if (!isText)
            return fail(start, 3, Query::tr("“has” needs a text field; %1 is a %2.").arg(name, fieldTypeName(field.type)));
        node->op = Op::Has;
        node = parseOperand(std::move(node));
    } else if (takeKeyword(QLatin1String("within"))) {
        node->op = Op::Within;
        node = parseWithin(std::move(node));
    } else if (takeKeyword(QLatin1String("between"))) {
        if (isText)
            return fail(start, 7,
                        Query::tr("“between” needs a number or time; %1 is a %2.").arg(name, fieldTypeName(field.type)));
        node->op = Op::Between;
        node = parseOperand(std::move(node));
        if (node && !node->values.front().isRange)
            return fail(node->position, m_at - node->position, Query::tr("“between” needs a range such as 12:00..12:05."));
    }
    if (!node)
        return nullptr;
    node->length = m_at - position;
    skipSpace();
    expect(Expect::TermOrLogic);
    return node;
}

QueryParser::NodePtr QueryParser::parseWithin(NodePtr node)
{
    if (node->field->type != FieldType::Time)
        return fail(node->position, m_at - node->position, Query::tr("“within” needs a time field such as ts."));
    takeKeyword(QLatin1String("last"));
    expect(Expect::Value, node->field, true);
    const int start = m_at;
    const QString text = readWord(true);
    qint64 span = 0;
    if (text.isEmpty() || !parseDuration(text, span) || span <= 0)
        return fail(text.isEmpty() ? std::max(0, start - 1) : start, int(text.size()),
                    Query::tr("“within last” needs a duration such as 15m."));
    mark(QueryToken::Kind::Value, start);
    QueryNode::Value value;
    value.text = text;
    value.number = m_context.now - span;
    value.upper = std::numeric_limits<qint64>::max();
    value.isRange = true;
    node->values.append(value);
    m_result.dependsOnNow = true;
    return node;
}

QueryParser::NodePtr QueryParser::parseOperand(NodePtr node)
{
    expect(Expect::Value, node->field, node->op == Op::Between);
    const int start = m_at;
    if (atEnd() || peek() == u')') {
        return fail(std::max(0, start - 1), 1,
                    Query::tr("A value for %1 is missing.").arg(QString::fromLatin1(node->field->name)));
    }
    QString text;
    if (peek() == u'"') {
        if (!readQuoted(text))
            return nullptr;
        if (text.isEmpty())
            return refuseEmpty(*node, start);
        if (!addValue(*node, text, start, m_at - start, true))
            return nullptr;
    } else if ((node->op == Op::Regex || node->op == Op::NotRegex) && peek() == u'/') {
        bool insensitive = false;
        if (!readRegex(text, insensitive) || !addRegex(*node, text, insensitive, start, m_at - start))
            return nullptr;
    } else {
        text = readWord(true);
        if (text.isEmpty())
            return fail(start, 1, Query::tr("“%1” is not a value. Put text that contains it in quotes.").arg(peek()));
        if (!addValue(*node, text, start, m_at - start, false))
            return nullptr;
    }
    mark(QueryToken::Kind::Value, start);
    return node;
}

QueryParser::NodePtr QueryParser::refuseEmpty(const QueryNode &node, int position)
{
    const QString name = node.path.isEmpty() ? QString::fromLatin1(node.field->name) : node.path;
    const bool isWhole = node.op == Op::Matches || node.op == Op::Equal;
    const QString instead = QStringLiteral("not %1:*").arg(name);
    const int start = isWhole ? node.position : position;
    return fail(start, m_at - start,
                Query::tr("A missing value equals nothing. Rows without %1 are found by %2.").arg(name, instead),
                isWhole ? instead : QString());
}

QueryParser::NodePtr QueryParser::parseList(NodePtr node)
{
    if (peek() != u'(')
        return parseOperand(std::move(node));
    const int open = m_at++;
    mark(QueryToken::Kind::Bracket, open);
    for (;;) {
        skipSpace();
        expect(Expect::ListValue, node->field);
        if (peek() == u')' && node->values.isEmpty())
            return fail(open, m_at - open + 1, Query::tr("The list is empty. Write values between the brackets, with commas."));
        if (peek() == u'(')
            return fail(m_at, 1, Query::tr("A list cannot stand in a list."));
        node = parseOperand(std::move(node));
        if (!node)
            return nullptr;
        skipSpace();
        if (peek() == u',') {
            ++m_at;
            continue;
        }
        if (peek() != u')')
            return fail(open, 1, Query::tr("The list is never closed. Add “)”."));
        const int close = m_at++;
        mark(QueryToken::Kind::Bracket, close);
        return node;
    }
}

bool QueryParser::addValue(QueryNode &node, const QString &text, int position, int length, bool isQuoted)
{
    if (node.op == Op::Regex || node.op == Op::NotRegex)
        return addRegex(node, text, true, position, length);
    if (node.op == Op::Has || (isQuoted && node.field->type == FieldType::Text)) {
        QueryNode::Value value;
        value.text = text;
        node.values.append(value);
        return true;
    }
    ParsedValue parsed = parseValue(*node.field, text, m_context.now);
    if (!parsed.error.isEmpty()) {
        fail(position, length, parsed.error, parsed.fix);
        return false;
    }
    const bool orders = node.op >= Op::Less && node.op <= Op::GreaterEqual;
    if (orders && parsed.value.isRange) {
        fail(position, length, Query::tr("A range cannot be compared. Use “:” or “between”."));
        return false;
    }
    node.values.append(parsed.value);
    return true;
}

bool QueryParser::addRegex(QueryNode &node, const QString &pattern, bool caseInsensitive, int position, int length)
{
    QueryNode::Value value;
    value.text = pattern;
    value.number = caseInsensitive ? 1 : 0;
    const auto options = caseInsensitive ? QRegularExpression::CaseInsensitiveOption : QRegularExpression::NoPatternOption;
    value.regex = QRegularExpression(pattern, options);
    if (!value.regex.isValid()) {
        const int at = position + 1 + int(value.regex.patternErrorOffset());
        fail(std::min(at, position + length - 1), 1, Query::tr("The pattern is wrong: %1.").arg(value.regex.errorString()));
        return false;
    }
    // A pattern with nested repetitions tries for ever; this one gives up, and the condition tells it apart from "no match".
    value.regex = QRegularExpression(patternLimit + pattern, options);
    node.values.append(value);
    return true;
}

ParsedQuery parseQuery(const QString &text, const QueryContext &context)
{
    return QueryParser(text, context).parse();
}

} // namespace Monitor
