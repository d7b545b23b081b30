/* Ours, by the C ABI, with a deadline. */
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

struct stack *stack_open(const char *url, const char *ca_file)
{
    struct stack *stack = calloc(1, sizeof *stack);
    MUST(stack);
    pthread_mutex_lock(&making);
    if (!client)
        make_client(url, ca_file);
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
