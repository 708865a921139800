// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

namespace Watchword::Tools {

/*!
    Asks for a password and returns its hash: twice from the terminal, without showing it, else the first line of standard input.
    Never from the command line, which everybody on the machine can read. It has at least 8 characters (NIST SP 800-63B section
    5.1.1.2), else InvalidArgument.
*/
Result<QString> hashOfNewPassword();

} // namespace Watchword::Tools
