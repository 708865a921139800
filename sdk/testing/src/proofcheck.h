// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/secret.h"

#include <QByteArray>
#include <QSet>
#include <QString>
#include <QUrl>

namespace Watchword {

/*! Judges the proofs that come with bound tokens, as a service does (RFC 9449 section 7). */
class ProofCheck
{
public:
    bool required = false;
    QString thumbprint; //!< Of the only key that is taken; empty: any.
    QByteArray nonce; //!< What proofs must carry; empty: none.

    //! Empty: good, and never again. Else the "error" of the challenge.
    QString fault(const QByteArray &proof, const QUrl &url, const QByteArray &token);

private:
    QSet<QString> m_seen;
};

} // namespace Watchword
