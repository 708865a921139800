// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refreshtransaction.h"
#include "session/sessionactions.h"
#include "session/sessionevents.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*!
    One transaction at a time, and what a person decides overtakes it. No I/O.

        Free --refresh()--> Refreshing --Finish--> Free
         |                      | replace()
         |                      v
         +--replace()--> Replacing --replace()--> Outdated --Finish--> Replacing --Finish--> Free

    In Outdated a transaction runs that no longer matters. It is cancelled if its refresh token has not left, and led to its end
    otherwise, because the answer must not be lost. What it brings is Kept or Revoked, as whoever decided wants it; its end is
    not reported. A tombstone is never published.

    What a transaction published is part of its end, so that nobody sees the one without the other.

    The RefreshTransaction goes on saving what it could not save. After a refresh that happens in Free, after a decision in
    Replacing, and its success is reported as one more end; a refresh may begin meanwhile.
*/
class WATCHWORD_TEST_EXPORT TransactionQueue
{
public:
    struct Free
    {
    };
    struct Refreshing
    {
    };
    struct Replacing
    {
    };
    struct Outdated
    {
        SessionActions::Store next;
    };
    using State = std::variant<Free, Refreshing, Replacing, Outdated>;

    using T = RefreshTransaction;
    using Output = std::variant<T::TryLock, T::Load, T::Probe, T::WriteJournal, T::Send, T::Save, T::Wait, T::Examine, T::Unlock,
                                SessionActions::Revoke, SessionEvents::Published, SessionEvents::TransactionEnded>;
    using Outputs = std::vector<Output>;

    //! \a random must outlive the queue.
    TransactionQueue(RandomSource &random, QByteArray run);

    //! Nothing if a transaction runs.
    Outputs refresh(const TokenSet &known, WallTime now, Instant instant);
    Outputs replace(const SessionActions::Store &store, WallTime now, Instant instant);
    Outputs step(const T::Event &event, WallTime now, Instant instant);

    const State &state() const { return m_state; }
    bool isRunning() const { return m_transaction.isRunning(); }
    T::Step currentStep() const { return m_transaction.currentStep(); }
    //! A decision of a person is being stored, or waits for that.
    bool isDeciding() const;

private:
    void feed(const T::Event &event, WallTime now, Instant instant, Outputs &outputs);
    void beginNext(WallTime now, Instant instant, Outputs &outputs);
    void finish(const T::Finish &finish, std::optional<TokenSet> published, Outputs &outputs);

    RefreshTransaction m_transaction;
    State m_state;
};

} // namespace Watchword
