// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/accounts.h"
#include "watchword/auth/session.h"

#include <map>
#include <memory>
#include <vector>

namespace Watchword {

/*!
    The accounts of a Client whose tokens may be in memory only: the sessions of those that are not in use live on here and
   refresh by themselves, because nobody else has their tokens.

    Threads: one. Ownership: owns the sessions.
*/
class MemoryAccounts
{
public:
    explicit MemoryAccounts(StoragePolicy storage);

    bool isPossible() const; //!< The storage may be the memory. If not, nothing is kept.
    //! Keeps the session if somebody owns its account; else, and if nothing is kept, it is given back.
    std::unique_ptr<Session> keep(std::unique_ptr<Session> session);
    std::unique_ptr<Session> take(const QString &account); //!< Null: it is not here.
    std::vector<std::unique_ptr<Session>> takeAll();
    //! \a stored, and behind them those that are in no file; \a current is the session in use.
    QList<StoredAccount> listed(QList<StoredAccount> stored, const Session &current) const;

private:
    const StoragePolicy m_storage;
    std::map<QString, std::unique_ptr<Session>> m_kept;
};

} // namespace Watchword
