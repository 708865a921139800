// SPDX-License-Identifier: Apache-2.0
#include "machine/linkcontext.h"

#include <algorithm>

namespace Watchword {

using namespace std::chrono_literals;

LinkContext::LinkContext(const ConnectionOptions &options, Tokens tokens)
    : m_tokens(tokens)
{
    setOptions(options);
}

void LinkContext::setOptions(const ConnectionOptions &options)
{
    if (options.url != m_options.url)
        speech = Speech::Unknown;
    m_options = options;
    setRules({});
    m_server = ConnectBudget::serverOf(options.url);
    if (options.budget)
        m_budget = options.budget;
    else if (!m_budget)
        m_budget = std::make_shared<ConnectBudget>();
}

void LinkContext::setRules(const PolicyChanges &server)
{
    m_closePolicy = m_options.closePolicy.restricted(server);
    m_backoff = m_options.backoff;
    m_backoff.base = std::max(m_backoff.base, server.backoffBase.value_or(Duration::zero()));
    m_backoff.cap = std::max(m_backoff.cap, server.backoffCap.value_or(Duration::zero()));
    m_backoff.slowCap = std::max(m_backoff.slowCap, m_backoff.cap);
    m_budgetAttempts = m_options.budgetAttempts;
    if (server.attemptsPerMinute) {
        const double ofWindow = *server.attemptsPerMinute * double(m_options.budgetWindow.count()) / 60'000.0;
        m_budgetAttempts = std::clamp(int(std::min(ofWindow, 1e6)), 1, m_budgetAttempts);
    }
}

Instant LinkContext::budgetAllowsAt(Instant now) const
{
    return m_budget->allowedAt(m_server, m_budgetAttempts, m_options.budgetWindow, now);
}

bool LinkContext::takeFromBudget(Instant now)
{
    return m_budget->take(m_server, m_budgetAttempts, m_options.budgetWindow, now);
}

Duration LinkContext::networkSettleDelay()
{
    return 500ms + Duration(qint64(2500 * chance()));
}

Duration LinkContext::slowRetryDelay()
{
    const Duration spread = m_backoff.retryAfterLimit - m_backoff.slowCap;
    return m_backoff.slowCap + Duration(qint64(double(spread.count()) * chance()));
}

} // namespace Watchword
