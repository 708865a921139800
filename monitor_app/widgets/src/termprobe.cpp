// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/termprobe.h"

#include "monitor/store/queryterms.h"

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int maxTerms = 6;

} // namespace

TermProbe::TermProbe(MakeModel make)
    : m_make(std::move(make))
{
}

void TermProbe::setQuery(const QString &text)
{
    if (text == m_text)
        return;
    m_text = text;
    m_models.clear();
    m_terms = {};
    if (text.isEmpty())
        return;
    m_terms = QueryTerms(text, m_make()->parse(text));
    const QStringList terms = m_terms.terms();
    for (int term = 0; term < std::min<int>(maxTerms, int(terms.size())); ++term) {
        m_models.push_back(m_make());
        m_models.back()->setQuery(terms.at(term));
    }
}

void TermProbe::tick()
{
    for (const auto &model : m_models)
        model->tick();
}

QList<EmptyState::Term> TermProbe::terms() const
{
    QList<EmptyState::Term> terms;
    for (size_t term = 0; term < m_models.size(); ++term) {
        const QueryState state = m_models[term]->queryState();
        const bool done = state.status == QueryState::Status::Applied || state.status == QueryState::Status::Suspicious;
        terms.append({m_terms.terms().at(qsizetype(term)), done ? state.matched : -1});
    }
    return terms;
}

} // namespace Monitor
