// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/tokenstore.h"
#include "watchword/testing/export.h"

namespace Watchword {

/*!
    A TokenStore in memory whose medium can be made to fail, and which several stores can share as processes share a disk.

    Threads: any, one call at a time per object; the shared medium is guarded. Ownership: the medium is shared.
*/
class WATCHWORD_TESTING_EXPORT MemoryTokenStore final : public TokenStore
{
public:
    enum class Operation { Load, Save, ReadJournal, WriteJournal, Lock };
    class Medium;

    MemoryTokenStore();
    explicit MemoryTokenStore(std::shared_ptr<Medium> medium);
    ~MemoryTokenStore() override;

    static std::shared_ptr<Medium> makeMedium();
    std::shared_ptr<Medium> medium() const;

    void failNext(Operation operation, const Error &error, int times = 1);
    int count(Operation operation) const; //!< Calls so far, failed ones too.

    Result<TokenSet> load() override;
    Result<void> save(const TokenSet &tokens) override;
    Result<std::optional<RefreshJournal>> readJournal() override;
    Result<void> writeJournal(const RefreshJournal &journal) override;
    Result<std::shared_ptr<StoreLock>> tryLock() override;
    QStringList watchedFiles() const override;

private:
    std::optional<Error> begin(Operation operation);

    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
