// SPDX-License-Identifier: Apache-2.0
#include "refresh/proofkeys.h"

#include "watchword/core/log.h"

namespace Watchword {

std::shared_ptr<DpopSigner> ProofKeys::signerFor(const Secret &key)
{
    if (key.isEmpty())
        return nullptr;
    if (!m_signer || !m_signer->pem().equals(key)) {
        const auto made = DpopSigner::fromPem(key, m_clock.source());
        if (!made)
            qCWarning(logAuth).noquote() << "the key of the stored tokens cannot be used:" << made.error().toString();
        m_signer = made ? *made : nullptr;
    }
    if (m_signer)
        m_signer->setOffset(m_clock.offset());
    return m_signer;
}

} // namespace Watchword
