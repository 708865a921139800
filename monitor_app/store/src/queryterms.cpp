// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/queryterms.h"

namespace Monitor {

namespace {

//! Length of the "not" at the begin of a term with the space behind it; 0 without one.
qsizetype negationOf(const QString &term)
{
    qsizetype length = 0;
    if (term.startsWith(u'!') || term.startsWith(u'-'))
        length = 1;
    else if (term.startsWith(QLatin1String("not"), Qt::CaseInsensitive) && term.size() > 3
             && (term[3].isSpace() || term[3] == u'('))
        length = 3;
    while (length > 0 && length < term.size() && term[length].isSpace())
        ++length;
    return length;
}

} // namespace

QueryTerms::QueryTerms(const QString &text, const ParsedQuery &parsed)
{
    if (!parsed.root || parsed.root->kind == QueryNode::Kind::Everything)
        return;
    const QueryNode &root = *parsed.root;
    const bool isList = !root.children.empty() && root.kind != QueryNode::Kind::Not
        && root.children.front()->position == root.position; // in brackets it is one term
    const auto add = [this, &text](const QueryNode &node) {
        m_positions.append(node.position);
        m_terms.append(text.mid(node.position, node.length));
    };
    if (!isList) {
        m_positions.append(0);
        m_terms.append(text.trimmed());
        return;
    }
    m_any = root.kind == QueryNode::Kind::Or;
    for (const auto &child : root.children)
        add(*child);
}

bool QueryTerms::isNegated(int term) const
{
    return negationOf(m_terms.value(term)) > 0;
}

QString QueryTerms::joined(const QStringList &terms) const
{
    return terms.join(m_any ? QStringLiteral(" or ") : QStringLiteral(" and "));
}

QString QueryTerms::without(int term) const
{
    QStringList rest = m_terms;
    if (term >= 0 && term < rest.size())
        rest.removeAt(term);
    return joined(rest);
}

QString QueryTerms::negated(int term) const
{
    QStringList terms = m_terms;
    if (term < 0 || term >= terms.size())
        return joined(terms);
    if (const qsizetype length = negationOf(terms[term]); length > 0)
        terms[term] = terms[term].sliced(length);
    else
        terms[term].prepend(QStringLiteral("not "));
    return joined(terms);
}

} // namespace Monitor
