// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/admission.h"
#include "issuer/keyring.h"
#include "watchword/core/testexport.h"

namespace Watchword::Gateway {

/*!
    Signs what the gateway tells an upstream about a client (gateway.md, "What your server gets"), so that the upstream need not
    believe whoever reaches its port: a JWT for that upstream, good for kLifetime, with an id of its own.

    Its keys change each kKeyLifetime; the next one is published ahead, an old one for kKeepOld.
    Errors: open() as KeyRing::open(). Threads: one. Ownership: borrows the clock.
*/
class WATCHWORD_TEST_EXPORT AssertionSigner
{
public:
    static constexpr std::chrono::seconds kLifetime{60};
    static constexpr std::chrono::seconds kKeyLifetime{7 * 24 * 3600};
    static constexpr std::chrono::seconds kKeepOld{3600};
    static constexpr char kField[] = "X-Watchword-Assertion";

    //! Empty \a file: keys that end with this. \a issuer is "iss".
    static Result<std::unique_ptr<AssertionSigner>> open(const QString &file, const QString &issuer, Clock &clock);

    //! Empty if it cannot be signed, which the log says.
    QByteArray sign(const QString &audience, const Admission &admission, const QString &connectionId);
    QByteArray publicKeys(); //!< A JWK Set (RFC 7517).

private:
    AssertionSigner(KeyRing keys, QString issuer, Clock &clock);
    void rotate();

    KeyRing m_keys;
    const QString m_issuer;
    Clock &m_clock;
    std::optional<Instant> m_lookedAt;
};

} // namespace Watchword::Gateway
