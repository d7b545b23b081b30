/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* Many started calls behind one descriptor. The tags are values of Lua: the library knows each by its reference in the list's own table. */

#include "completions.h"

#include "request.h"

enum { SELF = 1, TURN = 2, TAG = 3 };

int completions_new(lua_State *L)
{
    struct call *call = call_begin(L, "polyai.completions");
    struct object *list = object_push(L, &kind_completions);
    lua_newtable(L);
    set_own_table(L, -2);
    polyai_completions *made = NULL;
    const polyai_status status = polyai_completions_new(&made, &call->error);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    list->handle = made;
    call_end(call);
    return 1;
}

static int expect(lua_State *L)
{
    const struct object *list = object_self(L, &kind_completions, "completions:expect");
    lua_settop(L, 3);
    struct call *call = call_begin(L, "completions:expect");
    const struct object *turn = object_at(L, TURN, &kind_turn);
    if (!turn)
        return call_misused(call, "turn should be a turn, not %s", type_in_words(L, TURN));
    if (!turn->handle)
        return call_misused(call, "this turn was %s; expect it before that", turn->was_taken ? "taken" : "freed");
    if (lua_isnil(L, TAG))
        return call_misused(call, "tag should be what take() is to give for this turn, such as the turn itself, not nil");
    get_own_table(L, SELF);
    const int tags = lua_gettop(L);
    lua_pushvalue(L, TAG);
    const int tag = luaL_ref(L, tags);
    const polyai_status status = polyai_completions_expect(list->handle, turn->handle, (uint64_t)tag, &call->error);
    if (status != POLYAI_STATUS_OK)
        luaL_unref(L, tags, tag);
    return call_done(call, status);
}

static int wait(lua_State *L)
{
    const struct object *list = object_self(L, &kind_completions, "completions:wait");
    lua_settop(L, 2);
    struct call *call = call_begin(L, "completions:wait");
    const uint64_t timeout_ms = argument_milliseconds(call, 2, "milliseconds");
    bool is_ready = false;
    const polyai_status status = polyai_completions_wait(list->handle, timeout_ms, &is_ready, &call->error);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    call_end(call);
    lua_pushboolean(L, is_ready);
    return 1;
}

/* Gives one tag, or nil: so that `for tag in completions.take, completions do` gives all that are there. */
static int take(lua_State *L)
{
    const struct object *list = object_self(L, &kind_completions, "completions:take");
    uint64_t tag = 0;
    get_own_table(L, SELF);
    const int tags = lua_gettop(L);
    lua_pushnil(L);
    if (polyai_completions_take(list->handle, &tag, 1) == 0)
        return 1;
    lua_rawgeti(L, tags, (int)tag);
    luaL_unref(L, tags, (int)tag);
    return 1;
}

static int descriptor(lua_State *L)
{
    const struct object *list = object_self(L, &kind_completions, "completions:descriptor");
    struct call *call = call_begin(L, "completions:descriptor");
    int32_t number = -1;
    const polyai_status status = polyai_completions_fd(list->handle, &number, &call->error);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    call_end(call);
    lua_pushinteger(L, number);
    return 1;
}

static int free_by_hand(lua_State *L)
{
    return object_free_by_hand(L, &kind_completions, "completions:free");
}

static const luaL_Reg methods[] = {
    { "expect", expect },
    { "wait", wait },
    { "take", take },
    { "descriptor", descriptor },
    { "free", free_by_hand },
    { NULL, NULL },
};

static void free_handle(void *handle)
{
    polyai_completions_free(handle);
}

const struct kind kind_completions
    = { "list of completions", "polyai_chat.completions", free_handle, methods, NULL, "none", NULL };
