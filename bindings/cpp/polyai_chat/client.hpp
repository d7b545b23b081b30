/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* What conversations are held with. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_CLIENT_HPP
#define POLYAI_CHAT_CLIENT_HPP

#include "calling.hpp"
#include "config.hpp"
#include "conversation.hpp"
#include "exceptions.hpp"
#include "handle.hpp"
#include "reply.hpp"
#include "request.hpp"
#include "result.hpp"
#include "turn.hpp"

#include <polyai_chat.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace polyai {

/**
 * Holds conversations with one agent. Make one for each project of the service, and keep it: all threads can use it, and share its
 * connections. Conversations may outlive it. Threads: any. Since: 0.1.0.
 */
class Client : public detail::Owner<Client, polyai_client, polyai_client_free> {
public:
#if POLYAI_CPP_EXCEPTIONS
    /**
     * Makes a client from a configuration, of which it keeps a copy. Reads the files that the configuration names, and the proxy variables
     * of the environment, which count only where the option `proxy` is `environment`; opens no socket, starts no thread.
     *
     * Errors: Status::configuration: something is missing or wrong, with option, source and remedy.
     *
     * Blocks: while files are read. Threads: any. Since: 0.1.0.
     */
    explicit Client(const Config& config) : Owner(try_make(config).value().release()) {}

    /**
     * The client of this process for a configuration: made the first time, and the same one, with its open connections, whenever it is
     * asked for with the same options. For modules of one process that do not know each other. It is kept until it is shut down.
     *
     * Errors: as the constructor; Status::invalid_argument where the configuration has a callback, or there are 1,024 of them already.
     *
     * Blocks: while files are read. Threads: any. Since: 0.1.0.
     */
    static Client shared(const Config& config) { return try_shared(config).value(); }

    /**
     * Starts a conversation; the agent greets. `request` carries what the agent may know (`Request::set_attribute`), variant,
     * channel, deadline and more.
     *
     * Errors: any. After one with Delivery::unknown a conversation may be open that nobody can reach.
     *
     * Blocks: until the agent has greeted, at most for the deadline. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] Conversation create(RequestArgument request = {}) { return try_create(request).value(); }

    /**
     * Starts to create a conversation and returns at once.
     *
     * Errors: those of the arguments; Status::internal when no thread can be had. Errors of the create come when it is taken.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] Turn<Conversation> start_create(RequestArgument request = {}) { return try_start_create(request).value(); }

    /**
     * Goes on with a conversation that was created elsewhere, or earlier. Sends nothing.
     *
     * Errors: Status::invalid_argument: the id is empty or longer than 1,024 bytes.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] Conversation attach(std::string_view conversation_id) { return try_attach(conversation_id).value(); }

    /**
     * One turn of a conversation by its id alone: no order among turns and no state is kept. std::nullopt is a turn without a message,
     * as in `Conversation::respond`.
     *
     * Errors: any.
     *
     * Blocks: until the agent has replied, at most for the deadline. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] Reply respond(std::string_view conversation_id, std::optional<std::string_view> message, RequestArgument request = {})
    {
        return try_respond(conversation_id, message, request).value();
    }

    /**
     * Closes a conversation by its id. One that is over already counts as closed.
     *
     * Errors: Status::unsupported in the legacy dialect, which has no close; else any.
     *
     * Blocks: at most for the deadline of a close. Threads: any. Since: 0.1.0.
     */
    Reply close_conversation(std::string_view conversation_id, RequestArgument request = {})
    {
        return try_close_conversation(conversation_id, request).value();
    }

    /**
     * Starts a turn of a conversation by its id alone, and returns at once. Turns of one conversation that are started so go their way at
     * the same time. Errors: as `start_create`. Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] Turn<Reply> start_respond(std::string_view conversation_id, std::optional<std::string_view> message,
                                            RequestArgument request = {})
    {
        return try_start_respond(conversation_id, message, request).value();
    }

    /**
     * Starts to close a conversation by its id, and returns at once. Errors: as `start_create`. Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] Turn<Reply> start_close_conversation(std::string_view conversation_id, RequestArgument request = {})
    {
        return try_start_close_conversation(conversation_id, request).value();
    }

    /**
     * Opens a connection ahead of the first turn, unless one is idle already. Sends no request.
     *
     * Errors: Status::connect, Status::timeout, Status::cancelled; Status::invalid_argument where `timeout` is not above zero, or longer
     * than a day.
     *
     * Blocks: at most for `timeout`, which is taken to the nearest millisecond. Threads: any. Since: 0.1.0.
     */
    template <class Rep, class Period>
    void warm_up(std::chrono::duration<Rep, Period> timeout)
    {
        try_warm_up(timeout).value();
    }

    /**
     * Starts to open a connection ahead of the first turn, as `warm_up`, and returns at once. Errors: as `start_create`; those of
     * `warm_up` when the outcome is taken. Blocks: never. Threads: any. Since: 0.1.0.
     */
    template <class Rep, class Period>
    [[nodiscard]] Turn<void> start_warm_up(std::chrono::duration<Rep, Period> timeout)
    {
        return try_start_warm_up(timeout).value();
    }

    /**
     * Shuts it down as `shut_down`, then waits until no thread of it is left; whether none is. For a host that unloads. A name server
     * that does not answer can keep a thread. Called from a callback, it waits in vain.
     *
     * Errors: Status::invalid_argument where it was moved from.
     *
     * Blocks: at most for `time`. Threads: any. Since: 0.1.0.
     */
    template <class Rep, class Period>
    bool shut_down_and_wait(std::chrono::duration<Rep, Period> time)
    {
        return try_shut_down_and_wait(time).value();
    }

    /**
     * Replaces key and token, as a pair, while calls run: those that have sent their request already are not touched.
     *
     * Errors: Status::invalid_argument where one of them cannot stand in a header. Nothing is replaced then.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    void replace_credentials(std::string_view api_key, std::string_view token) { try_replace_credentials(api_key, token).value(); }

    /**
     * The client's counters, as a JSON object: `create`, `respond`, `close`, `attempts`, `retries`, `reused_connections`,
     * `opened_connections`, `bytes_sent`, `bytes_received`, `calls_in_flight`, `idle_connections`, `retries_left`, `breaker`
     * (`closed`, `open` or `probing`). The first three are objects with the number of calls, the failures by kind, and the latencies: their
     * sum in microseconds, and how many took up to so many milliseconds.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] std::string metrics_json() const { return try_metrics_json().value(); }

    /**
     * The last attempts of all calls, oldest first, as a JSON array of what `Config::on_attempt` lists. The option
     * `recent_attempts` says how many are remembered. Only those whose `serial` is larger than `after` are given.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] std::string recent_attempts_json(std::uint64_t after = 0) const { return try_recent_attempts_json(after).value(); }

    /**
     * The same attempts as lines for a log: a JSON array of objects with `serial`, `level` and `text`. For a host that no thread of the
     * library may call.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] std::string recent_log_lines_json(std::uint64_t after = 0) const { return try_recent_log_lines_json(after).value(); }
#endif

    /** As the constructor. Blocks: while files are read. Threads: any. Since: 0.1.0. */
    static Result<Client> try_make(const Config& config) noexcept
    {
        return detail::call<Client>(polyai_client_new, config.raw());
    }

    /** As `shared`. Blocks: while files are read. Threads: any. Since: 0.1.0. */
    static Result<Client> try_shared(const Config& config) noexcept
    {
        return detail::call<Client>(polyai_client_shared, config.raw());
    }

    /** As `create`. Blocks: until the agent has greeted, at most for the deadline. Threads: any. Since: 0.1.0. */
    Result<Conversation> try_create(RequestArgument request = {}) noexcept
    {
        return detail::call<Conversation>(polyai_client_create, raw(), request.raw());
    }

    /** As `start_create`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<Turn<Conversation>> try_start_create(RequestArgument request = {}) noexcept
    {
        return detail::call<Turn<Conversation>>(polyai_client_start_create, raw(), request.raw());
    }

    /** As `attach`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<Conversation> try_attach(std::string_view conversation_id) noexcept
    {
        return detail::call<Conversation>(polyai_client_attach, raw(), conversation_id);
    }

    /** As `respond`. Blocks: until the agent has replied, at most for the deadline. Threads: any. Since: 0.1.0. */
    Result<Reply> try_respond(std::string_view conversation_id, std::optional<std::string_view> message,
                              RequestArgument request = {}) noexcept
    {
        return detail::call<Reply>(polyai_client_respond, raw(), conversation_id, message, request.raw());
    }

    /** As `close_conversation`. Blocks: at most for the deadline of a close. Threads: any. Since: 0.1.0. */
    Result<Reply> try_close_conversation(std::string_view conversation_id, RequestArgument request = {}) noexcept
    {
        return detail::call<Reply>(polyai_client_close_conversation, raw(), conversation_id, request.raw());
    }

    /** As `start_respond`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<Turn<Reply>> try_start_respond(std::string_view conversation_id, std::optional<std::string_view> message,
                                          RequestArgument request = {}) noexcept
    {
        return detail::call<Turn<Reply>>(polyai_client_start_respond, raw(), conversation_id, message, request.raw());
    }

    /** As `start_close_conversation`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<Turn<Reply>> try_start_close_conversation(std::string_view conversation_id, RequestArgument request = {}) noexcept
    {
        return detail::call<Turn<Reply>>(polyai_client_start_close_conversation, raw(), conversation_id, request.raw());
    }

    /** As `warm_up`. Blocks: at most for `timeout`. Threads: any. Since: 0.1.0. */
    template <class Rep, class Period>
    Result<void> try_warm_up(std::chrono::duration<Rep, Period> timeout) noexcept
    {
        return detail::call<void>(polyai_client_warm_up, raw(), detail::milliseconds_of(timeout));
    }

    /** As `start_warm_up`. Blocks: never. Threads: any. Since: 0.1.0. */
    template <class Rep, class Period>
    Result<Turn<void>> try_start_warm_up(std::chrono::duration<Rep, Period> timeout) noexcept
    {
        return detail::call<Turn<void>>(polyai_client_start_warm_up, raw(), detail::milliseconds_of(timeout));
    }

    /** As `shut_down_and_wait`. Blocks: at most for `time`. Threads: any. Since: 0.1.0. */
    template <class Rep, class Period>
    Result<bool> try_shut_down_and_wait(std::chrono::duration<Rep, Period> time) noexcept
    {
        return detail::value_of<bool>(polyai_client_shut_down_and_wait, raw(), detail::milliseconds_of(time));
    }

    /** As `replace_credentials`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<void> try_replace_credentials(std::string_view api_key, std::string_view token) noexcept
    {
        return detail::call<void>(polyai_client_replace_credentials, raw(), api_key, token);
    }

    /** As `metrics_json`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<std::string> try_metrics_json() const { return detail::text_from(polyai_client_metrics_json, raw()); }

    /** As `recent_attempts_json`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<std::string> try_recent_attempts_json(std::uint64_t after = 0) const
    {
        return detail::text_from(polyai_client_recent_attempts_json, raw(), after);
    }

    /** As `recent_log_lines_json`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<std::string> try_recent_log_lines_json(std::uint64_t after = 0) const
    {
        return detail::text_from(polyai_client_recent_log_lines_json, raw(), after);
    }

    /**
     * Ends every call of this client that is under way with Status::cancelled and a truthful delivery, closes idle connections, and has
     * later calls fail as cancelled, not sent. Sends nothing: close the conversations first.
     *
     * Does not wait for the calls. May be called more than once.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    void shut_down() noexcept { polyai_client_shut_down(raw()); }

    /** Where the service is, as it was configured. Blocks: never. Threads: any. Since: 0.1.0. */
    [[nodiscard]] std::string_view base_url() const& noexcept
    {
        return detail::text_of<polyai_client>(polyai_client_base_url, raw()).value_or(std::string_view());
    }
    std::string_view base_url() const&& = delete;

    /**
     * The proxy between this client and the service, without user name and password; nothing where the connection is direct.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] std::optional<std::string_view> proxy() const& noexcept
    {
        return detail::text_of<polyai_client>(polyai_client_proxy, raw());
    }
    std::optional<std::string_view> proxy() const&& = delete;

    /** The dialect that the client speaks: `current` or `legacy`. Blocks: never. Threads: any. Since: 0.1.0. */
    [[nodiscard]] std::string_view dialect() const& noexcept
    {
        return detail::text_of<polyai_client>(polyai_client_dialect, raw()).value_or(std::string_view());
    }
    std::string_view dialect() const&& = delete;

private:
    friend Owner;
    explicit Client(polyai_client* raw) noexcept : Owner(raw) {}
};

} // namespace polyai

#endif /* POLYAI_CHAT_CLIENT_HPP */
