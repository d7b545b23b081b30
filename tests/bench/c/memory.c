/*
 * What ours keeps while nothing is under way: for a client, for an open conversation, for an idle connection.
 *
 * bench-memory URL [CA_FILE], with allocations.so in LD_PRELOAD, makes many of each and prints, as JSON, the bytes that one more
 * has added to the heap, and to the resident memory of the process. The server is to think a while about each respond, so
 * that turns that are begun together need a connection each.
 */
#define _GNU_SOURCE
#include "stack.h"

#include <dlfcn.h>
#include <polyai_chat.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 200
#define CONVERSATIONS 1000
#define CONNECTIONS 200
#define LOOK_UPS 1000000
#define STACK_BYTES (128 << 10) /* of all threads together not more than the C library keeps for the next ones */

struct used {
    long heap;
    long resident;
};

static long (*bytes_in_use)(void);
static pthread_barrier_t begin;

static struct used used(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    MUST(file && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return (struct used){bytes_in_use(), pages * sysconf(_SC_PAGESIZE)};
}

static void print_added(const char *what, struct used before, long count)
{
    const struct used after = used();
    printf("\"%s_heap_bytes\": %ld, \"%s_resident_bytes\": %ld, ", what, (after.heap - before.heap) / count, what,
           (after.resident - before.resident) / count);
}

static void set(polyai_config *config, const char *name, const char *value)
{
    MUST(polyai_config_set(config, name, POLYAI_NUL_TERMINATED, value, POLYAI_NUL_TERMINATED, NULL) == POLYAI_STATUS_OK);
}

static polyai_client *client_of(const polyai_config *config)
{
    polyai_client *client = NULL;
    MUST(polyai_client_new(config, &client, NULL) == POLYAI_STATUS_OK);
    return client;
}

static polyai_conversation *created(polyai_client *client)
{
    polyai_conversation *conversation = NULL;
    MUST(polyai_client_create(client, NULL, &conversation, NULL) == POLYAI_STATUS_OK);
    return conversation;
}

static void turn(polyai_conversation *conversation)
{
    polyai_reply *reply = NULL;
    MUST(polyai_conversation_respond(conversation, MESSAGE, sizeof MESSAGE - 1, NULL, &reply, NULL) == POLYAI_STATUS_OK);
    polyai_reply_free(reply);
}

/* Touches the stack as deep as a turn does; what the C library keeps of ended threads is then there before. */
static void *only_touch(void *unused)
{
    volatile char stack[STACK_BYTES / 2];
    (void)unused;
    for (size_t at = 0; at < sizeof stack; at += 1024)
        stack[at] = 1;
    free(malloc(100));
    pthread_barrier_wait(&begin);
    return NULL;
}

static void *turn_together(void *conversation)
{
    pthread_barrier_wait(&begin);
    turn(conversation);
    return NULL;
}

/* As many threads at once, each with a conversation of its own. */
static void at_once(void *(*run)(void *), polyai_conversation **conversations, size_t count)
{
    pthread_t *threads = calloc(count, sizeof *threads);
    pthread_attr_t small;
    MUST(threads && pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, STACK_BYTES) == 0);
    pthread_barrier_init(&begin, NULL, (unsigned)count);
    for (size_t number = 0; number < count; number++)
        MUST(pthread_create(&threads[number], &small, run, conversations[number]) == 0);
    for (size_t number = 0; number < count; number++)
        pthread_join(threads[number], NULL);
    free(threads);
}

/* What it costs to find the object of a handle, which every function does first. */
static double look_up_ns(const polyai_conversation *conversation)
{
    struct timespec began, ended;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
    for (long number = 0; number < LOOK_UPS; number++)
        MUST(polyai_conversation_state(conversation) == POLYAI_STATE_OPEN);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
    return ((double)(ended.tv_sec - began.tv_sec) * 1e9 + (double)(ended.tv_nsec - began.tv_nsec)) / LOOK_UPS;
}

int main(int count, char **arguments)
{
    static polyai_conversation *conversations[CONVERSATIONS];
    static polyai_client *clients[CLIENTS];
    void *symbol = dlsym(RTLD_DEFAULT, "bench_bytes_in_use");
    MUST(count >= 2 && symbol);
    memcpy(&bytes_in_use, &symbol, sizeof symbol);

    polyai_config *config = polyai_config_new();
    set(config, "base_url", arguments[1]);
    set(config, "account_id", "simulator-account");
    set(config, "project_id", "simulator-project");
    set(config, "api_key", "simulator-key");
    set(config, "token", "simulator-token");
    if (count > 2)
        set(config, "ca_file", arguments[2]);

    polyai_client *client = client_of(config);
    turn(created(client)); /* what is made once for a process is there */
    printf("{");

    struct used before = used();
    for (size_t number = 0; number < CLIENTS; number++)
        clients[number] = client_of(config);
    print_added("client", before, CLIENTS);
    for (size_t number = 0; number < CLIENTS; number++)
        polyai_client_free(clients[number]);

    before = used();
    for (size_t number = 0; number < CONVERSATIONS; number++)
        conversations[number] = created(client);
    print_added("conversation", before, CONVERSATIONS);

    at_once(only_touch, conversations, CONNECTIONS + 1);
    before = used(); /* one connection is there already */
    at_once(turn_together, conversations, CONNECTIONS + 1);
    print_added("connection", before, CONNECTIONS);

    printf("\"look_up_ns\": %.1f}\n", look_up_ns(conversations[0]));
    polyai_config_free(config);
    return 0;
}
