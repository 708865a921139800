// SPDX-License-Identifier: Apache-2.0
#include "proofcheck.h"

#include "watchword/jose/dpop.h"

namespace Watchword {

using namespace Qt::StringLiterals;

QString ProofCheck::fault(const QByteArray &proof, const QUrl &url, const QByteArray &token)
{
    DpopProof::Expectation expected;
    expected.request = {"GET", url, Secret::copy(token), QString::fromLatin1(nonce)};
    expected.thumbprint = thumbprint;
    const Result<DpopProof> verified = DpopProof::verify(proof, expected, Clock::system().wallNow());
    if (!verified)
        return verified.error().code() == ErrorCode::WrongNonce ? u"use_dpop_nonce"_s : u"invalid_dpop_proof"_s;
    if (m_seen.contains(verified->id()))
        return u"invalid_dpop_proof"_s;
    m_seen.insert(verified->id());
    return {};
}

} // namespace Watchword
