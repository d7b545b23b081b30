/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* What differs between the versions of Lua. LuaJIT has the functions of 5.1. */

#ifndef POLYAI_CHAT_LUA_VERSIONS_H
#define POLYAI_CHAT_LUA_VERSIONS_H

#include <lauxlib.h>
#include <lua.h>

/* A table that belongs to a userdata. In 5.1 every userdata has one from the start, which is not its own. */
#if LUA_VERSION_NUM >= 502
#define set_own_table(L, index) lua_setuservalue(L, index)
#define get_own_table(L, index) lua_getuservalue(L, index)
#else
#define set_own_table(L, index) lua_setfenv(L, index)
#define get_own_table(L, index) lua_getfenv(L, index)
#endif

/* How many elements a table has at 1, 2, ..., and how long a string is. */
#if LUA_VERSION_NUM >= 502
#define raw_length(L, index) ((size_t)lua_rawlen(L, index))
#else
#define raw_length(L, index) lua_objlen(L, index)
#endif

#if LUA_VERSION_NUM >= 503
#define has_integers(L, index) lua_isinteger(L, index)
#else
#define has_integers(L, index) ((void)(L), 0)
#endif

#endif
