/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* Why a call failed. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_ERROR_HPP
#define POLYAI_CHAT_ERROR_HPP

#include "enums.hpp"
#include "handle.hpp"
#include "headers.hpp"

#include <polyai_chat.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

namespace polyai {

/**
 * Why a call failed, and whether the service may have acted on it. Copies share what is known, and cost next to nothing.
 *
 * No text of it but `body_excerpt` and `service_message` holds anything that the conversation said, and none a key or a token.
 *
 * Blocks: never. Threads: any. Since: 0.1.0.
 */
class Error : public std::exception {
public:
    /**
     * Takes over what a function of polyai_chat.h that failed gave: its error object, or its status where that is NULL.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    [[nodiscard]] static Error adopt(Status status, polyai_error* raw) noexcept { return Error(status, raw); }

    Error(const Error& other) noexcept : std::exception(other), status_(other.status_), shared_(other.shared_)
    {
        if (shared_)
            shared_->owners.fetch_add(1, std::memory_order_relaxed);
    }
    Error(Error&& other) noexcept : std::exception(other), status_(other.status_), shared_(std::exchange(other.shared_, nullptr)) {}
    Error& operator=(Error other) noexcept
    {
        status_ = other.status_;
        std::swap(shared_, other.shared_);
        return *this;
    }
    ~Error() override
    {
        if (shared_ && shared_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            polyai_error_free(shared_->raw);
            delete shared_;
        }
    }

    /**
     * The handle, for functions of polyai_chat.h; NULL when it was moved from, or there was no memory for it. It is shared by
     * all copies, so it cannot be released. Since: 0.1.0.
     */
    [[nodiscard]] const polyai_error* raw() const noexcept { return shared_ ? shared_->raw : nullptr; }

    /** All of it in one line, for a log: kind, message, delivery, correlation id. Ends with a NUL. Since: 0.1.0. */
    [[nodiscard]] const char* what() const noexcept override
    {
        if (const char* text = polyai_error_text(raw(), nullptr))
            return text;
        const char* name = polyai_status_name(static_cast<polyai_status>(status_));
        return name ? name : "unknown status";
    }

    /** The kind of the failure, to decide by. Since: 0.1.0. */
    [[nodiscard]] Status status() const noexcept { return status_; }

    /** The name of the kind, such as `timeout`. Since: 0.1.0. */
    [[nodiscard]] std::string_view kind() const& noexcept { return text(polyai_error_kind).value_or(name(status_)); }
    std::string_view kind() const&& = delete;

    /** As `what`. Since: 0.1.0. */
    [[nodiscard]] std::string_view text() const& noexcept { return text(polyai_error_text).value_or(what()); }
    std::string_view text() const&& = delete;

    /** What went wrong and what would be right, without kind, delivery and correlation id. Since: 0.1.0. */
    [[nodiscard]] std::string_view message() const& noexcept { return text(polyai_error_message).value_or(std::string_view()); }
    std::string_view message() const&& = delete;

    /** Whether the request reached the conversation. Since: 0.1.0. */
    [[nodiscard]] Delivery delivery() const noexcept
    {
        return raw() ? static_cast<Delivery>(polyai_error_delivery(raw())) : Delivery::unknown;
    }

    /** Whether the same request may be sent again without the risk of doubling it: true unless the delivery is unknown. Since: 0.1.0. */
    [[nodiscard]] bool may_resend() const noexcept { return polyai_error_may_resend(raw()); }

    /**
     * Where in its course the call failed: `prepare`, `queue`, `resolve`, `connect`, `proxy`, `tls`, `send`, `headers`, `body`,
     * `reply` or `pause`. Since: 0.1.0.
     */
    [[nodiscard]] std::string_view phase() const& noexcept { return text(polyai_error_phase).value_or(std::string_view()); }
    std::string_view phase() const&& = delete;

    /** The HTTP status of the answer; nothing where there was none. Since: 0.1.0. */
    [[nodiscard]] std::optional<std::uint32_t> http_status() const noexcept
    {
        const std::uint32_t status = polyai_error_http_status(raw());
        return status != 0 ? std::optional<std::uint32_t>(status) : std::nullopt;
    }

    /** The service's own code, such as `CHAT_TIMEOUT`; nothing where it gave none. New codes may appear at any time. Since: 0.1.0. */
    [[nodiscard]] std::optional<std::string_view> code() const& noexcept { return text(polyai_error_code); }
    std::optional<std::string_view> code() const&& = delete;

    /** The service's own words about the error; nothing where it gave none. Since: 0.1.0. */
    [[nodiscard]] std::optional<std::string_view> service_message() const& noexcept { return text(polyai_error_service_message); }
    std::optional<std::string_view> service_message() const&& = delete;

    /** The id that the service's support asks for. Timeouts have one too; nothing where no request was made. Since: 0.1.0. */
    [[nodiscard]] std::optional<std::string_view> correlation_id() const& noexcept { return text(polyai_error_correlation_id); }
    std::optional<std::string_view> correlation_id() const&& = delete;

    /** How long the service asked to wait before trying again; nothing where it did not. Since: 0.1.0. */
    [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const noexcept
    {
        std::uint64_t count = 0;
        if (!polyai_error_retry_after_ms(raw(), &count))
            return std::nullopt;
        return detail::duration_of<std::chrono::milliseconds>(count);
    }

    /** The headers of the answer; none where there was no answer. Since: 0.1.0. */
    [[nodiscard]] Headers headers() const& noexcept { return Headers(nullptr, raw()); }
    Headers headers() const&& = delete;

    /**
     * The first bytes of an answer that was refused or could not be understood; nothing where there was none. Treat it like the
     * conversation itself: it may hold what the service chose to put there. Since: 0.1.0.
     */
    [[nodiscard]] std::optional<std::string_view> body_excerpt() const& noexcept { return text(polyai_error_body_excerpt); }
    std::optional<std::string_view> body_excerpt() const&& = delete;

    /**
     * What the systems below said, such as the network or TLS, from the outermost to the innermost; nothing where they said
     * nothing. Since: 0.1.0.
     */
    [[nodiscard]] std::optional<std::string_view> cause() const& noexcept { return text(polyai_error_cause); }
    std::optional<std::string_view> cause() const&& = delete;

    /** The tries that the call made, oldest first, as a JSON array of what `Config::on_attempt` lists. Since: 0.1.0. */
    [[nodiscard]] std::string_view attempts_json() const& noexcept { return text(polyai_error_attempts_json).value_or("[]"); }
    std::string_view attempts_json() const&& = delete;

    /** All of it as one JSON object; see `polyai_error_json` for its fields. Since: 0.1.0. */
    [[nodiscard]] std::string_view json() const& noexcept { return text(polyai_error_json).value_or("{}"); }
    std::string_view json() const&& = delete;

    /** How many tries the call made. Since: 0.1.0. */
    [[nodiscard]] std::size_t attempt_count() const noexcept { return polyai_error_attempt_count(raw()); }

private:
    template <class T>
    friend class Result;

    /** The handle, and how many errors have it. */
    struct Shared {
        polyai_error* raw;
        std::atomic<std::size_t> owners;
    };

    Error() noexcept = default;

    Error(Status status, polyai_error* raw) noexcept : status_(status), shared_(nullptr)
    {
        if (!raw)
            return;
        if (const polyai_status known = polyai_error_status(raw))
            status_ = static_cast<Status>(known);
        shared_ = new (std::nothrow) Shared { raw, { 1 } };
        if (!shared_)
            polyai_error_free(raw); // the status has to do
    }

    std::optional<std::string_view> text(const char* (*ask)(const polyai_error*, std::size_t*)) const noexcept
    {
        return detail::text_of(ask, raw());
    }

    Status status_ = Status::ok;
    Shared* shared_ = nullptr;
};

} // namespace polyai

#endif /* POLYAI_CHAT_ERROR_HPP */
