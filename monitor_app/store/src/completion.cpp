// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/completion.h"

#include "queryparser.h"

namespace Monitor {

namespace {

using Item = Completion::Item;
constexpr qsizetype MostItems = 50;

bool isBoundary(QChar c)
{
    return c.isSpace() || c == u'(' || c == u')' || c == u',' || c == u':' || c == u'=' || c == u'<' || c == u'>' || c == u'~'
        || c == u'!';
}

//! Start of the token that ends at the cursor; an open quote belongs to it.
int tokenStart(const QString &text, int cursor)
{
    int openQuote = -1;
    for (int i = 0; i < cursor; ++i) {
        if (text[i] == u'"')
            openQuote = openQuote < 0 ? i : -1;
    }
    if (openQuote >= 0)
        return openQuote;
    int start = cursor;
    while (start > 0 && !isBoundary(text[start - 1]))
        --start;
    return start;
}

void addFields(Completion &completion, const QueryContext &context, const QString &typed)
{
    for (int pass = 0; pass < 2; ++pass) {
        for (const Field &field : context.fields) {
            const QString name = QString::fromLatin1(field.name);
            const bool starts = name.startsWith(typed, Qt::CaseInsensitive);
            const bool inside = !starts && name.contains(typed, Qt::CaseInsensitive);
            if (pass == 0 ? starts : inside)
                completion.items.append({Item::Kind::Field, name, fieldDescription(field), -1});
        }
    }
    for (auto it = context.saved.begin(); it != context.saved.end(); ++it) {
        const QString name = u'$' + it.key();
        if (name.startsWith(typed, Qt::CaseInsensitive))
            completion.items.append({Item::Kind::Value, name, it.value(), -1});
    }
}

void addKeywords(Completion &completion, const QString &typed)
{
    const std::pair<const char *, QString> keywords[] = {{"and", Query::tr("both conditions hold")},
                                                         {"or", Query::tr("one of both holds")},
                                                         {"not", Query::tr("the condition does not hold")}};
    for (const auto &[word, meaning] : keywords) {
        if (QLatin1String(word).startsWith(typed, Qt::CaseInsensitive))
            completion.items.append({Item::Kind::Keyword, QLatin1String(word), meaning, -1});
    }
}

void addOperators(Completion &completion, const Field &field, const QString &typed)
{
    const auto add = [&](const char *sign, const QString &meaning) {
        if (QLatin1String(sign).startsWith(typed, Qt::CaseInsensitive))
            completion.items.append({Item::Kind::Operator, QLatin1String(sign), meaning, -1});
    };
    const bool isText = field.type == FieldType::Text || field.type == FieldType::Address;
    add(":", isText ? Query::tr("equals, without case; * stands for anything") : Query::tr("equals, or lies in a range"));
    add("!=", Query::tr("is not; of several values, none is"));
    if (isText) {
        add("=", Query::tr("equals exactly"));
        add("~", Query::tr("matches a /pattern/"));
        add("!~", Query::tr("does not match a /pattern/"));
        add("has", Query::tr("contains the text"));
    } else {
        for (const char *sign : {"<", "<=", ">", ">="})
            add(sign, Query::tr("is smaller or larger"));
        add("between", Query::tr("lies in a range, a..b"));
    }
    add("in",
        field.type == FieldType::Address ? Query::tr("lies in a network, or is one of a list")
                                         : Query::tr("is one of a list, (a, b)"));
    if (field.type == FieldType::Time)
        add("within", Query::tr("the last 15m"));
}

void addValues(Completion &completion, const Field &field, const QString &typed, const ValueLister &values)
{
    QString prefix = typed;
    prefix.remove(u'"');
    if (values) {
        const ValueCounts counts = values(field, prefix);
        for (const auto &[value, count] : counts)
            completion.items.append({Item::Kind::Value, quoted(value), {}, count});
    }
    if (!completion.items.isEmpty())
        return;
    const auto suggest = [&](std::initializer_list<const char *> examples) {
        for (const char *example : examples) {
            if (QLatin1String(example).startsWith(prefix))
                completion.items.append({Item::Kind::Value, QLatin1String(example), Query::tr("example"), -1});
        }
    };
    if (field.type == FieldType::Duration)
        suggest({"30s", "5m", "2h"});
    else if (field.type == FieldType::Time)
        suggest({"now", "-15m", "12:00..12:05"});
    else if (field.type == FieldType::Bytes)
        suggest({"0", "1kB", "64KiB"});
}

} // namespace

Completion completeQuery(const QString &text, int cursor, const QueryContext &context, const ValueLister &values)
{
    Completion completion;
    cursor = std::clamp(cursor, 0, int(text.size()));
    completion.start = tokenStart(text, cursor);
    completion.length = cursor - completion.start;
    const QString typed = text.mid(completion.start, completion.length);
    const QString before = text.left(completion.start);
    QueryParser parser(before, context);
    parser.parse();
    const QueryParser::Expectation &expected = parser.expectation();
    using Expect = QueryParser::Expect;
    // "user" and then a space: only an operator makes a condition of it, so operators are offered beside everything else.
    const Field *named = expected.what == Expect::TermOrLogic
        ? findField(context.fields, before.trimmed().section(u' ', -1).section(u'(', -1))
        : nullptr;
    if (expected.field && expected.what == Expect::Operator)
        named = expected.field;
    if (named) {
        completion.expected = Query::tr("Operator for %1 (%2)").arg(QLatin1String(named->name), fieldTypeName(named->type));
        addOperators(completion, *named, typed);
    } else if (expected.what == Expect::Value || expected.what == Expect::ListValue) {
        completion.expected =
            Query::tr("Value of %1 (%2)").arg(QLatin1String(expected.field->name), fieldTypeName(expected.field->type));
        addValues(completion, *expected.field, typed, values);
    } else {
        completion.expected = expected.what == Expect::Term ? Query::tr("Field or text") : Query::tr("and, or, field or text");
        if (expected.what == Expect::TermOrLogic)
            addKeywords(completion, typed);
        addFields(completion, context, typed);
    }
    if (completion.items.size() > MostItems)
        completion.items.resize(MostItems);
    return completion;
}

} // namespace Monitor
