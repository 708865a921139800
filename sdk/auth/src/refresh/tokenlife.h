// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refreshschedule.h"
#include "session/correctedclock.h"
#include "watchword/core/testexport.h"
#include "watchword/core/tokenprovider.h"
#include "watchword/core/tokenset.h"

namespace Watchword {

/*!
    How long the access token at hand may still be handed out, and when it is to be refreshed: the pure part between a
    TokenSet and the alarms of a session.

    The age of a token counts on the suspend-counting clock from the moment its request left, also for tokens of another
    process or an earlier start: they carry that moment. After the machine was started anew it cannot be known how much time
    passed while nobody counted, since the date may have been set meanwhile: such a token is refreshed before it is used.
    Where a system does not name its runs (Clock::bootId()) the corrected date has to do.
*/
class WATCHWORD_TEST_EXPORT TokenLife
{
public:
    void take(const TokenSet &tokens, const CorrectedClock &clock, RandomSource &random);
    void clear();
    //! A service refused the access token with this fingerprint.
    void reject(const QString &fingerprint) { m_rejected = fingerprint; }
    void noteRefresh(Instant now) { m_lastRefreshed = now; }
    //! What a person does is no storm: the tokens of a sign-in may be refreshed at once, whatever was refreshed before.
    void noteSignIn() { m_lastRefreshed.reset(); }

    const RefreshPlan &plan() const { return m_plan; }
    //! It may be handed out now.
    bool isLive(Instant now) const;
    bool isGoodFor(const TokenRequest &request, Instant now) const;
    //! It lives a second or less, and its answer took longer. The provider may have issued it at the end of that time, and there
    //! will be no better one: whoever waited for this answer gets it, and nobody later.
    bool isForWaitingRequests(Instant now) const;
    bool isRejected() const { return !m_rejected.isEmpty() && m_rejected == m_fingerprint; }
    //! How soon after a successful refresh the next one makes sense.
    Duration spacing() const;
    //! How long a token that was just refreshed and cannot be used, because it was refused or has ended, must wait for the next
    //! refresh; empty: not at all. A service that refuses each new token is not helped by more of them.
    std::optional<Duration> storm(Instant now) const;
    Instant received() const { return m_received; }

private:
    std::optional<Instant> receivedAt(const TokenSet &tokens, const CorrectedClock &clock) const;

    RefreshPlan m_plan;
    Instant m_received{}; // counted from when it was asked for
    Instant m_arrived{};
    QString m_fingerprint; // of the access token; empty: there is none
    QString m_rejected;
    std::optional<Instant> m_lastRefreshed;
};

} // namespace Watchword
