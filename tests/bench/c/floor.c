/* The floor: a blocking socket, a request that is ready, and an answer that nobody reads. */
#define _GNU_SOURCE
#include "stack.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct stack {
    int socket;
    size_t request_bytes;
    size_t answer_bytes; /* 0 until it is known: then the answer ends at its last brace */
    char request[1024];
    char answer[4096];
};

static void prepare(struct stack *stack, const char *host, const char *operation, const char *body)
{
    stack->request_bytes
        = (size_t)snprintf(stack->request, sizeof stack->request,
                           "POST /v1/simulator-account/simulator-project/chat/%s HTTP/1.1\r\nHost: %s\r\n"
                           "X-API-KEY: simulator-key\r\nX-TOKEN: simulator-token\r\nContent-Type: application/json\r\n"
                           "Content-Length: %zu\r\n\r\n%s",
                           operation, host, strlen(body), body);
    MUST(stack->request_bytes < sizeof stack->request);
}

static size_t exchange(struct stack *stack)
{
    size_t filled = 0;
    MUST(send(stack->socket, stack->request, stack->request_bytes, MSG_NOSIGNAL) == (ssize_t)stack->request_bytes);
    for (;;) {
        const ssize_t received = recv(stack->socket, stack->answer + filled, sizeof stack->answer - 1 - filled, 0);
        MUST(received > 0);
        filled += (size_t)received;
        if (filled == stack->answer_bytes || (stack->answer_bytes == 0 && stack->answer[filled - 1] == '}'))
            return filled;
    }
}

struct stack *stack_open(const char *url, const char *ca_file)
{
    static const char scheme[] = "http://", key[] = "\"conversation_id\":\"";
    struct stack *stack = calloc(1, sizeof *stack);
    MUST(stack && !ca_file && strncmp(url, scheme, sizeof scheme - 1) == 0);
    const char *host = url + sizeof scheme - 1, *port = strchr(host, ':');
    MUST(port);
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(port - host), host);

    struct addrinfo *address = NULL, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    MUST(getaddrinfo(name, port + 1, &hints, &address) == 0);
    stack->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(stack->socket >= 0 && connect(stack->socket, address->ai_addr, address->ai_addrlen) == 0);
    freeaddrinfo(address);
    const int on = 1;
    MUST(setsockopt(stack->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);

    prepare(stack, host, "create", "{}");
    stack->answer[exchange(stack)] = '\0';
    char *id = strstr(stack->answer, key), body[256];
    MUST(id);
    id += sizeof key - 1;
    snprintf(body, sizeof body, "{\"conversation_id\":\"%.*s\",\"message\":\"" MESSAGE "\"}", (int)strcspn(id, "\""), id);
    prepare(stack, host, "respond", body);
    return stack;
}

size_t stack_turn(struct stack *stack)
{
    stack->answer_bytes = exchange(stack);
    return REPLY_BYTES;
}
