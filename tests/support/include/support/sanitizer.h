// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace Support {

//! AddressSanitizer keeps freed memory and shadows the rest: what a process holds says nothing there.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kMemoryIsOdd = true;
#else
constexpr bool kMemoryIsOdd = false;
#endif

} // namespace Support
