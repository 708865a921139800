// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machinebench.h"

namespace MachineTest {

/*! Where one part of the machine plays alone: its context, its time, and a log of what it wants done. */
struct Stage
{
    explicit Stage(LinkContext::Tokens tokens = LinkContext::Tokens::Used,
                   const std::function<void(ConnectionOptions &)> &change = {})
        : context(makeOptions(change), tokens)
    {
    }
    ConnectionOptions makeOptions(const std::function<void(ConnectionOptions &)> &change)
    {
        ConnectionOptions options;
        options.random = &random;
        if (change)
            change(options);
        return options;
    }
    //! What \a part returns; its actions are in log.
    template <typename F>
    auto run(F part)
    {
        LinkStep step{context, now};
        const auto note = qScopeGuard([&] {
            log.clear();
            for (const LinkActions::Action &action : step.actions)
                log.append(LinkActions::toString(action));
        });
        return part(step);
    }

    FixedRandom random;
    LinkContext context;
    Instant now = kStart;
    QStringList log;
};

} // namespace MachineTest
