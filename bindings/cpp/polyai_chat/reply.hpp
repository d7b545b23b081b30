/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* What the agent answered. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_REPLY_HPP
#define POLYAI_CHAT_REPLY_HPP

#include "calling.hpp"
#include "handle.hpp"
#include "headers.hpp"

#include <polyai_chat.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace polyai {

/** The agent wants the customer to go on elsewhere. Its texts belong to the reply. Since: 0.1.0. */
struct Handoff {
    /** Where; nothing where the service does not say it as text. Since: 0.1.0. */
    std::optional<std::string_view> destination;
    /** Why; nothing where the service does not say it as text. Since: 0.1.0. */
    std::optional<std::string_view> reason;
    /** All of it as JSON, whatever its shape: contact-centre products have fields of their own in it. Since: 0.1.0. */
    std::string_view json;
};

/** What the agent answered, or the service to a close. Blocks: never. Threads: any. Since: 0.1.0. */
class Reply : public detail::Owner<Reply, polyai_reply, polyai_reply_free> {
public:
    /** The agent's words; empty for the answer to a close. Since: 0.1.0. */
    [[nodiscard]] std::string_view response() const& noexcept { return text(polyai_reply_response); }
    std::string_view response() const&& = delete;

    /**
     * The agent's words without Markdown, for an SMS, an e-mail, a voice; empty for the answer to a close. Made when it is first asked
     * for; see `polyai_reply_plain_text`. Since: 0.1.0.
     */
    [[nodiscard]] std::string_view plain_text() const& noexcept { return text(polyai_reply_plain_text); }
    std::string_view plain_text() const&& = delete;

    /** Whether the conversation is over: the agent has ended it, or it was closed. Since: 0.1.0. */
    [[nodiscard]] bool end_conversation() const noexcept { return polyai_reply_end_conversation(raw()); }

    /**
     * Whether and where the agent wants the customer to go on; that ends the conversation only together with `end_conversation`.
     * Since: 0.1.0.
     */
    [[nodiscard]] std::optional<Handoff> handoff() const& noexcept
    {
        if (!polyai_reply_has_handoff(raw()))
            return std::nullopt;
        return Handoff { optional_text(polyai_reply_handoff_destination), optional_text(polyai_reply_handoff_reason),
                         text(polyai_reply_handoff_json) };
    }
    std::optional<Handoff> handoff() const&& = delete;

    /**
     * Of the answer to a close: whether the service said that the conversation was over already, or is not there any more. False for
     * other replies. Since: 0.1.0.
     */
    [[nodiscard]] bool was_over() const noexcept { return polyai_reply_was_over(raw()); }

    /** The conversation it belongs to; nothing for the answer to a close. Since: 0.1.0. */
    [[nodiscard]] std::optional<std::string_view> conversation_id() const& noexcept
    {
        return optional_text(polyai_reply_conversation_id);
    }
    std::optional<std::string_view> conversation_id() const&& = delete;

    /** Of a greeting in the legacy dialect: the user id that was sent. Since: 0.1.0. */
    [[nodiscard]] std::optional<std::string_view> user_id() const& noexcept { return optional_text(polyai_reply_user_id); }
    std::optional<std::string_view> user_id() const&& = delete;

    /** The JSON as it was received. Since: 0.1.0. */
    [[nodiscard]] std::string_view raw_json() const& noexcept { return text(polyai_reply_raw_json); }
    std::string_view raw_json() const&& = delete;

    /** The fields that the library has no name for, as a JSON object. Since: 0.1.0. */
    [[nodiscard]] std::string_view unknown_fields_json() const& noexcept { return text(polyai_reply_unknown_fields_json); }
    std::string_view unknown_fields_json() const&& = delete;

    /** The headers of the response. Since: 0.1.0. */
    [[nodiscard]] Headers headers() const& noexcept { return Headers(raw(), nullptr); }
    Headers headers() const&& = delete;

    /** The id that the service's support asks for. Since: 0.1.0. */
    [[nodiscard]] std::string_view correlation_id() const& noexcept { return text(polyai_reply_correlation_id); }
    std::string_view correlation_id() const&& = delete;

    /** What was answered: `create`, `respond` or `close`. Since: 0.1.0. */
    [[nodiscard]] std::string_view operation() const noexcept { return detail::constant(polyai_reply_operation(raw())); }

    /** All of it as one JSON object; see `polyai_reply_json` for its fields. Since: 0.1.0. */
    [[nodiscard]] std::string_view json() const& noexcept { return text(polyai_reply_json); }
    std::string_view json() const&& = delete;

    /** How long the call took, with everything it waited for. Since: 0.1.0. */
    [[nodiscard]] std::chrono::microseconds elapsed() const noexcept
    {
        return detail::duration_of<std::chrono::microseconds>(polyai_reply_elapsed_us(raw()));
    }

private:
    friend Owner;
    explicit Reply(polyai_reply* raw) noexcept : Owner(raw) {}

    std::optional<std::string_view> optional_text(const char* (*ask)(const polyai_reply*, std::size_t*)) const noexcept
    {
        return detail::text_of<polyai_reply>(ask, raw());
    }

    std::string_view text(const char* (*ask)(const polyai_reply*, std::size_t*)) const noexcept
    {
        return optional_text(ask).value_or(std::string_view());
    }
};

} // namespace polyai

#endif /* POLYAI_CHAT_REPLY_HPP */
