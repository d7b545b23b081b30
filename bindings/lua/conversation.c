/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* What a conversation can do. */

#include "answer.h"
#include "request.h"

#include <string.h>

enum { SELF = 1 };

static int respond(lua_State *L)
{
    const struct object *conversation = object_self(L, &kind_conversation, "conversation:respond");
    lua_settop(L, 3);
    struct call *call = call_begin(L, "conversation:respond");
    size_t length = 0;
    const char *message = argument_optional_text(call, 2, "message", &length);
    polyai_status status = request_read(call, 3, false);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    call_enter(call, SELF);
    status = polyai_conversation_respond(conversation->handle, message, length, call->request, &call->reply, &call->error);
    call_leave(call);
    return call_answered(call, status);
}

static int close(lua_State *L)
{
    const struct object *conversation = object_self(L, &kind_conversation, "conversation:close");
    lua_settop(L, 2);
    struct call *call = call_begin(L, "conversation:close");
    polyai_status status = request_read(call, 2, false);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    call_enter(call, SELF);
    status = polyai_conversation_close(conversation->handle, call->request, &call->reply, &call->error);
    call_leave(call);
    return call_answered(call, status);
}

static int start_respond(lua_State *L)
{
    const struct object *conversation = object_self(L, &kind_conversation, "conversation:start_respond");
    lua_settop(L, 3);
    struct call *call = call_begin(L, "conversation:start_respond");
    size_t length = 0;
    const char *message = argument_optional_text(call, 2, "message", &length);
    polyai_status status = request_read(call, 3, true);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    struct object *turn = object_push_of(L, &kind_turn, SELF);
    polyai_turn *made = NULL;
    status = polyai_conversation_start_respond(conversation->handle, message, length, call->request, &made, &call->error);
    return call_started(call, status, turn, made);
}

static int start_close(lua_State *L)
{
    const struct object *conversation = object_self(L, &kind_conversation, "conversation:start_close");
    lua_settop(L, 2);
    struct call *call = call_begin(L, "conversation:start_close");
    polyai_status status = request_read(call, 2, true);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    struct object *turn = object_push_of(L, &kind_turn, SELF);
    polyai_turn *made = NULL;
    status = polyai_conversation_start_close(conversation->handle, call->request, &made, &call->error);
    return call_started(call, status, turn, made);
}

static int close_if_open(lua_State *L)
{
    const struct object *conversation = object_self(L, &kind_conversation, "conversation:close_if_open");
    lua_settop(L, 1);
    struct call *call = call_begin(L, "conversation:close_if_open");
    call_enter(call, SELF);
    const polyai_status status = polyai_conversation_close_if_open(conversation->handle, &call->error);
    call_leave(call);
    return call_done(call, status);
}

static int start_close_if_open(lua_State *L)
{
    const struct object *conversation = object_self(L, &kind_conversation, "conversation:start_close_if_open");
    lua_settop(L, 1);
    struct call *call = call_begin(L, "conversation:start_close_if_open");
    struct object *turn = object_push_of(L, &kind_turn, SELF);
    polyai_turn *made = NULL;
    const polyai_status status = polyai_conversation_start_close_if_open(conversation->handle, &made, &call->error);
    return call_started(call, status, turn, made);
}

/* The end of a scope of Lua 5.4: as close_if_open. A failure is raised, unless the scope is left by another error. */
static int end_of_scope(lua_State *L)
{
    struct object *conversation = object_at(L, 1, &kind_conversation);
    if (!conversation || !conversation->handle)
        return 0;
    const bool has_failed = !lua_isnoneornil(L, 2);
    lua_settop(L, 1);
    const int results = close_if_open(L);
    object_free(conversation, &kind_conversation);
    if (results == 2 && !has_failed)
        return lua_error(L);
    return 0;
}

static int greeting_reply(lua_State *L)
{
    const struct object *conversation = object_self(L, &kind_conversation, "conversation:greeting_reply");
    struct call *call = call_begin(L, "conversation:greeting_reply");
    const polyai_status status = polyai_conversation_greeting_reply(conversation->handle, &call->reply, &call->error);
    return call_answered(call, status);
}

static int free_by_hand(lua_State *L)
{
    return object_free_by_hand(L, &kind_conversation, "conversation:free");
}

static bool push_field(lua_State *L, const struct object *object, const char *name)
{
    static const char *const states[] = { "none", "open", "in_doubt", "ended", "closed" };
    const polyai_state state = polyai_conversation_state(object->handle);
    const char *text = NULL;
    size_t length = 0;
    if (strcmp(name, "is_over") == 0) {
        lua_pushboolean(L, state == POLYAI_STATE_ENDED || state == POLYAI_STATE_CLOSED);
        return true;
    }
    if (strcmp(name, "id") == 0) {
        text = polyai_conversation_id(object->handle, &length);
    } else if (strcmp(name, "greeting") == 0) {
        text = polyai_conversation_greeting(object->handle, &length);
    } else if (strcmp(name, "state") == 0) {
        text = states[state < sizeof states / sizeof *states ? state : 0];
        length = strlen(text);
    } else {
        return false;
    }
    push_text(L, text, length);
    return true;
}

static const luaL_Reg methods[] = {
    { "respond", respond },
    { "start_respond", start_respond },
    { "close", close },
    { "start_close", start_close },
    { "close_if_open", close_if_open },
    { "start_close_if_open", start_close_if_open },
    { "greeting_reply", greeting_reply },
    { "free", free_by_hand },
    { NULL, NULL },
};

static void free_handle(void *handle)
{
    polyai_conversation_free(handle);
}

const struct kind kind_conversation
    = { "conversation", "polyai_chat.conversation", free_handle, methods, push_field, "id, greeting, state, is_over", end_of_scope };
