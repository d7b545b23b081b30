/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* What comes back, as tables: greeting, reply, the answer to a close, handoff, error. Nothing of the library is held by them. */

#ifndef POLYAI_CHAT_ANSWER_H
#define POLYAI_CHAT_ANSWER_H

#include "object.h"

#include <polyai_chat.h>

#pragma GCC visibility push(hidden) /* the module shows luaopen_polyai_chat alone */

/* Makes the metatables. Once for each state. */
void answers_register(lua_State *L);

/* Push the table of what the handle holds. The handle stays the caller's. */
void push_reply(lua_State *L, const polyai_reply *reply);

/* `error` is NULL where the library could not make one; then the status says what is known. */
void push_error(lua_State *L, polyai_status status, const polyai_error *error);

#pragma GCC visibility pop

#endif
