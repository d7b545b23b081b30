/* SPDX-License-Identifier: Apache-2.0 OR MIT */

#ifndef POLYAI_CHAT_COMPLETIONS_H
#define POLYAI_CHAT_COMPLETIONS_H

#include "object.h"

#pragma GCC visibility push(hidden) /* the module shows luaopen_polyai_chat alone */

/* polyai.completions() */
int completions_new(lua_State *L);

#pragma GCC visibility pop

#endif
