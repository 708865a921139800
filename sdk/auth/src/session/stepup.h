// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"
#include "watchword/core/tokenprovider.h"

#include <optional>

namespace Watchword {

/*! What services have asked of the next sign-in (RFC 9470), and what the last one has done of it. Without I/O. */
class WATCHWORD_TEST_EXPORT StepUp
{
public:
    enum class Answer {
        NotAsked, //!< The request wants nothing special, or it was just done.
        AskedNow,
        AskedBefore
    };

    Answer ask(const TokenRequest &request, Instant now);
    //! A sign-in begins, and will do what is returned.
    const std::optional<TokenRequest> &begin() { return m_begun = m_asked; }
    //! It has done it. What was asked since it began is still to be done.
    void confirm(Instant now);
    void forget();
    const std::optional<TokenRequest> &asked() const { return m_asked; }

private:
    struct Done
    {
        TokenRequest request;
        Instant at{};
    };

    std::optional<TokenRequest> m_asked;
    std::optional<TokenRequest> m_begun;
    std::optional<Done> m_done;
};

} // namespace Watchword
