// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/termprobe.h"

#include "monitor/store/query.h"

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr size_t maxTerms = 6;

} // namespace

TermProbe::TermProbe(std::span<const Field> fields, MakeModel make)
    : m_fields(fields)
    , m_make(std::move(make))
{
}

void TermProbe::setQuery(const QString &text)
{
    if (text == m_text)
        return;
    m_text = text;
    m_entries.clear();
    if (text.isEmpty())
        return;
    const ParsedQuery parsed = parseQuery(text, {m_fields, 0, {}});
    if (!parsed.root)
        return;
    const auto add = [this, &text](const QueryNode &node) {
        if (m_entries.size() >= maxTerms || node.length <= 0)
            return;
        Entry entry{node.position, node.length, m_make()};
        entry.model->setQuery(text.sliced(node.position, node.length));
        m_entries.push_back(std::move(entry));
    };
    if (parsed.root->kind != QueryNode::Kind::And) {
        add(*parsed.root);
        return;
    }
    for (const auto &child : parsed.root->children)
        add(*child);
}

void TermProbe::tick()
{
    for (Entry &entry : m_entries)
        entry.model->tick();
}

QList<EmptyState::Term> TermProbe::terms() const
{
    QList<EmptyState::Term> terms;
    for (const Entry &entry : m_entries) {
        const QueryState state = entry.model->queryState();
        const bool done = state.status == QueryState::Status::Applied || state.status == QueryState::Status::Suspicious;
        terms.append({m_text.sliced(entry.position, entry.length), done ? state.matched : -1});
    }
    return terms;
}

QString TermProbe::without(int term) const
{
    QStringList rest;
    for (size_t index = 0; index < m_entries.size(); ++index) {
        if (int(index) != term)
            rest << m_text.sliced(m_entries[index].position, m_entries[index].length);
    }
    return rest.join(u" and "_s);
}

} // namespace Monitor
