// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/tokenresponse.h"
#include "signin/deviceauthorization.h"
#include "watchword/core/testexport.h"

#include <variant>
#include <vector>

namespace Watchword {

/*!
    When to ask the token endpoint whether the person has done the device sign-in (RFC 8628 section 3.5), without I/O.

    - The first question comes one interval after the code was given, and so long after each answer the next.
    - "slow_down" makes the interval 5 s longer for good; an answer that did not come in time doubles it.
    - 429, 503 and Retry-After make one pause longer. A lost network, a portal's page and a broken proxy change nothing:
      only the end of the code's life, the person, or the provider's clear refusal end the polling.

    The owner executes the actions in order, and reports by step(). Events that do not fit the step are ignored.
*/
class WATCHWORD_TEST_EXPORT DevicePolling
{
public:
    struct Start
    {
        std::chrono::seconds interval{5};
        std::chrono::seconds expiresIn{0};
    };
    struct Elapsed //!< The time of Wait is over.
    {
    };
    struct Answered
    {
        TokenAnswer answer;
    };
    using Event = std::variant<Start, Elapsed, Answered>;

    struct Wait
    {
        Instant until{};
    };
    struct Ask
    {
    };
    struct Finish
    {
        Result<TokenGrant> result;
    };
    using Action = std::variant<Wait, Ask, Finish>;
    using Actions = std::vector<Action>;

    Actions step(const Event &event, Instant now);

    std::chrono::seconds interval() const { return m_interval; }
    bool isDone() const { return m_step == Step::Done; }

private:
    enum class Step { Idle, Waiting, Asking, Done };

    Actions onAnswer(const TokenAnswer &answer, Instant now);
    Actions wait(Duration pause, Instant now);
    Actions finish(Result<TokenGrant> result);

    Step m_step = Step::Idle;
    std::chrono::seconds m_interval{5};
    Instant m_deadline{};
    std::optional<Error> m_lastProblem; // of the way to the provider; tells why a code ended unused
};

} // namespace Watchword
