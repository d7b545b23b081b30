/* One program of two files, the other of which is compiled without exceptions: each keeps what its mode promises. */
#include "cpp_check.hpp"

#include <stdexcept>

int from_the_file_without(polyai::Client& client);

int main()
{
    {
        polyai::Config config;
        MUST(config.try_load_environment());
        MUST(config.try_on_log([](polyai::LogLevel, std::string_view) { throw std::runtime_error("dropped"); }));
        polyai::Client client = MUST(polyai::Client::try_make(config));
        CHECK(from_the_file_without(client) == 1);
        polyai::Conversation conversation = MUST(client.try_create());
        THROWS(conversation.try_respond("\xFF").value(), invalid_argument);
        THROWS(config.try_set("no_such_option", "").value(), invalid_argument);
    }
    CHECK(polyai::live_handles() == 0);
    return 0;
}
