/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* The options of a client. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_CONFIG_HPP
#define POLYAI_CHAT_CONFIG_HPP

#include "calling.hpp"
#include "exceptions.hpp"
#include "handle.hpp"
#include "result.hpp"

#include <polyai_chat.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace polyai {

/**
 * Options, of which clients are made. What is set explicitly beats the environment, which beats a profile.
 *
 *     polyai::Client client(polyai::Config().load_environment().set("timeout_ms", "10000"));
 *
 * Threads: one at a time for a config. Since: 0.1.0.
 */
class Config : public detail::Owner<Config, polyai_config, polyai_config_free> {
public:
    /** Makes a configuration in which nothing is set. Blocks: never. Threads: any. Since: 0.1.0. */
    Config() noexcept : Owner(polyai_config_new()) {}

#if POLYAI_CPP_EXCEPTIONS
    /**
     * Sets one option, by its name in the table of options; times and sizes end in their unit, such as `timeout_ms`.
     *
     * Errors: Status::invalid_argument for an unknown name, Status::configuration for a wrong value. Nothing is changed then.
     *
     * Blocks: never. Threads: one at a time for a config. Since: 0.1.0.
     */
    Config& set(std::string_view option, std::string_view value) &
    {
        try_set(option, value).value();
        return *this;
    }
    [[nodiscard]] Config set(std::string_view option, std::string_view value) && { return std::move(set(option, value)); }

    /**
     * Reads the environment variables `POLYAI_...`, each named `POLYAI_` and the option in capitals. An empty one counts as not set.
     *
     * Errors: Status::configuration for a wrong value, with its variable. Nothing is changed then.
     *
     * Blocks: never. Threads: one at a time for a config, and none that changes the environment. Since: 0.1.0.
     */
    Config& load_environment() &
    {
        try_load_environment().value();
        return *this;
    }
    [[nodiscard]] Config load_environment() && { return std::move(load_environment()); }

    /**
     * Reads a profile of a configuration file: without `profile` the one named `default`; without `file` that of
     * `$POLYAI_CONFIG_FILE`, else `$XDG_CONFIG_HOME/polyai/config.toml`, else `~/.config/polyai/config.toml`.
     *
     * Errors: Status::configuration, with file and line. Nothing is changed then.
     *
     * Blocks: while the file is read. Threads: one at a time for a config. Since: 0.1.0.
     */
    Config& load_profile(std::optional<std::string_view> profile = std::nullopt, std::optional<std::string_view> file = std::nullopt) &
    {
        try_load_profile(profile, file).value();
        return *this;
    }
    [[nodiscard]] Config load_profile(std::optional<std::string_view> profile = std::nullopt,
                                      std::optional<std::string_view> file = std::nullopt) &&
    {
        return std::move(load_profile(profile, file));
    }

    /**
     * Sets a log callback for clients made from this config afterwards. `function` gets one line after every attempt of a call.
     *
     * It runs on the thread of the call, inside the call, with no lock held, so on several threads at the same time. What it throws is
     * dropped. It is destroyed when no client and no config needs it any more.
     *
     * Errors: Status::invalid_argument where it is empty.
     *
     * Blocks: never. Threads: one at a time for a config. Since: 0.1.0.
     */
    Config& on_log(LogFunction function) &
    {
        try_on_log(std::move(function)).value();
        return *this;
    }
    [[nodiscard]] Config on_log(LogFunction function) && { return std::move(on_log(std::move(function))); }

    /**
     * Sets a callback for clients made from this config afterwards. `function` gets each attempt of a call as a JSON object: `serial`,
     * `number`, `operation`, `correlation_id`, `started_at_unix_ms`, `elapsed_us`, `phase`, `kind`, `delivery`, `status`, `outcome`,
     * `is_retried`, `address`, `reused_connection`, `resolve_us`, `connect_us`, `proxy_us`, `tls_us`, `send_us`, `wait_us`, `read_us`, `bytes_sent`,
     * `bytes_received`; null where something is not known or was not needed. Otherwise as `on_log`.
     *
     * Blocks: never. Threads: one at a time for a config. Since: 0.1.0.
     */
    Config& on_attempt(AttemptFunction function) &
    {
        try_on_attempt(std::move(function)).value();
        return *this;
    }
    [[nodiscard]] Config on_attempt(AttemptFunction function) && { return std::move(on_attempt(std::move(function))); }

    /**
     * The effective value of each option and its source, as a JSON array of objects: `name`, `value` (null when not set; `set` for a secret),
     * `origin`.
     *
     * Blocks: never. Threads: one at a time for a config. Since: 0.1.0.
     */
    [[nodiscard]] std::string describe() const { return try_describe().value(); }
#endif

    /** As `set`. Blocks: never. Threads: one at a time for a config. Since: 0.1.0. */
    Result<void> try_set(std::string_view option, std::string_view value) noexcept
    {
        return detail::call<void>(polyai_config_set, raw(), option, value);
    }

    /** As `load_environment`. Blocks: never. Threads: one at a time, and none that changes the environment. Since: 0.1.0. */
    Result<void> try_load_environment() noexcept { return detail::call<void>(polyai_config_load_environment, raw()); }

    /** As `load_profile`. Blocks: while the file is read. Threads: one at a time for a config. Since: 0.1.0. */
    Result<void> try_load_profile(std::optional<std::string_view> profile = std::nullopt,
                                  std::optional<std::string_view> file = std::nullopt) noexcept
    {
        return detail::call<void>(polyai_config_load_profile, raw(), profile, file);
    }

    /** As `on_log`. Blocks: never. Threads: one at a time for a config. Since: 0.1.0. */
    POLYAI_CPP_MODE Result<void> try_on_log(LogFunction function) noexcept
    {
        return detail::hand_over(polyai_config_set_log_callback, raw(), polyai_log_callback(detail::log), std::move(function));
    }

    /** As `on_attempt`. Blocks: never. Threads: one at a time for a config. Since: 0.1.0. */
    POLYAI_CPP_MODE Result<void> try_on_attempt(AttemptFunction function) noexcept
    {
        return detail::hand_over(polyai_config_set_attempt_callback, raw(), polyai_attempt_callback(detail::attempt), std::move(function));
    }

    /** As `describe`. Blocks: never. Threads: one at a time for a config. Since: 0.1.0. */
    Result<std::string> try_describe() const { return detail::text_from(polyai_config_describe_json, raw()); }

private:
    friend Owner;
    explicit Config(polyai_config* raw) noexcept : Owner(raw) {}
};

} // namespace polyai

#endif /* POLYAI_CHAT_CONFIG_HPP */
