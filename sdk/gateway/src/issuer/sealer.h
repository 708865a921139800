// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QByteArray>

#include <optional>

namespace Watchword::Gateway {

/*!
    Gives texts to strangers and recognizes them when they come back: "<base64url of the text>.<base64url of its HMAC-SHA-256>".
    Who has one can read it, but not make one. The key is random and dies with the sealer.

    \a purpose is part of what is authenticated, so that a text for one purpose is none for another. Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT Sealer
{
public:
    explicit Sealer(QByteArray purpose);

    QByteArray seal(QByteArrayView text) const;
    std::optional<QByteArray> open(QByteArrayView sealed) const; //!< Nothing if it is none of these.
    QByteArray tagOf(QByteArrayView text) const; //!< The second part alone.

private:
    QByteArray m_purpose;
    Secret m_key;
};

} // namespace Watchword::Gateway
