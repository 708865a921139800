// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/error.h"

#include <QByteArray>
#include <QUrl>

#include <optional>

namespace Watchword {

/*! How an HTTP exchange ended, without a word about what it means. */
struct HttpOutcome
{
    bool mayHaveBeenSent = false; //!< Some of the request may have reached the server.
    int status = 0; //!< 0: no answer.
    QByteArray contentType; //!< Without parameters, in lower case.
    QByteArray cacheControl;
    QByteArray dpopNonce; //!< RFC 9449 section 8; empty: none came.
    QByteArray body;
    QUrl redirect; //!< Where the answer leads, absolute; empty: nowhere.
    std::optional<Duration> retryAfter;
    std::optional<WallTime> serverDate;
    std::optional<Error> failure; //!< Set when there is no complete answer.
};

} // namespace Watchword
