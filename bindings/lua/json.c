/* SPDX-License-Identifier: Apache-2.0 OR MIT */

#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LEVELS = 64 };

/* Where the value stands that is written: the tables around it, innermost first. */
struct place {
    const struct place *outer;
    const void *table; /* it, to notice one that contains itself */
    const char *name; /* its name in the outer one; NULL where it is an element of a list */
    lua_Integer element;
    int level;
};

static const char empty_array;

void push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL); /* as in lua-cjson and OpenResty */
}

void push_empty_array(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&empty_array);
}

/* ---- Errors --------------------------------------------------------------------------------------- */

/* Writes the place as it would be written in Lua, such as `extra.tags[3]`, and gives its length. */
static size_t write_place(char *room, size_t size, const struct place *place)
{
    size_t length = place->outer ? write_place(room, size, place->outer) : 0;
    if (length + 1 >= size)
        return length;
    const int written = place->name
        ? snprintf(room + length, size - length, "%s%.80s", place->outer ? "." : "", place->name)
        : snprintf(room + length, size - length, "[%lld]", (long long)place->element);
    return length + (size_t)written < size ? length + (size_t)written : size - 1;
}

static void refuse(struct call *call, const struct place *place, const char *problem)
{
    char where[512] = "";
    write_place(where, sizeof where, place);
    call_misused(call, "%s %s", where, problem);
}

/* ---- Texts ------------------------------------------------------------------------------------------ */

/* How many bytes the character at the start has; 0 where it is no UTF-8. */
static size_t utf8_character(const unsigned char *bytes, size_t length)
{
    const unsigned char first = bytes[0];
    if (first < 0x80)
        return 1;
    const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || size > length)
        return 0;
    for (size_t at = 1; at < size; at++)
        if ((bytes[at] & 0xC0) != 0x80)
            return 0;
    /* What could be written shorter, half a surrogate pair, and what is beyond Unicode. */
    if ((first == 0xE0 && bytes[1] < 0xA0) || (first == 0xED && bytes[1] > 0x9F) || (first == 0xF0 && bytes[1] < 0x90)
        || (first == 0xF4 && bytes[1] > 0x8F))
        return 0;
    return size;
}

static void add_text(struct call *call, const struct place *place, const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t kept = 0; /* what has been written up to here */
    call_add(call, "\"", 1);
    for (size_t at = 0; at < length;) {
        const size_t size = utf8_character(bytes + at, length - at);
        if (size == 0)
            refuse(call, place, "is not UTF-8, as which it is sent");
        if (bytes[at] < 0x20 || bytes[at] == '"' || bytes[at] == '\\') {
            char escaped[8];
            snprintf(escaped, sizeof escaped, "\\u%04x", bytes[at]);
            call_add(call, text + kept, at - kept);
            call_add(call, escaped, 6);
            kept = at + 1;
        }
        at += size;
    }
    call_add(call, text + kept, length - kept);
    call_add(call, "\"", 1);
}

/* ---- Numbers ---------------------------------------------------------------------------------------- */

static void add_number(struct call *call, int index, const struct place *place)
{
    char text[64];
    if (has_integers(call->L, index)) {
        snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(call->L, index));
        call_add(call, text, strlen(text));
        return;
    }
    const double number = lua_tonumber(call->L, index);
    if (!isfinite(number))
        refuse(call, place, isnan(number) ? "is not a number (NaN), which JSON does not have" : "is infinite, which JSON does not have");
    if (number == floor(number) && fabs(number) < 1e15) {
        snprintf(text, sizeof text, "%.0f", number);
    } else {
        snprintf(text, sizeof text, "%.15g", number);
        if (strtod(text, NULL) != number)
            snprintf(text, sizeof text, "%.17g", number);
    }
    /* The decimal point is that of the host's locale, and may have several bytes there. */
    size_t length = 0;
    for (const char *from = text; *from; from++) {
        if (strchr("0123456789+-eE", *from))
            text[length++] = *from;
        else if (length == 0 || text[length - 1] != '.')
            text[length++] = '.';
    }
    call_add(call, text, length);
}

/* ---- Tables ------------------------------------------------------------------------------------------ */

enum shape { AN_OBJECT, A_LIST };

/* What a library that reads JSON has noted about a table, as dkjson does. */
static bool is_noted_as_list(lua_State *L, int index)
{
    if (!luaL_getmetafield(L, index, "__jsontype"))
        return false;
    const char *noted = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    const bool is_list = strcmp(noted, "array") == 0;
    lua_pop(L, 1);
    return is_list;
}

static enum shape shape_of(struct call *call, int index, const struct place *place)
{
    lua_State *L = call->L;
    lua_Integer names = 0;
    lua_Integer elements = 0;
    lua_Integer last = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const lua_Number key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
        if (lua_type(L, -2) == LUA_TSTRING) {
            names++;
        } else if (key >= 1 && key == floor(key) && key < 1e9) {
            elements++;
            last = (lua_Integer)key > last ? (lua_Integer)key : last;
        } else {
            refuse(call, place, "has a key that is neither a string nor 1, 2, ...; JSON has objects with names, and lists");
        }
    }
    if (names && elements)
        refuse(call, place, "has names as well as elements at 1, 2, ...; JSON has objects with names, or lists, but nothing between");
    if (elements != last)
        refuse(call, place, "is a list with holes; right would be polyai.null where nothing is");
    return elements || (!names && is_noted_as_list(L, index)) ? A_LIST : AN_OBJECT;
}

static void add_value(struct call *call, int index, const struct place *place);

static void add_table(struct call *call, int index, const struct place *place)
{
    lua_State *L = call->L;
    struct place here = *place;
    here.table = lua_topointer(L, index);
    for (const struct place *outer = place->outer; outer; outer = outer->outer)
        if (outer->table == here.table)
            refuse(call, place, "is a table that contains itself, which JSON cannot say");
    if (here.level >= MOST_LEVELS)
        refuse(call, place, "is nested more than 64 tables deep");
    luaL_checkstack(L, LUA_MINSTACK, "a table is nested too deeply");
    const enum shape shape = shape_of(call, index, place);
    struct place inner = { &here, NULL, NULL, 0, here.level + 1 };
    if (shape == A_LIST) {
        const lua_Integer count = (lua_Integer)raw_length(L, index);
        call_add(call, "[", 1);
        for (lua_Integer element = 1; element <= count; element++) {
            if (element > 1)
                call_add(call, ",", 1);
            inner.element = element;
            lua_rawgeti(L, index, (int)element);
            add_value(call, lua_gettop(L), &inner);
            lua_pop(L, 1);
        }
        call_add(call, "]", 1);
        return;
    }
    bool is_first = true;
    call_add(call, "{", 1);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        size_t length = 0;
        inner.name = lua_tolstring(L, -2, &length);
        if (!is_first)
            call_add(call, ",", 1);
        is_first = false;
        add_text(call, &inner, inner.name, length);
        call_add(call, ":", 1);
        add_value(call, lua_gettop(L), &inner);
    }
    call_add(call, "}", 1);
}

static void add_value(struct call *call, int index, const struct place *place)
{
    lua_State *L = call->L;
    const char *text = NULL;
    size_t length = 0;
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        call_add(call, lua_toboolean(L, index) ? "true" : "false", lua_toboolean(L, index) ? 4 : 5);
        return;
    case LUA_TNUMBER:
        add_number(call, index, place);
        return;
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &length);
        add_text(call, place, text, length);
        return;
    case LUA_TTABLE:
        add_table(call, index, place);
        return;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, index) == NULL) {
            call_add(call, "null", 4);
            return;
        }
        if (lua_touserdata(L, index) == &empty_array) {
            call_add(call, "[]", 2);
            return;
        }
        break;
    default:
        break;
    }
    char problem[256];
    snprintf(problem, sizeof problem,
             "is %s, which JSON does not have; right would be a string, number, boolean or table, polyai.null or polyai.empty_array",
             type_in_words(L, index));
    refuse(call, place, problem);
}

void json_add(struct call *call, int index, const char *name)
{
    const struct place place = { NULL, NULL, name, 0, 0 };
    add_value(call, index, &place);
}
