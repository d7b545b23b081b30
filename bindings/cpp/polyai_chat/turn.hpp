/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* Calls that were started, and how a program learns that they are done. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_TURN_HPP
#define POLYAI_CHAT_TURN_HPP

#include "calling.hpp"
#include "exceptions.hpp"
#include "handle.hpp"
#include "reply.hpp"
#include "result.hpp"

#include <polyai_chat.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace polyai {

class Conversation;

/**
 * A call that was started, and what will come of it: a Conversation, a Reply, an optional Reply where it may have nothing to send, or
 * void. Destroying it cancels the call if that is still under way. Threads: any. Since: 0.1.0.
 */
template <class T>
class [[nodiscard]] Turn : public detail::Owner<Turn<T>, polyai_turn, polyai_turn_free> {
    static_assert(std::is_same_v<T, Conversation> || std::is_same_v<T, Reply> || std::is_same_v<T, std::optional<Reply>>
                      || std::is_void_v<T>,
                  "a turn gives a Conversation, a Reply, an optional Reply or void");

public:
#if POLYAI_CPP_EXCEPTIONS
    /**
     * Waits until the call is done, but no longer than `time`; whether it is. The call goes on all the same.
     *
     * Errors: Status::invalid_argument where the turn was moved from.
     *
     * Blocks: at most for `time`, and no longer than a day. Threads: any. Since: 0.1.0.
     */
    template <class Rep, class Period>
    [[nodiscard]] bool wait_for(std::chrono::duration<Rep, Period> time) const
    {
        return try_wait_for(time).value();
    }

    /** Whether the call is done. Errors: as `wait_for`. Blocks: never. Threads: any. Since: 0.1.0. */
    [[nodiscard]] bool ready() const { return try_ready().value(); }

    /**
     * Takes the outcome of the call. It can be taken once.
     *
     * Errors: those of the call; Status::invalid_argument where it has been taken.
     *
     * Blocks: until the call is done, at most for its deadline. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] T get() { return try_get().value(); }

    /**
     * A descriptor that becomes readable when the call is done, for a host that has an event loop (poll, epoll, select).
     *
     * Wait for it only: it is neither to be read nor closed, and is gone when the turn is destroyed.
     *
     * Errors: Status::internal when the process has no descriptor left.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] int descriptor() const { return try_descriptor().value(); }

    /**
     * Has `function` called once when the call is done: on the thread of the call, which is the library's, or here and now where it is
     * done already. An exception of it is dropped.
     *
     * Errors: Status::invalid_argument where it is empty, or the turn was moved from.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    void when_done(DoneFunction function) const { try_when_done(std::move(function)).value(); }
#endif

    /** As `wait_for`. Blocks: at most for `time`, and no longer than a day. Threads: any. Since: 0.1.0. */
    template <class Rep, class Period>
    Result<bool> try_wait_for(std::chrono::duration<Rep, Period> time) const noexcept
    {
        return detail::value_of<bool>(polyai_turn_wait, this->raw(), detail::milliseconds_of(time));
    }

    /** As `ready`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<bool> try_ready() const noexcept { return try_wait_for(std::chrono::milliseconds(0)); }

    /** As `get`. Blocks: until the call is done, at most for its deadline. Threads: any. Since: 0.1.0. */
    Result<T> try_get() noexcept
    {
        if constexpr (std::is_same_v<T, Conversation>) {
            return detail::call<T>(polyai_turn_take_conversation, this->raw());
        } else if constexpr (std::is_same_v<T, Reply>) {
            return detail::call<T>(polyai_turn_take_reply, this->raw());
        } else {
            Result<Reply> taken = detail::call<Reply>(polyai_turn_take_reply, this->raw());
            if (!taken)
                return std::move(taken).error();
            if constexpr (std::is_void_v<T>)
                return {};
            else if (Reply reply = std::move(*taken); reply.raw())
                return T(std::move(reply));
            else
                return T();
        }
    }

    /** As `descriptor`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<int> try_descriptor() const noexcept
    {
        return detail::value_of<std::int32_t>(polyai_turn_fd, this->raw());
    }

    /** As `when_done`. Blocks: never. Threads: any. Since: 0.1.0. */
    POLYAI_CPP_MODE Result<void> try_when_done(DoneFunction function) const noexcept
    {
        const polyai_turn* turn = this->raw();
        return detail::hand_over(polyai_turn_when_done, turn, polyai_done_callback(detail::call_is_done), std::move(function));
    }

    /** What was started: `create`, `respond`, `close` or `warm_up`. Blocks: never. Threads: any. Since: 0.1.0. */
    [[nodiscard]] std::string_view operation() const noexcept { return detail::constant(polyai_turn_operation(this->raw())); }

    /**
     * Ends the call, which is then done within milliseconds, with a truthful delivery. Does nothing when it is done already.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    void cancel() noexcept { polyai_turn_cancel(this->raw()); }

    /** The id that the service's support asks for; it is known before the call is done. Blocks: never. Threads: any. Since: 0.1.0. */
    [[nodiscard]] std::string_view correlation_id() const& noexcept
    {
        return detail::text_of<polyai_turn>(polyai_turn_correlation_id, this->raw()).value_or(std::string_view());
    }
    std::string_view correlation_id() const&& = delete;

private:
    friend detail::Owner<Turn<T>, polyai_turn, polyai_turn_free>;
    explicit Turn(polyai_turn* raw) noexcept : detail::Owner<Turn<T>, polyai_turn, polyai_turn_free>(raw) {}
};

/**
 * Tells which of many started calls are done, by tags of the caller's and by one descriptor for all of them.
 *
 *     polyai::Completions completions;
 *     completions.expect(turn, 7);
 *     while (completions.wait_for(1h))
 *         while (const auto tag = completions.take())
 *             go_on(*tag);
 *
 * Threads: any. Since: 0.1.0.
 */
class Completions : public detail::Owner<Completions, polyai_completions, polyai_completions_free> {
public:
#if POLYAI_CPP_EXCEPTIONS
    /**
     * Makes an empty list.
     *
     * Errors: Status::internal when the process has no descriptor left.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    Completions() : Owner(try_make().value().release()) {}

    /**
     * Has `tag` appear in the list once the call of the turn is done, at once where it is done already, also when the turn was destroyed
     * meanwhile.
     *
     * Errors: Status::invalid_argument where one of them was moved from.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    template <class T>
    void expect(const Turn<T>& turn, std::uint64_t tag)
    {
        try_expect(turn, tag).value();
    }

    /**
     * Waits until a call is done whose tag has not been taken, but no longer than `time`; whether there is one.
     *
     * Errors: Status::invalid_argument where the list was moved from.
     *
     * Blocks: at most for `time`, and no longer than a day. Threads: any. Since: 0.1.0.
     */
    template <class Rep, class Period>
    [[nodiscard]] bool wait_for(std::chrono::duration<Rep, Period> time) const
    {
        return try_wait_for(time).value();
    }

    /**
     * A descriptor that is readable while there are tags to take, for a host that has an event loop (poll, epoll, select).
     *
     * Wait for it only: it is neither to be read nor closed, and is gone when the list is destroyed.
     *
     * Errors: Status::internal when a forked child has no descriptor left.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] int descriptor() const { return try_descriptor().value(); }
#endif

    /** As the constructor. Blocks: never. Threads: any. Since: 0.1.0. */
    static Result<Completions> try_make() noexcept { return detail::call<Completions>(polyai_completions_new); }

    /** As `expect`. Blocks: never. Threads: any. Since: 0.1.0. */
    template <class T>
    Result<void> try_expect(const Turn<T>& turn, std::uint64_t tag) noexcept
    {
        return detail::call<void>(polyai_completions_expect, raw(), turn.raw(), tag);
    }

    /** As `wait_for`. Blocks: at most for `time`, and no longer than a day. Threads: any. Since: 0.1.0. */
    template <class Rep, class Period>
    Result<bool> try_wait_for(std::chrono::duration<Rep, Period> time) const noexcept
    {
        return detail::value_of<bool>(polyai_completions_wait, raw(), detail::milliseconds_of(time));
    }

    /** As `descriptor`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<int> try_descriptor() const noexcept { return detail::value_of<std::int32_t>(polyai_completions_fd, raw()); }

    /** The tag that came first, which is given once; nothing where there is none. Blocks: never. Threads: any. Since: 0.1.0. */
    std::optional<std::uint64_t> take() noexcept
    {
        std::uint64_t tag = 0;
        return polyai_completions_take(raw(), &tag, 1) == 1 ? std::optional<std::uint64_t>(tag) : std::nullopt;
    }

private:
    friend Owner;
    explicit Completions(polyai_completions* raw) noexcept : Owner(raw) {}
};

} // namespace polyai

#endif /* POLYAI_CHAT_TURN_HPP */
