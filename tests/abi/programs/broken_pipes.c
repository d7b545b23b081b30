/* Holds conversations with a service that breaks connections at every moment, with SIGPIPE as it is at the start of a process. */
#include "check.h"

#include <signal.h>

enum { CONVERSATIONS = 60, TURNS = 5, LARGE = 700000, HUGE_LENGTH = 32 << 20 };

static char huge[HUGE_LENGTH];

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

/* Conversations that are broken at any moment. */
static void converse_in_spite_of_faults(polyai_client *client)
{
    for (int number = 0; number < CONVERSATIONS; number++) {
        polyai_conversation *conversation = NULL;
        count(polyai_client_create(client, NULL, &conversation, NULL));
        if (!conversation)
            continue;
        for (int turn = 0; turn < TURNS; turn++) {
            polyai_reply *reply = NULL;
            count(polyai_conversation_respond(conversation, huge, turn % 2 ? LARGE : 4, NULL, &reply, NULL));
            polyai_reply_free(reply);
        }
        count(polyai_conversation_close(conversation, NULL, NULL, NULL));
        polyai_conversation_free(conversation);
    }
}

/* More than the sockets' buffers hold: one that the service stops reading and then resets, and one that is cancelled while it waits to
 * be sent. Both times something is written to a connection that has been shut. */
static void send_what_nobody_reads(polyai_client *client)
{
    char line[8];
    bool is_done = false;
    polyai_reply *reply = NULL;
    polyai_turn *turn = NULL;
    polyai_conversation *conversation = NULL;
    CHECK(polyai_client_attach(client, TEXT("known"), &conversation, NULL) == POLYAI_STATUS_OK);
    CHECK(polyai_conversation_respond(conversation, huge, HUGE_LENGTH, NULL, &reply, NULL) == POLYAI_STATUS_CONNECT);
    CHECK(polyai_conversation_start_respond(conversation, huge, HUGE_LENGTH, NULL, &turn, NULL) == POLYAI_STATUS_OK);
    CHECK(fgets(line, sizeof line, stdin)); /* the service has the beginning */
    CHECK(polyai_turn_wait(turn, 100, &is_done, NULL) == POLYAI_STATUS_OK && !is_done);
    polyai_turn_cancel(turn);
    CHECK(polyai_turn_take_reply(turn, &reply, NULL) == POLYAI_STATUS_CANCELLED);
    polyai_turn_free(turn);
    polyai_conversation_free(conversation);
}

int main(int argc, char **argv)
{
    struct sigaction action;
    CHECK(argc == 2 && sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    polyai_client *client = client_of_environment();
    memset(huge, 'x', sizeof huge);
    if (strcmp(argv[1], "faults") == 0)
        converse_in_spite_of_faults(client);
    else
        send_what_nobody_reads(client);
    polyai_client_free(client);
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    printf("%d succeeded, %d failed\n", succeeded, failed);
    return 0;
}
