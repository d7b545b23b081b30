/* A web-chat server that forks its workers beforehand: the client is made once, before the fork, and used after it.
 *
 *     cc prefork_server.c $(pkg-config --cflags --libs polyai_chat) -o prefork_server
 *     POLYAI_STUDIO_URL=... POLYAI_API_KEY=... POLYAI_TOKEN=... ./prefork_server [PORT [WORKERS]]
 *
 * Each TCP connection is one conversation, a line one turn: `nc 127.0.0.1 PORT`. The first line of the output says the port
 * (0, the default, takes a free one). The server ends with its input, so that the process that started it need not hunt for it.
 */
#include <polyai_chat.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_WORKERS = 64 };

static void write_line(FILE *to, const char *line)
{
    fprintf(to, "%s\n", line);
    fflush(to);
}

/* A customer is told what is so, and not what our log needs. */
static void apologise(FILE *to, polyai_error *error)
{
    fprintf(stderr, "worker %ld: %s\n", (long)getpid(), polyai_error_text(error, NULL));
    write_line(to, polyai_error_may_resend(error) ? "Something went wrong. Please say that again."
                                                  : "Something went wrong. Please wait for a colleague.");
    polyai_error_free(error);
}

static void serve(polyai_client *client, FILE *from, FILE *to)
{
    char line[4096];
    int is_over = 0;
    polyai_error *error = NULL;
    polyai_conversation *conversation = NULL;
    if (polyai_client_create(client, NULL, &conversation, &error) != POLYAI_STATUS_OK) {
        apologise(to, error);
        return;
    }
    write_line(to, polyai_conversation_greeting(conversation, NULL));
    while (!is_over && fgets(line, sizeof line, from)) {
        polyai_reply *reply = NULL;
        size_t length = strcspn(line, "\r\n");
        if (polyai_conversation_respond(conversation, line, length, NULL, &reply, &error) == POLYAI_STATUS_OK) {
            write_line(to, polyai_reply_response(reply, NULL));
            is_over = polyai_reply_end_conversation(reply);
            polyai_reply_free(reply);
        } else {
            is_over = polyai_error_status(error) == POLYAI_STATUS_CONVERSATION_ENDED;
            apologise(to, error);
        }
    }
    polyai_conversation_close_if_open(conversation, NULL);
    polyai_conversation_free(conversation);
}

static void work(polyai_client *client, int listener)
{
    int connection;
    signal(SIGPIPE, SIG_IGN); /* our own writes to customers who left; the library raises none */
    while ((connection = accept(listener, NULL, NULL)) >= 0) {
        FILE *from = fdopen(connection, "r");
        FILE *to = fdopen(dup(connection), "w");
        if (from && to)
            serve(client, from, to);
        if (to)
            fclose(to);
        if (from)
            fclose(from);
    }
}

static int listen_on(unsigned short port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 128) != 0
        || getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        perror("listen");
        return -1;
    }
    printf("%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv)
{
    unsigned short port = (unsigned short)(argc > 1 ? atoi(argv[1]) : 0);
    int workers = argc > 2 ? atoi(argv[2]) : 4;
    pid_t pids[MOST_WORKERS];
    int started = 0;
    int listener;
    polyai_error *error = NULL;
    polyai_client *client = NULL;
    polyai_config *config = polyai_config_new();

    if (polyai_config_load_environment(config, &error) != POLYAI_STATUS_OK
        || polyai_client_new(config, &client, &error) != POLYAI_STATUS_OK
        /* One connection ahead: it shows here, once, that the service can be reached. No child will touch it. */
        || polyai_client_warm_up(client, 5000, &error) != POLYAI_STATUS_OK) {
        fprintf(stderr, "%s\n", polyai_error_text(error, NULL));
        polyai_error_free(error);
        return EXIT_FAILURE;
    }
    polyai_config_free(config);
    listener = listen_on(port);
    for (; listener >= 0 && started < workers && started < MOST_WORKERS; started++) {
        pids[started] = fork();
        if (pids[started] == 0) {
            work(client, listener);
            _exit(EXIT_SUCCESS);
        }
    }
    while (listener >= 0 && getchar() != EOF) {
    }
    while (started > 0) {
        started--;
        if (pids[started] > 0) {
            kill(pids[started], SIGTERM);
            waitpid(pids[started], NULL, 0);
        }
    }
    polyai_client_free(client);
    return listener >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
