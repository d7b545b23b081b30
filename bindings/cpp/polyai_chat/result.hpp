/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* A value, or the error that took its place. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_RESULT_HPP
#define POLYAI_CHAT_RESULT_HPP

#include "error.hpp"
#include "exceptions.hpp"

#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>

namespace polyai {

/**
 * A value, or the error that took its place. What `try_` functions return. Threads: one at a time. Since: 0.1.0.
 *
 *     polyai::Result<polyai::Reply> reply = conversation.try_respond("Where is my order?");
 *     if (!reply)
 *         return complain(reply.error());
 *     show(reply->response());
 */
template <class T>
class [[nodiscard]] Result {
public:
    /** Holds a value. Since: 0.1.0. */
    Result(T value) noexcept(std::is_nothrow_move_constructible_v<T>) : value_(std::move(value)) {}

    /** Holds an error. Since: 0.1.0. */
    Result(Error error) noexcept : error_(std::move(error)) {}

    /** Whether it holds a value. Since: 0.1.0. */
    [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }

    /** As `has_value`. A Result<bool> does not have this, since it could be mistaken for the value. Since: 0.1.0. */
    template <class U = T, std::enable_if_t<!std::is_same_v<U, bool>, int> = 0>
    explicit operator bool() const noexcept
    {
        return has_value();
    }

    /** The value. Throws the error where there is none; without exceptions it ends the program then. Since: 0.1.0. */
    [[nodiscard]] POLYAI_CPP_MODE T& value() &
    {
        throw_error();
        return *value_;
    }
    [[nodiscard]] POLYAI_CPP_MODE const T& value() const&
    {
        throw_error();
        return *value_;
    }
    [[nodiscard]] POLYAI_CPP_MODE T value() &&
    {
        throw_error();
        return *std::move(value_);
    }

    /** The value. Ends the program (std::abort) where there is none: ask first. Since: 0.1.0. */
    [[nodiscard]] T& operator*() & noexcept { return *required(*this); }
    [[nodiscard]] const T& operator*() const& noexcept { return *required(*this); }
    [[nodiscard]] T operator*() && noexcept { return std::move(*required(*this)); }

    /** A member of the value. Ends the program (std::abort) where there is none: ask first. Since: 0.1.0. */
    [[nodiscard]] T* operator->() & noexcept { return required(*this); }
    [[nodiscard]] const T* operator->() const& noexcept { return required(*this); }
    T* operator->() && = delete;
    const T* operator->() const&& = delete;

    /** The error; one with Status::ok where there is a value. Since: 0.1.0. */
    [[nodiscard]] const Error& error() const& noexcept { return error_; }
    [[nodiscard]] Error error() && noexcept { return std::move(error_); }

private:
    template <class Self>
    static auto required(Self& self) noexcept -> decltype(&*self.value_)
    {
        if (!self.value_)
            std::abort();
        return &*self.value_;
    }

    POLYAI_CPP_MODE void throw_error() const
    {
        if (value_)
            return;
#if POLYAI_CPP_EXCEPTIONS
        throw error_;
#else
        std::abort();
#endif
    }

    std::optional<T> value_;
    Error error_;
};

/** Success, or an error. Threads: one at a time. Since: 0.1.0. */
template <>
class [[nodiscard]] Result<void> {
public:
    /** Success. Since: 0.1.0. */
    Result() noexcept : succeeded_(true) {}

    /** Holds an error. Since: 0.1.0. */
    Result(Error error) noexcept : succeeded_(false), error_(std::move(error)) {}

    /** Whether it is a success. Since: 0.1.0. */
    [[nodiscard]] bool has_value() const noexcept { return succeeded_; }

    /** As `has_value`. Since: 0.1.0. */
    explicit operator bool() const noexcept { return succeeded_; }

    /** Throws the error, if there is one; without exceptions it ends the program then. Since: 0.1.0. */
    POLYAI_CPP_MODE void value() const
    {
        if (succeeded_)
            return;
#if POLYAI_CPP_EXCEPTIONS
        throw error_;
#else
        std::abort();
#endif
    }

    /** The error; one with Status::ok for a success. Since: 0.1.0. */
    [[nodiscard]] const Error& error() const& noexcept { return error_; }
    [[nodiscard]] Error error() && noexcept { return std::move(error_); }

private:
    bool succeeded_;
    Error error_;
};

} // namespace polyai

#endif /* POLYAI_CHAT_RESULT_HPP */
