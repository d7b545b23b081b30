/* SPDX-License-Identifier: Apache-2.0 OR MIT */

#include "call.h"

#include "answer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define METATABLE "polyai_chat.call"

/*
 * The innermost call that blocks on this thread. A started call runs on a thread of the library, on which this is NULL: no Lua runs
 * there.
 */
static _Thread_local struct call *blocking;

void call_end(struct call *call)
{
    polyai_config_free(call->config);
    polyai_request_free(call->request);
    polyai_reply_free(call->reply);
    polyai_error_free(call->error);
    free(call->bytes);
    call->config = NULL;
    call->request = NULL;
    call->reply = NULL;
    call->error = NULL;
    call->bytes = NULL;
    call->length = call->room = 0;
}

static int collect(lua_State *L)
{
    call_end(lua_touserdata(L, 1));
    return 0;
}

void call_register(lua_State *L)
{
    luaL_newmetatable(L, METATABLE);
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

struct call *call_begin(lua_State *L, const char *function)
{
    struct call *call = lua_newuserdata(L, sizeof *call);
    memset(call, 0, sizeof *call);
    call->L = L;
    call->function = function;
    luaL_getmetatable(L, METATABLE);
    lua_setmetatable(L, -2);
    return call;
}

int call_misused(struct call *call, const char *format, ...)
{
    lua_State *L = call->L;
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    call_end(call);
    return luaL_error(L, "%s: %s", call->function, message);
}

int call_failed(struct call *call, polyai_status status)
{
    lua_State *L = call->L;
    lua_pushnil(L);
    push_error(L, status, call->error);
    if (call->raised) {
        lua_pushvalue(L, call->raised);
        lua_setfield(L, -2, "raised");
    }
    call_end(call);
    return 2;
}

int call_answered(struct call *call, polyai_status status)
{
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    push_reply(call->L, call->reply);
    call_end(call);
    return 1;
}

int call_started(struct call *call, polyai_status status, struct object *turn, polyai_turn *made)
{
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    turn->handle = made;
    call_end(call);
    return 1;
}

int call_done(struct call *call, polyai_status status)
{
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    call_end(call);
    lua_pushboolean(call->L, 1);
    return 1;
}

/* ---- Texts that are built ------------------------------------------------------------------------ */

void call_make_room(struct call *call, size_t room)
{
    if (room <= call->room)
        return;
    char *bytes = realloc(call->bytes, room);
    if (!bytes)
        call_misused(call, "there is no memory for %zu bytes", room);
    call->bytes = bytes;
    call->room = room;
}

void call_add(struct call *call, const char *bytes, size_t length)
{
    if (length > call->room - call->length)
        call_make_room(call, (call->length + length) * 2 + 64);
    memcpy(call->bytes + call->length, bytes, length);
    call->length += length;
}

/* ---- Functions of Lua that the library calls ------------------------------------------------------- */

/* Called in protected mode, with a listener: making the arguments for it may fail as well. */
static int run_listener(lua_State *L)
{
    const struct event *event = blocking->event;
    if (event->first)
        lua_pushstring(L, event->first);
    if (event->bytes)
        lua_pushlstring(L, event->bytes, event->length);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/*
 * Calls the listener at this index; leaves its result, or what it raised, on the stack. Never raises, for that would go through the frames of
 * the library: outside of the protected call nothing is used that needs memory, which a light userdata does in LuaJIT.
 */
static int listen(struct call *call, int listener, const struct event *event)
{
    lua_State *L = call->L;
    call->event = event;
    lua_pushvalue(L, call->run_listener);
    lua_pushvalue(L, listener);
    return lua_pcall(L, 1, 1, 0);
}

void on_log(void *user_data, polyai_log_level level, const char *line, size_t length)
{
    static const char *const names[] = { "none", "warn", "info", "debug" };
    (void)user_data;
    if (!blocking || !blocking->on_log)
        return;
    const struct event event = { level < sizeof names / sizeof *names ? names[level] : "debug", line, length };
    struct call *call = blocking;
    listen(call, call->on_log, &event); /* what it raises is dropped: the call goes on */
    lua_pop(call->L, 1);
}

void on_attempt(void *user_data, const char *attempt_json, size_t length)
{
    (void)user_data;
    if (!blocking || !blocking->on_attempt)
        return;
    const struct event event = { NULL, attempt_json, length };
    struct call *call = blocking;
    listen(call, call->on_attempt, &event);
    lua_pop(call->L, 1);
}

int32_t on_check(void *user_data)
{
    (void)user_data;
    if (!blocking || !blocking->cancel_when)
        return 0;
    struct call *call = blocking;
    if (call->raised)
        return 1;
    const struct event event = { NULL, NULL, 0 };
    if (listen(call, call->cancel_when, &event) != 0) {
        call->raised = lua_gettop(call->L); /* stays there, for the error */
        return 1;
    }
    const int cancels = lua_toboolean(call->L, -1);
    lua_pop(call->L, 1);
    return cancels;
}

/* Pushes the listener of this name, and says where; 0 where there is none. */
static int find_listener(lua_State *L, int listeners, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, listeners);
    return lua_isfunction(L, -1) ? lua_gettop(L) : 0;
}

void call_enter(struct call *call, int index)
{
    lua_State *L = call->L;
    luaL_checkstack(L, LUA_MINSTACK, call->function); /* while the library runs, nothing may be raised */
    get_own_table(L, index);
    const int listeners = lua_gettop(L);
    if (lua_istable(L, listeners)) {
        call->on_log = find_listener(L, listeners, "on_log");
        call->on_attempt = find_listener(L, listeners, "on_attempt");
    }
    if (call->on_log || call->on_attempt || call->cancel_when) {
        lua_pushcfunction(L, run_listener);
        call->run_listener = lua_gettop(L);
    }
    call->outer = blocking;
    blocking = call;
}

void call_leave(struct call *call)
{
    blocking = call->outer;
}
