/* A turn of a telephone call: when the agent thinks for long, the caller hears a filler, not silence.
 *
 *     cc one_moment_please.c $(pkg-config --cflags --libs polyai_chat) -o one_moment_please
 *     POLYAI_STUDIO_URL=... POLYAI_API_KEY=... POLYAI_TOKEN=... ./one_moment_please "Where is my order?"
 *
 * play() stands for whatever speaks to the caller.
 */
#include <polyai_chat.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    FILLER_AFTER_MS = 1500, /* silence that a caller takes for a lost line begins about here */
    FILLER_EVERY_MS = 4000,
    TURN_TIMEOUT_MS = 12000 /* after that a person takes the call */
};

static void play(const char *words)
{
    printf("play: %s\n", words);
    fflush(stdout);
}

static void transfer_to_a_person(const char *why)
{
    printf("transfer: %s\n", why);
}

/* Waits for the reply, and fills the silence meanwhile. */
static polyai_status wait_with_filler(polyai_turn *turn, polyai_error **error)
{
    uint64_t patience_ms = FILLER_AFTER_MS;
    for (;;) {
        bool is_done = false;
        polyai_status status = polyai_turn_wait(turn, patience_ms, &is_done, error);
        if (status != POLYAI_STATUS_OK || is_done)
            return status;
        play("One moment, please.");
        patience_ms = FILLER_EVERY_MS;
    }
}

/* One turn of the call; 0 when the call goes on elsewhere or is over. */
static int turn_of_call(polyai_conversation *conversation, const char *heard)
{
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    polyai_turn *turn = NULL;
    polyai_request *request = polyai_request_new();
    int goes_on = 0;

    if (polyai_request_set_timeout_ms(request, TURN_TIMEOUT_MS, &error) == POLYAI_STATUS_OK
        && polyai_conversation_start_respond(conversation, heard, POLYAI_NUL_TERMINATED, request, &turn, &error) == POLYAI_STATUS_OK
        && wait_with_filler(turn, &error) == POLYAI_STATUS_OK
        && polyai_turn_take_reply(turn, &reply, &error) == POLYAI_STATUS_OK) {
        play(polyai_reply_response(reply, NULL));
        if (polyai_reply_has_handoff(reply)) {
            const char *destination = polyai_reply_handoff_destination(reply, NULL);
            transfer_to_a_person(destination ? destination : "the agent asks for it");
        } else {
            goes_on = !polyai_reply_end_conversation(reply);
        }
    } else {
        /* Whether the agent heard it or not: a caller is not asked to say it twice, a person goes on. */
        fprintf(stderr, "%s\n", polyai_error_text(error, NULL));
        transfer_to_a_person(polyai_error_kind(error, NULL));
        polyai_error_free(error);
    }
    polyai_reply_free(reply);
    polyai_turn_free(turn);
    polyai_request_free(request);
    return goes_on;
}

int main(int argc, char **argv)
{
    polyai_error *error = NULL;
    polyai_client *client = NULL;
    polyai_conversation *conversation = NULL;
    polyai_config *config = polyai_config_new();
    int result = EXIT_FAILURE;

    if (polyai_config_load_environment(config, &error) == POLYAI_STATUS_OK
        && polyai_client_new(config, &client, &error) == POLYAI_STATUS_OK
        && polyai_client_create(client, NULL, &conversation, &error) == POLYAI_STATUS_OK) {
        int turn = 1;
        play(polyai_conversation_greeting(conversation, NULL));
        while (turn < argc && turn_of_call(conversation, argv[turn]))
            turn++;
        polyai_conversation_close_if_open(conversation, NULL);
        result = EXIT_SUCCESS;
    } else {
        fprintf(stderr, "%s\n", polyai_error_text(error, NULL));
        polyai_error_free(error);
    }
    polyai_conversation_free(conversation);
    polyai_client_free(client);
    polyai_config_free(config);
    return result;
}
