/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/*
 * libpolyai_chat for C++17 and newer: one header over polyai_chat.h. Link with -lpolyai_chat.
 *
 * START
 *
 *     polyai::Client client(polyai::Config().load_environment());
 *     polyai::Conversation conversation = client.create();
 *     polyai::CloseOnExit closing = conversation.close_on_exit();
 *     polyai::Reply reply = conversation.respond("Where is my order?");
 *     std::cout << reply.response() << '\n';
 *
 * ERRORS
 *
 * There are two ways, and one rule for their names. `respond` throws polyai::Error; `try_respond` never throws, and returns
 * polyai::Result<Reply>, which holds a Reply or an Error. So it is with every function that can fail; the constructor of
 * Client has Client::try_make beside it. With -fno-exceptions only the try_ names are there. They are noexcept, but for those that
 * give a std::string, which may throw std::bad_alloc.
 *
 * OWNERSHIP
 *
 * Objects own their handle, and are moved but not copied. One that was moved from may be destroyed and assigned to; other calls on it
 * fail with Status::invalid_argument, and what cannot fail gives nothing, 0 or false. `raw()` lends the handle to functions of
 * polyai_chat.h, `release()` gives it away, `adopt()` takes one over.
 *
 * A std::string_view that comes out belongs to the object that it was asked of, and lasts as long. Asking a temporary object for one does
 * not compile. Texts that go in are UTF-8, may hold a NUL, and are copied.
 *
 * THREADS
 *
 * Client and Conversation may be used by any number of threads at the same time, Config and Request by one at a time. Moving, assigning
 * and destroying an object is for one thread, when no other uses that object.
 */

#ifndef POLYAI_CHAT_HPP
#define POLYAI_CHAT_HPP

#include <polyai_chat.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "polyai_chat.hpp needs C++17 or newer"
#endif

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define POLYAI_CPP_EXCEPTIONS 1
#else
#define POLYAI_CPP_EXCEPTIONS 0
#endif

/* A program may have files with and without exceptions. Code that is compiled differently in the two needs two names for the linker. */
#if !POLYAI_CPP_EXCEPTIONS && defined(__GNUC__)
#define POLYAI_CPP_MODE __attribute__((abi_tag("no_exceptions")))
#else
#define POLYAI_CPP_MODE
#endif

/** Holds conversations with a PolyAI agent. Since: 0.1.0. */
namespace polyai {

class CloseOnExit;

/* ---- Numbers ---------------------------------------------------------------------------------- */

/** What a call came to. Newer libraries may give numbers that are not named here. Since: 0.1.0. */
enum class Status : std::uint32_t {
    /** It went well. The only status without an error object. */
    ok = POLYAI_STATUS_OK,
    /** A call was given something it cannot send. Nothing was sent; correct the argument. */
    invalid_argument = POLYAI_STATUS_INVALID_ARGUMENT,
    /**
     * The configuration is missing something or holds something wrong. The message names the option, where it came from and what
     * would be right.
     */
    configuration = POLYAI_STATUS_CONFIGURATION,
    /** The chosen dialect of the service has no such operation or field. Nothing was sent. */
    unsupported = POLYAI_STATUS_UNSUPPORTED,
    /** The service refused the API key or the connector token (401). Check both, and that they belong to this region. */
    authentication = POLYAI_STATUS_AUTHENTICATION,
    /** Key and token are known but not allowed to do this (403). Ask whoever manages the account. */
    permission = POLYAI_STATUS_PERMISSION,
    /** No such conversation, account or project (404). Check the ids and the region. */
    not_found = POLYAI_STATUS_NOT_FOUND,
    /** The conversation is over. Create a new one. */
    conversation_ended = POLYAI_STATUS_CONVERSATION_ENDED,
    /** The service understood the request and refused it (another 4xx). Sending it again changes nothing. */
    rejected = POLYAI_STATUS_REJECTED,
    /** Too many requests (429). Wait for `retry_after` if it is given. */
    rate_limited = POLYAI_STATUS_RATE_LIMITED,
    /** The service failed (5xx or 408). The turn may have been processed. */
    server = POLYAI_STATUS_SERVER,
    /**
     * No connection, or it was lost: name resolution, TCP, proxy or certificate, as the phase tells. The delivery tells whether
     * the service may have heard the turn.
     */
    connect = POLYAI_STATUS_CONNECT,
    /** The deadline passed. The phase tells where, the delivery whether the service may have heard the turn. */
    timeout = POLYAI_STATUS_TIMEOUT,
    /** The call was cancelled. The delivery tells whether the service may have heard the turn. */
    cancelled = POLYAI_STATUS_CANCELLED,
    /** The answer was not what the service is documented to send. Status, content type and the first bytes are shown. */
    protocol = POLYAI_STATUS_PROTOCOL,
    /** The deadline passed while the turn waited for an earlier one, or too many calls are in flight. Nothing was sent. */
    busy = POLYAI_STATUS_BUSY,
    /**
     * The call was not tried: too many failed lately, or the system grants no thread, descriptor or memory for a connection.
     * Nothing was sent.
     */
    unavailable = POLYAI_STATUS_UNAVAILABLE,
    /** A defect of this library. Please report it with the message. */
    internal = POLYAI_STATUS_INTERNAL,
};

/** Whether the request of a failed call reached the conversation. Since: 0.1.0. */
enum class Delivery : std::uint32_t {
    /** No byte of the request left this machine: it is safe to send it again. */
    not_sent = POLYAI_DELIVERY_NOT_SENT,
    /** The service answered, and the turn did not enter the conversation: it is safe to send it again. */
    rejected = POLYAI_DELIVERY_REJECTED,
    /** The service may have acted on it: sending it again may double it. */
    unknown = POLYAI_DELIVERY_UNKNOWN,
};

/** What is known about a conversation. Since: 0.1.0. */
enum class State : std::uint32_t {
    /** Turns can be sent. */
    open = POLYAI_STATE_OPEN,
    /**
     * Turns can be sent, but the agent may have heard an earlier one, ended the conversation or handed it off. The next complete
     * reply settles it.
     */
    in_doubt = POLYAI_STATE_IN_DOUBT,
    /** The service has said that it is over. Turns are refused without a request. */
    ended = POLYAI_STATE_ENDED,
    /** It was closed from this side. Turns are refused without a request. */
    closed = POLYAI_STATE_CLOSED,
};

/** How urgent a log line is. Since: 0.1.0. */
enum class LogLevel : std::uint32_t {
    /** Something failed for good. */
    warn = POLYAI_LOG_WARN,
    /** Something failed and is tried again. */
    info = POLYAI_LOG_INFO,
    /** An attempt succeeded. */
    debug = POLYAI_LOG_DEBUG,
};

/* ---- Inner parts, not for use ----------------------------------------------------------------- */

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

    /** Gives the handle away: whoever calls this frees it. Blocks: never. Since: 0.1.0. */
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

/** The name of a status, such as `timeout`; empty for a number that the library does not know. Threads: any. Since: 0.1.0. */
[[nodiscard]] inline std::string_view name(Status status) noexcept
{
    return detail::constant(polyai_status_name(static_cast<polyai_status>(status)));
}

/** The name of a delivery, such as `not_sent`; empty for a number that the library does not know. Threads: any. Since: 0.1.0. */
[[nodiscard]] inline std::string_view name(Delivery delivery) noexcept
{
    return detail::constant(polyai_delivery_name(static_cast<polyai_delivery>(delivery)));
}

/** The name of a state, such as `in_doubt`; empty for a number that is not named here. Threads: any. Since: 0.1.0. */
[[nodiscard]] inline std::string_view name(State state) noexcept
{
    switch (state) {
    case State::open: return "open";
    case State::in_doubt: return "in_doubt";
    case State::ended: return "ended";
    case State::closed: return "closed";
    }
    return {};
}

/** The name of a level, such as `warn`; empty for a number that is not named here. Threads: any. Since: 0.1.0. */
[[nodiscard]] inline std::string_view name(LogLevel level) noexcept
{
    switch (level) {
    case LogLevel::warn: return "warn";
    case LogLevel::info: return "info";
    case LogLevel::debug: return "debug";
    }
    return {};
}

/* ---- Headers of a response -------------------------------------------------------------------- */

/** One header of a response. Its texts belong to the reply or error. Since: 0.1.0. */
struct Header {
    /** In lower case. Since: 0.1.0. */
    std::string_view name;
    /** With the bytes that came. Since: 0.1.0. */
    std::string_view value;
};

/** The headers of a response, in their order; lasts as long as the reply or error. Threads: any. Since: 0.1.0. */
class Headers {
public:
    /** Walks over the headers. Since: 0.1.0. */
    class Iterator {
    public:
        /** Iterator trait. Since: 0.1.0. */
        using iterator_category = std::input_iterator_tag;
        /** Iterator trait. Since: 0.1.0. */
        using value_type = Header;
        /** Iterator trait. Since: 0.1.0. */
        using difference_type = std::ptrdiff_t;
        /** Iterator trait. Since: 0.1.0. */
        using pointer = void;
        /** Iterator trait. Since: 0.1.0. */
        using reference = Header;

        /** A singular iterator. Since: 0.1.0. */
        Iterator() noexcept = default;
        /** The header that it is at. Since: 0.1.0. */
        [[nodiscard]] Header operator*() const noexcept { return Headers::at(reply_, error_, index_); }
        /** Goes on to the next. Since: 0.1.0. */
        Iterator& operator++() noexcept
        {
            ++index_;
            return *this;
        }
        Iterator operator++(int) noexcept
        {
            Iterator before = *this;
            ++index_;
            return before;
        }
        /** Whether both are at the same place. Since: 0.1.0. */
        [[nodiscard]] friend bool operator==(const Iterator& one, const Iterator& other) noexcept { return one.index_ == other.index_; }
        /** Whether they are at different places. Since: 0.1.0. */
        [[nodiscard]] friend bool operator!=(const Iterator& one, const Iterator& other) noexcept { return one.index_ != other.index_; }

    private:
        friend class Headers;
        Iterator(const Headers& headers, std::size_t index) noexcept : reply_(headers.reply_), error_(headers.error_), index_(index) {}

        const polyai_reply* reply_ = nullptr;
        const polyai_error* error_ = nullptr;
        std::size_t index_ = 0;
    };

    /** The value of the first header of this name, in any case; nothing where there is none. Blocks: never. Since: 0.1.0. */
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept
    {
        std::size_t length = 0;
        const char* value = error_ ? polyai_error_header(error_, detail::start_of(name), name.size(), &length)
                                   : polyai_reply_header(reply_, detail::start_of(name), name.size(), &length);
        return value ? std::optional<std::string_view>(std::string_view(value, length)) : std::nullopt;
    }

    /** How many there are. Blocks: never. Since: 0.1.0. */
    [[nodiscard]] std::size_t size() const noexcept
    {
        return error_ ? polyai_error_header_count(error_) : polyai_reply_header_count(reply_);
    }

    /** Whether there are none. Blocks: never. Since: 0.1.0. */
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    /** One of them, counted from 0; empty where there is none with that number. Blocks: never. Since: 0.1.0. */
    [[nodiscard]] Header operator[](std::size_t index) const noexcept { return at(reply_, error_, index); }

    /** The first. Since: 0.1.0. */
    [[nodiscard]] Iterator begin() const noexcept { return Iterator(*this, 0); }

    /** Behind the last. Since: 0.1.0. */
    [[nodiscard]] Iterator end() const noexcept { return Iterator(*this, size()); }

private:
    friend class Reply;
    friend class Error;
    Headers(const polyai_reply* reply, const polyai_error* error) noexcept : reply_(reply), error_(error) {}

    static Header at(const polyai_reply* reply, const polyai_error* error, std::size_t index) noexcept
    {
        const char* name = nullptr;
        const char* value = nullptr;
        std::size_t length = 0;
        if (error)
            polyai_error_header_at(error, index, &name, &value, &length);
        else
            polyai_reply_header_at(reply, index, &name, &value, &length);
        return Header { detail::constant(name), value ? std::string_view(value, length) : std::string_view() };
    }

    const polyai_reply* reply_;
    const polyai_error* error_;
};

/* ---- Errors ----------------------------------------------------------------------------------- */

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

/* ---- Results ---------------------------------------------------------------------------------- */

/**
 * A value, or the error that took its place. What `try_` functions return. Threads: one at a time. Since: 0.1.0.
 *
 *     polyai::Result<polyai::Reply> reply = conversation.try_respond("Where is my order?");
 *     if (!reply)
 *         return complain(reply.error());
 *     show(reply->response());
 */
template <class T>
class [[nodiscard]] Result {
public:
    /** Holds a value. Since: 0.1.0. */
    Result(T value) noexcept(std::is_nothrow_move_constructible_v<T>) : value_(std::move(value)) {}

    /** Holds an error. Since: 0.1.0. */
    Result(Error error) noexcept : error_(std::move(error)) {}

    /** Whether it holds a value. Since: 0.1.0. */
    [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }

    /** As `has_value`. A Result<bool> does not have this, since it could be mistaken for the value. Since: 0.1.0. */
    template <class U = T, std::enable_if_t<!std::is_same_v<U, bool>, int> = 0>
    explicit operator bool() const noexcept
    {
        return has_value();
    }

    /** The value. Throws the error where there is none; without exceptions it ends the program then. Since: 0.1.0. */
    [[nodiscard]] POLYAI_CPP_MODE T& value() &
    {
        throw_error();
        return *value_;
    }
    [[nodiscard]] POLYAI_CPP_MODE const T& value() const&
    {
        throw_error();
        return *value_;
    }
    [[nodiscard]] POLYAI_CPP_MODE T value() &&
    {
        throw_error();
        return *std::move(value_);
    }

    /** The value. Ends the program (std::abort) where there is none: ask first. Since: 0.1.0. */
    [[nodiscard]] T& operator*() & noexcept { return *required(*this); }
    [[nodiscard]] const T& operator*() const& noexcept { return *required(*this); }
    [[nodiscard]] T operator*() && noexcept { return std::move(*required(*this)); }

    /** A member of the value. Ends the program (std::abort) where there is none: ask first. Since: 0.1.0. */
    [[nodiscard]] T* operator->() & noexcept { return required(*this); }
    [[nodiscard]] const T* operator->() const& noexcept { return required(*this); }
    T* operator->() && = delete;
    const T* operator->() const&& = delete;

    /** The error; one with Status::ok where there is a value. Since: 0.1.0. */
    [[nodiscard]] const Error& error() const& noexcept { return error_; }
    [[nodiscard]] Error error() && noexcept { return std::move(error_); }

private:
    template <class Self>
    static auto required(Self& self) noexcept -> decltype(&*self.value_)
    {
        if (!self.value_)
            std::abort();
        return &*self.value_;
    }

    POLYAI_CPP_MODE void throw_error() const
    {
        if (value_)
            return;
#if POLYAI_CPP_EXCEPTIONS
        throw error_;
#else
        std::abort();
#endif
    }

    std::optional<T> value_;
    Error error_;
};

/** Success, or an error. Threads: one at a time. Since: 0.1.0. */
template <>
class [[nodiscard]] Result<void> {
public:
    /** Success. Since: 0.1.0. */
    Result() noexcept : succeeded_(true) {}

    /** Holds an error. Since: 0.1.0. */
    Result(Error error) noexcept : succeeded_(false), error_(std::move(error)) {}

    /** Whether it is a success. Since: 0.1.0. */
    [[nodiscard]] bool has_value() const noexcept { return succeeded_; }

    /** As `has_value`. Since: 0.1.0. */
    explicit operator bool() const noexcept { return succeeded_; }

    /** Throws the error, if there is one; without exceptions it ends the program then. Since: 0.1.0. */
    POLYAI_CPP_MODE void value() const
    {
        if (succeeded_)
            return;
#if POLYAI_CPP_EXCEPTIONS
        throw error_;
#else
        std::abort();
#endif
    }

    /** The error; one with Status::ok for a success. Since: 0.1.0. */
    [[nodiscard]] const Error& error() const& noexcept { return error_; }
    [[nodiscard]] Error error() && noexcept { return std::move(error_); }

private:
    bool succeeded_;
    Error error_;
};

/* ---- Callbacks -------------------------------------------------------------------------------- */

/** Gets a line for a log, which hides key, token, the proxy's password and the message of the call. Since: 0.1.0. */
using LogFunction = std::function<void(LogLevel level, std::string_view line)>;

/** Gets what is known of one attempt to get a request answered, as a JSON object. Since: 0.1.0. */
using AttemptFunction = std::function<void(std::string_view attempt_json)>;

/** Is asked whether to cancel. Since: 0.1.0. */
using CheckFunction = std::function<bool()>;

/** Is told that a started call is done. Since: 0.1.0. */
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

/* ---- Configuration ---------------------------------------------------------------------------- */

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

/* ---- Cancelling ------------------------------------------------------------------------------- */

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

/* ---- Request ---------------------------------------------------------------------------------- */

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

/* ---- Reply ------------------------------------------------------------------------------------ */

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

/* ---- Turns that are started and waited for ---------------------------------------------------- */

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

/* ---- Conversation ----------------------------------------------------------------------------- */

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

/* ---- Client ----------------------------------------------------------------------------------- */

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

/* ---- The library ------------------------------------------------------------------------------ */

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

#undef POLYAI_CPP_MODE
#undef POLYAI_CPP_EXCEPTIONS

#endif /* POLYAI_CHAT_HPP */
