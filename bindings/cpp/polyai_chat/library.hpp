/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* What the library says of itself. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_LIBRARY_HPP
#define POLYAI_CHAT_LIBRARY_HPP

#include "handle.hpp"

#include <polyai_chat.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace polyai {

/** The version of the library that is loaded, such as `0.1.0`. Blocks: never. Threads: any. Since: 0.1.0. */
[[nodiscard]] inline std::string_view version() noexcept
{
    return detail::constant(polyai_version());
}

/** The newest ABI that the loaded library has. Blocks: never. Threads: any. Since: 0.1.0. */
[[nodiscard]] inline std::uint32_t abi_newest() noexcept
{
    return polyai_abi_newest();
}

/** The oldest ABI that the loaded library still has. Blocks: never. Threads: any. Since: 0.1.0. */
[[nodiscard]] inline std::uint32_t abi_oldest() noexcept
{
    return polyai_abi_oldest();
}

/** Whether the loaded library has all that this header was made for. Blocks: never. Threads: any. Since: 0.1.0. */
[[nodiscard]] inline bool abi_is_compatible() noexcept
{
    return abi_oldest() <= POLYAI_ABI_VERSION && POLYAI_ABI_VERSION <= abi_newest();
}

/**
 * What the library was built with, as words separated by spaces: the TLS library and its crypto provider, the kinds of proxies, the
 * platform. Blocks: never. Threads: any. Since: 0.1.0.
 */
[[nodiscard]] inline std::string_view build_features() noexcept
{
    return detail::constant(polyai_build_features());
}

/**
 * The table of options, as a JSON array of objects: `name`, `environment_variable`, `default` (or null), `unit`, `is_secret`,
 * `summary`. Blocks: never. Threads: any. Since: 0.1.0.
 */
[[nodiscard]] inline std::string_view options_json() noexcept
{
    std::size_t length = 0;
    const char* json = polyai_options_json(&length);
    return json ? std::string_view(json, length) : std::string_view();
}

/**
 * How many handles there are that have not been freed, for tests that look for leaks. Its cost grows with their number.
 *
 * Blocks: never. Threads: any. Since: 0.1.0.
 */
[[nodiscard]] inline std::size_t live_handles() noexcept
{
    return polyai_live_handles();
}

} // namespace polyai

#endif /* POLYAI_CHAT_LIBRARY_HPP */
