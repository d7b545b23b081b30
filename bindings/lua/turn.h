/* SPDX-License-Identifier: Apache-2.0 OR MIT */

#ifndef POLYAI_CHAT_TURN_H
#define POLYAI_CHAT_TURN_H

#include "answer.h"
#include "call.h"
#include "object.h"

#pragma GCC visibility push(hidden) /* the module shows luaopen_polyai_chat alone */

/* Starts a turn, or a close, of a conversation with the request of the call. `turn` was pushed before, and holds it from then on. */
polyai_status turn_start(struct call *call, struct object *turn, polyai_conversation *conversation, const char *message, size_t length,
                         enum outcome outcome);

#pragma GCC visibility pop

#endif
