/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* Calls that were started. */

#include "request.h"

#include <string.h>

enum { SELF = 1 };

/* A turn whose outcome was taken is done, and has nothing more to give. */
static struct object *turn_self(lua_State *L, const char *function)
{
    struct object *turn = object_of_method(L, &kind_turn, function);
    return turn->was_taken ? turn : object_self(L, &kind_turn, function);
}

static int wait_at_most(lua_State *L, struct object *turn, struct call *call, uint64_t timeout_ms)
{
    bool is_done = true;
    polyai_status status = POLYAI_STATUS_OK;
    if (!turn->was_taken)
        status = polyai_turn_wait(turn->handle, timeout_ms, &is_done, &call->error);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    call_end(call);
    lua_pushboolean(L, is_done);
    return 1;
}

static int wait(lua_State *L)
{
    struct object *turn = turn_self(L, "turn:wait");
    lua_settop(L, 2);
    struct call *call = call_begin(L, "turn:wait");
    return wait_at_most(L, turn, call, argument_milliseconds(call, 2, "milliseconds"));
}

static int is_done(lua_State *L)
{
    struct object *turn = turn_self(L, "turn:is_done");
    return wait_at_most(L, turn, call_begin(L, "turn:is_done"), 0);
}

static int descriptor(lua_State *L)
{
    const struct object *turn = turn_self(L, "turn:descriptor");
    struct call *call = call_begin(L, "turn:descriptor");
    int32_t number = -1;
    if (turn->was_taken)
        return call_misused(call, "the outcome of this turn was taken, and its descriptor is closed; ask for it before");
    const polyai_status status = polyai_turn_fd(turn->handle, &number, &call->error);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    call_end(call);
    lua_pushinteger(L, number);
    return 1;
}

static int cancel(lua_State *L)
{
    const struct object *turn = turn_self(L, "turn:cancel");
    if (!turn->was_taken)
        polyai_turn_cancel(turn->handle);
    return 0;
}

/* Gives what the call led to, and frees the turn: it may have a descriptor, which should not wait for the garbage collector. */
static int take(lua_State *L)
{
    struct object *turn = turn_self(L, "turn:take");
    lua_settop(L, 1);
    struct call *call = call_begin(L, "turn:take");
    if (turn->was_taken)
        return call_misused(call, "the outcome of this turn was taken already; it is taken once");
    if (strcmp(polyai_turn_operation(turn->handle), "create") == 0) {
        struct object *conversation = object_push_of(L, &kind_conversation, SELF);
        const int at = lua_gettop(L);
        polyai_conversation *made = NULL;
        const polyai_status status = polyai_turn_take_conversation(turn->handle, &made, &call->error);
        conversation->handle = made;
        turn->was_taken = true;
        object_free(turn, &kind_turn);
        if (status != POLYAI_STATUS_OK)
            return call_failed(call, status);
        call_end(call);
        lua_pushvalue(L, at);
        return 1;
    }
    const polyai_status status = polyai_turn_take_reply(turn->handle, &call->reply, &call->error);
    turn->was_taken = true;
    object_free(turn, &kind_turn);
    return call->reply ? call_answered(call, status) : call_done(call, status);
}

static int free_by_hand(lua_State *L)
{
    return object_free_by_hand(L, &kind_turn, "turn:free");
}

static bool push_field(lua_State *L, const struct object *object, const char *name)
{
    const char *text = NULL;
    size_t length = 0;
    if (strcmp(name, "correlation_id") == 0) {
        text = object->handle ? polyai_turn_correlation_id(object->handle, &length) : NULL;
    } else if (strcmp(name, "operation") == 0) {
        text = object->handle ? polyai_turn_operation(object->handle) : NULL;
        length = text ? strlen(text) : 0;
    } else {
        return false;
    }
    push_text(L, text, length);
    return true;
}

static const luaL_Reg methods[] = {
    { "wait", wait },
    { "is_done", is_done },
    { "descriptor", descriptor },
    { "cancel", cancel },
    { "take", take },
    { "free", free_by_hand },
    { NULL, NULL },
};

static void free_handle(void *handle)
{
    polyai_turn_free(handle);
}

const struct kind kind_turn = { "turn", "polyai_chat.turn", free_handle, methods, push_field, "correlation_id, operation", NULL };
