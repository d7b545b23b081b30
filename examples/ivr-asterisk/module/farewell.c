#include "asterisk.h"

#include "farewell.h"

#include "asterisk/astobj2.h"
#include "asterisk/module.h"
#include "asterisk/threadpool.h"
#include "asterisk/utils.h"

enum {
    CREATE_PATIENCE_MS = 5000,
    MOST_THREADS = 64, /* each closes one conversation after the other */
    IDLE_SECONDS = 20,
};

struct leaving {
    struct settings *settings; /* keeps the client */
    polyai_turn *turn;
    polyai_conversation *conversation;
};

static struct ast_threadpool *threads;

/* Waits for the turn, also for one that was cancelled: afterwards no thread of the library is inside our callback for it. */
static void settle(struct leaving *leaving)
{
    polyai_reply *reply = NULL;
    bool is_done = false;

    if (leaving->conversation) {
        if (polyai_turn_take_reply(leaving->turn, &reply, NULL) == POLYAI_STATUS_OK)
            polyai_reply_free(reply);
        return;
    }
    if (polyai_turn_wait(leaving->turn, CREATE_PATIENCE_MS, &is_done, NULL) != POLYAI_STATUS_OK || !is_done)
        polyai_turn_cancel(leaving->turn);
    if (polyai_turn_take_conversation(leaving->turn, &leaving->conversation, NULL) != POLYAI_STATUS_OK)
        leaving->conversation = NULL;
}

static int leave(void *data)
{
    struct leaving *leaving = data;

    if (leaving->turn)
        settle(leaving);
    polyai_turn_free(leaving->turn);
    if (leaving->conversation)
        polyai_conversation_close_if_open(leaving->conversation, NULL); /* has been logged when it fails */
    polyai_conversation_free(leaving->conversation);
    ao2_cleanup(leaving->settings);
    ast_free(leaving);
    ast_module_unref(AST_MODULE_SELF);
    return 0;
}

bool farewell_start(void)
{
    const struct ast_threadpool_options options = {
        .version = AST_THREADPOOL_OPTIONS_VERSION,
        .idle_timeout = IDLE_SECONDS,
        .auto_increment = 1,
        .max_size = MOST_THREADS,
    };

    threads = ast_threadpool_create("polyai_chat", NULL, &options);
    return threads;
}

void farewell(struct settings *settings, polyai_turn *turn, polyai_conversation *conversation)
{
    struct leaving *leaving;

    if (!turn && !conversation)
        return;
    if (conversation)
        polyai_turn_cancel(turn);
    leaving = ast_calloc(1, sizeof *leaving);
    if (!leaving) { /* without memory nothing can be sent either */
        polyai_turn_free(turn);
        polyai_conversation_free(conversation);
        return;
    }
    leaving->settings = ao2_bump(settings);
    leaving->turn = turn;
    leaving->conversation = conversation;
    ast_module_ref(AST_MODULE_SELF);
    if (ast_threadpool_push(threads, leave, leaving))
        leave(leaving);
}

void farewell_stop(void)
{
    if (threads)
        ast_threadpool_shutdown(threads);
    threads = NULL;
}
