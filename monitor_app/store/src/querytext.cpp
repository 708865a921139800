// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/query.h"

namespace Monitor {

namespace {

QLatin1String sign(QueryNode::Op op)
{
    using Op = QueryNode::Op;
    switch (op) {
    case Op::Matches:
        return QLatin1String(":");
    case Op::Equal:
        return QLatin1String(" = ");
    case Op::Unequal:
        return QLatin1String(" != ");
    case Op::Regex:
        return QLatin1String(" ~ ");
    case Op::NotRegex:
        return QLatin1String(" !~ ");
    case Op::Less:
        return QLatin1String(" < ");
    case Op::LessEqual:
        return QLatin1String(" <= ");
    case Op::Greater:
        return QLatin1String(" > ");
    case Op::GreaterEqual:
        return QLatin1String(" >= ");
    case Op::In:
        return QLatin1String(" in ");
    case Op::Has:
        return QLatin1String(" has ");
    case Op::Within:
        return QLatin1String(" within last ");
    case Op::Between:
        return QLatin1String(" between ");
    case Op::Text:
        break;
    }
    return QLatin1String("");
}

QString testText(const QueryNode &node)
{
    using Op = QueryNode::Op;
    QStringList values;
    for (const QueryNode::Value &value : node.values) {
        if (node.op == Op::Regex || node.op == Op::NotRegex) {
            values.append(u'/' + QString(value.text).replace(u'/', QStringLiteral("\\/")) + u'/'
                          + (value.number ? QStringLiteral("i") : QString()));
        } else {
            values.append(quoted(value.text));
        }
    }
    if (node.op == Op::Text)
        return values.join(u' ');
    const QString list = node.op == Op::In ? u'(' + values.join(QStringLiteral(", ")) + u')' : values.join(u' ');
    return (node.path.isEmpty() ? QString::fromLatin1(node.field->name) : node.path) + sign(node.op) + list;
}

QString childText(const QueryNode &node)
{
    const bool needsBrackets = node.kind == QueryNode::Kind::And || node.kind == QueryNode::Kind::Or;
    return needsBrackets ? u'(' + toText(node) + u')' : toText(node);
}

} // namespace

QString quoted(const QString &value)
{
    static const QStringList keywords = {QStringLiteral("and"),     QStringLiteral("or"),  QStringLiteral("not"),
                                         QStringLiteral("in"),      QStringLiteral("has"), QStringLiteral("within"),
                                         QStringLiteral("between"), QStringLiteral("last")};
    bool plain = !value.isEmpty() && !keywords.contains(value, Qt::CaseInsensitive) && value.front() != u'-'
        && value.front() != u'$' && value.front() != u'/';
    for (const QChar c : value) {
        const bool mark = c == u'.' || c == u'_' || c == u'-' || c == u'*' || c == u'/' || c == u'@' || c == u'+';
        plain = plain && (c.isLetterOrNumber() || mark);
    }
    if (plain)
        return value;
    return u'"' + QString(value).replace(u'\\', QStringLiteral("\\\\")).replace(u'"', QStringLiteral("\\\"")) + u'"';
}

QString toText(const QueryNode &node)
{
    switch (node.kind) {
    case QueryNode::Kind::Everything:
        return {};
    case QueryNode::Kind::Test:
        return testText(node);
    case QueryNode::Kind::Not:
        return QStringLiteral("not ") + childText(*node.children.front());
    case QueryNode::Kind::And:
    case QueryNode::Kind::Or:
        break;
    }
    if (node.shared)
        return toText(*node.shared);
    QStringList parts;
    for (const auto &child : node.children)
        parts.append(childText(*child));
    return parts.join(node.kind == QueryNode::Kind::Or ? QStringLiteral(" or ") : QStringLiteral(" and "));
}

} // namespace Monitor
