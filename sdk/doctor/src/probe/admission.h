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
        Refused, //!< By a status, by a close frame right after the 101, or by ending the connection.
        Limited, //!< 429 or 503: says nothing about the request.
        NoAnswer //!< Nothing came, or nothing that can be read.
    };
    Kind kind = Kind::NoAnswer;
    QString what; //!< As in "HTTP 401" or "close 4401".

    bool isAdmitted() const { return kind == Kind::Admitted; }
};

WATCHWORD_TEST_EXPORT Admission admissionOf(const Exchange &exchange, DoctorOptions::TokenWay way);

} // namespace Watchword::Doctoring
