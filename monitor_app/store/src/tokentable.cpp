// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/tokentable.h"

#include <algorithm>

namespace Monitor {

namespace {

TokenInterval::End endOf(const QString &word)
{
    if (word == u"replaced")
        return TokenInterval::End::Replaced;
    if (word == u"expired")
        return TokenInterval::End::Expired;
    if (word == u"revoked")
        return TokenInterval::End::Revoked;
    if (word == u"signed_out")
        return TokenInterval::End::SignedOut;
    return word == u"reused" ? TokenInterval::End::Reused : TokenInterval::End::None;
}

} // namespace

quint32 TokenTable::takeLane(const TokenEntry &row)
{
    // A token without a session has a lane of its own.
    const QString session = row.session.isEmpty() ? row.id : row.session;
    const auto found = m_laneOfSession.constFind(session);
    quint32 lane = 0;
    if (found != m_laneOfSession.constEnd()) {
        lane = *found;
    } else {
        if (m_freeLanes.empty()) {
            lane = quint32(m_lanes.size());
            m_lanes.emplace_back();
        } else {
            lane = m_freeLanes.back();
            m_freeLanes.pop_back();
        }
        m_laneOfSession.insert(session, lane);
        m_lanes[lane].session = session;
        ++m_structure;
    }
    TokenLane &target = m_lanes[lane];
    target.user = row.user.isEmpty() ? row.subject : row.user;
    target.client = row.client;
    if (!row.node.isEmpty() && target.node != row.node) {
        target.node = row.node;
        ++m_structure;
    }
    return lane;
}

void TokenTable::insertSorted(std::vector<quint32> &chain, quint32 index)
{
    const auto later = [this](quint32 a, quint32 b) {
        const TokenInterval &x = m_tokens[a];
        const TokenInterval &y = m_tokens[b];
        return x.issued != y.issued ? x.issued < y.issued : x.id < y.id;
    };
    chain.insert(std::upper_bound(chain.begin(), chain.end(), index, later), index);
}

void TokenTable::upsert(const TokenEntry &row)
{
    remove(row.id);
    quint32 index = 0;
    if (m_freeTokens.empty()) {
        index = quint32(m_tokens.size());
        m_tokens.emplace_back();
    } else {
        index = m_freeTokens.back();
        m_freeTokens.pop_back();
    }
    TokenInterval &token = m_tokens[index];
    token = {};
    token.id = row.id;
    token.previous = row.previous;
    token.family = row.family;
    token.issued = row.issued;
    token.notBefore = row.notBefore;
    token.expires = row.expires;
    token.refreshAt = row.refreshAt;
    token.ended = row.ended;
    token.failures = quint32(std::max(0, row.failures));
    token.kind = row.kind == u"refresh" ? TokenInterval::Kind::Refresh : TokenInterval::Kind::Access;
    token.end = endOf(row.end);
    token.lane = takeLane(row);
    m_indexOfId.insert(row.id, index);
    TokenLane &lane = m_lanes[token.lane];
    insertSorted(token.kind == TokenInterval::Kind::Access ? lane.access : lane.refresh, index);
    lane.failures = lane.access.empty() ? 0 : m_tokens[lane.access.back()].failures;
    ++m_changes;
}

bool TokenTable::remove(const QString &id)
{
    const auto found = m_indexOfId.constFind(id);
    if (found == m_indexOfId.constEnd())
        return false;
    const quint32 index = *found;
    m_indexOfId.erase(found);
    TokenLane &lane = m_lanes[m_tokens[index].lane];
    auto &chain = m_tokens[index].kind == TokenInterval::Kind::Access ? lane.access : lane.refresh;
    chain.erase(std::find(chain.begin(), chain.end(), index));
    if (lane.access.empty() && lane.refresh.empty()) {
        m_laneOfSession.remove(lane.session);
        m_freeLanes.push_back(m_tokens[index].lane);
        lane = {};
        ++m_structure;
    } else {
        lane.failures = lane.access.empty() ? 0 : m_tokens[lane.access.back()].failures;
    }
    m_tokens[index] = {};
    m_freeTokens.push_back(index);
    ++m_changes;
    return true;
}

void TokenTable::clear()
{
    const quint64 structure = m_structure + 1;
    const quint64 changes = m_changes + 1;
    *this = {};
    m_structure = structure;
    m_changes = changes;
}

quint32 TokenTable::current(quint32 lane) const
{
    const auto &chain = m_lanes[lane].access;
    return chain.empty() ? none() : chain.back();
}

qsizetype TokenTable::firstReaching(const std::vector<quint32> &chain, qint64 from) const
{
    // Sorted by issue; a token rarely outlives the issue of its next but one, so step back until one ends before.
    const auto at = std::lower_bound(chain.begin(), chain.end(), from,
                                     [this](quint32 index, qint64 time) { return m_tokens[index].issued < time; });
    qsizetype position = at - chain.begin();
    const auto reaches = [&](qsizetype i) {
        const TokenInterval &t = m_tokens[chain[size_t(i)]];
        return std::max(t.ended, t.expires) >= from || (t.ended == 0 && t.expires == 0);
    };
    while (position > 0 && reaches(position - 1))
        --position;
    return position;
}

} // namespace Monitor
