/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/*
 * What one call into the library holds while it runs. It is a userdata, so that a Lua error on the way, of memory for instance, leaves
 * nothing behind: what was not freed is freed when it is collected.
 */

#ifndef POLYAI_CHAT_CALL_H
#define POLYAI_CHAT_CALL_H

#include "object.h"

#include <polyai_chat.h>

#pragma GCC visibility push(hidden) /* the module shows luaopen_polyai_chat alone */

/* What a listener is told. */
struct event {
    const char *first; /* NULL where it is told nothing */
    const char *bytes;
    size_t length;
};

struct call {
    lua_State *L;
    const char *function; /* "client:create": for messages */
    polyai_config *config;
    polyai_request *request;
    polyai_reply *reply;
    polyai_error *error;

    char *bytes; /* a text that is built */
    size_t length;
    size_t room;

    /* While it blocks: where on the stack the functions are that may be called, 0 where there is none. */
    int run_listener;
    int on_log;
    int on_attempt;
    int cancel_when;
    int raised; /* what cancel_when has raised */
    const struct event *event;
    struct call *outer; /* the call of this thread from whose listener this one is made */
};

/* Adds the metatable of calls to the state. */
void call_register(lua_State *L);

/* Pushes a call. */
struct call *call_begin(lua_State *L, const char *function);

/* Frees what it holds. */
void call_end(struct call *call);

/* Ends it and raises an error of the program that calls: `function: message`. Does not return. */
int call_misused(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends it, for what has failed: pushes nil and the error. Gives the number of results. */
int call_failed(struct call *call, polyai_status status);

/* Ends it: pushes the table of its reply, or nil and the error. Gives the number of results. */
int call_answered(struct call *call, polyai_status status);

/*
 * Ends it, for a call that was started: the turn on top, which was pushed before and holds the handle from then on, or nil and the error.
 * Gives the number of results.
 */
int call_started(struct call *call, polyai_status status, struct object *turn, polyai_turn *made);

/* Ends it: pushes true, or nil and the error. Gives the number of results. */
int call_done(struct call *call, polyai_status status);

/* Around a call that blocks: those functions are called meanwhile which the object at `index` has from its client. */
void call_enter(struct call *call, int index);
void call_leave(struct call *call);

/* What the library calls. Outside of a call that blocks on the same thread, these do nothing. */
void on_log(void *user_data, polyai_log_level level, const char *line, size_t length);
void on_attempt(void *user_data, const char *attempt_json, size_t length);
int32_t on_check(void *user_data);

/* Adds to the text that is built. */
void call_add(struct call *call, const char *bytes, size_t length);

/* Has room for so many bytes of a text. */
void call_make_room(struct call *call, size_t room);

#pragma GCC visibility pop

#endif
