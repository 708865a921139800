// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QByteArrayView>
#include <QString>
#include <QUrl>

#include <optional>

namespace Watchword {

/*! What the redirect of this sign-in must look like. */
struct ExpectedRedirect
{
    QString path;
    Secret state;
    QString issuer;
    bool issuerRequired = false; //!< RFC 9207 section 2.4, when the provider says that it sends "iss".
    QString host = {}; //!< What "Host" must be; empty: not checked. A page under another name is none of ours.
};

/*! What came of one request to the loopback port. */
struct LoopbackVerdict
{
    enum class Kind {
        Incomplete, //!< More bytes are needed.
        Stray, //!< Not ours: answer with status and go on listening.
        Refused, //!< Ours, and the sign-in failed.
        Accepted //!< Ours, with a code.
    };
    Kind kind = Kind::Incomplete;
    int status = 0; //!< With Stray.
    Error error; //!< With Refused.
    Secret code; //!< With Accepted.
};

constexpr qsizetype kLargestLoopbackRequest = 8 * 1024;

/*!
    Judges the bytes that a connection sent so far.

    Order: complete head, method, path, state in constant time, then "iss", then "error", then "code". Whatever fails before
    the state is a stray of any program on this machine, and must not end the sign-in.
*/
WATCHWORD_TEST_EXPORT LoopbackVerdict judgeLoopbackRequest(QByteArrayView received, const ExpectedRedirect &expected);

/*!
    Judges a redirect that came by a private-use URI scheme (RFC 8252 section 7.1). It must be \a registered but for its
    query; everything else as above. Never Incomplete.
*/
WATCHWORD_TEST_EXPORT LoopbackVerdict judgeRedirect(const QUrl &received, const QUrl &registered,
                                                    const ExpectedRedirect &expected);

//! The one page that the person sees.
WATCHWORD_TEST_EXPORT QByteArray loopbackAnswer(const LoopbackVerdict &verdict);

} // namespace Watchword
