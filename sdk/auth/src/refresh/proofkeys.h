// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/dpopsigner.h"
#include "session/correctedclock.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*! The signer of the key that an account's tokens are bound to: one object per key, because it knows the servers' nonces. */
class WATCHWORD_TEST_EXPORT ProofKeys
{
public:
    explicit ProofKeys(const CorrectedClock &clock)
        : m_clock(clock)
    {
    }

    //! Null for an empty key, and for one that cannot be read.
    std::shared_ptr<DpopSigner> signerFor(const Secret &key);
    //! Of a sign-in: it knows the provider's nonce already.
    void remember(std::shared_ptr<DpopSigner> signer) { m_signer = std::move(signer); }
    void forget() { m_signer.reset(); }

private:
    const CorrectedClock &m_clock;
    std::shared_ptr<DpopSigner> m_signer;
};

} // namespace Watchword
