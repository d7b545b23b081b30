/* A conversation: create, respond, close.
 *
 *     c++ -std=c++17 conversation.cpp $(pkg-config --cflags --libs polyai_chat) -o conversation
 *     POLYAI_STUDIO_URL=... POLYAI_API_KEY=... POLYAI_TOKEN=... ./conversation
 */
#include <polyai_chat.hpp>

#include <cstdlib>
#include <iostream>

int main()
{
    try {
        polyai::Client client(polyai::Config().load_environment());
        auto conversation = client.create(polyai::Request().set_attribute("customer_name", "Sam"));
        auto closing = conversation.close_on_exit();
        std::cout << "agent: " << conversation.greeting() << '\n';
        auto reply = conversation.respond("Where is my order?");
        std::cout << "agent: " << reply.response() << '\n';
        return EXIT_SUCCESS;
    } catch (const polyai::Error& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
