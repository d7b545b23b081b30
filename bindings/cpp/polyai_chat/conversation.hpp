/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* One conversation with the agent. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_CONVERSATION_HPP
#define POLYAI_CHAT_CONVERSATION_HPP

#include "calling.hpp"
#include "enums.hpp"
#include "exceptions.hpp"
#include "handle.hpp"
#include "reply.hpp"
#include "request.hpp"
#include "result.hpp"
#include "turn.hpp"

#include <polyai_chat.h>

#include <optional>
#include <string_view>

namespace polyai {

class CloseOnExit;

/**
 * One conversation with the agent. Destroying it sends nothing: close it first, or have `close_on_exit` do so.
 *
 * Turns of one conversation are sent one at a time, in the order of the calls; a waiting call stays inside its own deadline.
 *
 * Threads: any. Since: 0.1.0.
 */
class Conversation : public detail::Owner<Conversation, polyai_conversation, polyai_conversation_free> {
public:
#if POLYAI_CPP_EXCEPTIONS
    /**
     * One turn: says `message`, and gives the agent's reply. std::nullopt is a turn without a message, which is not the same as an
     * empty one; the legacy dialect has none, and sends an empty one.
     *
     * Errors: Status::conversation_ended without a request when it is over; Status::busy when the deadline passes while an earlier turn
     * is under way; else any. Send again only where `Error::may_resend` says so.
     *
     * Blocks: until the agent has replied, at most for the deadline. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] Reply respond(std::optional<std::string_view> message, RequestArgument request = {})
    {
        return try_respond(message, request).value();
    }

    /**
     * Starts a turn and returns at once. It is queued now, and its deadline starts now.
     *
     * Errors: those of the arguments; Status::internal when no thread can be had. Errors of the turn come when the reply is taken.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] Turn<Reply> start_respond(std::optional<std::string_view> message, RequestArgument request = {})
    {
        return try_start_respond(message, request).value();
    }

    /**
     * Closes it. Sent once, also when the service has said that it is over; later calls give the first answer. Waits for earlier turns.
     *
     * Errors: Status::unsupported in the legacy dialect, which has no close; else any.
     *
     * Blocks: at most for the deadline of a close. Threads: any. Since: 0.1.0.
     */
    Reply close(RequestArgument request = {}) { return try_close(request).value(); }

    /** Starts to close it and returns at once. Errors: as `start_respond`. Blocks: never. Threads: any. Since: 0.1.0. */
    [[nodiscard]] Turn<Reply> start_close(RequestArgument request = {}) { return try_start_close(request).value(); }

    /**
     * Closes it if that is still of use: sends nothing when it is over or the dialect has no close.
     *
     * Errors: any.
     *
     * Blocks: at most for the client's deadline of a close. Threads: any. Since: 0.1.0.
     */
    void close_if_open() { try_close_if_open().value(); }

    /**
     * Starts to close it if that is still of use, and returns at once; its outcome is empty where nothing was sent.
     *
     * Errors: as `start_respond`.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] Turn<std::optional<Reply>> start_close_if_open() { return try_start_close_if_open().value(); }

    /**
     * The greeting with all that came with it, as a reply of its own. Empty for a conversation that was attached to.
     *
     * Errors: Status::invalid_argument when it was moved from.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] Reply greeting_reply() const { return try_greeting_reply().value(); }
#endif

    /** As `respond`. Blocks: until the agent has replied, at most for the deadline. Threads: any. Since: 0.1.0. */
    Result<Reply> try_respond(std::optional<std::string_view> message, RequestArgument request = {}) noexcept
    {
        return detail::call<Reply>(polyai_conversation_respond, raw(), message, request.raw());
    }

    /** As `start_respond`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<Turn<Reply>> try_start_respond(std::optional<std::string_view> message, RequestArgument request = {}) noexcept
    {
        return detail::call<Turn<Reply>>(polyai_conversation_start_respond, raw(), message, request.raw());
    }

    /** As `close`. Blocks: at most for the deadline of a close. Threads: any. Since: 0.1.0. */
    Result<Reply> try_close(RequestArgument request = {}) noexcept
    {
        return detail::call<Reply>(polyai_conversation_close, raw(), request.raw());
    }

    /** As `start_close`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<Turn<Reply>> try_start_close(RequestArgument request = {}) noexcept
    {
        return detail::call<Turn<Reply>>(polyai_conversation_start_close, raw(), request.raw());
    }

    /** As `close_if_open`. Blocks: at most for the client's deadline of a close. Threads: any. Since: 0.1.0. */
    Result<void> try_close_if_open() noexcept { return detail::call<void>(polyai_conversation_close_if_open, raw()); }

    /** As `start_close_if_open`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<Turn<std::optional<Reply>>> try_start_close_if_open() noexcept
    {
        return detail::call<Turn<std::optional<Reply>>>(polyai_conversation_start_close_if_open, raw());
    }

    /** As `greeting_reply`. Blocks: never. Threads: any. Since: 0.1.0. */
    Result<Reply> try_greeting_reply() const noexcept { return detail::call<Reply>(polyai_conversation_greeting_reply, raw()); }

    /** Closes it at the end of the scope that holds the result: see CloseOnExit. Threads: any. Since: 0.1.0. */
    [[nodiscard]] CloseOnExit close_on_exit() & noexcept;
    CloseOnExit close_on_exit() && = delete;

    /** The id that the service gave it. Blocks: never. Threads: any. Since: 0.1.0. */
    [[nodiscard]] std::string_view id() const& noexcept
    {
        return detail::text_of<polyai_conversation>(polyai_conversation_id, raw()).value_or(std::string_view());
    }
    std::string_view id() const&& = delete;

    /** What the agent said first; empty for a conversation that was attached to. Blocks: never. Threads: any. Since: 0.1.0. */
    [[nodiscard]] std::string_view greeting() const& noexcept
    {
        return detail::text_of<polyai_conversation>(polyai_conversation_greeting, raw()).value_or(std::string_view());
    }
    std::string_view greeting() const&& = delete;

    /** What is known about it now; 0 when it was moved from. Blocks: never. Threads: any. Since: 0.1.0. */
    [[nodiscard]] State state() const noexcept { return static_cast<State>(polyai_conversation_state(raw())); }

private:
    friend Owner;
    explicit Conversation(polyai_conversation* raw) noexcept : Owner(raw) {}
};

/**
 * Closes a conversation when its scope ends, also by an exception. Sends nothing when the conversation is over, or the dialect has no
 * close. A failure is dropped: call `Conversation::close` where it matters.
 *
 * Blocks: its destructor, at most for the client's deadline of a close. Threads: any. Since: 0.1.0.
 */
class [[nodiscard]] CloseOnExit {
public:
    /** Closes this conversation in the end, unless that is destroyed before. Blocks: never. Threads: any. Since: 0.1.0. */
    explicit CloseOnExit(Conversation& conversation) noexcept : conversation_(conversation.raw()) {}

    /** Leaves the conversation as it is, for somebody else to go on with. Blocks: never. Threads: one at a time. Since: 0.1.0. */
    void dismiss() noexcept { conversation_ = nullptr; }

    CloseOnExit(const CloseOnExit&) = delete;
    CloseOnExit& operator=(const CloseOnExit&) = delete;
    ~CloseOnExit()
    {
        // The handle and not the owner is kept: it may have moved, and a handle that was freed is refused.
        if (conversation_)
            static_cast<void>(polyai_conversation_close_if_open(conversation_, nullptr));
    }

private:
    polyai_conversation* conversation_;
};

inline CloseOnExit Conversation::close_on_exit() & noexcept
{
    return CloseOnExit(*this);
}

} // namespace polyai

#endif /* POLYAI_CHAT_CONVERSATION_HPP */
