/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* JSON of Lua values. */

#ifndef POLYAI_CHAT_JSON_H
#define POLYAI_CHAT_JSON_H

#include "call.h"

#pragma GCC visibility push(hidden) /* the module shows luaopen_polyai_chat alone */

/* Adds the JSON of the value at this index to the text of the call. Raises where there is none, and names what is wrong from `name` on. */
void json_add(struct call *call, int index, const char *name);

/* Push what stands for null and for an empty list. */
void push_null(lua_State *L);
void push_empty_array(lua_State *L);

#pragma GCC visibility pop

#endif
