// Ours, by the C++ header, with a deadline.
#include "stack.h"

#include <polyai_chat.hpp>

#include <exception>

struct stack {
    polyai::Conversation conversation;
};

namespace {

polyai::Client made(const char* url, const char* ca_file)
{
    polyai::Config config;
    config.set("base_url", url)
        .set("account_id", "simulator-account")
        .set("project_id", "simulator-project")
        .set("api_key", "simulator-key")
        .set("token", "simulator-token")
        .set("timeout_ms", "30000");
    if (ca_file)
        config.set("ca_file", ca_file);
    return polyai::Client(config);
}

} // namespace

stack* stack_open(const char* url, const char* ca_file)
try {
    static polyai::Client client = made(url, ca_file);
    return new stack{client.create()};
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    std::exit(1);
}

std::size_t stack_turn(stack* stack)
try {
    const polyai::Reply reply = stack->conversation.respond(MESSAGE);
    return reply.response().size();
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    std::exit(1);
}
