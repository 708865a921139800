// SPDX-License-Identifier: Apache-2.0
#include "limit/connectioncaps.h"

namespace Watchword::Gateway {

namespace {

template <typename Key>
void decrement(QHash<Key, int> &counts, const Key &key)
{
    const auto it = counts.find(key);
    if (it != counts.end() && --*it <= 0)
        counts.erase(it);
}

} // namespace

ConnectionCaps::Slot::Slot(std::shared_ptr<Counts> counts, QString endpoint, QString user)
    : m_counts(std::move(counts))
    , m_endpoint(std::move(endpoint))
    , m_user(std::move(user))
{
    ++m_counts->perEndpoint[m_endpoint];
    ++m_counts->perUser[std::pair(m_endpoint, m_user)];
}

ConnectionCaps::Slot::~Slot()
{
    decrement(m_counts->perEndpoint, m_endpoint);
    decrement(m_counts->perUser, std::pair(m_endpoint, m_user));
}

ConnectionCaps::ConnectionCaps()
    : m_counts(std::make_shared<Counts>())
{
}

ConnectionCaps::Refusal ConnectionCaps::check(const QString &endpoint, const QString &user, int endpointMost, int userMost) const
{
    if (endpointMost > 0 && endpointCount(endpoint) >= endpointMost)
        return Refusal::EndpointFull;
    if (userMost > 0 && userCount(endpoint, user) >= userMost)
        return Refusal::UserFull;
    return Refusal::None;
}

std::shared_ptr<ConnectionCaps::Slot> ConnectionCaps::take(const QString &endpoint, const QString &user)
{
    return std::shared_ptr<Slot>(new Slot(m_counts, endpoint, user));
}

int ConnectionCaps::endpointCount(const QString &endpoint) const
{
    return m_counts->perEndpoint.value(endpoint);
}

int ConnectionCaps::userCount(const QString &endpoint, const QString &user) const
{
    return m_counts->perUser.value(std::pair(endpoint, user));
}

} // namespace Watchword::Gateway
