/* Ends calls that are under way from another thread: by a token, by cancelling or freeing what was started, by shutting down.
 * Says on its output when the calls have begun, and is told on its input when the service has them. */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static polyai_client *client;
static polyai_request *request;

static void wait_until_the_service_has_them(void)
{
    char line[8];
    printf("under way\n");
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin));
}

/* A turn whose reply never comes; it must be cancelled, and may have been heard. */
static void *wait_in_vain(void *conversation)
{
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    CHECK(polyai_conversation_respond(conversation, TEXT("endless"), request, &reply, &error) == POLYAI_STATUS_CANCELLED);
    CHECK(!reply && polyai_error_delivery(error) == POLYAI_DELIVERY_UNKNOWN && !polyai_error_may_resend(error));
    CHECK(polyai_error_correlation_id(error, NULL) && polyai_error_attempt_count(error) == 1);
    polyai_error_free(error);
    return NULL;
}

/* One that waits for the other one's end: nobody has heard it. */
static void *wait_in_line(void *conversation)
{
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    CHECK(polyai_conversation_respond(conversation, TEXT("behind"), NULL, &reply, &error) == POLYAI_STATUS_CANCELLED);
    CHECK(polyai_error_delivery(error) == POLYAI_DELIVERY_NOT_SENT);
    polyai_error_free(error);
    return NULL;
}

static void by_a_token(void)
{
    pthread_t threads[2];
    polyai_error *error = NULL;
    polyai_cancel *cancel = polyai_cancel_new();
    polyai_conversation *conversations[2] = {create(client), create(client)};
    request = polyai_request_new();
    OK(polyai_request_set_cancel(request, cancel, &error), error);
    polyai_cancel_trigger(cancel); /* nothing is under way: nothing happens */
    for (int index = 0; index < 2; index++)
        CHECK(pthread_create(&threads[index], NULL, wait_in_vain, conversations[index]) == 0);
    wait_until_the_service_has_them();
    polyai_cancel_trigger(cancel);
    for (int index = 0; index < 2; index++)
        pthread_join(threads[index], NULL);
    /* The token ended those calls, and no later ones. */
    polyai_reply *reply = NULL;
    OK(polyai_conversation_respond(conversations[0], TEXT("one"), request, &reply, &error), error);
    polyai_reply_free(reply);
    polyai_request_free(request);
    request = NULL;
    polyai_cancel_free(cancel);
    for (int index = 0; index < 2; index++) {
        CHECK(polyai_conversation_state(conversations[index]) == (index ? POLYAI_STATE_IN_DOUBT : POLYAI_STATE_OPEN));
        close_and_free(conversations[index]);
    }
}

static bool is_readable(int descriptor)
{
    struct pollfd polled = {.fd = descriptor, .events = POLLIN};
    return poll(&polled, 1, 0) == 1;
}

static void by_the_turn(void)
{
    bool is_done = true;
    int32_t descriptor = -1;
    int32_t once_more = -1;
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    polyai_turn *turn = NULL;
    polyai_conversation *created = NULL;
    polyai_conversation *conversation = create(client);
    OK(polyai_conversation_start_respond(conversation, TEXT("endless"), NULL, &turn, &error), error);
    OK(polyai_turn_fd(turn, &descriptor, &error), error);
    OK(polyai_turn_fd(turn, &once_more, &error), error);
    CHECK(descriptor >= 0 && descriptor == once_more);
    CHECK(polyai_turn_correlation_id(turn, NULL) != NULL);
    wait_until_the_service_has_them();
    OK(polyai_turn_wait(turn, 0, &is_done, &error), error);
    CHECK(!is_done && !is_readable(descriptor));
    OK(polyai_turn_wait(turn, 20, &is_done, &error), error);
    CHECK(!is_done);
    CHECK(polyai_turn_take_conversation(turn, &created, NULL) == POLYAI_STATUS_INVALID_ARGUMENT && !created);
    polyai_turn_cancel(turn);
    OK(polyai_turn_wait(turn, UINT64_MAX, &is_done, &error), error);
    CHECK(is_done && is_readable(descriptor));
    CHECK(polyai_turn_take_reply(turn, &reply, &error) == POLYAI_STATUS_CANCELLED);
    CHECK(polyai_error_delivery(error) == POLYAI_DELIVERY_UNKNOWN);
    CHECK(strcmp(polyai_error_correlation_id(error, NULL), polyai_turn_correlation_id(turn, NULL)) == 0);
    polyai_error_free(error);
    CHECK(polyai_turn_take_reply(turn, &reply, NULL) == POLYAI_STATUS_INVALID_ARGUMENT); /* it can be taken once */
    polyai_turn_cancel(turn);
    polyai_turn_free(turn);

    /* What ends by itself. */
    OK(polyai_client_start_create(client, NULL, &turn, &error), error);
    OK(polyai_turn_fd(turn, &descriptor, &error), error);
    CHECK(poll(&(struct pollfd){.fd = descriptor, .events = POLLIN}, 1, -1) == 1);
    CHECK(polyai_turn_take_reply(turn, &reply, NULL) == POLYAI_STATUS_INVALID_ARGUMENT);
    OK(polyai_turn_take_conversation(turn, &created, &error), error);
    polyai_turn_free(turn);
    OK(polyai_conversation_start_close(created, NULL, &turn, &error), error);
    OK(polyai_turn_take_reply(turn, &reply, &error), error);
    CHECK(polyai_reply_end_conversation(reply) && polyai_reply_response(reply, NULL) == NULL);
    polyai_reply_free(reply);
    polyai_turn_free(turn);
    polyai_conversation_free(created);
    close_and_free(conversation);
}

static void released(void *times)
{
    __atomic_add_fetch((int *)times, 1, __ATOMIC_SEQ_CST);
}

static int32_t go_on(void *unused)
{
    (void)unused;
    return 0;
}

static int waiting; /* the thread that waits, by the system's number */

static void *wait_for_turn(void *turn)
{
    bool is_done = false;
    __atomic_store_n(&waiting, (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    polyai_error *error = NULL;
    OK(polyai_turn_wait(turn, UINT64_MAX, &is_done, &error), error);
    CHECK(is_done);
    return NULL;
}

/* Whether the thread that waits has nothing else to do any more. */
static bool is_asleep(void)
{
    char path[64];
    char state = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", __atomic_load_n(&waiting, __ATOMIC_SEQ_CST));
    FILE *file = fopen(path, "r");
    if (file) {
        CHECK(fscanf(file, "%*d (%*[^)]) %c", &state) == 1);
        fclose(file);
    }
    return state == 'S';
}

/* A turn that is freed is cancelled, and a thread that waits for it is woken. */
static void by_freeing(void)
{
    int releases = 0;
    pthread_t thread;
    polyai_error *error = NULL;
    polyai_turn *turn = NULL;
    polyai_request *own = polyai_request_new();
    polyai_conversation *conversation = create(client);
    OK(polyai_request_set_check(own, go_on, &releases, released, &error), error);
    OK(polyai_conversation_start_respond(conversation, TEXT("endless"), own, &turn, &error), error);
    polyai_request_free(own);
    CHECK(pthread_create(&thread, NULL, wait_for_turn, turn) == 0);
    wait_until_the_service_has_them();
    while (!is_asleep())
        sched_yield();
    CHECK(__atomic_load_n(&releases, __ATOMIC_SEQ_CST) == 0);
    polyai_turn_free(turn);
    polyai_turn_free(turn);
    pthread_join(thread, NULL);
    /* It has left the line: the next turn need not wait for its deadline. */
    say(conversation, "one", "You said: one");
    close_and_free(conversation);
    CHECK(__atomic_load_n(&releases, __ATOMIC_SEQ_CST) == 1);
}

static void by_shutting_down(void)
{
    enum { CALLS = 6 };
    pthread_t threads[CALLS + 1];
    polyai_conversation *conversations[CALLS];
    polyai_turn *turn = NULL;
    polyai_reply *reply = NULL;
    polyai_error *error = NULL;
    polyai_conversation *created = NULL;
    for (int index = 0; index < CALLS; index++) {
        conversations[index] = create(client);
        CHECK(pthread_create(&threads[index], NULL, wait_in_vain, conversations[index]) == 0);
    }
    polyai_conversation *another = create(client);
    OK(polyai_conversation_start_respond(another, TEXT("endless"), NULL, &turn, &error), error);
    wait_until_the_service_has_them();
    CHECK(pthread_create(&threads[CALLS], NULL, wait_in_line, conversations[0]) == 0);
    polyai_client_shut_down(client);
    polyai_client_shut_down(client);
    for (int index = 0; index <= CALLS; index++)
        pthread_join(threads[index], NULL);
    CHECK(polyai_turn_take_reply(turn, &reply, NULL) == POLYAI_STATUS_CANCELLED);
    polyai_turn_free(turn);
    CHECK(polyai_client_create(client, NULL, &created, &error) == POLYAI_STATUS_CANCELLED);
    CHECK(!created && polyai_error_delivery(error) == POLYAI_DELIVERY_NOT_SENT);
    polyai_error_free(error);
    for (int index = 0; index < CALLS; index++)
        polyai_conversation_free(conversations[index]);
    polyai_conversation_free(another);
}

int main(void)
{
    client = client_of_environment();
    by_a_token();
    by_the_turn();
    by_freeing();
    by_shutting_down();
    polyai_client_free(client);
    CHECK(polyai_live_handles() == 0);
    return 0;
}
