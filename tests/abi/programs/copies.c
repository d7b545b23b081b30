/* Two copies of the library in one process, as two plug-ins bring them. What belongs to one is an error to the other. */
#include "loaded_library.h"

typedef struct {
    polyai_config *config;
    polyai_client *client;
    polyai_conversation *conversation;
    polyai_request *request;
    polyai_turn *turn;
    polyai_reply *reply;
    polyai_error *error;
    polyai_cancel *cancel;
} handles;

static handles make_handles(const loaded_library *library)
{
    handles made = {0};
    made.config = library->polyai_config_new_();
    made.client = client_of(library);
    made.conversation = create_with(library, made.client);
    made.request = library->polyai_request_new_();
    made.cancel = library->polyai_cancel_new_();
    CHECK(library->polyai_request_set_timeout_ms_(made.request, 0, &made.error) == POLYAI_STATUS_INVALID_ARGUMENT);
    CHECK(library->polyai_conversation_respond_(made.conversation, TEXT("one"), NULL, &made.reply, NULL) == POLYAI_STATUS_OK);
    CHECK(library->polyai_conversation_start_respond_(made.conversation, TEXT("two"), NULL, &made.turn, NULL) == POLYAI_STATUS_OK);
    return made;
}

static void free_handles(const loaded_library *library, handles made)
{
    library->polyai_config_free_(made.config);
    library->polyai_client_free_(made.client);
    library->polyai_conversation_free_(made.conversation);
    library->polyai_request_free_(made.request);
    library->polyai_turn_free_(made.turn);
    library->polyai_reply_free_(made.reply);
    library->polyai_error_free_(made.error);
    library->polyai_cancel_free_(made.cancel);
}

static void must_be_refused(const loaded_library *library, polyai_status status, polyai_error **error)
{
    CHECK(status == POLYAI_STATUS_INVALID_ARGUMENT);
    CHECK(library->polyai_error_status_(*error) == POLYAI_STATUS_INVALID_ARGUMENT);
    library->polyai_error_free_(*error);
    *error = NULL;
}

/* Gives a library the handles of the other one. */
static void mistake(const loaded_library *library, handles foreign)
{
    size_t length = 0;
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    polyai_client *client = NULL;
    polyai_request *own = library->polyai_request_new_();
    must_be_refused(library, library->polyai_config_describe_json_(foreign.config, NULL, 0, &length, &error), &error);
    must_be_refused(library, library->polyai_client_new_(foreign.config, &client, &error), &error);
    must_be_refused(library, library->polyai_conversation_respond_(foreign.conversation, TEXT("three"), NULL, &reply, &error), &error);
    must_be_refused(library, library->polyai_request_set_timeout_ms_(foreign.request, 1, &error), &error);
    must_be_refused(library, library->polyai_request_set_cancel_(own, foreign.cancel, &error), &error);
    must_be_refused(library, library->polyai_turn_take_reply_(foreign.turn, &reply, &error), &error);
    CHECK(library->polyai_client_base_url_(foreign.client, NULL) == NULL);
    CHECK(library->polyai_conversation_state_(foreign.conversation) == 0);
    CHECK(library->polyai_reply_response_(foreign.reply, NULL) == NULL);
    CHECK(library->polyai_error_message_(foreign.error, NULL) == NULL);
    library->polyai_turn_cancel_(foreign.turn);
    free_handles(library, foreign);
    library->polyai_request_free_(own);
}

int main(int argc, char **argv)
{
    CHECK(argc == 4);
    int flags = strcmp(argv[3], "global") == 0 ? RTLD_NOW | RTLD_GLOBAL : RTLD_NOW | RTLD_LOCAL;
    loaded_library one = load(argv[1], flags);
    loaded_library other = load(argv[2], flags);
    CHECK(one.handle != other.handle && one.polyai_config_new_ != other.polyai_config_new_);
    size_t ones = one.polyai_live_handles_();
    size_t others = other.polyai_live_handles_();
    handles of_one = make_handles(&one);
    handles of_other = make_handles(&other);
    CHECK(one.polyai_live_handles_() == ones + 8 && other.polyai_live_handles_() == others + 8);

    mistake(&one, of_other);
    mistake(&other, of_one);

    CHECK(one.polyai_live_handles_() == ones + 8 && other.polyai_live_handles_() == others + 8);
    polyai_reply *reply = NULL;
    CHECK(one.polyai_turn_take_reply_(of_one.turn, &reply, NULL) == POLYAI_STATUS_OK);
    one.polyai_reply_free_(reply);
    CHECK(other.polyai_turn_take_reply_(of_other.turn, &reply, NULL) == POLYAI_STATUS_OK);
    other.polyai_reply_free_(reply);
    say_with(&one, of_one.conversation, "three", "You said: three");
    say_with(&other, of_other.conversation, "three", "You said: three");
    free_handles(&one, of_one);
    free_handles(&other, of_other);
    CHECK(one.polyai_live_handles_() == ones && other.polyai_live_handles_() == others);
    return 0;
}
