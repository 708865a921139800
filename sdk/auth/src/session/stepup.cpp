// SPDX-License-Identifier: Apache-2.0
#include "session/stepup.h"

#include <utility>

namespace Watchword {

namespace {

bool wantsTheSame(const TokenRequest &one, const TokenRequest &other)
{
    return one.acrValues == other.acrValues && one.maxAge == other.maxAge;
}

} // namespace

StepUp::Answer StepUp::ask(const TokenRequest &request, Instant now)
{
    if (request.acrValues.isEmpty() && !request.maxAge)
        return Answer::NotAsked;
    // Who refused a token knows better than the clock of this machine what was too old for it.
    const bool mayBeDone = request.reason != TokenRequest::Reason::Rejected && m_done;
    if (mayBeDone && m_done->request.acrValues == request.acrValues && (!request.maxAge || now - m_done->at < *request.maxAge))
        return Answer::NotAsked;
    return std::exchange(m_asked, request) ? Answer::AskedBefore : Answer::AskedNow;
}

void StepUp::confirm(Instant now)
{
    const auto begun = std::exchange(m_begun, std::nullopt);
    if (!begun)
        return;
    m_done = Done{*begun, now};
    if (m_asked && wantsTheSame(*m_asked, *begun))
        m_asked.reset();
}

void StepUp::forget()
{
    m_asked.reset();
    m_begun.reset();
    m_done.reset();
}

} // namespace Watchword
