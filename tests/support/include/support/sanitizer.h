// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace Support {

//! The sanitizers of addresses and threads keep freed memory and shadow the rest: what a process holds says nothing there.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsOdd = true;
#else
constexpr bool kMemoryIsOdd = false;
#endif

} // namespace Support
