/* Forks while other threads are inside the library and a call that was started is under way. Children and parent go on. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 4, THREADS = 3 };

static polyai_client *client;
static atomic_bool is_over;
static atomic_int conversations;

static void *talk(void *unused)
{
    (void)unused;
    do {
        converse(client);
        conversations++;
    } while (!is_over);
    return NULL;
}

/* A child has what the parent had, but for its calls. */
static void be_a_child(polyai_conversation *idle, polyai_turn *turn, polyai_conversation *of_turn)
{
    bool is_done = false;
    int32_t descriptor = -1;
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    size_t before = polyai_live_handles();
    converse(client);
    say(idle, "child", "You said: child");
    CHECK(polyai_turn_wait(turn, 60000, &is_done, NULL) == POLYAI_STATUS_OK && is_done);
    CHECK(polyai_turn_correlation_id(turn, NULL) != NULL);
    (void)polyai_turn_fd(turn, &descriptor, NULL);
    CHECK(polyai_turn_take_reply(turn, &reply, &error) == POLYAI_STATUS_CANCELLED && !reply);
    CHECK(polyai_error_delivery(error) == POLYAI_DELIVERY_UNKNOWN && !polyai_error_may_resend(error));
    polyai_error_free(error);
    polyai_turn_cancel(turn); /* not the parent's call */
    polyai_turn_free(turn);
    polyai_conversation_free(of_turn);
    polyai_conversation_free(idle);
    converse(client);
    polyai_client_free(client);
    CHECK(polyai_live_handles() == before - 4);
    /* Nobody looks for leaks here: what the parent's other threads had in use is there, and they are not. */
    execl("/bin/true", "true", (char *)NULL);
    check_failed("/bin/true", 0, "cannot be run");
}

int main(void)
{
    pthread_t threads[THREADS];
    pid_t children[CHILDREN];
    polyai_error *error = NULL;
    polyai_turn *turn = NULL;
    polyai_reply *reply = NULL;
    client = client_of_environment();
    polyai_conversation *idle = create(client);
    polyai_conversation *of_turn = create(client);
    say(idle, "one", "You said: one");
    for (int index = 0; index < THREADS; index++)
        CHECK(pthread_create(&threads[index], NULL, talk, NULL) == 0);
    OK(polyai_conversation_start_respond(of_turn, TEXT("slow"), NULL, &turn, &error), error);
    for (int index = 0; index < CHILDREN; index++) {
        children[index] = fork();
        CHECK(children[index] >= 0);
        if (children[index] == 0)
            be_a_child(idle, turn, of_turn);
    }
    for (int index = 0; index < CHILDREN; index++) {
        int status = 0;
        CHECK(waitpid(children[index], &status, 0) == children[index]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    is_over = true;
    for (int index = 0; index < THREADS; index++)
        pthread_join(threads[index], NULL);
    OK(polyai_turn_take_reply(turn, &reply, &error), error);
    CHECK(strcmp(polyai_reply_response(reply, NULL), "That took a while.") == 0);
    polyai_reply_free(reply);
    polyai_turn_free(turn);
    say(idle, "two", "You said: two");
    close_and_free(idle);
    close_and_free(of_turn);
    polyai_client_free(client);
    CHECK(polyai_live_handles() == 0);
    printf("%d\n", conversations);
    return 0;
}
