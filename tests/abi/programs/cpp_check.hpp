/* What the test programs in C++ have in common: a condition that must hold, and no handle that is left in the end. */
#ifndef CPP_CHECK_HPP
#define CPP_CHECK_HPP

#include <polyai_chat.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

/* Ends the program when the condition does not hold. */
#define CHECK(condition) ((condition) ? static_cast<void>(0) : check_failed(__FILE__, __LINE__, #condition))

/* The value of a result that must have one. */
#define MUST(result) must(__FILE__, __LINE__, #result, (result))

/* A result must be an error of this status, before anything was sent. */
#define REFUSED(result, wanted) refused(__FILE__, __LINE__, #result, (result).error(), polyai::Status::wanted)

/* The expression must throw an error of this status. */
#define THROWS(expression, wanted)                                                                                                     \
    do {                                                                                                                               \
        bool has_thrown = false;                                                                                                       \
        try {                                                                                                                          \
            static_cast<void>(expression);                                                                                             \
        } catch (const polyai::Error& thrown) {                                                                                        \
            has_thrown = thrown.status() == polyai::Status::wanted;                                                                    \
        }                                                                                                                              \
        CHECK(has_thrown && #expression);                                                                                              \
    } while (false)

[[noreturn]] inline void check_failed(const char* file, int line, const char* condition)
{
    std::fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    std::fflush(nullptr);
    std::_Exit(1);
}

template <class T>
T must(const char* file, int line, const char* call, polyai::Result<T> result)
{
    if (!result.has_value()) {
        std::fprintf(stderr, "%s\n", result.error().what());
        check_failed(file, line, call);
    }
    if constexpr (!std::is_void_v<T>)
        return *std::move(result);
}

inline void refused(const char* file, int line, const char* call, const polyai::Error& error, polyai::Status wanted)
{
    if (error.status() == wanted && error.delivery() == polyai::Delivery::not_sent && error.may_resend() && !error.message().empty())
        return;
    std::fprintf(stderr, "%s\n", error.what());
    check_failed(file, line, call);
}

inline polyai::Client client_of_environment()
{
    polyai::Config config;
    MUST(config.try_load_environment());
    return MUST(polyai::Client::try_make(config));
}

/* The words of a reply that nobody keeps. */
inline std::string said(const polyai::Reply& reply)
{
    return std::string(reply.response());
}

/* Has the test that runs the program wait until the service has this message. */
inline void wait_until_sent(const char* message)
{
    std::puts(message);
    std::fflush(stdout);
    CHECK(std::getchar() == '\n');
}

#endif
