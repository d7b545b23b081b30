/* A host that cancels a thread with pthread_cancel while it is inside a call: the call ends by its deadline, then the thread. */
#include <polyai_chat.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static polyai_conversation *conversation;
static polyai_status of_call = 999;
static int went_on;

static void *converse(void *unused)
{
    polyai_reply *reply = NULL;
    polyai_request *request = polyai_request_new();
    (void)unused;
    if (polyai_request_set_timeout_ms(request, 1500, NULL) == POLYAI_STATUS_OK)
        of_call = polyai_conversation_respond(conversation, "hello", POLYAI_NUL_TERMINATED, request, &reply, NULL);
    polyai_reply_free(reply);
    polyai_request_free(request);
    pthread_testcancel();
    went_on = 1;
    return NULL;
}

int main(void)
{
    pthread_t thread;
    void *ended = NULL;
    polyai_client *client = NULL;
    polyai_config *config = polyai_config_new();
    if (polyai_config_load_environment(config, NULL) != POLYAI_STATUS_OK
        || polyai_client_new(config, &client, NULL) != POLYAI_STATUS_OK
        || polyai_client_create(client, NULL, &conversation, NULL) != POLYAI_STATUS_OK
        || pthread_create(&thread, NULL, converse, NULL) != 0)
        return EXIT_FAILURE;
    puts("started");
    fflush(stdout);
    getchar(); /* the test says that the service has the request */
    pthread_cancel(thread);
    pthread_join(thread, &ended);
    printf("call %s, thread %s, %s\n", polyai_status_name(of_call), ended == PTHREAD_CANCELED ? "cancelled" : "ended",
           went_on ? "went on" : "did not go on");
    polyai_conversation_free(conversation);
    polyai_client_free(client);
    polyai_config_free(config);
    printf("%zu handles\n", polyai_live_handles());
    return EXIT_SUCCESS;
}
