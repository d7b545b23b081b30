/* Holds conversations, fails in many ways, and leaves the process as it was. */
#include "check.h"

#include <dirent.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

enum { SIGNALS = 64 };

/* ---- What of the process must not change ----------------------------------------------------- */

typedef struct {
    struct sigaction actions[SIGNALS + 1];
    sigset_t blocked;
    stack_t signal_stack;
    char *locale;
    char *directory;
    mode_t mask;
    char **environment_at;
    char **environment;
    int threads;
    int descriptors;
    char thread_name[16];
} state;

static int entries_of(const char *directory)
{
    int count = 0;
    DIR *opened = opendir(directory);
    CHECK(opened);
    while (readdir(opened))
        count++;
    closedir(opened);
    return count;
}

static state look(void)
{
    state now;
    size_t variables = 0;
    memset(&now, 0, sizeof now);
    for (int number = 1; number <= SIGNALS; number++)
        sigaction(number, NULL, &now.actions[number]); /* fails for two that the C library has for itself */
    CHECK(pthread_sigmask(SIG_BLOCK, NULL, &now.blocked) == 0);
    CHECK(sigaltstack(NULL, &now.signal_stack) == 0);
    now.locale = strdup(setlocale(LC_ALL, NULL));
    now.directory = getcwd(NULL, 0);
    umask(now.mask = umask(0));
    now.environment_at = environ;
    while (environ[variables])
        variables++;
    now.environment = calloc(variables + 1, sizeof *now.environment);
    for (size_t index = 0; index < variables; index++)
        now.environment[index] = strdup(environ[index]);
    now.threads = entries_of("/proc/self/task");
    now.descriptors = entries_of("/proc/self/fd");
    CHECK(pthread_getname_np(pthread_self(), now.thread_name, sizeof now.thread_name) == 0);
    return now;
}

static void compare(const state *before, const state *after)
{
    size_t index = 0;
    for (int number = 1; number <= SIGNALS; number++) {
        CHECK(before->actions[number].sa_handler == after->actions[number].sa_handler);
        CHECK(before->actions[number].sa_flags == after->actions[number].sa_flags);
    }
    CHECK(memcmp(&before->blocked, &after->blocked, sizeof before->blocked) == 0);
    CHECK(before->signal_stack.ss_sp == after->signal_stack.ss_sp);
    CHECK(strcmp(before->locale, after->locale) == 0);
    CHECK(strcmp(before->directory, after->directory) == 0);
    CHECK(before->mask == after->mask);
    CHECK(before->environment_at == after->environment_at);
    for (; before->environment[index] && after->environment[index]; index++)
        CHECK(strcmp(before->environment[index], after->environment[index]) == 0);
    CHECK(!before->environment[index] && !after->environment[index]);
    CHECK(before->threads == after->threads);
    CHECK(before->descriptors == after->descriptors);
    CHECK(strcmp(before->thread_name, after->thread_name) == 0);
}

static void forget(state *seen)
{
    for (char **variable = seen->environment; *variable; variable++)
        free(*variable);
    free(seen->environment);
    free(seen->locale);
    free(seen->directory);
}

/* ---- What is done meanwhile ------------------------------------------------------------------ */

/* A thread that has finished its call still has to end. Waits for that, as long as it may take. */
static void wait_for_the_last_thread(int threads)
{
    while (entries_of("/proc/self/task") != threads)
        poll(NULL, 0, 1);
}

static void started_calls(polyai_client *client)
{
    enum { CALLS = 10 };
    polyai_turn *turns[CALLS];
    polyai_reply *reply = NULL;
    polyai_conversation *conversation = create(client);
    for (int index = 0; index < CALLS; index++) {
        int32_t descriptor;
        CHECK(polyai_conversation_start_respond(conversation, TEXT("hello"), NULL, &turns[index], NULL) == POLYAI_STATUS_OK);
        CHECK(polyai_turn_fd(turns[index], &descriptor, NULL) == POLYAI_STATUS_OK);
    }
    for (int index = 0; index < CALLS; index++) {
        if (index % 2)
            polyai_turn_cancel(turns[index]);
        (void)!polyai_turn_take_reply(turns[index], &reply, NULL);
        polyai_reply_free(reply);
        reply = NULL;
        polyai_turn_free(turns[index]);
    }
    close_and_free(conversation);
}

/* The simulator refuses and breaks some of these. */
static void calls_that_may_fail(polyai_client *client)
{
    polyai_conversation *conversation = NULL;
    for (int turn = 0; turn < 20; turn++) {
        polyai_error *error = NULL;
        polyai_reply *reply = NULL;
        if (!conversation)
            (void)!polyai_client_create(client, NULL, &conversation, NULL);
        if (conversation && polyai_conversation_respond(conversation, TEXT("hello"), NULL, &reply, &error) != POLYAI_STATUS_OK)
            CHECK(polyai_error_text(error, NULL) != NULL);
        polyai_reply_free(reply);
        polyai_error_free(error);
    }
    polyai_conversation_close(conversation, NULL, NULL, NULL);
    polyai_conversation_free(conversation);
}

/* A service by name, which a thread resolves, and that cannot be reached. */
static void nobody_listens(void)
{
    polyai_client *client = NULL;
    polyai_conversation *conversation = NULL;
    polyai_error *error = NULL;
    polyai_config *config = polyai_config_new();
    OK(polyai_config_load_environment(config, &error), error);
    OK(polyai_config_set(config, TEXT("base_url"), TEXT("http://localhost:1"), &error), error);
    OK(polyai_client_new(config, &client, &error), error);
    CHECK(polyai_client_create(client, NULL, &conversation, NULL) != POLYAI_STATUS_OK);
    polyai_client_free(client);
    polyai_config_free(config);
}

static void whole_life(void)
{
    polyai_client *client = client_of_environment();
    converse(client);
    started_calls(client);
    calls_that_may_fail(client);
    polyai_client_shut_down(client);
    polyai_client_free(client);
    nobody_listens();
}

int main(void)
{
    CHECK(setlocale(LC_ALL, "C.UTF-8") && chdir("/tmp") == 0);
    umask(027);
    state before = look();
    for (int round = 0; round < 3; round++) {
        whole_life();
        wait_for_the_last_thread(before.threads);
        state after = look();
        compare(&before, &after);
        forget(&after);
    }
    forget(&before);
    CHECK(polyai_live_handles() == 0);
    return 0;
}
