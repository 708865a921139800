// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/link/export.h"

#include <QString>

#include <memory>

class QUrl;

namespace Watchword {

/*!
    Counts connection attempts per server (host and port), so that all Connections of a program together stay below a
    limit. Nothing that leads to an attempt passes it by: not waking up, not a network that came back, not a person who
    presses "Try now" ten times.

    Every Connection on the system's clock uses process() unless ConnectionOptions::budget names another one; those with
    a clock of their own, as in tests, count alone. Each asks with its own limit: the strictest waits longest.

    Threads: any, at once. Ownership: shared. Memory: at most the attempts of the last hour, 4096 for a server.
*/
class WATCHWORD_LINK_EXPORT ConnectBudget
{
public:
    ConnectBudget();
    ~ConnectBudget();
    Q_DISABLE_COPY_MOVE(ConnectBudget)

    static std::shared_ptr<ConnectBudget> process(); //!< The one of this program.
    static QString serverOf(const QUrl &url); //!< "host:port", in lower case.

    //! When the next of at most \a attempts in any \a window may begin; \a now if at once.
    Instant allowedAt(const QString &server, int attempts, Duration window, Instant now) const;
    //! Counts an attempt if one is allowed now; else false, and nothing is counted.
    bool take(const QString &server, int attempts, Duration window, Instant now);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
