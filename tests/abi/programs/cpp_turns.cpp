/* Calls that are started: waited for, polled, cancelled, given up. The service does not answer what
 * begins with "slow". */
#include "cpp_check.hpp"

#include <atomic>
#include <poll.h>
#include <thread>

using namespace std::chrono_literals;
using polyai::Conversation;
using polyai::Delivery;
using polyai::Reply;
using polyai::Request;
using polyai::Status;
using polyai::Turn;

static bool is_readable(int descriptor, int timeout_ms)
{
    pollfd entry { descriptor, POLLIN, 0 };
    return poll(&entry, 1, timeout_ms) == 1;
}

static void take_what_is_done(polyai::Client& client)
{
    Turn<Conversation> creation = client.start_create(Request().set_attribute("customer_name", "Sam"));
    const std::string id(creation.correlation_id());
    CHECK(id.size() == 36);
    CHECK(is_readable(creation.descriptor(), -1) && creation.ready() && creation.wait_for(0s));
    Conversation conversation = creation.get();
    const Reply greeting = conversation.greeting_reply();
    CHECK(conversation.greeting() == "Hello Sam." && greeting.correlation_id() == std::string_view(id));
    THROWS(creation.get(), invalid_argument); // taken already
    CHECK(creation.ready());

    Turn<Reply> turn = conversation.start_respond("one");
    while (!turn.wait_for(1h)) {
    }
    const Reply reply = turn.get();
    CHECK(reply.response() == "You said: one");

    // A turn of the wrong type is the library's error, not a wrong object.
    Turn<Conversation> wrong = Turn<Conversation>::adopt(conversation.start_respond("two").release());
    THROWS(wrong.get(), invalid_argument);
    CHECK(Turn<Reply>::adopt(wrong.release()).get().raw());

    Turn<Reply> closing = conversation.start_close();
    CHECK(closing.get().end_conversation() && conversation.state() == polyai::State::closed);
    THROWS(conversation.respond("too late"), conversation_ended);
}

static void hear_of_what_is_done(polyai::Client& client)
{
    polyai::Completions completions;
    CHECK(!completions.take() && !completions.wait_for(0s) && !is_readable(completions.descriptor(), 0));
    Turn<Conversation> creation = client.start_create();
    completions.expect(creation, 1);
    CHECK(is_readable(completions.descriptor(), -1) && completions.wait_for(1h) && completions.take() == 1);
    const Conversation conversation = creation.get();
    const std::string id(conversation.id());

    std::atomic<int> told { 0 };
    Turn<Reply> turn = client.start_respond(id, "one");
    CHECK(turn.operation() == "respond");
    turn.when_done([&] {
        told++;
        throw 7; // is dropped
    });
    completions.expect(turn, 2);
    CHECK(completions.wait_for(1h) && told == 1 && completions.take() == 2);
    THROWS(turn.when_done({}), invalid_argument);
    const Reply reply = turn.get();
    CHECK(reply.operation() == "respond" && reply.json().find("\"response\":\"You said: one\"") != std::string_view::npos);

    Turn<void> warming = client.start_warm_up(1h);
    warming.get();
    THROWS(warming.get(), invalid_argument);
    CHECK(client.start_close_conversation(id).get().operation() == "close");
    polyai::Conversation another = client.create();
    CHECK(another.start_close_if_open().get().has_value() && !another.start_close_if_open().get().has_value());

    polyai::Completions moved = std::move(completions);
    THROWS(completions.expect(turn, 3), invalid_argument);
    CHECK(!moved.take());
}

static void give_up(Conversation& conversation)
{
    Turn<Reply> slow = conversation.start_respond("slow, given up");
    CHECK(!slow.ready() && !slow.wait_for(-1s) && !slow.wait_for(20ms) && !is_readable(slow.descriptor(), 0));
    wait_until_sent("slow, given up");
    slow.cancel();
    CHECK(is_readable(slow.descriptor(), -1) && slow.wait_for(1h));
    const auto outcome = slow.try_get();
    CHECK(outcome.error().status() == Status::cancelled && outcome.error().delivery() == Delivery::unknown);
    slow.cancel(); // nothing is left to cancel

    // Destroying a turn cancels it, so that the next one need not wait for its deadline.
    {
        const Turn<Reply> forgotten = conversation.start_respond("slow, forgotten");
    }
    CHECK(said(conversation.respond("one")) == "You said: one");
}

static void cancel_from_elsewhere(polyai::Client& client, Conversation& conversation)
{
    polyai::Cancel cancel;
    Request request;
    request.set_cancel(cancel);
    std::thread caller([&] { THROWS(conversation.respond("slow, cancelled", request), cancelled); });
    wait_until_sent("slow, cancelled");
    cancel.trigger();
    caller.join();
    CHECK(said(conversation.respond("one", request)) == "You said: one"); // a token is not used up

    cancel.trigger_for_good();
    THROWS(conversation.respond("one", request), cancelled); // now it is

    // A deadline of the call's own, and the place in the queue.
    Turn<Reply> first = conversation.start_respond("slow, shut down", Request().set_timeout(1h));
    const auto second = conversation.try_respond("two", Request().set_timeout(50ms));
    CHECK(second.error().status() == Status::busy && second.error().delivery() == Delivery::not_sent);
    CHECK(conversation.try_respond("three", Request().set_timeout(1ms)).error().status() == Status::busy);

    std::thread waiting([&] { THROWS(first.get(), cancelled); });
    wait_until_sent("slow, shut down");
    client.shut_down();
    waiting.join();
    THROWS(client.create(), cancelled);
}

int main()
{
    {
        polyai::Client client = client_of_environment();
        take_what_is_done(client);
        hear_of_what_is_done(client);
        Conversation conversation = client.create();
        give_up(conversation);
        cancel_from_elsewhere(client, conversation);
    }
    CHECK(polyai::live_handles() == 0);
    return 0;
}
