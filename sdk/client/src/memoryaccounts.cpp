// SPDX-License-Identifier: Apache-2.0
#include "memoryaccounts.h"

#include "clientmachine.h"

#include <algorithm>
#include <utility>

namespace Watchword {

MemoryAccounts::MemoryAccounts(StoragePolicy storage)
    : m_storage(storage)
{
}

bool MemoryAccounts::isPossible() const
{
    return m_storage == StoragePolicy::MemoryOnly || m_storage == StoragePolicy::KeychainOrMemory;
}

std::unique_ptr<Session> MemoryAccounts::keep(std::unique_ptr<Session> session)
{
    session->cancelSignIn();
    const bool isOwned = ClientMachine::isSignedIn(session->state()) || !session->subject().isEmpty();
    if (!isPossible() || !isOwned)
        return session;
    const QString account = session->options().account;
    m_kept[account] = std::move(session);
    return nullptr;
}

std::unique_ptr<Session> MemoryAccounts::take(const QString &account)
{
    auto kept = m_kept.extract(account);
    return kept ? std::move(kept.mapped()) : nullptr;
}

std::vector<std::unique_ptr<Session>> MemoryAccounts::takeAll()
{
    std::vector<std::unique_ptr<Session>> all;
    for (auto &[account, session] : std::exchange(m_kept, {}))
        all.push_back(std::move(session));
    return all;
}

QList<StoredAccount> MemoryAccounts::listed(QList<StoredAccount> stored, const Session &current) const
{
    const auto add = [&stored](const Session &session) {
        const SessionOptions &options = session.options();
        const bool isListed = std::any_of(stored.cbegin(), stored.cend(),
                                          [&options](const StoredAccount &one) { return one.account == options.account; });
        if (!isListed && ClientMachine::isSignedIn(session.state()))
            stored += {options.account, options.issuer, options.clientId, session.accountName(), session.subject(), {}};
    };
    if (isPossible())
        add(current);
    for (const auto &[account, session] : m_kept)
        add(*session);
    return stored;
}

} // namespace Watchword
