/* Functions that the library calls: what they get, what they may throw, and when they are destroyed. */
#include "cpp_check.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

using polyai::LogLevel;
using polyai::Status;

/* Counts how many of it there are. */
struct Counted {
    static inline std::atomic<int> living { 0 };
    Counted() { ++living; }
    Counted(const Counted&) { ++living; }
    Counted& operator=(const Counted&) = default;
    ~Counted() { --living; }
};

static void look_at_logs()
{
    std::atomic<int> lines { 0 };
    std::atomic<int> attempts { 0 };
    const auto of_this_thread = std::this_thread::get_id();
    {
        polyai::Config config;
        config.load_environment()
            .on_log([&, counted = Counted()](LogLevel level, std::string_view line) {
                CHECK(level == LogLevel::debug && !line.empty() && std::this_thread::get_id() == of_this_thread);
                CHECK(line.find("a secret sentence") == std::string_view::npos);
                ++lines;
            })
            .on_attempt([&, counted = Counted()](std::string_view json) {
                CHECK(json.front() == '{' && json.back() == '}' && json.find("\"operation\":") != std::string_view::npos);
                ++attempts;
            });
        CHECK(Counted::living == 2);
        polyai::Client client(config);
        config = polyai::Config();
        CHECK(Counted::living == 2); // the client has them
        polyai::Conversation conversation = client.create();
        static_cast<void>(conversation.respond("a secret sentence"));
        CHECK(lines == 2 && attempts == 2);
    }
    CHECK(Counted::living == 0);
}

static void replace_and_fail()
{
    polyai::Config config;
    config.on_log([counted = Counted()](LogLevel, std::string_view) {});
    config.on_log([counted = Counted()](LogLevel, std::string_view) {});
    CHECK(Counted::living == 1);
    polyai::Config elsewhere = std::move(config);
    REFUSED(config.try_on_log([counted = Counted()](LogLevel, std::string_view) {}), invalid_argument);
    REFUSED(config.try_on_attempt([counted = Counted()](std::string_view) {}), invalid_argument);
    CHECK(Counted::living == 1);
    elsewhere = polyai::Config();
    CHECK(Counted::living == 0);
}

/* What is thrown into the library is dropped, and the call goes on. */
static void throw_through_c()
{
    std::atomic<int> thrown { 0 };
    {
        polyai::Config config;
        config.load_environment()
            .on_log([&, counted = Counted()](LogLevel, std::string_view) {
                ++thrown;
                throw std::runtime_error("from a log");
            })
            .on_attempt([&, counted = Counted()](std::string_view) {
                ++thrown;
                throw 7;
            });
        polyai::Client client(config);
        polyai::Conversation conversation = client.create();
        CHECK(said(conversation.respond("hello")) == "You said: hello");
        CHECK(thrown == 4);
        conversation.close();
    }
    CHECK(Counted::living == 0);
}

/* A call that was started runs the check on a thread of the library, and keeps it after its request. */
static void hang_up(polyai::Conversation& conversation, const std::shared_ptr<Counted>& counted)
{
    std::atomic<bool> has_hung_up { false };
    const auto check = [&has_hung_up, counted] { return has_hung_up.load(); };
    polyai::Turn<polyai::Reply> turn = conversation.start_respond("slow, hung up", polyai::Request().cancel_when(check));
    CHECK(!turn.ready());
    wait_until_sent("slow, hung up");
    has_hung_up = true;
    const auto result = turn.try_get();
    CHECK(result.error().status() == Status::cancelled && result.error().delivery() == polyai::Delivery::unknown);
}

/* The service does not answer what begins with "slow": the check must end it. */
static void check()
{
    polyai::Client client = client_of_environment();
    polyai::Conversation conversation = client.create();
    const auto counted = std::make_shared<Counted>();
    {
        std::atomic<int> asked { 0 };
        polyai::Request request;
        request.cancel_when([&asked, counted] { return ++asked >= 3; });
        CHECK(counted.use_count() == 2);
        THROWS(conversation.respond("slow", request), cancelled);
        CHECK(asked >= 3);

        request.cancel_when([counted]() -> bool { throw std::runtime_error("from a check"); });
        CHECK(counted.use_count() == 2);
        THROWS(conversation.respond("slow", request), cancelled);
    }
    hang_up(conversation, counted);

    // Without a reason to cancel the call takes its time.
    CHECK(client.create(polyai::Request().cancel_when([counted] { return false; })).raw());

    // Nobody keeps a check; a thread of the library lets go of its own when it ends.
    while (counted.use_count() > 1)
        std::this_thread::yield();
}

int main()
{
    look_at_logs();
    replace_and_fail();
    throw_through_c();
    check();
    CHECK(polyai::live_handles() == 0);
    return 0;
}
