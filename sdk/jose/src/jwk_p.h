// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "algorithm.h"
#include "evp.h"
#include "watchword/jose/jwk.h"

#include <mutex>
#include <vector>

namespace Watchword {

class Jwk::Private
{
public:
    EvpKey key;
    QString keyId;
    QString algorithm;
    QString keyType;
    QString curve;
    QString use;
    QString thumbprint;
    QJsonObject required; // the members that the thumbprint covers

    //! A context that is prepared for \a algorithm; preparing one costs a tenth of an RSA verification.
    EvpKeyContext takeContext(const Algorithm &algorithm) const;
    void giveBack(const Algorithm &algorithm, EvpKeyContext context) const;

private:
    struct Idle
    {
        const Algorithm *algorithm;
        EvpKeyContext context;
    };
    mutable std::mutex m_mutex;
    mutable std::vector<Idle> m_idle;
};

} // namespace Watchword
