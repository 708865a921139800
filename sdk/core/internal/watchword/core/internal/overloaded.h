// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace Watchword {

/*! The overloads of several lambdas in one object, for std::visit. */
template <typename... F>
struct Overloaded : F...
{
    using F::operator()...;
};
// Clang before 17 does not deduce this by itself.
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

} // namespace Watchword
