// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QByteArray>

namespace Watchword::Gateway {

/*!
    The nonces that DPoP proofs have to carry (RFC 9449 sections 8 and 9). A nonce is a keyed hash of the period it was
    made in, so that nothing is remembered for any client; that of the period before is accepted too.

    Threads: reentrant value. Nodes that share the key accept each other's nonces.
*/
class WATCHWORD_TEST_EXPORT DpopNonces
{
public:
    static constexpr Duration kPeriod = std::chrono::minutes(5);

    explicit DpopNonces(Secret key = Secret::random(32));

    QByteArray current(WallTime now) const;
    bool accepts(const QByteArray &nonce, WallTime now) const;

private:
    QByteArray ofPeriod(qint64 period) const;

    Secret m_key;
};

} // namespace Watchword::Gateway
