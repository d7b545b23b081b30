/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* The arguments of calls. */

#ifndef POLYAI_CHAT_REQUEST_H
#define POLYAI_CHAT_REQUEST_H

#include "call.h"

#pragma GCC visibility push(hidden) /* the module shows luaopen_polyai_chat alone */

/*
 * Makes the request of a call from the table at this index; none where there is nothing. Raises for what a program has wrong. What the
 * library refuses is its status, with the error in the call. A started call has no `cancel_when`.
 */
polyai_status request_read(struct call *call, int index, bool is_started);

/* The text at this index. Raises where there is none. `name` is for the message. */
const char *argument_text(struct call *call, int index, const char *name, size_t *length);

/* The text at this index; NULL where there is nothing. */
const char *argument_optional_text(struct call *call, int index, const char *name, size_t *length);

/* The whole number at this index, from 0. Raises where there is none. `unit` is for the message, and may be empty: " of milliseconds". */
uint64_t argument_whole_number(struct call *call, int index, const char *name, const char *unit);

/* The milliseconds at this index. Raises where there is no whole number. */
uint64_t argument_milliseconds(struct call *call, int index, const char *name);

#pragma GCC visibility pop

#endif
