// SPDX-License-Identifier: Apache-2.0
#include "watchword/testing/memorytokenstore.h"

#include "watchword/auth/envelopetokenstore.h"

#include <QHash>
#include <QList>

#include <mutex>

namespace Watchword {

class MemoryTokenStore::Medium
{
public:
    VolatileTokenStore store;
};

class MemoryTokenStore::Private
{
public:
    mutable std::mutex mutex;
    std::shared_ptr<Medium> medium;
    QHash<int, QList<Error>> failures;
    QHash<int, int> counts;
};

MemoryTokenStore::MemoryTokenStore()
    : MemoryTokenStore(makeMedium())
{
}

MemoryTokenStore::MemoryTokenStore(std::shared_ptr<Medium> medium)
    : d(std::make_unique<Private>())
{
    d->medium = std::move(medium);
}

MemoryTokenStore::~MemoryTokenStore() = default;

std::shared_ptr<MemoryTokenStore::Medium> MemoryTokenStore::makeMedium()
{
    return std::make_shared<Medium>();
}

std::shared_ptr<MemoryTokenStore::Medium> MemoryTokenStore::medium() const
{
    return d->medium;
}

void MemoryTokenStore::failNext(Operation operation, const Error &error, int times)
{
    const std::scoped_lock guard(d->mutex);
    for (int i = 0; i < times; ++i)
        d->failures[int(operation)] += error;
}

int MemoryTokenStore::count(Operation operation) const
{
    const std::scoped_lock guard(d->mutex);
    return d->counts.value(int(operation));
}

std::optional<Error> MemoryTokenStore::begin(Operation operation)
{
    const std::scoped_lock guard(d->mutex);
    ++d->counts[int(operation)];
    QList<Error> &planned = d->failures[int(operation)];
    if (planned.isEmpty())
        return std::nullopt;
    return planned.takeFirst();
}

Result<TokenSet> MemoryTokenStore::load()
{
    if (const auto error = begin(Operation::Load))
        return *error;
    return d->medium->store.load();
}

Result<void> MemoryTokenStore::save(const TokenSet &tokens)
{
    if (const auto error = begin(Operation::Save))
        return *error;
    return d->medium->store.save(tokens);
}

Result<std::optional<RefreshJournal>> MemoryTokenStore::readJournal()
{
    if (const auto error = begin(Operation::ReadJournal))
        return *error;
    return d->medium->store.readJournal();
}

Result<void> MemoryTokenStore::writeJournal(const RefreshJournal &journal)
{
    if (const auto error = begin(Operation::WriteJournal))
        return *error;
    return d->medium->store.writeJournal(journal);
}

Result<std::shared_ptr<StoreLock>> MemoryTokenStore::tryLock()
{
    if (const auto error = begin(Operation::Lock))
        return *error;
    return d->medium->store.tryLock();
}

QStringList MemoryTokenStore::watchedFiles() const
{
    return {};
}

} // namespace Watchword
