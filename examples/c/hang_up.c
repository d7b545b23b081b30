/* A caller who hangs up while the agent thinks: the turn is cancelled at once, and the conversation closed.
 *
 *     cc -pthread hang_up.c $(pkg-config --cflags --libs polyai_chat) -o hang_up
 *     POLYAI_STUDIO_URL=... POLYAI_API_KEY=... POLYAI_TOKEN=... ./hang_up "Where is my order?"
 *
 * Ctrl-D (the end of the input) stands for the hang-up; in a telephone system, its event or callback does. The token may
 * be triggered from any thread, at any time, but not from a signal handler.
 */
#include <polyai_chat.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *listen_for_hang_up(void *cancel)
{
    while (getchar() != EOF) {
    }
    printf("hung up\n");
    polyai_cancel_trigger(cancel);
    return NULL;
}

/* Says it, and tells what became of it. */
static void say(polyai_conversation *conversation, polyai_cancel *cancel, const char *message)
{
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    polyai_request *request = polyai_request_new();
    polyai_status status = polyai_request_set_cancel(request, cancel, &error);
    if (status == POLYAI_STATUS_OK)
        status = polyai_conversation_respond(conversation, message, POLYAI_NUL_TERMINATED, request, &reply, &error);

    if (status == POLYAI_STATUS_OK)
        printf("agent: %s\n", polyai_reply_response(reply, NULL));
    else if (status == POLYAI_STATUS_CANCELLED)
        printf("cancelled; the agent %s\n",
               polyai_error_delivery(error) == POLYAI_DELIVERY_NOT_SENT ? "has heard nothing" : "may have heard it");
    else
        fprintf(stderr, "%s\n", polyai_error_text(error, NULL));
    polyai_reply_free(reply);
    polyai_error_free(error);
    polyai_request_free(request);
}

int main(int argc, char **argv)
{
    const char *message = argc > 1 ? argv[1] : "Where is my order?";
    polyai_error *error = NULL;
    polyai_client *client = NULL;
    polyai_conversation *conversation = NULL;
    polyai_config *config = polyai_config_new();
    polyai_cancel *cancel = polyai_cancel_new();
    pthread_t listener;
    int result = EXIT_FAILURE;

    if (polyai_config_load_environment(config, &error) == POLYAI_STATUS_OK
        && polyai_client_new(config, &client, &error) == POLYAI_STATUS_OK
        && polyai_client_create(client, NULL, &conversation, &error) == POLYAI_STATUS_OK
        && pthread_create(&listener, NULL, listen_for_hang_up, cancel) == 0) {
        printf("agent: %s\n", polyai_conversation_greeting(conversation, NULL));
        fflush(stdout);
        say(conversation, cancel, message);
        /* The close has a deadline of its own, so that hanging up frees the line soon whatever the network does. */
        if (polyai_conversation_close_if_open(conversation, &error) == POLYAI_STATUS_OK)
            printf("closed\n");
        pthread_join(listener, NULL);
        result = EXIT_SUCCESS;
    }
    if (error) {
        fprintf(stderr, "%s\n", polyai_error_text(error, NULL));
        polyai_error_free(error);
        result = EXIT_FAILURE;
    }
    polyai_cancel_free(cancel);
    polyai_conversation_free(conversation);
    polyai_client_free(client);
    polyai_config_free(config);
    return result;
}
