// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/check.h"

namespace Watchword::Doctoring {

/*! The texts of a check, as they stand in the sources: Latin letters only. */
struct CheckText
{
    const char *id;
    Practice practice;
    Severity severity;
    const char *title;
    const char *why;
    const char *fix;
    const char *basis; //!< Separated by "; ".
    bool intrusive = false;
};

QList<CheckText> lineChecks(); //!< TLS, handshake, frames.
QList<CheckText> tokenChecks();
QList<CheckText> limitChecks(); //!< Origin, proxies, limits, audit.
QList<CheckText> issuerChecks();
QList<CheckText> educationChecks();

} // namespace Watchword::Doctoring
