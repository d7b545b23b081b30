/*
 * Ours, by the C ABI, with a deadline.
 *
 * BENCH_IDLE_CONVERSATIONS=N has as many conversations beside the one that is used, BENCH_IDLE_CONNECTIONS=N as many connections: the
 * server is to think a while about each create, so that those that are begun together need a connection each.
 */
#include "stack.h"

#include <polyai_chat.h>
#include <pthread.h>

struct stack {
    polyai_conversation *conversation;
};

static polyai_client *client; /* one for all conversations */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static void set(polyai_config *config, const char *name, const char *value)
{
    MUST(polyai_config_set(config, name, POLYAI_NUL_TERMINATED, value, POLYAI_NUL_TERMINATED, NULL) == POLYAI_STATUS_OK);
}

static void make_client(const char *url, const char *ca_file)
{
    polyai_config *config = polyai_config_new();
    MUST(config);
    set(config, "base_url", url);
    set(config, "account_id", "simulator-account");
    set(config, "project_id", "simulator-project");
    set(config, "api_key", "simulator-key");
    set(config, "token", "simulator-token");
    set(config, "timeout_ms", "30000");
    if (ca_file)
        set(config, "ca_file", ca_file);
    MUST(polyai_client_new(config, &client, NULL) == POLYAI_STATUS_OK);
    polyai_config_free(config);
}

static size_t asked_for(const char *name)
{
    const char *value = getenv(name);
    return value ? strtoul(value, NULL, 10) : 0;
}

static void *create_one(void *begin)
{
    polyai_conversation *conversation = NULL;
    pthread_barrier_wait(begin);
    MUST(polyai_client_create(client, NULL, &conversation, NULL) == POLYAI_STATUS_OK);
    return NULL;
}

static void open_connections(size_t count)
{
    pthread_barrier_t begin;
    pthread_t *threads = calloc(count, sizeof *threads);
    MUST(threads && pthread_barrier_init(&begin, NULL, (unsigned)count) == 0);
    for (size_t number = 0; number < count; number++)
        MUST(pthread_create(&threads[number], NULL, create_one, &begin) == 0);
    for (size_t number = 0; number < count; number++)
        pthread_join(threads[number], NULL);
    free(threads);
}

static void open_conversations(size_t count)
{
    for (size_t number = 0; number < count; number++) {
        char id[32];
        polyai_conversation *conversation = NULL;
        const int length = snprintf(id, sizeof id, "idle-%zu", number);
        MUST(polyai_client_attach(client, id, (size_t)length, &conversation, NULL) == POLYAI_STATUS_OK);
    }
}

static void open_what_is_idle(void)
{
    const size_t connections = asked_for("BENCH_IDLE_CONNECTIONS"), conversations = asked_for("BENCH_IDLE_CONVERSATIONS");
    if (connections)
        open_connections(connections);
    open_conversations(conversations);
}

struct stack *stack_open(const char *url, const char *ca_file)
{
    struct stack *stack = calloc(1, sizeof *stack);
    MUST(stack);
    pthread_mutex_lock(&making);
    if (!client) {
        make_client(url, ca_file);
        open_what_is_idle();
    }
    pthread_mutex_unlock(&making);
    MUST(polyai_client_create(client, NULL, &stack->conversation, NULL) == POLYAI_STATUS_OK);
    return stack;
}

size_t stack_turn(struct stack *stack)
{
    polyai_reply *reply = NULL;
    size_t length = 0;
    MUST(polyai_conversation_respond(stack->conversation, MESSAGE, sizeof MESSAGE - 1, NULL, &reply, NULL) == POLYAI_STATUS_OK);
    MUST(polyai_reply_response(reply, &length));
    polyai_reply_free(reply);
    return length;
}
