/* SPDX-License-Identifier: Apache-2.0 OR MIT */

#include "object.h"

#include <string.h>

void set_functions(lua_State *L, const luaL_Reg *functions)
{
    for (; functions->name; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

void push_text(lua_State *L, const char *bytes, size_t length)
{
    if (bytes)
        lua_pushlstring(L, bytes, length);
    else
        lua_pushnil(L);
}

const char *type_in_words(lua_State *L, int index)
{
    static const struct kind *const kinds[] = { &kind_client, &kind_conversation, &kind_turn, &kind_completions, &kind_cancel };
    for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++)
        if (object_at(L, index, kinds[at]))
            return lua_pushfstring(L, "a %s", kinds[at]->word);
    if (lua_isnoneornil(L, index))
        return "nil";
    return lua_pushfstring(L, "a %s", luaL_typename(L, index));
}

struct object *object_push(lua_State *L, const struct kind *kind)
{
    struct object *object = lua_newuserdata(L, sizeof *object);
    memset(object, 0, sizeof *object);
    luaL_getmetatable(L, kind->metatable);
    lua_setmetatable(L, -2);
    return object;
}

struct object *object_push_of(lua_State *L, const struct kind *kind, int index)
{
    struct object *object = object_push(L, kind);
    get_own_table(L, index);
    set_own_table(L, -2);
    return object;
}

struct object *object_at(lua_State *L, int index, const struct kind *kind)
{
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
        return NULL;
    luaL_getmetatable(L, kind->metatable);
    const int is_kind = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is_kind ? lua_touserdata(L, index) : NULL;
}

struct object *object_of_method(lua_State *L, const struct kind *kind, const char *function)
{
    struct object *object = object_at(L, 1, kind);
    if (!object)
        luaL_error(L, "%s: should be called with a colon on a %s, as in %s(...); it was called on %s", function, kind->word, function,
                   type_in_words(L, 1));
    return object;
}

struct object *object_self(lua_State *L, const struct kind *kind, const char *function)
{
    struct object *object = object_of_method(L, kind, function);
    if (!object->handle)
        luaL_error(L, "%s: this %s was freed; it can be used only before that", function, kind->word);
    return object;
}

void object_free(struct object *object, const struct kind *kind)
{
    void *handle = object->handle;
    object->handle = NULL;
    if (handle)
        kind->free(handle);
}

int object_free_by_hand(lua_State *L, const struct kind *kind, const char *function)
{
    struct object *object = object_of_method(L, kind, function);
    if (!object->handle && !object->was_taken)
        return luaL_error(L, "%s: this %s was freed already; it is freed once, or left to the garbage collector", function, kind->word);
    object->was_taken = false;
    object_free(object, kind);
    return 0;
}

/* The kind that a metamethod is for, which is its upvalue. */
static const struct kind *kind_of_metamethod(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int collect(lua_State *L)
{
    const struct kind *kind = kind_of_metamethod(L);
    struct object *object = object_at(L, 1, kind);
    if (object)
        object_free(object, kind);
    return 0;
}

static int to_string(lua_State *L)
{
    const struct kind *kind = kind_of_metamethod(L);
    const struct object *object = object_at(L, 1, kind);
    if (!object)
        return luaL_error(L, "tostring: should be given a %s", kind->word);
    if (object->handle)
        lua_pushfstring(L, "%s: %p", kind->metatable, (const void *)object);
    else
        lua_pushfstring(L, "%s (%s)", kind->metatable, object->was_taken ? "taken" : "freed");
    return 1;
}

/* A method, by the table in the second upvalue, or a field. */
static int find_member(lua_State *L)
{
    const struct kind *kind = kind_of_metamethod(L);
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(2));
    if (!lua_isnil(L, -1))
        return 1;
    const struct object *object = object_at(L, 1, kind);
    if (!object || lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "a %s has no field with %s as its name", kind->word, type_in_words(L, 2));
    const char *name = lua_tostring(L, 2);
    if (!object->handle && !object->was_taken)
        return luaL_error(L, "%s.%s: this %s was freed; it can be used only before that", kind->word, name, kind->word);
    if (kind->push_field && kind->push_field(L, object, name))
        return 1;
    return luaL_error(L, "a %s has no field or function '%s'; its fields are: %s", kind->word, name, kind->fields);
}

static int new_index(lua_State *L)
{
    return luaL_error(L, "a %s cannot be given fields", kind_of_metamethod(L)->word);
}

static void set_metamethod(lua_State *L, const struct kind *kind, const char *name, lua_CFunction function)
{
    lua_pushlightuserdata(L, (void *)kind);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

void object_register(lua_State *L, const struct kind *kind)
{
    luaL_newmetatable(L, kind->metatable);
    set_metamethod(L, kind, "__gc", collect);
    set_metamethod(L, kind, "__tostring", to_string);
    set_metamethod(L, kind, "__newindex", new_index);
    set_metamethod(L, kind, "__close", kind->close ? kind->close : collect);
    lua_pushlightuserdata(L, (void *)kind);
    lua_newtable(L);
    set_functions(L, kind->methods);
    lua_pushcclosure(L, find_member, 2);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, kind->metatable);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0); /* getmetatable gives this: nobody takes a metamethod away */
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
