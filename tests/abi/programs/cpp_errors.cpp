/* Every field of errors, in both ways: thrown, and as a result. The service refuses the first turn as too many, breaks the reply of the
 * second, and processes the third before it fails. */
#include "cpp_check.hpp"

#include <exception>
#include <stdexcept>
#include <thread>

using namespace std::string_view_literals;
using polyai::Delivery;
using polyai::Status;

static void look_at_too_many(const polyai::Error& error)
{
    CHECK(error.status() == Status::rate_limited && error.kind() == "rate_limited" && name(error.status()) == "rate_limited");
    CHECK(error.delivery() == Delivery::rejected && error.may_resend());
    CHECK(error.text() == error.what() && error.text().find(error.message()) != std::string_view::npos);
    CHECK(error.text().find("rate_limited") != std::string_view::npos);
    CHECK(error.phase() == "reply");
    CHECK(error.http_status() == 429u && error.code() == "SLOW_DOWN");
    CHECK(error.service_message() && !error.service_message()->empty());
    CHECK(error.correlation_id() && error.correlation_id()->size() == 36);
    CHECK(error.retry_after() == std::chrono::seconds(7));
    CHECK(error.headers().find("X-Queue") == "17" && error.headers().find("x-queue") == "17" && !error.headers().find("x-other"));
    bool is_among_all = false;
    for (const polyai::Header header : error.headers())
        is_among_all = is_among_all || (header.name == "x-queue" && header.value == "17");
    CHECK(is_among_all && error.headers().size() > 1);
    CHECK(error.headers()[error.headers().size()].name.empty());
    CHECK(error.body_excerpt() && error.body_excerpt()->find("SLOW_DOWN") != std::string_view::npos);
    CHECK(error.attempt_count() == 1 && error.attempts_json().find("\"outcome\"") != std::string_view::npos);
    CHECK(error.raw() && polyai_error_status(error.raw()) == POLYAI_STATUS_RATE_LIMITED);
}

static void look_at_nobody_there(const polyai::Error& error)
{
    CHECK(error.status() == Status::connect && error.delivery() == Delivery::not_sent && error.may_resend());
    CHECK(error.phase() == "connect" && error.cause() && !error.cause()->empty());
    CHECK(!error.http_status() && !error.code() && !error.service_message() && !error.retry_after() && !error.body_excerpt());
    CHECK(error.headers().empty() && error.headers().size() == 0 && error.headers().begin() == error.headers().end());
}

/* An error that is the only thing left, thrown through frames, kept, copied, and shared by threads. */
static polyai::Error catch_it(polyai::Conversation& conversation)
{
    std::exception_ptr kept;
    try {
        static_cast<void>(conversation.respond("too many"));
    } catch (const std::exception& any) { // as a host that knows nothing of polyai would
        CHECK(std::strstr(any.what(), "rate_limited"));
        kept = std::current_exception();
    }
    try {
        std::rethrow_exception(kept);
    } catch (const polyai::Error& error) {
        polyai::Error copy(error);
        polyai::Error assigned = copy;
        const polyai::Error& same = assigned;
        assigned = same;
        assigned = copy;
        CHECK(assigned.raw() == error.raw());
        std::thread other([copy] { look_at_too_many(copy); });
        look_at_too_many(assigned);
        other.join();
        const polyai::Error moved = std::move(copy);
        CHECK(copy.raw() == nullptr && copy.status() == Status::rate_limited); // NOLINT: this is what is looked at
        CHECK(copy.what() == "rate_limited"sv && copy.kind() == "rate_limited" && copy.message().empty() && !copy.may_resend());
        CHECK(copy.delivery() == Delivery::unknown && copy.attempts_json() == "[]" && copy.attempt_count() == 0);
        CHECK(!copy.retry_after() && copy.headers().empty() && !copy.headers().find("x-queue"));
        return moved;
    }
    return polyai::Error::adopt(Status::internal, nullptr);
}

static void look_at_results(polyai::Conversation& conversation)
{
    polyai::Result<polyai::Reply> broken = conversation.try_respond("broken");
    CHECK(!broken && !broken.has_value());
    CHECK(broken.error().status() == Status::protocol && broken.error().delivery() == Delivery::unknown);
    CHECK(!broken.error().may_resend() && broken.error().body_excerpt() == "this is no JSON");
    CHECK(conversation.state() == polyai::State::in_doubt);
    THROWS(broken.value(), protocol);
    THROWS(std::as_const(broken).value(), protocol);
    const polyai::Error kept = std::move(broken).error();
    CHECK(kept.status() == Status::protocol && kept.raw());

    polyai::Result<polyai::Reply> failed = conversation.try_respond("processed");
    CHECK(!failed && failed.error().status() == Status::server && failed.error().http_status() == 500u);
    CHECK(failed.error().delivery() == Delivery::unknown && !failed.error().may_resend() && !failed.error().retry_after());

    polyai::Result<polyai::Reply> good = conversation.try_respond("good");
    CHECK(good && good.has_value() && good->response() == "You said: good" && (*good).response() == good.value().response());
    CHECK(good.error().status() == Status::ok && !good.error().raw() && good.error().what() == "ok"sv);
    const polyai::Reply reply = std::move(good).value();
    CHECK(reply.response() == "You said: good");
    CHECK(!*good); // moved from, as the reply in it

    polyai::Config config;
    CHECK(config.try_set("timeout_ms", "1000").has_value());
    config.try_set("timeout_ms", "1000").value();
    const polyai::Result<void> wrong = config.try_set("timeout_ms", "soon");
    CHECK(!wrong && wrong.error().status() == Status::configuration);
    CHECK(wrong.error().message().find("timeout_ms") != std::string_view::npos);
    THROWS(wrong.value(), configuration);
}

static void look_at_arguments(polyai::Client& client, polyai::Conversation& conversation)
{
    polyai::Config config;
    REFUSED(config.try_set("no_such_option", "1"), invalid_argument);
    REFUSED(config.try_set("no\0", "1"), invalid_argument);
    REFUSED(config.try_set("", ""), invalid_argument);
    REFUSED(config.try_set("user_agent", "\xFF"), invalid_argument);
    REFUSED(config.try_load_profile("sam", "/no/such/file.toml"), configuration);
    REFUSED(config.try_load_profile(std::nullopt, "/no/such/file.toml"), configuration);
    REFUSED(polyai::Client::try_make(config), configuration);
    THROWS(polyai::Client(config), configuration);

    polyai::Request request;
    REFUSED(request.try_set("no_such_field", "1"), invalid_argument);
    REFUSED(request.try_set("metadata", "[]"), invalid_argument);
    REFUSED(request.try_set_attribute("\xFF", "1"), invalid_argument);
    REFUSED(request.try_cancel_when({}), invalid_argument);
    REFUSED(config.try_on_log(nullptr), invalid_argument);
    REFUSED(config.try_on_attempt(nullptr), invalid_argument);
    THROWS(request.set("metadata", "{"), invalid_argument);

    REFUSED(conversation.try_respond("\xFF"), invalid_argument);
    REFUSED(conversation.try_start_respond("\xFF"), invalid_argument);
    REFUSED(conversation.try_respond("hello", polyai::Request().set("variant_id", "7")), invalid_argument);
    REFUSED(client.try_attach(""), invalid_argument);
    REFUSED(client.try_attach({}), invalid_argument);
    REFUSED(client.try_respond("", "hello"), invalid_argument);
    REFUSED(client.try_replace_credentials("key\n", "token"), invalid_argument);
    THROWS(client.attach(std::string(2000, 'x')), invalid_argument);
}

static void look_at_durations(polyai::Client& client)
{
    using namespace std::chrono_literals;
    using std::chrono::duration;
    polyai::Request request;
    REFUSED(request.try_set_timeout(0ms), invalid_argument);
    REFUSED(request.try_set_timeout(-1ms), invalid_argument);
    REFUSED(request.try_set_timeout(-1h), invalid_argument);
    REFUSED(request.try_set_timeout(25h), invalid_argument);
    REFUSED(request.try_set_timeout(std::chrono::hours::max()), invalid_argument);
    REFUSED(request.try_set_timeout(std::chrono::hours::min()), invalid_argument);
    REFUSED(request.try_set_timeout(duration<double>(1e300)), invalid_argument);
    REFUSED(request.try_set_timeout(duration<double>(-1e300)), invalid_argument);
    REFUSED(request.try_set_timeout(duration<double>(std::numeric_limits<double>::quiet_NaN())), invalid_argument);
    REFUSED(request.try_set_timeout(duration<double>(std::numeric_limits<double>::infinity())), invalid_argument);
    REFUSED(client.try_warm_up(0s), invalid_argument);
    REFUSED(client.try_warm_up(-1s), invalid_argument);
    THROWS(request.set_timeout(0s), invalid_argument);
    for (const auto& result : { request.try_set_timeout(1ns), request.try_set_timeout(24h), request.try_set_timeout(duration<float>(0.1f)),
                                request.try_set_timeout(duration<unsigned, std::ratio<1, 3>>(2)) })
        CHECK(result.has_value());

    using polyai::detail::milliseconds_of;
    CHECK(milliseconds_of(1ns) == 1 && milliseconds_of(0ns) == 0 && milliseconds_of(-1ns) == 0);
    CHECK(milliseconds_of(1499us) == 1 && milliseconds_of(1500us) == 2);
    CHECK(milliseconds_of(duration<double>(0.1)) == 100 && milliseconds_of(duration<double>(0.3)) == 300);
    CHECK(milliseconds_of(std::chrono::hours::max()) == std::numeric_limits<std::uint64_t>::max());
    CHECK(polyai::detail::duration_of<std::chrono::milliseconds>(std::numeric_limits<std::uint64_t>::max())
          == std::chrono::milliseconds::max());
}

/* What is caught lives on when all that it came from is gone. */
static polyai::Error outlive()
{
    polyai::Client client = client_of_environment();
    polyai::Conversation conversation = client.create();
    polyai::Error error = catch_it(conversation);
    look_at_results(conversation);
    look_at_arguments(client, conversation);
    look_at_durations(client);
    return error;
}

int main()
{
    static_assert(std::is_nothrow_copy_constructible_v<polyai::Error> && std::is_nothrow_move_constructible_v<polyai::Error>);
    {
        const polyai::Error error = outlive();
        CHECK(polyai::live_handles() == 1);
        look_at_too_many(error);

        polyai::Config config;
        config.load_environment().set("base_url", "http://127.0.0.1:1").set("max_attempts", "1");
        polyai::Client nobody(config);
        const auto result = nobody.try_create();
        look_at_nobody_there(result.error());
        THROWS(nobody.create(), connect);

        polyai_client* client = nullptr;
        polyai_error* raw = nullptr;
        const polyai_status status = polyai_client_new(nullptr, &client, &raw);
        const polyai::Error adopted = polyai::Error::adopt(Status::internal, raw);
        CHECK(adopted.raw() == raw && adopted.status() == Status(status) && Status(status) == Status::invalid_argument);
        CHECK(polyai::Error::adopt(Status(4711), nullptr).what() == "unknown status"sv);
    }
    CHECK(polyai::live_handles() == 0);
    return 0;
}
