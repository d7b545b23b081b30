/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* Numbers of the C ABI that have names in C++. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_ENUMS_HPP
#define POLYAI_CHAT_ENUMS_HPP

#include "handle.hpp"

#include <polyai_chat.h>

#include <cstdint>
#include <string_view>

namespace polyai {

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
    /** Key and token are known but not allowed to do this (403). Ask the manager of the account. */
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

} // namespace polyai

#endif /* POLYAI_CHAT_ENUMS_HPP */
