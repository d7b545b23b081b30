/* The whole of it without exceptions and without run-time types. */
#include "cpp_check.hpp"

#include <utility>

using namespace std::chrono_literals;

#ifdef __cpp_exceptions
#error "this is to be compiled with -fno-exceptions"
#endif

/* The names that throw are not there. */
template <class T, class = void>
constexpr bool has_throwing_create = false;
template <class T>
constexpr bool has_throwing_create<T, std::void_t<decltype(std::declval<T&>().create())>> = true;
static_assert(!has_throwing_create<polyai::Client>);
static_assert(!std::is_constructible_v<polyai::Client, const polyai::Config&>);

/* The others say that they do not throw. */
template <class T>
T& any() noexcept;
static_assert(noexcept(any<polyai::Client>().try_create()) && noexcept(any<polyai::Client>().try_respond("", "")));
static_assert(noexcept(any<polyai::Conversation>().try_respond("")) && noexcept(any<polyai::Conversation>().try_close_if_open()));
static_assert(noexcept(any<polyai::Turn<polyai::Reply>>().try_get()) && noexcept(any<polyai::Turn<polyai::Reply>>().cancel()));
static_assert(noexcept(any<polyai::Turn<polyai::Reply>>().try_wait_for(any<std::chrono::seconds>())));
static_assert(noexcept(any<polyai::Request>().try_set("", "")));

int main()
{
    {
        int lines = 0;
        polyai::Config config;
        MUST(config.try_load_environment());
        MUST(config.try_on_log([&lines](polyai::LogLevel, std::string_view) { ++lines; }));
        MUST(config.try_on_attempt([&lines](std::string_view) { ++lines; }));
        CHECK(MUST(config.try_describe()).find("timeout_ms") != std::string::npos);
        polyai::Result<polyai::Client> client = polyai::Client::try_make(config);
        CHECK(client.has_value());

        polyai::Request request;
        MUST(request.try_set_attribute("customer_name", "Sam"));
        MUST(request.try_set_timeout(90s));
        MUST(request.try_cancel_when([] { return false; }));
        polyai::Conversation conversation = MUST(client->try_create(request));
        polyai::CloseOnExit closing = conversation.close_on_exit();
        CHECK(conversation.greeting() == "Hello Sam." && lines == 2);

        polyai::Result<polyai::Reply> reply = conversation.try_respond("one");
        if (reply)
            CHECK(reply->response() == "You said: one" && reply.value().response() == (*reply).response());
        CHECK(reply.has_value());

        polyai::Turn<polyai::Reply> turn = MUST(conversation.try_start_respond(std::nullopt));
        while (!*turn.try_wait_for(1h)) {
        }
        CHECK(MUST(turn.try_ready()) && MUST(turn.try_descriptor()) >= 0);
        MUST(turn.try_get());
        REFUSED(turn.try_get(), invalid_argument);
        CHECK(!MUST(client->try_metrics_json()).empty() && !MUST(client->try_recent_attempts_json()).empty());
        REFUSED(polyai::Client::try_make(polyai::Config()), configuration);
        REFUSED(client->try_create(polyai::Request::adopt(nullptr)), invalid_argument);
    }
    CHECK(polyai::live_handles() == 0);
    return 0;
}
