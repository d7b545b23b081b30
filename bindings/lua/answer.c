/* SPDX-License-Identifier: Apache-2.0 OR MIT */

#include "answer.h"

#include <string.h>
#include <strings.h>

/* A type of table, with all its fields: asking for another one is an error, not nil. */
struct type {
    const char *word;
    const char *metatable;
    const char *const *fields;
};

static const char *const fields_of_greeting[] = { "operation", "response", "plain_text", "conversation_id", "user_id", "raw_json", "unknown_fields_json",
                                                  "headers", "correlation_id", "elapsed_us", "json", NULL };
static const char *const fields_of_reply[] = { "operation", "response", "plain_text", "end_conversation", "handoff", "conversation_id", "raw_json",
                                               "unknown_fields_json", "headers", "correlation_id", "elapsed_us", "json", NULL };
static const char *const fields_of_closed[]
    = { "operation", "was_over", "raw_json", "unknown_fields_json", "headers", "correlation_id", "elapsed_us", "json", NULL };
static const char *const fields_of_handoff[] = { "destination", "reason", "json", NULL };
static const char *const fields_of_error[]
    = { "kind", "number", "message", "text", "delivery", "may_resend", "phase", "status", "error_code", "service_message",
        "correlation_id", "retry_after_ms", "attempts_json", "attempt_count", "headers", "body_excerpt", "cause", "json", "raised", NULL };

static const struct type greeting_type = { "greeting", "polyai_chat.greeting", fields_of_greeting };
static const struct type reply_type = { "reply", "polyai_chat.reply", fields_of_reply };
static const struct type closed_type = { "answer to a close", "polyai_chat.closed", fields_of_closed };
static const struct type handoff_type = { "handoff", "polyai_chat.handoff", fields_of_handoff };
static const struct type error_type = { "error", "polyai_chat.error", fields_of_error };

/* ---- Metatables ----------------------------------------------------------------------------------- */

/* answer:header(name): the value of the first header of this name, in any case; nil where there is none. */
static int header(lua_State *L)
{
    if (!lua_istable(L, 1))
        return luaL_error(L, "header: should be called with a colon on a reply or an error, as in reply:header(\"Content-Type\")");
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "header: name should be a string, not %s", type_in_words(L, 2));
    const char *name = lua_tostring(L, 2);
    lua_settop(L, 2);
    lua_pushliteral(L, "headers");
    lua_rawget(L, 1);
    const int count = lua_istable(L, 3) ? (int)raw_length(L, 3) : 0;
    for (int at = 1; at <= count; at++) {
        lua_rawgeti(L, 3, at);
        if (lua_istable(L, -1)) {
            lua_getfield(L, -1, "name");
            lua_getfield(L, -2, "value");
            if (lua_type(L, -2) == LUA_TSTRING && strcasecmp(lua_tostring(L, -2), name) == 0)
                return 1;
        }
        lua_settop(L, 3);
    }
    lua_pushnil(L);
    return 1;
}

/* A field that is not there: nil where this type may have it. */
static int missing_field(lua_State *L)
{
    const struct type *type = lua_touserdata(L, lua_upvalueindex(1));
    if (lua_type(L, 2) != LUA_TSTRING) /* such as a number, for what walks through lists */
        return 0;
    const char *name = lua_tostring(L, 2);
    if (type->fields != fields_of_handoff && strcmp(name, "header") == 0) {
        lua_pushcfunction(L, header);
        return 1;
    }
    for (const char *const *field = type->fields; *field; field++)
        if (strcmp(*field, name) == 0)
            return 0;
    lua_pushfstring(L, "%s %s has no field '%s'; it has:", strchr("aeo", *type->word) ? "an" : "a", type->word, name);
    for (const char *const *field = type->fields; *field; field++) {
        lua_pushfstring(L, "%s%s", field == type->fields ? " " : ", ", *field);
        lua_concat(L, 2);
    }
    return luaL_error(L, "%s", lua_tostring(L, -1));
}

static int error_to_string(lua_State *L)
{
    if (lua_istable(L, 1)) {
        lua_pushliteral(L, "text");
        lua_rawget(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING)
            return 1;
    }
    lua_pushstring(L, error_type.metatable);
    return 1;
}

/* "failed: " .. error */
static int error_concat(lua_State *L)
{
    lua_settop(L, 2);
    for (int at = 1; at <= 2; at++) {
        if (luaL_getmetafield(L, at, "__tostring")) {
            lua_pushvalue(L, at);
            lua_call(L, 1, 1);
        } else if (lua_isstring(L, at)) {
            lua_pushvalue(L, at);
        } else {
            return luaL_error(L, "attempt to concatenate an error and %s", type_in_words(L, at));
        }
    }
    lua_concat(L, 2);
    return 1;
}

static void register_type(lua_State *L, const struct type *type)
{
    luaL_newmetatable(L, type->metatable);
    lua_pushlightuserdata(L, (void *)type);
    lua_pushcclosure(L, missing_field, 1);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, type->metatable);
    lua_setfield(L, -2, "__name");
    if (type == &error_type) {
        lua_pushcfunction(L, error_to_string);
        lua_setfield(L, -2, "__tostring");
        lua_pushcfunction(L, error_concat);
        lua_setfield(L, -2, "__concat");
    }
    lua_pop(L, 1);
}

void answers_register(lua_State *L)
{
    register_type(L, &greeting_type);
    register_type(L, &reply_type);
    register_type(L, &closed_type);
    register_type(L, &handoff_type);
    register_type(L, &error_type);
}

/* ---- Tables ---------------------------------------------------------------------------------------- */

static void begin_table(lua_State *L, const struct type *type)
{
    lua_createtable(L, 0, 16);
    luaL_getmetatable(L, type->metatable);
    lua_setmetatable(L, -2);
}

/* Sets a field of the table on top to a text, unless that is absent. */
static void set_text(lua_State *L, const char *name, const char *bytes, size_t length)
{
    if (!bytes)
        return;
    lua_pushlstring(L, bytes, length);
    lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

/* Adds a header to the list on top. */
static void add_header(lua_State *L, size_t index, const char *name, const char *value, size_t length)
{
    lua_createtable(L, 0, 2);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "name");
    lua_pushlstring(L, value, length);
    lua_setfield(L, -2, "value");
    lua_rawseti(L, -2, (int)index + 1);
}

typedef const char *(*reply_text)(const polyai_reply *reply, size_t *length);

static void set_of_reply(lua_State *L, const char *name, const polyai_reply *reply, reply_text ask)
{
    size_t length = 0;
    const char *bytes = ask(reply, &length);
    set_text(L, name, bytes, length);
}

void push_reply(lua_State *L, const polyai_reply *reply)
{
    const char *operation = polyai_reply_operation(reply);
    const bool is_greeting = strcmp(operation, "create") == 0;
    const bool is_closed = strcmp(operation, "close") == 0;
    begin_table(L, is_greeting ? &greeting_type : is_closed ? &closed_type : &reply_type);
    set_text(L, "operation", operation, strlen(operation));
    if (is_closed) {
        set_boolean(L, "was_over", polyai_reply_was_over(reply));
    } else {
        set_of_reply(L, "response", reply, polyai_reply_response);
        set_of_reply(L, "plain_text", reply, polyai_reply_plain_text);
        set_of_reply(L, "conversation_id", reply, polyai_reply_conversation_id);
    }
    if (is_greeting)
        set_of_reply(L, "user_id", reply, polyai_reply_user_id);
    if (!is_greeting && !is_closed) {
        set_boolean(L, "end_conversation", polyai_reply_end_conversation(reply));
        if (polyai_reply_has_handoff(reply)) {
            begin_table(L, &handoff_type);
            set_of_reply(L, "destination", reply, polyai_reply_handoff_destination);
            set_of_reply(L, "reason", reply, polyai_reply_handoff_reason);
            set_of_reply(L, "json", reply, polyai_reply_handoff_json);
            lua_setfield(L, -2, "handoff");
        }
    }
    set_of_reply(L, "raw_json", reply, polyai_reply_raw_json);
    set_of_reply(L, "unknown_fields_json", reply, polyai_reply_unknown_fields_json);
    set_of_reply(L, "correlation_id", reply, polyai_reply_correlation_id);
    set_of_reply(L, "json", reply, polyai_reply_json);
    set_integer(L, "elapsed_us", polyai_reply_elapsed_us(reply));

    const size_t count = polyai_reply_header_count(reply);
    lua_createtable(L, (int)count, 0);
    for (size_t index = 0; index < count; index++) {
        const char *name = NULL;
        const char *value = NULL;
        size_t length = 0;
        if (polyai_reply_header_at(reply, index, &name, &value, &length))
            add_header(L, index, name, value, length);
    }
    lua_setfield(L, -2, "headers");
}

typedef const char *(*error_text)(const polyai_error *error, size_t *length);

static void set_of_error(lua_State *L, const char *name, const polyai_error *error, error_text ask)
{
    size_t length = 0;
    const char *bytes = ask(error, &length);
    set_text(L, name, bytes, length);
}

/* What can be said where there was no room for an error of the library. */
static void set_of_status(lua_State *L, polyai_status status)
{
    const char *kind = polyai_status_name(status);
    static const char *const message = "the call failed, and the library had no room to say more";
    set_text(L, "kind", kind ? kind : "internal", strlen(kind ? kind : "internal"));
    set_text(L, "message", message, strlen(message));
    set_text(L, "text", message, strlen(message));
    set_text(L, "delivery", "unknown", strlen("unknown"));
    set_text(L, "attempts_json", "[]", 2);
    lua_pushfstring(L, "{\"kind\":\"%s\",\"number\":%d,\"delivery\":\"unknown\",\"may_resend\":false,\"message\":\"%s\"}",
                    kind ? kind : "internal", (int)status, message);
    lua_setfield(L, -2, "json");
}

void push_error(lua_State *L, polyai_status status, const polyai_error *error)
{
    begin_table(L, &error_type);
    set_integer(L, "number", status);
    if (error) {
        const char *delivery = polyai_delivery_name(polyai_error_delivery(error));
        set_text(L, "delivery", delivery, delivery ? strlen(delivery) : 0);
        set_of_error(L, "kind", error, polyai_error_kind);
        set_of_error(L, "message", error, polyai_error_message);
        set_of_error(L, "text", error, polyai_error_text);
        set_of_error(L, "phase", error, polyai_error_phase);
        set_of_error(L, "error_code", error, polyai_error_code);
        set_of_error(L, "service_message", error, polyai_error_service_message);
        set_of_error(L, "correlation_id", error, polyai_error_correlation_id);
        set_of_error(L, "body_excerpt", error, polyai_error_body_excerpt);
        set_of_error(L, "cause", error, polyai_error_cause);
        set_of_error(L, "attempts_json", error, polyai_error_attempts_json);
        set_of_error(L, "json", error, polyai_error_json);
    } else {
        set_of_status(L, status);
    }
    set_boolean(L, "may_resend", error && polyai_error_may_resend(error));
    set_integer(L, "attempt_count", error ? polyai_error_attempt_count(error) : 0);
    if (error && polyai_error_http_status(error))
        set_integer(L, "status", polyai_error_http_status(error));
    uint64_t retry_after_ms = 0;
    if (error && polyai_error_retry_after_ms(error, &retry_after_ms))
        set_integer(L, "retry_after_ms", retry_after_ms);

    const size_t count = error ? polyai_error_header_count(error) : 0;
    lua_createtable(L, (int)count, 0);
    for (size_t index = 0; index < count; index++) {
        const char *name = NULL;
        const char *value = NULL;
        size_t length = 0;
        if (polyai_error_header_at(error, index, &name, &value, &length))
            add_header(L, index, name, value, length);
    }
    lua_setfield(L, -2, "headers");
}
