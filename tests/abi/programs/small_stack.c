/* Holds a whole conversation, the making of the client included, on a thread with as small a stack as the first argument says (in KiB). */
#include <polyai_chat.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const size_t all = POLYAI_NUL_TERMINATED;

static void *converse(void *result)
{
    polyai_error *error = NULL;
    polyai_client *client = NULL;
    polyai_conversation *conversation = NULL;
    polyai_reply *reply = NULL;
    polyai_config *config = polyai_config_new();
    if (polyai_config_load_environment(config, &error) == POLYAI_STATUS_OK
        && polyai_client_new(config, &client, &error) == POLYAI_STATUS_OK
        && polyai_client_create(client, NULL, &conversation, &error) == POLYAI_STATUS_OK
        && polyai_conversation_respond(conversation, "human", all, NULL, &reply, &error) == POLYAI_STATUS_OK
        && polyai_reply_handoff_json(reply, NULL) != NULL
        && polyai_conversation_close(conversation, NULL, NULL, &error) == POLYAI_STATUS_OK)
        *(int *)result = EXIT_SUCCESS;
    else
        fprintf(stderr, "%s\n", polyai_error_text(error, NULL));
    polyai_error_free(error);
    polyai_reply_free(reply);
    polyai_conversation_free(conversation);
    polyai_client_free(client);
    polyai_config_free(config);
    return NULL;
}

int main(int argc, char **argv)
{
    size_t stack_kib = argc > 1 ? (size_t)atoi(argv[1]) : 128;
    int result = EXIT_FAILURE;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    if (pthread_attr_setstacksize(&attributes, stack_kib * 1024) != 0
        || pthread_create(&thread, &attributes, converse, &result) != 0)
        return EXIT_FAILURE;
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    return result;
}
