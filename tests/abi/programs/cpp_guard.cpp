/* Conversations that are closed by the end of a scope. The argument says which. */
#include "cpp_check.hpp"

#include <stdexcept>
#include <string_view>

static void leave_by_exception(polyai::Client& client)
{
    bool was_caught = false;
    try {
        polyai::Conversation conversation = client.create();
        polyai::CloseOnExit closing = conversation.close_on_exit();
        throw std::runtime_error("the host's own");
    } catch (const std::runtime_error&) {
        was_caught = true;
    }
    CHECK(was_caught);
}

/* The owner goes elsewhere; the guard keeps its promise all the same. */
static polyai::Conversation leave_with_it(polyai::Client& client)
{
    polyai::Conversation conversation = client.create();
    polyai::CloseOnExit closing(conversation);
    return conversation;
}

static void run(polyai::Client& client, std::string_view scenario)
{
    if (scenario == "exception")
        return leave_by_exception(client);
    if (scenario == "moved") {
        const polyai::Conversation conversation = leave_with_it(client);
        CHECK(conversation.state() == polyai::State::closed);
        return;
    }
    polyai::Conversation conversation = client.create();
    if (scenario == "destroyed") {
        polyai::CloseOnExit closing = conversation.close_on_exit();
        conversation = client.create();
        return;
    }
    polyai::CloseOnExit closing = conversation.close_on_exit();
    if (scenario == "ended")
        CHECK(conversation.respond("bye").end_conversation());
    else if (scenario == "closed")
        conversation.close();
    else if (scenario == "dismissed")
        closing.dismiss();
    else
        CHECK(scenario == "left");
}

int main(int, char** arguments)
{
    {
        polyai::Client client = client_of_environment();
        run(client, arguments[1]);
    }
    CHECK(polyai::live_handles() == 0);
    return 0;
}
