/* Holds conversations with a service that breaks connections at every moment, with SIGPIPE as it is at the start of a process. */
#include "check.h"

#include <signal.h>

enum { CONVERSATIONS = 60, TURNS = 5, LARGE = 700000 };

static int succeeded;
static int failed;

static void count(polyai_status status)
{
    if (status == POLYAI_STATUS_OK)
        succeeded++;
    else
        failed++;
    CHECK(status != POLYAI_STATUS_INTERNAL && status != POLYAI_STATUS_INVALID_ARGUMENT);
}

int main(void)
{
    struct sigaction action;
    static char large[LARGE];
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    polyai_client *client = client_of_environment();
    memset(large, 'x', sizeof large);
    for (int number = 0; number < CONVERSATIONS; number++) {
        polyai_conversation *conversation = NULL;
        count(polyai_client_create(client, NULL, &conversation, NULL));
        if (!conversation)
            continue;
        for (int turn = 0; turn < TURNS; turn++) {
            polyai_reply *reply = NULL;
            count(polyai_conversation_respond(conversation, large, turn % 2 ? LARGE : 4, NULL, &reply, NULL));
            polyai_reply_free(reply);
        }
        count(polyai_conversation_close(conversation, NULL, NULL, NULL));
        polyai_conversation_free(conversation);
    }
    polyai_client_free(client);
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    printf("%d succeeded, %d failed\n", succeeded, failed);
    return 0;
}
