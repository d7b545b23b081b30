/* Every function of the library, to be called with any arguments: `functions[]`, made by xtask, with arguments that are
 * right for each parameter. */
#ifndef CALL_ANY_H
#define CALL_ANY_H

#include "check.h"

enum { MOST_PARAMETERS = 12, NO_KIND = -1 };

typedef enum {
    HANDLE,
    FREED, /* a handle that becomes invalid */
    TEXT_IN,
    LENGTH,
    OUT_HANDLE,
    OUT_VALUE,
    OUT_TEXT,
    BUFFER,
    CAPACITY,
    CALLBACK,
    RELEASE,
    USER_DATA,
    VALUE,
    ERROR
} role;

typedef struct {
    void *pointer;
    uint64_t number; /* of a callback: whether there is one */
} argument;

typedef struct {
    const char *name;
    role role;
    int kind;
    bool nullable;
    size_t size; /* of what is written there */
} parameter;

typedef struct {
    const char *name;
    uint64_t (*call)(const argument *given);
    bool fallible;
    int returned_kind;
    size_t parameter_count;
    const parameter *parameters;
} function;

static int releases;

UNUSED static void on_release(void *user_data)
{
    CHECK(user_data == &releases);
    releases++;
}

/* A new handle of each kind, by way of a client and a conversation that go on living. */

static polyai_client *living_client;
static polyai_conversation *living_conversation;

static void *new_polyai_config(void)
{
    return polyai_config_new();
}

static void *new_polyai_client(void)
{
    return client_of_environment();
}

static void *new_polyai_request(void)
{
    return polyai_request_new();
}

static void *new_polyai_conversation(void)
{
    polyai_error *error = NULL;
    polyai_conversation *conversation = NULL;
    OK(polyai_client_attach(living_client, TEXT("somewhere-else"), &conversation, &error), error);
    return conversation;
}

static void *new_polyai_turn(void)
{
    polyai_error *error = NULL;
    polyai_turn *turn = NULL;
    bool is_done = false;
    OK(polyai_conversation_start_respond(living_conversation, TEXT("hello"), NULL, &turn, &error), error);
    OK(polyai_turn_wait(turn, 60000, &is_done, &error), error);
    CHECK(is_done);
    return turn;
}

static void *new_polyai_reply(void)
{
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    OK(polyai_conversation_greeting_reply(living_conversation, &reply, &error), error);
    return reply;
}

static void *new_polyai_error(void)
{
    polyai_error *error = NULL;
    CHECK(polyai_request_set_timeout_ms(NULL, 1, &error) == POLYAI_STATUS_INVALID_ARGUMENT);
    return error;
}

static void *new_polyai_cancel(void)
{
    return polyai_cancel_new();
}

static void *new_polyai_completions(void)
{
    polyai_error *error = NULL;
    polyai_completions *completions = NULL;
    OK(polyai_completions_new(&completions, &error), error);
    return completions;
}

#include "functions.h"

#define FUNCTIONS (sizeof functions / sizeof *functions)

/* A handle of each kind. The client has been shut down, so that nothing with it waits for the network. */
static void *good[KINDS];

static void make_good_handles(void)
{
    polyai_error *error = NULL;
    polyai_turn *turn = NULL;
    polyai_reply *reply = NULL;
    polyai_conversation *conversation;
    bool is_done = false;
    living_client = client_of_environment();
    living_conversation = create(living_client);
    for (int kind = 0; kind < KINDS; kind++)
        if (kind != KIND_polyai_conversation && kind != KIND_polyai_turn && kind != KIND_polyai_reply)
            CHECK((good[kind] = new_of_kind[kind]()) != NULL);
    good[KIND_polyai_conversation] = conversation = create(good[KIND_polyai_client]);
    OK(polyai_conversation_respond(conversation, TEXT("human"), NULL, &reply, &error), error);
    OK(polyai_conversation_start_respond(conversation, TEXT("hello"), NULL, &turn, &error), error);
    OK(polyai_turn_wait(turn, 60000, &is_done, &error), error);
    good[KIND_polyai_reply] = reply;
    good[KIND_polyai_turn] = turn;
    polyai_client_shut_down(good[KIND_polyai_client]);
}

static void free_good_handles(void)
{
    for (int kind = 0; kind < KINDS; kind++)
        end_of_kind[kind](good[kind]);
    polyai_conversation_free(living_conversation);
    polyai_client_free(living_client);
}

/* What is in places that nothing has been written to. */
enum { UNTOUCHED = 0x5e, ROOM = 16384 };

typedef struct {
    argument given[MOST_PARAMETERS];
    unsigned char cells[MOST_PARAMETERS][8]; /* where outputs go */
    uint64_t result;
} call;

static char room[ROOM];

UNUSED static bool is_untouched(const void *place, size_t size)
{
    for (const unsigned char *byte = place; size > 0; byte++, size--)
        if (*byte != UNTOUCHED)
            return false;
    return true;
}

/* The arguments that are right for a function. */
static void prepare(call *made, const function *of)
{
    CHECK(of->parameter_count <= MOST_PARAMETERS);
    memset(made->cells, UNTOUCHED, sizeof made->cells);
    memset(made->given, 0, sizeof made->given);
    for (size_t index = 0; index < of->parameter_count; index++) {
        const parameter *this = &of->parameters[index];
        argument *given = &made->given[index];
        switch (this->role) {
        case HANDLE:
        case FREED: given->pointer = good[this->kind]; break;
        case TEXT_IN: given->pointer = (void *)(uintptr_t) "text"; break;
        case LENGTH: given->number = POLYAI_NUL_TERMINATED; break;
        case OUT_HANDLE:
        case OUT_VALUE:
        case OUT_TEXT:
        case ERROR:
            CHECK(this->size <= sizeof made->cells[index]);
            given->pointer = made->cells[index];
            break;
        case BUFFER:
            given->pointer = room;
            memset(room, UNTOUCHED, sizeof room);
            break;
        case CAPACITY: given->number = sizeof room; break;
        case USER_DATA: given->pointer = &releases; break;
        case CALLBACK:
        case RELEASE:
        case VALUE: given->number = 1; break;
        }
    }
}

#endif
