/* Many threads with one client and one conversation; and handles that are freed while calls are inside. */
#include "check.h"

#include <pthread.h>

enum { THREADS = 8, TURNS = 12 };

static polyai_client *client;
static polyai_conversation *shared;

static void *talk(void *name)
{
    char message[32];
    char expected[64];
    for (int turn = 0; turn < TURNS; turn++) {
        snprintf(message, sizeof message, "%s %d", (const char *)name, turn);
        snprintf(expected, sizeof expected, "You said: %s", message);
        say(shared, message, expected);
    }
    return NULL;
}

static void one_conversation_of_many_threads(void)
{
    static char names[THREADS][8];
    pthread_t threads[THREADS];
    shared = create(client);
    for (int index = 0; index < THREADS; index++) {
        snprintf(names[index], sizeof names[index], "%d", index);
        CHECK(pthread_create(&threads[index], NULL, talk, names[index]) == 0);
    }
    for (int index = 0; index < THREADS; index++)
        pthread_join(threads[index], NULL);
    close_and_free(shared);
}

static void *hold_conversations(void *of)
{
    for (int number = 0; number < 5; number++)
        converse(of);
    return NULL;
}

static void one_client_of_many_threads(void)
{
    pthread_t threads[THREADS];
    for (int index = 0; index < THREADS; index++)
        CHECK(pthread_create(&threads[index], NULL, hold_conversations, client) == 0);
    for (int index = 0; index < THREADS; index++)
        pthread_join(threads[index], NULL);
}

/* Started calls keep the order in which they were started, whichever is waited for first. */
static void order_of_started_turns(void)
{
    char message[32];
    char expected[64];
    polyai_turn *turns[TURNS];
    shared = create(client);
    for (int turn = 0; turn < TURNS; turn++) {
        polyai_error *error = NULL;
        snprintf(message, sizeof message, "started %d", turn);
        OK(polyai_conversation_start_respond(shared, TEXT(message), NULL, &turns[turn], &error), error);
    }
    for (int turn = TURNS - 1; turn >= 0; turn--) {
        polyai_error *error = NULL;
        polyai_reply *reply = NULL;
        snprintf(expected, sizeof expected, "You said: started %d", turn);
        OK(polyai_turn_take_reply(turns[turn], &reply, &error), error);
        CHECK(strcmp(polyai_reply_response(reply, NULL), expected) == 0);
        polyai_reply_free(reply);
        polyai_turn_free(turns[turn]);
    }
    close_and_free(shared);
}

/* A thread that is inside a call whose handles are freed: it gets its reply. */
static void *wait_for_a_slow_reply(void *request)
{
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    OK(polyai_conversation_respond(shared, TEXT("slow"), request, &reply, &error), error);
    return reply;
}

static void handles_that_are_freed_in_use(void)
{
    char line[8];
    void *reply = NULL;
    pthread_t thread;
    polyai_request *request = polyai_request_new();
    polyai_cancel *cancel = polyai_cancel_new();
    polyai_error *error = NULL;
    polyai_client *own = client_of_environment();
    OK(polyai_request_set_cancel(request, cancel, &error), error);
    shared = create(own);
    CHECK(pthread_create(&thread, NULL, wait_for_a_slow_reply, request) == 0);
    printf("inside\n");
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin)); /* the service has the request */
    polyai_conversation_free(shared);
    polyai_client_free(own);
    polyai_request_free(request);
    polyai_cancel_free(cancel);
    polyai_cancel_trigger(cancel); /* of a freed handle: nothing */
    CHECK(polyai_conversation_state(shared) == 0);
    pthread_join(thread, &reply);
    CHECK(strcmp(polyai_reply_response(reply, NULL), "That took a while.") == 0);
    polyai_reply_free(reply);
}

int main(void)
{
    client = client_of_environment();
    one_conversation_of_many_threads();
    one_client_of_many_threads();
    order_of_started_turns();
    handles_that_are_freed_in_use();
    polyai_client_free(client);
    CHECK(polyai_live_handles() == 0);
    return 0;
}
