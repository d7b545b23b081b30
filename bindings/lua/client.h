/* SPDX-License-Identifier: Apache-2.0 OR MIT */

#ifndef POLYAI_CHAT_CLIENT_H
#define POLYAI_CHAT_CLIENT_H

#include "object.h"

#pragma GCC visibility push(hidden) /* the module shows luaopen_polyai_chat alone */

/* polyai.client(options) */
int client_new(lua_State *L);

/* polyai.shared_client(options) */
int client_shared(lua_State *L);

#pragma GCC visibility pop

#endif
