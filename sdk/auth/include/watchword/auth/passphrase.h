// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/keystore.h"

#include <functional>

namespace Watchword {

/*! Why a passphrase is asked for. */
struct PassphraseQuestion
{
    bool isNew = false; //!< The person chooses one: ask twice, and say that nobody can recover it.
    bool wasWrong = false; //!< The last answer did not open the file. Nothing was lost by it.
};

/*!
    Asks the person, or a file that only the service account can read, and finishes with the passphrase (1 to 1024 bytes; of bytes
    that you have, Secret::copy() makes one), or with ErrorCode::Cancelled. guide.md, "Storage", has an example.

    Called in the session's thread; must not block it. Called at each start() of a session, so also for each account that
    Client::setAccount() goes to, and again after a wrong answer.
*/
using AskPassphrase = std::function<QFuture<Result<Secret>>(const PassphraseQuestion &)>;

} // namespace Watchword
