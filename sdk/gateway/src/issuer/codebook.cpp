// SPDX-License-Identifier: Apache-2.0
#include "issuer/codebook.h"

#include "issuer/sessionbook.h"
#include "watchword/jose/base64url.h"

#include <utility>

namespace Watchword::Gateway {

namespace {

constexpr qsizetype kMostCodes = 10'000;

} // namespace

CodeBook::CodeBook(std::chrono::seconds memory)
    : m_memory(memory)
{
}

bool CodeBook::isFull() const
{
    return m_codes.size() >= kMostCodes;
}

Secret CodeBook::issue(const CodeGrant &grant)
{
    Secret code = Secret::take(toBase64Url(Secret::random(32).reveal()));
    m_codes.insert(SessionBook::hashOf(code.reveal()), {.grant = grant, .isSpent = false});
    return code;
}

std::optional<CodeBook::Presented> CodeBook::present(const QString &code)
{
    const auto found = m_codes.find(SessionBook::hashOf(code.toLatin1()));
    if (found == m_codes.end())
        return {};
    return Presented{found->grant, std::exchange(found->isSpent, true)};
}

void CodeBook::forget(WallTime now)
{
    m_codes.removeIf([&](const auto &entry) { return entry.value().grant.expires + m_memory <= now; });
}

} // namespace Watchword::Gateway
