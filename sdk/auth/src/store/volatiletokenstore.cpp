// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/envelopetokenstore.h"

#include <mutex>

namespace Watchword {

namespace {

class MutexLock final : public StoreLock
{
public:
    explicit MutexLock(std::shared_ptr<std::atomic_flag> flag)
        : m_flag(std::move(flag))
    {
    }
    ~MutexLock() override { m_flag->clear(); }

private:
    std::shared_ptr<std::atomic_flag> m_flag;
};

} // namespace

class VolatileTokenStore::Private
{
public:
    std::mutex mutex;
    std::optional<TokenSet> tokens;
    std::optional<RefreshJournal> journal;
    std::shared_ptr<std::atomic_flag> locked = std::make_shared<std::atomic_flag>();
};

VolatileTokenStore::VolatileTokenStore()
    : d(std::make_unique<Private>())
{
}

VolatileTokenStore::~VolatileTokenStore() = default;

Result<TokenSet> VolatileTokenStore::load()
{
    const std::scoped_lock guard(d->mutex);
    if (!d->tokens)
        return Error(ErrorCode::NotFound, QStringLiteral("nothing was saved"));
    return *d->tokens;
}

Result<void> VolatileTokenStore::save(const TokenSet &tokens)
{
    const std::scoped_lock guard(d->mutex);
    if (d->tokens && tokens.generation <= d->tokens->generation)
        return Error(ErrorCode::WrongState, QStringLiteral("a newer generation is stored already"));
    d->tokens = tokens;
    return {};
}

Result<std::optional<RefreshJournal>> VolatileTokenStore::readJournal()
{
    const std::scoped_lock guard(d->mutex);
    return d->journal;
}

Result<void> VolatileTokenStore::writeJournal(const RefreshJournal &journal)
{
    const std::scoped_lock guard(d->mutex);
    d->journal = journal;
    return {};
}

Result<std::shared_ptr<StoreLock>> VolatileTokenStore::tryLock()
{
    if (d->locked->test_and_set())
        return Error(ErrorCode::LockBusy, QStringLiteral("another session works on this account"));
    return std::shared_ptr<StoreLock>(std::make_shared<MutexLock>(d->locked));
}

QStringList VolatileTokenStore::watchedFiles() const
{
    return {};
}

} // namespace Watchword
