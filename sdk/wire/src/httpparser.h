// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/httphead.h"

namespace Watchword::Wire {

//! Parses a whole head, up to and with its empty line.
HeadFault parseHead(HeadKind kind, std::string text, HttpHead &head);

} // namespace Watchword::Wire
