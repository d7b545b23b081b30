/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* The headers of a response. Part of polyai_chat.hpp: include that. */

#ifndef POLYAI_CHAT_HEADERS_HPP
#define POLYAI_CHAT_HEADERS_HPP

#include "handle.hpp"

#include <polyai_chat.h>

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

namespace polyai {

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

} // namespace polyai

#endif /* POLYAI_CHAT_HEADERS_HPP */
