/* A conversation in a terminal: one line is one turn.
 *
 *     cc chat.c $(pkg-config --cflags --libs polyai_chat) -o chat
 *     POLYAI_STUDIO_URL=... POLYAI_API_KEY=... POLYAI_TOKEN=... ./chat
 *
 * Ends with the agent's goodbye, or with the end of the input.
 */
#include <polyai_chat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Says what went wrong, and whether the agent may have heard it. Frees the error. */
static void complain(polyai_error *error)
{
    fprintf(stderr, "%s\n", polyai_error_text(error, NULL));
    if (!polyai_error_may_resend(error))
        fprintf(stderr, "The agent may have heard that: do not say it again unasked.\n");
    polyai_error_free(error);
}

static void show(const polyai_reply *reply)
{
    printf("agent: %s\n", polyai_reply_response(reply, NULL));
    if (polyai_reply_has_handoff(reply)) {
        const char *destination = polyai_reply_handoff_destination(reply, NULL);
        const char *reason = polyai_reply_handoff_reason(reply, NULL);
        printf("(goes on with %s, because of %s)\n", destination ? destination : "somebody", reason ? reason : "something");
    }
    fflush(stdout);
}

static polyai_client *make_client(void)
{
    polyai_client *client = NULL;
    polyai_error *error = NULL;
    polyai_config *config = polyai_config_new();
    if (polyai_config_load_environment(config, &error) != POLYAI_STATUS_OK
        || polyai_client_new(config, &client, &error) != POLYAI_STATUS_OK)
        complain(error);
    polyai_config_free(config);
    return client;
}

static polyai_conversation *begin(polyai_client *client)
{
    polyai_conversation *conversation = NULL;
    polyai_error *error = NULL;
    polyai_request *request = polyai_request_new();
    if (polyai_request_set_attribute(request, "customer_name", POLYAI_NUL_TERMINATED, "Sam", POLYAI_NUL_TERMINATED, &error)
            != POLYAI_STATUS_OK
        || polyai_client_create(client, request, &conversation, &error) != POLYAI_STATUS_OK)
        complain(error);
    polyai_request_free(request);
    return conversation;
}

/* Talks until one of the two ends it. */
static int talk(polyai_conversation *conversation)
{
    char line[4096];
    int is_over = 0;
    printf("agent: %s\n", polyai_conversation_greeting(conversation, NULL));
    fflush(stdout);
    while (!is_over && fgets(line, sizeof line, stdin)) {
        polyai_reply *reply = NULL;
        polyai_error *error = NULL;
        size_t length = strcspn(line, "\r\n");
        polyai_status status = polyai_conversation_respond(conversation, line, length, NULL, &reply, &error);
        if (status == POLYAI_STATUS_OK) {
            show(reply);
            is_over = polyai_reply_end_conversation(reply);
            polyai_reply_free(reply);
        } else {
            is_over = status == POLYAI_STATUS_CONVERSATION_ENDED;
            complain(error);
            if (!is_over)
                return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

int main(void)
{
    int result = EXIT_FAILURE;
    polyai_client *client = make_client();
    polyai_conversation *conversation = client ? begin(client) : NULL;
    if (conversation) {
        polyai_error *error = NULL;
        result = talk(conversation);
        if (polyai_conversation_close_if_open(conversation, &error) != POLYAI_STATUS_OK)
            complain(error);
    }
    polyai_conversation_free(conversation);
    polyai_client_free(client);
    return result;
}
