/* Every field of replies, conversation and client, in the dialect of the environment. The service answers the second turn with a header
 * and a field of its own. */
#include "cpp_check.hpp"

#include <algorithm>
#include <vector>

using namespace std::string_view_literals;

static void look_at_client(const polyai::Client& client, bool is_legacy)
{
    CHECK(client.base_url() == std::getenv("POLYAI_BASE_URL"));
    CHECK(client.dialect() == (is_legacy ? "legacy" : "current"));
    CHECK(!client.proxy());

    polyai::Config config;
    config.load_environment().set("proxy", "http://sam:secret@proxy.example:3128").set("allow_plain_http", "true");
    polyai::Client behind_proxy(config);
    CHECK(behind_proxy.proxy() && behind_proxy.proxy()->find("proxy.example:3128") != std::string_view::npos);
    CHECK(behind_proxy.proxy()->find("secret") == std::string_view::npos);
}

static void look_at_greeting(const polyai::Conversation& conversation, bool is_legacy)
{
    CHECK(!conversation.id().empty());
    CHECK(conversation.state() == polyai::State::open && name(conversation.state()) == "open");
    const polyai::Reply greeting = conversation.greeting_reply();
    CHECK(conversation.greeting() == greeting.response());
    CHECK(greeting.response() == (is_legacy ? "Hello there."sv : "Hello Sam."sv));
    CHECK(greeting.conversation_id() == conversation.id());
    CHECK(is_legacy ? greeting.user_id() == "sam-7" : !greeting.user_id());
    CHECK(!greeting.end_conversation() && !greeting.handoff() && !greeting.was_over());
    CHECK(!greeting.correlation_id().empty());
}

static void look_at_headers(const polyai::Reply& reply)
{
    const polyai::Headers headers = reply.headers();
    CHECK(headers.find("X-Served-By") == "north\xC3\xA9"sv);
    CHECK(headers.find("x-served-by") == headers.find("X-SERVED-BY"));
    CHECK(!headers.find("x-other") && !headers.find("") && !headers.find("x-served-by\0"sv));
    std::vector<std::string_view> names;
    for (const auto [name, value] : reply.headers()) {
        CHECK(!value.empty());
        names.push_back(name);
    }
    CHECK(names.size() == headers.size() && !headers.empty());
    CHECK(std::count(names.begin(), names.end(), "x-served-by") == 1);
    CHECK(std::count(names.begin(), names.end(), "content-type") == 1);
    CHECK(headers[0].name == names.front() && headers[names.size() - 1].name == names.back());
    CHECK(headers[names.size()].name.empty() && headers[names.size()].value.empty());
    auto at = headers.begin();
    CHECK(at++ == headers.begin() && at != headers.begin() && (*at).name == names[1]);
    CHECK(polyai::Headers::Iterator() == polyai::Headers::Iterator());
}

static void look_at_turns(polyai::Conversation& conversation)
{
    // A literal, a string, a view with a NUL inside, an empty text, and no text at all: the test looks at what arrived.
    const polyai::Reply first = conversation.respond("one");
    CHECK(first.response() == "You said: one");
    CHECK(first.response().data()[first.response().size()] == '\0');
    CHECK(first.conversation_id() == conversation.id() && !first.user_id());
    CHECK(first.raw_json().find("You said: one") != std::string_view::npos);
    CHECK(first.unknown_fields_json() == "{}");
    CHECK(first.plain_text() == "You said: one" && first.plain_text().data() == first.plain_text().data());
    CHECK(first.elapsed() > std::chrono::microseconds(0) && first.elapsed() < std::chrono::hours(1));
    CHECK(!first.correlation_id().empty());

    const polyai::Reply second = conversation.respond(std::string("tw\0o", 4));
    CHECK(second.response() == "You said: tw\0o"sv);
    CHECK(second.unknown_fields_json() == R"({"mood":{"glad":true}})");
    look_at_headers(second);

    CHECK(said(conversation.respond("")) == "You said: ");
    CHECK(said(conversation.respond(std::string_view())) == "You said: ");
    static_cast<void>(conversation.respond(std::nullopt));
}

static void look_at_handoff(polyai::Conversation& conversation, bool is_legacy)
{
    const polyai::Reply reply = conversation.respond("human");
    const std::optional<polyai::Handoff> handoff = reply.handoff();
    if (is_legacy) // which has none
        return CHECK(!handoff && reply.response() == "One moment.");
    CHECK(handoff && handoff->destination == "billing" && handoff->reason == "asked for a human");
    CHECK(handoff->json.find("\"queue\":7") != std::string_view::npos);
    CHECK(!reply.end_conversation());
}

static void look_at_the_end(polyai::Client& client, bool is_legacy)
{
    polyai::Conversation ended = client.create();
    const polyai::Reply goodbye = ended.respond("bye");
    CHECK(goodbye.response() == "Goodbye." && goodbye.end_conversation());
    CHECK(ended.state() == polyai::State::ended && name(ended.state()) == "ended");
    ended.close_if_open(); // sends nothing

    polyai::Conversation closed = client.create();
    if (is_legacy) {
        THROWS(closed.close(), unsupported);
        closed.close_if_open();
        CHECK(closed.state() == polyai::State::open);
        return;
    }
    const polyai::Reply answer = closed.close(polyai::Request().set("correlation_id", "00000000-0000-4000-8000-00000000c105"));
    CHECK(answer.response().empty() && answer.plain_text().empty() && !answer.conversation_id() && !answer.handoff() && answer.end_conversation());
    CHECK(!answer.was_over());
    CHECK(answer.correlation_id() == "00000000-0000-4000-8000-00000000c105");
    CHECK(closed.state() == polyai::State::closed && name(closed.state()) == "closed");
    CHECK(client.close_conversation(ended.id()).was_over());
}

static void look_at_what_is_only_known_by_id(polyai::Client& client, const polyai::Conversation& conversation)
{
    polyai::Conversation attached = client.attach(conversation.id());
    CHECK(attached.id() == conversation.id() && attached.greeting().empty());
    const polyai::Reply nothing = attached.greeting_reply();
    CHECK(nothing.response().empty() && nothing.raw_json() == "{}");
    CHECK(said(attached.respond("attached")) == "You said: attached");
    CHECK(said(client.respond(conversation.id(), "by id")) == "You said: by id");
    static_cast<void>(client.respond(conversation.id(), std::nullopt));
}

static void look_at_the_library()
{
    CHECK(polyai::version() == POLYAI_VERSION && polyai::abi_is_compatible());
    CHECK(polyai::abi_oldest() <= polyai::abi_newest() && polyai::abi_newest() >= POLYAI_ABI_VERSION);
    CHECK(polyai::build_features().find("rustls") != std::string_view::npos);
    CHECK(polyai::options_json().find("\"timeout_ms\"") != std::string_view::npos);
    CHECK(name(polyai::Status::timeout) == "timeout" && name(polyai::Status::ok) == "ok");
    CHECK(name(polyai::Delivery::not_sent) == "not_sent");
    CHECK(name(polyai::State::in_doubt) == "in_doubt");
    CHECK(name(polyai::LogLevel::warn) == "warn" && name(polyai::LogLevel::info) == "info" && name(polyai::LogLevel::debug) == "debug");
    CHECK(name(polyai::Status(999)).empty() && name(polyai::Delivery(999)).empty());
    CHECK(name(polyai::State(999)).empty() && name(polyai::LogLevel(999)).empty());
}

int main()
{
    const char* dialect = std::getenv("POLYAI_DIALECT");
    const bool is_legacy = dialect && std::strcmp(dialect, "legacy") == 0;
    look_at_the_library();
    {
        polyai::Client client(polyai::Config().load_environment());
        look_at_client(client, is_legacy);
        client.warm_up(std::chrono::seconds(30));
        polyai::Request request;
        if (is_legacy)
            request.set("user_id", "sam-7");
        else
            request.set_attribute("customer_name", "Sam");
        polyai::Conversation conversation = client.create(request);
        look_at_greeting(conversation, is_legacy);
        look_at_turns(conversation);
        look_at_handoff(conversation, is_legacy);
        look_at_what_is_only_known_by_id(client, conversation);
        look_at_the_end(client, is_legacy);

        CHECK(client.metrics_json().find("\"breaker\":\"closed\"") != std::string::npos);
        CHECK(client.recent_attempts_json().find("\"operation\":\"respond\"") != std::string::npos);
        CHECK(polyai::Config().load_environment().describe().find("\"name\":\"api_key\"") != std::string::npos);
        CHECK(polyai::live_handles() > 0);
    }
    CHECK(polyai::live_handles() == 0);
    return 0;
}
