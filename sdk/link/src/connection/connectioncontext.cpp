// SPDX-License-Identifier: Apache-2.0
#include "connection/connectioncontext.h"

namespace Watchword {

namespace {

// Who has a clock of its own cannot be counted on the time line of the others. The table gets the close codes of the
// server's own protocol.
ConnectionOptions completed(ConnectionOptions options)
{
    if (!options.budget && (!options.clock || options.clock->runsByItself()))
        options.budget = ConnectBudget::process();
    if (options.strategy)
        options.strategy->amend(options.closePolicy);
    return options;
}

} // namespace

ConnectionContext::ConnectionContext(ConnectionOptions given, LinkContext::Tokens tokens, Post poster,
                                     std::function<void(const ConnectError &)> failed)
    : options(completed(std::move(given)))
    , clock(options.clock ? *options.clock : Clock::system())
    , machine(options, tokens)
    , log(clock, std::move(failed))
    , post(std::move(poster))
{
}

void ConnectionContext::setOptions(ConnectionOptions given)
{
    options = completed(std::move(given));
    machine.setOptions(options);
}

QDateTime ConnectionContext::dateOf(std::optional<Instant> instant) const
{
    return instant ? toDateTime(clock.wallNow() + (*instant - clock.now())) : QDateTime();
}

} // namespace Watchword
