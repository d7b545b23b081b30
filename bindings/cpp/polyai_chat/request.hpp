/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* What one call has of its own. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_REQUEST_HPP
#define POLYAI_CHAT_REQUEST_HPP

#include "calling.hpp"
#include "exceptions.hpp"
#include "handle.hpp"
#include "result.hpp"

#include <polyai_chat.h>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace polyai {

/** Ends calls that are under way. One may serve any number of calls. Threads: any. Since: 0.1.0. */
class Cancel : public detail::Owner<Cancel, polyai_cancel, polyai_cancel_free> {
public:
    /** Makes one; give it to requests with `Request::set_cancel`. Blocks: never. Threads: any. Since: 0.1.0. */
    Cancel() noexcept : Owner(polyai_cancel_new()) {}

    /**
     * Ends the calls that are under way with it, in whatever phase they are: each fails with Status::cancelled and a truthful
     * delivery. When there is none, nothing happens: later calls run as usual. Not for signal handlers.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    void trigger() noexcept { polyai_cancel_trigger(raw()); }

    /**
     * Ends the calls that are under way with it, as `trigger`, and has every later call with it fail with Status::cancelled, not sent.
     * It cannot be undone. Not for signal handlers.
     *
     * Blocks: never. Threads: any. Since: 0.1.0.
     */
    void trigger_for_good() noexcept { polyai_cancel_trigger_for_good(raw()); }

private:
    friend Owner;
    explicit Cancel(polyai_cancel* raw) noexcept : Owner(raw) {}
};

/**
 * What one call has of its own. It can be used for any number of calls, and changed between them.
 *
 *     client.create(polyai::Request().set_attribute("customer_name", "Sam").set_timeout(10s));
 *
 * Threads: one at a time for a request. Since: 0.1.0.
 */
class Request : public detail::Owner<Request, polyai_request, polyai_request_free> {
public:
    /** Makes a request in which nothing is set. Blocks: never. Threads: any. Since: 0.1.0. */
    Request() noexcept : Owner(polyai_request_new()) {}

#if POLYAI_CPP_EXCEPTIONS
    /**
     * Sets a field of the request's body, or the correlation id.
     *
     * For create: `integration_attributes` (a JSON object), `variant_id`, `channel`, `asr_lang_code`, `tts_lang_code`; in the
     * legacy dialect `user_id`, `message` and `metadata` (a JSON object). For respond: `integration_attributes`, `metadata`,
     * `asr_lang_code`, `tts_lang_code`. For all: `correlation_id`, sent instead of a new UUID, and `extra` (a JSON object), whose
     * entries are merged into the body, for fields that the library does not know.
     *
     * Errors: Status::invalid_argument for an unknown field, or JSON that is none or no object. Nothing is changed then. Whether the
     * operation and the dialect have the field is seen when the call is made.
     *
     * Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
     */
    Request& set(std::string_view field, std::string_view value) &
    {
        try_set(field, value).value();
        return *this;
    }
    [[nodiscard]] Request set(std::string_view field, std::string_view value) && { return std::move(set(field, value)); }

    /**
     * Adds one text to `integration_attributes`, such as `customer_name`.
     *
     * Errors: Status::invalid_argument where a text is not UTF-8.
     *
     * Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
     */
    Request& set_attribute(std::string_view attribute, std::string_view value) &
    {
        try_set_attribute(attribute, value).value();
        return *this;
    }
    [[nodiscard]] Request set_attribute(std::string_view attribute, std::string_view value) &&
    {
        return std::move(set_attribute(attribute, value));
    }

    /**
     * Adds a header to the calls, such as `traceparent`, or replaces the one that was added under this name.
     *
     * Errors: Status::invalid_argument where the name is not one of a header, the value is not visible ASCII, or the library sets that
     * header itself. Nothing is changed then.
     *
     * Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
     */
    Request& set_header(std::string_view header, std::string_view value) &
    {
        try_set_header(header, value).value();
        return *this;
    }
    [[nodiscard]] Request set_header(std::string_view header, std::string_view value) &&
    {
        return std::move(set_header(header, value));
    }

    /**
     * Sets the deadline of the calls, to the nearest millisecond, in place of the client's. It covers everything that a call waits for.
     *
     * Errors: Status::invalid_argument where it is not above zero, or longer than a day.
     *
     * Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
     */
    template <class Rep, class Period>
    Request& set_timeout(std::chrono::duration<Rep, Period> timeout) &
    {
        try_set_timeout(timeout).value();
        return *this;
    }
    template <class Rep, class Period>
    [[nodiscard]] Request set_timeout(std::chrono::duration<Rep, Period> timeout) &&
    {
        return std::move(set_timeout(timeout));
    }

    /**
     * Gives the calls a token that can end them; std::nullopt takes it away. The token may be destroyed while calls have it.
     *
     * Errors: Status::invalid_argument where the token was moved from.
     *
     * Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
     */
    Request& set_cancel(const Cancel& cancel) &
    {
        try_set_cancel(cancel).value();
        return *this;
    }
    Request& set_cancel(std::nullopt_t none) &
    {
        try_set_cancel(none).value();
        return *this;
    }
    [[nodiscard]] Request set_cancel(const Cancel& cancel) && { return std::move(set_cancel(cancel)); }
    [[nodiscard]] Request set_cancel(std::nullopt_t none) && { return std::move(set_cancel(none)); }

    /**
     * Gives the calls a check that they run while they wait, at least every 50 ms and when a signal arrives; true cancels, and so does
     * an exception, which is dropped. For hosts that learn by asking whether the caller has hung up.
     *
     * It runs on the thread of the call; that of a call that was started is the library's. It is destroyed when no request and no call
     * needs it any more.
     *
     * Errors: Status::invalid_argument where it is empty.
     *
     * Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
     */
    Request& cancel_when(CheckFunction check) &
    {
        try_cancel_when(std::move(check)).value();
        return *this;
    }
    [[nodiscard]] Request cancel_when(CheckFunction check) && { return std::move(cancel_when(std::move(check))); }
#endif

    /** As `set`. Blocks: never. Threads: one at a time for a request. Since: 0.1.0. */
    Result<void> try_set(std::string_view field, std::string_view value) noexcept
    {
        return detail::call<void>(polyai_request_set, raw(), field, value);
    }

    /** As `set_attribute`. Blocks: never. Threads: one at a time for a request. Since: 0.1.0. */
    Result<void> try_set_attribute(std::string_view attribute, std::string_view value) noexcept
    {
        return detail::call<void>(polyai_request_set_attribute, raw(), attribute, value);
    }

    /** As `set_header`. Blocks: never. Threads: one at a time for a request. Since: 0.1.0. */
    Result<void> try_set_header(std::string_view header, std::string_view value) noexcept
    {
        return detail::call<void>(polyai_request_set_header, raw(), header, value);
    }

    /** As `set_timeout`. Blocks: never. Threads: one at a time for a request. Since: 0.1.0. */
    template <class Rep, class Period>
    Result<void> try_set_timeout(std::chrono::duration<Rep, Period> timeout) noexcept
    {
        return detail::call<void>(polyai_request_set_timeout_ms, raw(), detail::milliseconds_of(timeout));
    }

    /** As `set_cancel`. Blocks: never. Threads: one at a time for a request. Since: 0.1.0. */
    Result<void> try_set_cancel(const Cancel& cancel) noexcept
    {
        // NULL would take the token away. The address of an object is never a handle, so the library says what is wrong.
        const polyai_cancel* given = cancel ? cancel.raw() : reinterpret_cast<const polyai_cancel*>(&cancel);
        return detail::call<void>(polyai_request_set_cancel, raw(), given);
    }
    Result<void> try_set_cancel(std::nullopt_t) noexcept { return detail::call<void>(polyai_request_set_cancel, raw(), nullptr); }

    /** As `cancel_when`. Blocks: never. Threads: one at a time for a request. Since: 0.1.0. */
    POLYAI_CPP_MODE Result<void> try_cancel_when(CheckFunction check) noexcept
    {
        return detail::hand_over(polyai_request_set_check, raw(), polyai_check_callback(detail::check), std::move(check));
    }

private:
    friend Owner;
    explicit Request(polyai_request* raw) noexcept : Owner(raw) {}
};

/** The request of a call, or none. Calls take it as an argument; there is no need to name it. Since: 0.1.0. */
class RequestArgument {
public:
    /** No request. Since: 0.1.0. */
    constexpr RequestArgument() noexcept = default;

    /** This request, which must outlive the call. One that was moved from fails the call. Since: 0.1.0. */
    RequestArgument(const Request& request) noexcept
        // NULL would be no request. The address of an object is never a handle, so the library says what is wrong.
        : raw_(request ? request.raw() : reinterpret_cast<const polyai_request*>(&request))
    {
    }

    /** For functions of polyai_chat.h. Since: 0.1.0. */
    [[nodiscard]] const polyai_request* raw() const noexcept { return raw_; }

private:
    const polyai_request* raw_ = nullptr;
};

} // namespace polyai

#endif /* POLYAI_CHAT_REQUEST_HPP */
