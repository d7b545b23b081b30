/* A program with two static libraries that are written in Rust: what each does with panics, threads and its standard library
 * stays its own. */
#include <polyai_chat.h>

#include <stdio.h>

int other_panics(void);
int other_threads(void);

/* One turn, with the client that the environment describes. */
static int one_turn(void)
{
    int went_well = 0;
    polyai_client *client = NULL;
    polyai_conversation *conversation = NULL;
    polyai_reply *reply = NULL;
    polyai_error *error = NULL;
    polyai_config *config = polyai_config_new();
    if (polyai_config_load_environment(config, &error) == POLYAI_STATUS_OK
        && polyai_client_new(config, &client, &error) == POLYAI_STATUS_OK
        && polyai_client_create(client, NULL, &conversation, &error) == POLYAI_STATUS_OK
        && polyai_conversation_respond(conversation, "hello", POLYAI_NUL_TERMINATED, NULL, &reply, &error) == POLYAI_STATUS_OK
        && polyai_conversation_close(conversation, NULL, NULL, &error) == POLYAI_STATUS_OK) {
        printf("agent: %s\n", polyai_reply_response(reply, NULL));
        went_well = 1;
    } else {
        fprintf(stderr, "%s\n", polyai_error_text(error, NULL));
    }
    polyai_error_free(error);
    polyai_reply_free(reply);
    polyai_conversation_free(conversation);
    polyai_client_free(client);
    polyai_config_free(config);
    return went_well;
}

int main(void)
{
    int first = other_panics() == 7 && other_threads() == 2;
    int turn = one_turn();
    int then = other_panics() == 7 && other_threads() == 4;
    printf("other: %d %d\n", first, then);
    return first && turn && then ? 0 : 1;
}
