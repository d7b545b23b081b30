/* Many conversations on a few threads, with one client for all.
 *
 *     c++ -std=c++17 -pthread thread_pool.cpp $(pkg-config --cflags --libs polyai_chat) -o thread_pool
 *     POLYAI_STUDIO_URL=... POLYAI_API_KEY=... POLYAI_TOKEN=... ./thread_pool THREADS CONVERSATIONS "Where is my order?" "Thanks"
 *
 * Each conversation says all the messages, or as many as the agent lets it, and is closed. A turn that failed is said again, once,
 * if the agent cannot have heard it.
 */
#include <polyai_chat.hpp>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

namespace {

/* What all threads count together. */
struct Counts {
    std::atomic<int> conversations { 0 };
    std::atomic<int> replies { 0 };
    std::atomic<int> said_again { 0 };
    std::atomic<int> handoffs { 0 };
    std::atomic<int> failures { 0 };
};

void complain(const polyai::Error& error)
{
    static std::mutex one_line_at_a_time;
    const std::lock_guard lock(one_line_at_a_time);
    std::cerr << error.what() << '\n';
}

polyai::Reply say(polyai::Conversation& conversation, std::string_view message, Counts& counts)
{
    try {
        return conversation.respond(message);
    } catch (const polyai::Error& error) {
        if (!error.may_resend() || error.status() == polyai::Status::conversation_ended)
            throw;
        complain(error);
        if (const auto pause = error.retry_after())
            std::this_thread::sleep_for(*pause);
        ++counts.said_again;
        return conversation.respond(message);
    }
}

void converse(polyai::Client& client, const std::vector<std::string_view>& messages, Counts& counts)
try {
    auto conversation = client.create();
    auto closing = conversation.close_on_exit();
    ++counts.conversations;
    for (const auto message : messages) {
        const auto reply = say(conversation, message, counts);
        ++counts.replies;
        if (reply.handoff())
            ++counts.handoffs;
        if (reply.end_conversation())
            break;
    }
} catch (const polyai::Error& error) {
    ++counts.failures;
    complain(error);
}

} // namespace

int main(int argc, char** argv)
try {
    const int threads = argc > 1 ? std::atoi(argv[1]) : 0;
    const int conversations = argc > 2 ? std::atoi(argv[2]) : 0;
    if (threads < 1 || conversations < 1) {
        std::cerr << "usage: thread_pool THREADS CONVERSATIONS [MESSAGE ...]\n";
        return EXIT_FAILURE;
    }
    const std::vector<std::string_view> messages(argv + 3, argv + argc);
    polyai::Client client(polyai::Config().load_environment());

    Counts counts;
    std::atomic<int> left(conversations);
    std::vector<std::thread> pool;
    for (int number = 0; number < threads; number++) {
        pool.emplace_back([&] {
            while (left.fetch_sub(1) > 0)
                converse(client, messages, counts);
        });
    }
    for (auto& thread : pool)
        thread.join();

    std::cout << counts.conversations << " conversations, " << counts.replies << " replies, " << counts.said_again << " said again, "
              << counts.handoffs << " handoffs, " << counts.failures << " failures\n";
    return counts.failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const polyai::Error& error) {
    complain(error);
    return EXIT_FAILURE;
}
