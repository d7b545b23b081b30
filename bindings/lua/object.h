/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* The userdata that stand for a handle of the library: client, conversation, turn, list of completions, cancel token. */

#ifndef POLYAI_CHAT_OBJECT_H
#define POLYAI_CHAT_OBJECT_H

#include "lua_versions.h"

#include <stdbool.h>

#pragma GCC visibility push(hidden) /* the module shows luaopen_polyai_chat alone */

struct object {
    void *handle; /* NULL before it is made, and when it was freed */
    bool was_taken; /* of a turn: its outcome is with the caller, and its handle was freed */
};

/* One of the types. */
struct kind {
    const char *word; /* "client": what messages call it */
    const char *metatable; /* "polyai_chat.client": its name in the registry */
    void (*free)(void *handle);
    const luaL_Reg *methods;
    /* Pushes the field of this name and returns true; false where there is none. */
    bool (*push_field)(lua_State *L, const struct object *object, const char *name);
    const char *fields; /* for messages: the names that push_field knows */
    lua_CFunction close; /* __close of Lua 5.4 */
};

extern const struct kind kind_client, kind_conversation, kind_turn, kind_completions, kind_cancel;

/* Makes the metatable. Once for each state. */
void object_register(lua_State *L, const struct kind *kind);

/* Pushes an object without a handle. Whoever makes a handle puts it in at once: then it cannot be lost. */
struct object *object_push(lua_State *L, const struct kind *kind);

/* The same, for one that comes from the object at this index and has its listeners. */
struct object *object_push_of(lua_State *L, const struct kind *kind, int index);

/* The object at this index; NULL where something else is there. */
struct object *object_at(lua_State *L, int index, const struct kind *kind);

/* The object that a method was called on. Raises where it is something else, or was freed. `function` is for the message. */
struct object *object_self(lua_State *L, const struct kind *kind, const char *function);

/* As object_self, for an object that may have been freed. */
struct object *object_of_method(lua_State *L, const struct kind *kind, const char *function);

void object_free(struct object *object, const struct kind *kind);

/* The function `free` of every kind. */
int object_free_by_hand(lua_State *L, const struct kind *kind, const char *function);

/* Adds the functions of a list to the table on top. */
void set_functions(lua_State *L, const luaL_Reg *functions);

/* Pushes a text of the library, or nil where it is absent. */
void push_text(lua_State *L, const char *bytes, size_t length);

/* The name of the type at this index, for messages: "nil", "a table", "a polyai_chat.client". May push one value. */
const char *type_in_words(lua_State *L, int index);

#pragma GCC visibility pop

#endif
