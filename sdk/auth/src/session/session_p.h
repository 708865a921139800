// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/sessionexecutor.h"
#include "session/sessionreport.h"

namespace Watchword {

class Session::Private
{
public:
    Private(SessionOptions options, Session *session)
        : executor(std::move(options), session)
    {
    }

    SessionReport report(const Session &session) const
    {
        const TransactionRunner::LockWaits waits = executor.refresher.runner().lockWaits();
        using Store = SessionReport::Inside::Store;
        const Store store = executor.store.isInMemory() ? Store::Memory : Store::Encrypted;
        return {session, {executor.machine.tokens(), executor.clock, waits.count, waits.longest, store}};
    }

    SessionExecutor executor;
};

} // namespace Watchword
