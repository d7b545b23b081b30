/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/*
 * The module polyai_chat: conversations with a PolyAI agent, over libpolyai_chat. The guide is docs/lua.md.
 *
 * It keeps nothing outside of the state that has loaded it, so every state of a process has a module of its own. Two rules hold in all files:
 * a handle of the library is put into a userdata before anything can raise an error, and no error is raised while the library is running.
 */

#include "answer.h"
#include "call.h"
#include "cancel.h"
#include "client.h"
#include "completions.h"
#include "json.h"

#include <string.h>

/* As assert, which takes no error but a string before Lua 5.3: raises the text of an error. */
static int assert_result(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_toboolean(L, 1))
        return lua_gettop(L);
    if (luaL_callmeta(L, 2, "__tostring")) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    } else if (lua_isnoneornil(L, 2)) {
        lua_pushliteral(L, "assertion failed!");
    } else {
        lua_settop(L, 2);
    }
    return lua_error(L);
}

static int encode_json(lua_State *L)
{
    lua_settop(L, 1);
    struct call *call = call_begin(L, "polyai.encode_json");
    json_add(call, 1, "value");
    lua_pushlstring(L, call->bytes, call->length);
    call_end(call);
    return 1;
}

static int options_json(lua_State *L)
{
    size_t length = 0;
    const char *text = polyai_options_json(&length);
    lua_pushlstring(L, text, length);
    return 1;
}

static int build_features(lua_State *L)
{
    lua_pushstring(L, polyai_build_features());
    return 1;
}

static int abi_newest(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)polyai_abi_newest());
    return 1;
}

static int abi_oldest(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)polyai_abi_oldest());
    return 1;
}

static int live_handles(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)polyai_live_handles());
    return 1;
}

static const luaL_Reg functions[] = {
    { "client", client_new },
    { "shared_client", client_shared },
    { "completions", completions_new },
    { "cancel", cancel_new },
    { "assert", assert_result },
    { "encode_json", encode_json },
    { "options_json", options_json },
    { "build_features", build_features },
    { "abi_newest", abi_newest },
    { "abi_oldest", abi_oldest },
    { "live_handles", live_handles },
    { NULL, NULL },
};

__attribute__((visibility("default"))) int luaopen_polyai_chat(lua_State *L);

int luaopen_polyai_chat(lua_State *L)
{
    if (polyai_abi_oldest() > POLYAI_ABI_VERSION || POLYAI_ABI_VERSION > polyai_abi_newest())
        return luaL_error(L, "polyai_chat: libpolyai_chat %s cannot be used by this module, which was built for %s; build it anew, or install "
                             "a newer library", polyai_version(), POLYAI_VERSION);
    call_register(L);
    answers_register(L);
    object_register(L, &kind_client);
    object_register(L, &kind_conversation);
    object_register(L, &kind_turn);
    object_register(L, &kind_completions);
    object_register(L, &kind_cancel);
    lua_newtable(L);
    set_functions(L, functions);
    lua_pushstring(L, polyai_version());
    lua_setfield(L, -2, "VERSION");
    push_null(L);
    lua_setfield(L, -2, "null");
    push_empty_array(L);
    lua_setfield(L, -2, "empty_array");
    return 1;
}
