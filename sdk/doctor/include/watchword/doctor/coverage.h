// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

namespace Watchword {

/*! How much of an endpoint, or of one practice, a report has a verdict about. A value. */
struct Coverage
{
    int examined = 0; //!< Checks that ended with a verdict.
    int total = 0; //!< Checks that apply to the endpoint.
    //! Of the checks that matter (see Report) those without a verdict; "E1 or E3" where one of several is enough.
    QStringList missing;
};

} // namespace Watchword
