// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/error.h"

#include <functional>
#include <type_traits>
#include <utility>
#include <variant>

namespace Watchword {

/*!
    Either a value or an Error, the result of everything that can fail. No exceptions cross the API.

    value() of a failure and error() of a success are programming errors and end the program (std::get).
    Results are copyable when T is, because QFuture of Qt 6.4 cannot carry move-only values.
*/
template <typename T>
class [[nodiscard]] Result
{
public:
    using ValueType = T;

    Result() // Only because QFuture needs it; it is a failure.
        : m_state(std::in_place_index<1>)
    {
    }
    Result(T value) // NOLINT(google-explicit-constructor): "return value;" is the point
        : m_state(std::in_place_index<0>, std::move(value))
    {
    }
    Result(Error error) // NOLINT(google-explicit-constructor): "return error;" is the point
        : m_state(std::in_place_index<1>, std::move(error))
    {
    }

    bool isOk() const { return m_state.index() == 0; }
    explicit operator bool() const { return isOk(); }

    const T &value() const & { return std::get<0>(m_state); }
    T &value() & { return std::get<0>(m_state); }
    T &&value() && { return std::get<0>(std::move(m_state)); }
    T valueOr(T other) const { return isOk() ? value() : std::move(other); }
    const T *operator->() const { return &value(); }
    const T &operator*() const & { return value(); }
    T &operator*() & { return value(); }

    const Error &error() const { return std::get<1>(m_state); }

    //! Calls \a f with the value and returns its Result, or passes the error on.
    template <typename F>
    auto andThen(F &&f) const -> std::invoke_result_t<F, const T &>
    {
        if (isOk())
            return std::invoke(std::forward<F>(f), value());
        return error();
    }

private:
    std::variant<T, Error> m_state;
};

/*! Success without a value, or an Error. Result<void>::ok() is the success. */
template <>
class [[nodiscard]] Result<void>
{
public:
    using ValueType = void;

    Result() = default; //!< Success.
    Result(Error error) // NOLINT(google-explicit-constructor): "return error;" is the point
        : m_error(std::move(error))
    {
    }
    static Result ok() { return {}; }

    bool isOk() const { return !m_error; }
    explicit operator bool() const { return isOk(); }
    const Error &error() const { return m_error.value(); }

private:
    std::optional<Error> m_error;
};

} // namespace Watchword
