// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/query.h"

#include <QStringList>

namespace Monitor {

/*!
    The outermost terms of a filter as they were written, for whoever edits a filter by the mouse. Every text that is made of
    them is the written text of the terms that stay, so nothing is lost on the way.
*/
class QueryTerms
{
public:
    QueryTerms() = default;
    QueryTerms(const QString &text, const ParsedQuery &parsed); //!< Without terms if the text is empty or wrong.

    bool isAny() const { return m_any; } //!< "or" stands between the terms, else "and".
    const QStringList &terms() const { return m_terms; }
    int positionOf(int term) const { return m_positions.value(term, -1); } //!< In the text; the length is the term's.
    bool isNegated(int term) const; //!< It begins with "not", "!" or "-".

    QString without(int term) const;
    QString negated(int term) const; //!< With "not" before it, or without the "not" that it has.

private:
    QString joined(const QStringList &terms) const;

    QStringList m_terms;
    QList<int> m_positions;
    bool m_any = false;
};

} // namespace Monitor
