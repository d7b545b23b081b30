/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* How functions of the C library are called, and how it calls functions of the program. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_CALLING_HPP
#define POLYAI_CHAT_CALLING_HPP

#include "enums.hpp"
#include "error.hpp"
#include "exceptions.hpp"
#include "handle.hpp"
#include "result.hpp"

#include <polyai_chat.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace polyai {

/** Gets a line for a log, which hides key, token, the proxy's password and the message of the call. Since: 0.1.0. */
using LogFunction = std::function<void(LogLevel level, std::string_view line)>;

/** Gets what is known of one attempt to get a request answered, as a JSON object. Since: 0.1.0. */
using AttemptFunction = std::function<void(std::string_view attempt_json)>;

/** Is asked whether to cancel. Since: 0.1.0. */
using CheckFunction = std::function<bool()>;

/** Called when a started call is done. Since: 0.1.0. */
using DoneFunction = std::function<void()>;

namespace detail {

inline Error failure(polyai_status status, polyai_error* error) noexcept
{
    return Error::adopt(static_cast<Status>(status), error);
}

inline Result<void> done(polyai_status status, polyai_error* error) noexcept
{
    if (status == POLYAI_STATUS_OK)
        return {};
    return failure(status, error);
}

/** What C takes for an argument of C++: for a text a pointer and a length. */
inline auto in_c(std::string_view text) noexcept
{
    return std::make_tuple(start_of(text), text.size());
}

inline auto in_c(const std::optional<std::string_view>& text) noexcept
{
    return std::make_tuple(start_of(text), length_of(text));
}

template <class Argument>
std::tuple<Argument> in_c(Argument argument) noexcept
{
    return { argument };
}

/** Calls a function of C that can fail: gives what it makes, or its error. */
template <class T, class Function, class... Arguments>
Result<T> call(Function* function, const Arguments&... arguments) noexcept
{
    polyai_error* error = nullptr;
    const auto given = std::tuple_cat(in_c(arguments)...);
    if constexpr (std::is_void_v<T>) {
        const polyai_status status = std::apply([&](auto... each) { return function(each..., &error); }, given);
        return done(status, error);
    } else {
        decltype(std::declval<T>().raw()) made = nullptr;
        const polyai_status status = std::apply([&](auto... each) { return function(each..., &made, &error); }, given);
        if (status == POLYAI_STATUS_OK)
            return T::adopt(made);
        return failure(status, error);
    }
}

/** Calls a function of C that can fail, and gives the plain value that it writes. */
template <class T, class Function, class... Arguments>
Result<T> value_of(Function* function, Arguments... arguments) noexcept
{
    T value {};
    polyai_error* error = nullptr;
    const polyai_status status = function(arguments..., &value, &error);
    if (status == POLYAI_STATUS_OK)
        return value;
    return failure(status, error);
}

/** Asks for a text that may grow between two calls, until there is room for all of it. */
template <class Function, class... Arguments>
Result<std::string> text_from(Function* ask, Arguments... arguments)
{
    constexpr std::size_t room_to_grow = 256;
    std::string text;
    for (;;) {
        const std::size_t room = text.size();
        std::size_t length = 0;
        polyai_error* error = nullptr;
        // The NUL behind a std::string may be overwritten with a NUL.
        const polyai_status status = ask(arguments..., room ? text.data() : nullptr, room ? room + 1 : 0, &length, &error);
        if (status != POLYAI_STATUS_OK && length <= room)
            return failure(status, error);
        polyai_error_free(error);
        if (status == POLYAI_STATUS_OK && room) {
            text.resize(length);
            return Result<std::string>(std::move(text));
        }
        text.resize(length + room_to_grow);
    }
}

#if POLYAI_CPP_EXCEPTIONS
#define POLYAI_CPP_TRY try
#define POLYAI_CPP_CATCH catch (...)
#else
#define POLYAI_CPP_TRY if (true)
#define POLYAI_CPP_CATCH else
#endif

POLYAI_CPP_MODE inline void log(void* function, polyai_log_level level, const char* line, std::size_t length) noexcept
{
    POLYAI_CPP_TRY {
        (*static_cast<LogFunction*>(function))(static_cast<LogLevel>(level), std::string_view(line, length));
    } POLYAI_CPP_CATCH {
    }
}

POLYAI_CPP_MODE inline void attempt(void* function, const char* json, std::size_t length) noexcept
{
    POLYAI_CPP_TRY {
        (*static_cast<AttemptFunction*>(function))(std::string_view(json, length));
    } POLYAI_CPP_CATCH {
    }
}

POLYAI_CPP_MODE inline std::int32_t check(void* function) noexcept
{
    POLYAI_CPP_TRY {
        return (*static_cast<CheckFunction*>(function))() ? 1 : 0;
    } POLYAI_CPP_CATCH {
        return 1;
    }
}

POLYAI_CPP_MODE inline void call_is_done(void* function) noexcept
{
    POLYAI_CPP_TRY {
        (*static_cast<DoneFunction*>(function))();
    } POLYAI_CPP_CATCH {
    }
}

#undef POLYAI_CPP_TRY
#undef POLYAI_CPP_CATCH

template <class Function>
void release(void* function) noexcept
{
    delete static_cast<Function*>(function);
}

/** Hands a function over to the library, which releases it in any case. An empty one is NULL to it, which it refuses. */
template <class Function, class Raw, class Callback>
Result<void> hand_over(polyai_status (*set)(Raw*, Callback, void*, polyai_release_callback, polyai_error**), Raw* raw, Callback callback,
                       Function&& function) noexcept
{
    auto* owned = new (std::nothrow) Function(std::move(function));
    if (!owned)
        return failure(POLYAI_STATUS_INTERNAL, nullptr);
    polyai_error* error = nullptr;
    const polyai_status status = set(raw, *owned ? callback : nullptr, owned, release<Function>, &error);
    return done(status, error);
}

} // namespace detail

} // namespace polyai

#endif /* POLYAI_CHAT_CALLING_HPP */
