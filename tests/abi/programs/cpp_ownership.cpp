/* Who owns a handle: moves, what was moved from, release and adopt, orders of destruction. */
#include "cpp_check.hpp"

#include <type_traits>
#include <vector>

using polyai::Cancel;
using polyai::Client;
using polyai::Config;
using polyai::Conversation;
using polyai::Reply;
using polyai::Request;
template <class T>
using Turn = polyai::Turn<T>;

template <class T>
constexpr bool is_owner = !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> && std::is_nothrow_move_constructible_v<T>
    && std::is_nothrow_move_assignable_v<T> && sizeof(T) == sizeof(void*);

static_assert(is_owner<Config> && is_owner<Client> && is_owner<Request> && is_owner<Conversation>);
static_assert(is_owner<Turn<Reply>> && is_owner<Turn<Conversation>> && is_owner<Reply> && is_owner<Cancel>);
static_assert(!std::is_convertible_v<polyai_client*, Client> && !std::is_constructible_v<Client, polyai_client*>);
static_assert(!std::is_move_constructible_v<polyai::CloseOnExit>);

/* Moves, moves back, releases and adopts: the handle is the same, and there is one. */
template <class T>
void pass_around(T& object)
{
    auto* raw = object.raw();
    const std::size_t handles = polyai::live_handles();
    CHECK(object && raw);
    T second = std::move(object);
    CHECK(!object && object.raw() == nullptr && second && second.raw() == raw);
    object = std::move(second);
    CHECK(object.raw() == raw && !second);
    T& same = object;
    object = std::move(same);
    CHECK(object.raw() == raw);
    auto* released = object.release();
    CHECK(released == raw && !object && polyai::live_handles() == handles);
    object = T::adopt(released);
    CHECK(object.raw() == raw && polyai::live_handles() == handles);
    T nothing = T::adopt(nullptr);
    CHECK(!nothing);
}

/* What was assigned over is freed. */
static void replace()
{
    Config config;
    const std::size_t handles = polyai::live_handles();
    config = Config();
    CHECK(polyai::live_handles() == handles);
    config = Config::adopt(nullptr);
    CHECK(polyai::live_handles() == handles - 1);
}

static void look_at_moved_from(Client& client, Conversation& conversation)
{
    Config config;
    Config other_config = std::move(config);
    REFUSED(config.try_set("timeout_ms", "1"), invalid_argument);
    REFUSED(config.try_load_environment(), invalid_argument);
    REFUSED(config.try_load_profile(), invalid_argument);
    REFUSED(config.try_on_log([](polyai::LogLevel, std::string_view) {}), invalid_argument);
    REFUSED(config.try_on_attempt([](std::string_view) {}), invalid_argument);
    REFUSED(config.try_describe(), invalid_argument);
    REFUSED(Client::try_make(config), invalid_argument);

    Client lent = Client::adopt(client.release());
    REFUSED(client.try_create(), invalid_argument);
    REFUSED(client.try_start_create(), invalid_argument);
    REFUSED(client.try_attach("id"), invalid_argument);
    REFUSED(client.try_respond("id", "hello"), invalid_argument);
    REFUSED(client.try_close_conversation("id"), invalid_argument);
    REFUSED(client.try_warm_up(std::chrono::seconds(1)), invalid_argument);
    REFUSED(client.try_replace_credentials("key", "token"), invalid_argument);
    REFUSED(client.try_metrics_json(), invalid_argument);
    REFUSED(client.try_recent_attempts_json(), invalid_argument);
    CHECK(client.base_url().empty() && client.dialect().empty() && !client.proxy());
    client.shut_down();
    client = std::move(lent);

    Conversation elsewhere = std::move(conversation);
    REFUSED(conversation.try_respond("hello"), invalid_argument);
    REFUSED(conversation.try_start_respond("hello"), invalid_argument);
    REFUSED(conversation.try_close(), invalid_argument);
    REFUSED(conversation.try_start_close(), invalid_argument);
    REFUSED(conversation.try_close_if_open(), invalid_argument);
    REFUSED(conversation.try_greeting_reply(), invalid_argument);
    CHECK(conversation.id().empty() && conversation.greeting().empty() && conversation.state() == polyai::State(0));
    {
        const polyai::CloseOnExit of_nothing = conversation.close_on_exit();
    }
    conversation = std::move(elsewhere);

    // A request or a token that is gone is not the same as none: nothing is said without the deadline that was meant for it.
    Request request;
    Request other_request = std::move(request);
    REFUSED(conversation.try_respond("hello", request), invalid_argument);
    REFUSED(conversation.try_close(request), invalid_argument);
    REFUSED(client.try_create(request), invalid_argument);
    REFUSED(request.try_set("correlation_id", "1"), invalid_argument);
    REFUSED(request.try_set_attribute("name", "Sam"), invalid_argument);
    REFUSED(request.try_set_timeout(std::chrono::seconds(1)), invalid_argument);
    REFUSED(request.try_set_cancel(std::nullopt), invalid_argument);
    REFUSED(request.try_cancel_when([] { return false; }), invalid_argument);
    Cancel cancel;
    Cancel other_cancel = std::move(cancel);
    cancel.trigger();
    REFUSED(other_request.try_set_cancel(cancel), invalid_argument);
    MUST(other_request.try_set_cancel(other_cancel));
    MUST(other_request.try_set_cancel(std::nullopt));

    Turn<Reply> turn = conversation.start_respond("moved");
    Turn<Reply> waiting = std::move(turn);
    REFUSED(turn.try_wait_for(std::chrono::seconds(1)), invalid_argument);
    REFUSED(turn.try_ready(), invalid_argument);
    REFUSED(turn.try_descriptor(), invalid_argument);
    REFUSED(turn.try_get(), invalid_argument);
    turn.cancel();
    CHECK(turn.correlation_id().empty());
    Reply reply = waiting.get();
    CHECK(reply.response() == "You said: moved");

    Reply kept = std::move(reply);
    CHECK(reply.response().empty() && !reply.end_conversation() && !reply.handoff() && !reply.was_over() && !reply.conversation_id());
    CHECK(!reply.user_id() && reply.raw_json().empty() && reply.unknown_fields_json().empty() && reply.headers().empty());
    CHECK(!reply.headers().find("content-type") && reply.correlation_id().empty() && reply.elapsed() == std::chrono::microseconds(0));
    CHECK(kept.response() == "You said: moved");
}

/* A conversation goes on when its client is gone, and a turn when its conversation is. */
static void destroy_in_any_order()
{
    std::optional<Client> client(client_of_environment());
    std::vector<Conversation> conversations;
    for (int number = 0; number < 3; number++)
        conversations.push_back(client->create());
    client.reset();
    CHECK(said(conversations[1].respond("orphan")) == "You said: orphan");
    Turn<Reply> turn = conversations[2].start_respond("last");
    conversations.erase(conversations.begin() + 2);
    CHECK(turn.get().raw() != nullptr);
    for (auto& conversation : conversations)
        conversation.close();
}

int main()
{
    {
        Config config;
        config.load_environment();
        Client client(config);
        Request request;
        Cancel cancel;
        Turn<Conversation> creation = client.start_create();
        pass_around(creation);
        Conversation conversation = creation.get();
        Turn<Reply> turn = conversation.start_respond("hello");
        pass_around(turn);
        Reply reply = turn.get();
        pass_around(config);
        pass_around(client);
        pass_around(request);
        pass_around(cancel);
        pass_around(conversation);
        pass_around(reply);
        CHECK(reply.response() == "You said: hello");
        replace();
        look_at_moved_from(client, conversation);
        destroy_in_any_order();

        // The same handle in C and in C++.
        CHECK(polyai_conversation_state(conversation.raw()) == POLYAI_STATE_OPEN);
        conversation.close();
    }
    CHECK(polyai::live_handles() == 0);
    return 0;
}
