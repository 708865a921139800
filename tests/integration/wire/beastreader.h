// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/frame.h"

#include <string>
#include <vector>

//! What Boost.Beast makes of frames that come in these pieces: "text 6869", "close 1000 ", "fault 1002" ...
std::vector<std::string> readByBeast(Watchword::Wire::Role role, std::size_t limit, const std::vector<std::string> &pieces);
