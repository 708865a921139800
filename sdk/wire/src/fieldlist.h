// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lists in header values (RFC 9110 section 5.6).

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace Watchword::Wire {

bool isToken(std::string_view text);
bool equalsIgnoringCase(std::string_view a, std::string_view b); //!< ASCII.
std::string_view trimmed(std::string_view text); //!< Without blanks and tabs at both ends.

//! The elements of a comma-separated list without quoted strings, trimmed, empty ones left out.
std::vector<std::string_view> listElements(std::string_view value);

struct Extension
{
    std::string name{};
    std::vector<std::pair<std::string, std::string>> parameters{}; //!< A value is empty if there is none.
};
//! Appends the extensions of one header line (RFC 6455 section 9.1). False if it cannot be read.
bool readExtensions(std::string_view value, std::vector<Extension> &extensions);

} // namespace Watchword::Wire
