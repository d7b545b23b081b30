/* Many conversations on one thread, in an event loop of the program's own: nothing in it ever waits for the network.
 *
 *     cc event_loop.c $(pkg-config --cflags --libs polyai_chat) -o event_loop
 *     POLYAI_STUDIO_URL=... POLYAI_API_KEY=... POLYAI_TOKEN=... ./event_loop CONVERSATIONS "Where is my order?" "Thanks, goodbye"
 *
 * Each conversation is created, says all the messages, and is closed. polyai_turn_fd gives a descriptor for poll, epoll or
 * whatever the host has; on Windows a socket for WSAPoll (link with -lws2_32).
 */
#include <polyai_chat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef _WIN32
#include <winsock2.h>
#define poll(descriptors, count, timeout) WSAPoll(descriptors, (ULONG)(count), timeout)
#else
#include <poll.h>
#endif

/* A conversation, and the call of it that is under way. */
typedef struct {
    polyai_conversation *conversation;
    polyai_turn *turn;
    int messages_said;
    int is_closing;
} session;

static int replies;
static int failures;

static void fail(session *of, polyai_error *error)
{
    fprintf(stderr, "%s\n", polyai_error_text(error, NULL));
    polyai_error_free(error);
    polyai_turn_free(of->turn);
    of->turn = NULL;
    failures++;
}

/* Starts what comes next: another message, or the close. */
static void go_on(session *of, int messages, char **message)
{
    polyai_error *error = NULL;
    polyai_status status;
    polyai_turn_free(of->turn);
    of->turn = NULL;
    if (of->messages_said < messages) {
        status = polyai_conversation_start_respond(of->conversation, message[of->messages_said++], POLYAI_NUL_TERMINATED, NULL,
                                                   &of->turn, &error);
    } else {
        of->is_closing = 1;
        status = polyai_conversation_start_close(of->conversation, NULL, &of->turn, &error);
    }
    if (status != POLYAI_STATUS_OK)
        fail(of, error);
}

/* The call of this conversation is done: takes its outcome. */
static void take(session *of, int messages, char **message)
{
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    if (!of->conversation) {
        if (polyai_turn_take_conversation(of->turn, &of->conversation, &error) == POLYAI_STATUS_OK)
            go_on(of, messages, message);
        else
            fail(of, error);
        return;
    }
    if (polyai_turn_take_reply(of->turn, &reply, &error) != POLYAI_STATUS_OK) {
        fail(of, error);
    } else if (of->is_closing) {
        polyai_turn_free(of->turn);
        of->turn = NULL;
    } else {
        replies++;
        if (polyai_reply_end_conversation(reply))
            of->messages_said = messages;
        go_on(of, messages, message);
    }
    polyai_reply_free(reply);
}

/* Runs until no conversation has a call under way. There is room for all of them in what is watched and whose it is. */
static int run(session *sessions, int count, struct pollfd *watched, int *whose, int messages, char **message)
{
    for (;;) {
        unsigned waiting = 0;
        for (int index = 0; index < count; index++) {
            int32_t descriptor;
            if (sessions[index].turn && polyai_turn_fd(sessions[index].turn, &descriptor, NULL) == POLYAI_STATUS_OK) {
                watched[waiting].fd = descriptor;
                watched[waiting].events = POLLIN;
                whose[waiting++] = index;
            }
        }
        if (waiting == 0)
            return 0;
        if (poll(watched, waiting, -1) < 0 && errno != EINTR) {
            perror("poll");
            return -1;
        }
        for (unsigned index = 0; index < waiting; index++)
            if (watched[index].revents)
                take(&sessions[whose[index]], messages, message);
    }
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 0;
    int result = EXIT_FAILURE;
    session *sessions = calloc(count > 0 ? (size_t)count : 1, sizeof *sessions);
    struct pollfd *watched = calloc(count > 0 ? (size_t)count : 1, sizeof *watched);
    int *whose = calloc(count > 0 ? (size_t)count : 1, sizeof *whose);
    polyai_error *error = NULL;
    polyai_client *client = NULL;
    polyai_config *config = polyai_config_new();

    if (count < 1 || !sessions || !watched || !whose) {
        fprintf(stderr, "usage: %s CONVERSATIONS [MESSAGE ...]\n", argv[0]);
    } else if (polyai_config_load_environment(config, &error) != POLYAI_STATUS_OK
               || polyai_client_new(config, &client, &error) != POLYAI_STATUS_OK) {
        fprintf(stderr, "%s\n", polyai_error_text(error, NULL));
        polyai_error_free(error);
    } else {
        for (int index = 0; index < count; index++)
            if (polyai_client_start_create(client, NULL, &sessions[index].turn, &error) != POLYAI_STATUS_OK)
                fail(&sessions[index], error);
        if (run(sessions, count, watched, whose, argc - 2, argv + 2) == 0 && failures == 0)
            result = EXIT_SUCCESS;
        printf("%d conversations, %d replies, %d failures\n", count, replies, failures);
    }
    for (int index = 0; sessions && index < count; index++) {
        polyai_turn_free(sessions[index].turn);
        polyai_conversation_free(sessions[index].conversation);
    }
    polyai_client_free(client);
    polyai_config_free(config);
    free(whose);
    free(watched);
    free(sessions);
    return result;
}
