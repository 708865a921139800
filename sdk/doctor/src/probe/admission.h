// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "probe/exchange.h"
#include "watchword/doctor/doctoroptions.h"

namespace Watchword::Doctoring {

/*! Whether a server let a request in, whatever its way to say so is. */
struct Admission
{
    enum class Kind {
        Admitted,
        Refused, //!< By a status, or by a close frame right after the 101.
        Limited, //!< 429 or 503: says nothing about the request.
        Failed, //!< By a fault of its own: 5xx, close 1011, or the end of the connection without a word.
        NoAnswer //!< Nothing came, or nothing that can be read.
    };
    Kind kind = Kind::NoAnswer;
    QString what; //!< As in "HTTP 401" or "close 4401".

    bool isAdmitted() const { return kind == Kind::Admitted; }
    bool isRefused() const { return kind == Kind::Refused; }
};

constexpr int kInternalError = 1011; //!< RFC 6455 section 7.4.1

//! The same of an answer to a plain request, where a 2xx is what was asked for.
Admission admissionOf(int status);
WATCHWORD_TEST_EXPORT Admission admissionOf(const Exchange &exchange, DoctorOptions::TokenWay way);

} // namespace Watchword::Doctoring
