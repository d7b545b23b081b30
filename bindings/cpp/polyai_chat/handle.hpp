/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* The handle that every object owns, and how texts and times are handed over. Not for use. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_HANDLE_HPP
#define POLYAI_CHAT_HANDLE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace polyai {

namespace detail {

inline std::string_view constant(const char* text) noexcept
{
    return text ? std::string_view(text) : std::string_view();
}

/** Never NULL, which would mean that there is no text. */
inline const char* start_of(std::string_view text) noexcept
{
    return text.data() ? text.data() : "";
}

inline const char* start_of(const std::optional<std::string_view>& text) noexcept
{
    return text ? start_of(*text) : nullptr;
}

inline std::size_t length_of(const std::optional<std::string_view>& text) noexcept
{
    return text ? text->size() : 0;
}

template <class Raw>
std::optional<std::string_view> text_of(const char* (*ask)(const Raw*, std::size_t*), const Raw* raw) noexcept
{
    std::size_t length = 0;
    const char* text = ask(raw, &length);
    return text ? std::optional<std::string_view>(std::string_view(text, length)) : std::nullopt;
}

/** The nearest number of milliseconds: 0 for what is not positive, at least 1 for what is, and no overflow. */
template <class Rep, class Period>
std::uint64_t milliseconds_of(const std::chrono::duration<Rep, Period>& duration) noexcept
{
    using Exact = std::chrono::duration<long double, std::milli>;
    const long double count = std::chrono::duration_cast<Exact>(duration).count();
    if (!(count > 0))
        return 0;
    if (count >= 1e18L)
        return (std::numeric_limits<std::uint64_t>::max)();
    const auto nearest = static_cast<std::uint64_t>(count + 0.5L);
    return nearest > 0 ? nearest : 1;
}

template <class Duration>
Duration duration_of(std::uint64_t count) noexcept
{
    using Rep = typename Duration::rep;
    constexpr auto most = static_cast<std::uint64_t>((std::numeric_limits<Rep>::max)());
    return Duration(static_cast<Rep>(count < most ? count : most));
}

/** The owner of one handle. */
template <class Self, class Raw, void (*Free)(Raw*)>
class Owner {
public:
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;

    /** Takes a handle over, which it frees in the end. Blocks: never. Threads: any. Since: 0.1.0. */
    [[nodiscard]] static Self adopt(Raw* raw) noexcept { return Self(raw); }

    /** The handle, for functions of polyai_chat.h; NULL when it was moved from. It stays this object's. Since: 0.1.0. */
    [[nodiscard]] Raw* raw() const noexcept { return raw_; }

    /** Gives the handle away: the caller frees it. Blocks: never. Since: 0.1.0. */
    [[nodiscard]] Raw* release() noexcept { return std::exchange(raw_, nullptr); }

    /** Whether there is a handle: false when it was moved from. Since: 0.1.0. */
    explicit operator bool() const noexcept { return raw_ != nullptr; }

protected:
    explicit Owner(Raw* raw) noexcept : raw_(raw) {}
    Owner(Owner&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    Owner& operator=(Owner&& other) noexcept
    {
        if (this != &other)
            let_go(std::exchange(raw_, std::exchange(other.raw_, nullptr)));
        return *this;
    }
    ~Owner() { let_go(raw_); }

private:
    static void let_go(Raw* raw) noexcept
    {
        if (raw)
            Free(raw);
    }

    Raw* raw_;
};

} // namespace detail

} // namespace polyai

#endif /* POLYAI_CHAT_HANDLE_HPP */
