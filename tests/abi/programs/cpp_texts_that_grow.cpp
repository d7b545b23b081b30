/* Texts that are longer when they are fetched than when they were measured, and numbers that this header does not know. Some functions of
 * the library are replaced by those of a newer one that does such things. */
#include "cpp_check.hpp"

static int calls;
static std::size_t most_growth;

/* The text is 1,000 bytes longer with every call, until it has grown often enough; then that is written. */
extern "C" polyai_status polyai_client_metrics_json(const polyai_client*, char* buffer, size_t capacity, size_t* length,
                                                    polyai_error** error)
{
    CHECK(buffer != nullptr || capacity == 0);
    const std::size_t grown = static_cast<std::size_t>(calls++) * 1000;
    *length = 10 + (grown < most_growth ? grown : most_growth);
    if (capacity == 0 || *length < capacity) {
        *error = nullptr;
        for (std::size_t index = 0; capacity > 0 && index < *length; index++)
            buffer[index] = 'x';
        if (capacity > 0)
            buffer[*length] = '\0';
        return POLYAI_STATUS_OK;
    }
    // As the library does: an error object, which somebody has to free.
    return polyai_config_set(nullptr, "", 0, "", 0, error);
}

/* Fails for another reason. */
extern "C" polyai_status polyai_client_recent_attempts_json(const polyai_client*, uint64_t, char*, size_t, size_t*, polyai_error** error)
{
    *error = nullptr;
    return 4711;
}

extern "C" polyai_state polyai_conversation_state(const polyai_conversation*)
{
    return 4712;
}

extern "C" polyai_delivery polyai_error_delivery(const polyai_error*)
{
    return 4713;
}

/* A library that is too new, or too old. */
static uint32_t oldest = 1;
static uint32_t newest = 1;

extern "C" uint32_t polyai_abi_oldest(void)
{
    return oldest;
}

extern "C" uint32_t polyai_abi_newest(void)
{
    return newest;
}

int main()
{
    {
        polyai::Config config;
        config.set("base_url", "http://127.0.0.1:1").set("account_id", "a").set("project_id", "p").set("api_key", "k").set("token", "t");
        polyai::Client client(config);
        for (const std::size_t growth : { 0u, 999u, 5000u, 20000u }) {
            calls = 0;
            most_growth = growth;
            const std::string text = client.metrics_json();
            CHECK(text == std::string(10 + growth, 'x'));
        }

        const auto failed = client.try_recent_attempts_json();
        CHECK(!failed && failed.error().status() == polyai::Status(4711) && static_cast<std::uint32_t>(failed.error().status()) == 4711u);
        CHECK(failed.error().what() == std::string_view("unknown status") && failed.error().kind().empty());
        CHECK(client.attach("x").state() == polyai::State(4712) && name(polyai::State(4712)).empty());
        CHECK(client.try_attach("").error().delivery() == polyai::Delivery(4713));

        CHECK(polyai::abi_is_compatible());
        newest = 9;
        CHECK(polyai::abi_is_compatible());
        oldest = 2;
        CHECK(!polyai::abi_is_compatible());
        oldest = newest = 0;
        CHECK(!polyai::abi_is_compatible());
    }
    CHECK(polyai::live_handles() == 0);
    return 0;
}
