/* SPDX-License-Identifier: Apache-2.0 OR MIT */

#include "request.h"

#include "json.h"

#include <math.h>
#include <string.h>

const char *argument_text(struct call *call, int index, const char *name, size_t *length)
{
    if (lua_type(call->L, index) != LUA_TSTRING)
        call_misused(call, "%s should be a string, not %s", name, type_in_words(call->L, index));
    return lua_tolstring(call->L, index, length);
}

const char *argument_optional_text(struct call *call, int index, const char *name, size_t *length)
{
    *length = 0;
    if (lua_isnoneornil(call->L, index))
        return NULL;
    if (lua_type(call->L, index) != LUA_TSTRING)
        call_misused(call, "%s should be a string or nil, not %s", name, type_in_words(call->L, index));
    return lua_tolstring(call->L, index, length);
}

uint64_t argument_whole_number(struct call *call, int index, const char *name, const char *unit)
{
    if (lua_type(call->L, index) != LUA_TNUMBER)
        call_misused(call, "%s should be a whole number%s, not %s", name, unit, type_in_words(call->L, index));
    const lua_Number number = lua_tonumber(call->L, index);
    if (!(number >= 0 && number < 9007199254740992.0 && number == floor(number)))
        call_misused(call, "%s should be a whole number%s, not %g", name, unit, number);
    return (uint64_t)number;
}

uint64_t argument_milliseconds(struct call *call, int index, const char *name)
{
    return argument_whole_number(call, index, name, " of milliseconds");
}

/* ---- The table of a request ------------------------------------------------------------------------ */

typedef polyai_status (*set_field)(struct call *call, int index, const char *name);

static polyai_status set_bytes(struct call *call, const char *name, const char *bytes, size_t length)
{
    return polyai_request_set(call->request, name, POLYAI_NUL_TERMINATED, bytes, length, &call->error);
}

static polyai_status set_text(struct call *call, int index, const char *name)
{
    size_t length = 0;
    const char *text = argument_text(call, index, name, &length);
    return set_bytes(call, name, text, length);
}

/* A table, or JSON as it is. */
static polyai_status set_json(struct call *call, int index, const char *name)
{
    size_t length = 0;
    if (lua_type(call->L, index) == LUA_TSTRING) {
        const char *json = lua_tolstring(call->L, index, &length);
        return set_bytes(call, name, json, length);
    }
    if (!lua_istable(call->L, index))
        call_misused(call, "%s should be a table or the string of a JSON object, not %s", name, type_in_words(call->L, index));
    call->length = 0;
    json_add(call, index, name);
    return set_bytes(call, name, call->bytes, call->length);
}

/* A table of names and values. */
static polyai_status set_headers(struct call *call, int index, const char *name)
{
    lua_State *L = call->L;
    if (!lua_istable(L, index))
        call_misused(call, "%s should be a table of names and values, not %s", name, type_in_words(L, index));
    polyai_status status = POLYAI_STATUS_OK;
    for (lua_pushnil(L); status == POLYAI_STATUS_OK && lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            call_misused(call, "%s should hold strings only, such as traceparent = \"...\"", name);
        size_t name_length = 0, value_length = 0;
        const char *header = lua_tolstring(L, -2, &name_length);
        const char *value = lua_tolstring(L, -1, &value_length);
        status = polyai_request_set_header(call->request, header, name_length, value, value_length, &call->error);
    }
    return status;
}

static polyai_status set_timeout(struct call *call, int index, const char *name)
{
    return polyai_request_set_timeout_ms(call->request, argument_milliseconds(call, index, name), &call->error);
}

static polyai_status set_cancel(struct call *call, int index, const char *name)
{
    const struct object *cancel = object_at(call->L, index, &kind_cancel);
    if (!cancel)
        call_misused(call, "%s should be a token of polyai.cancel(), not %s", name, type_in_words(call->L, index));
    if (!cancel->handle)
        call_misused(call, "%s is a token that was freed; it can be used only before that", name);
    return polyai_request_set_cancel(call->request, cancel->handle, &call->error);
}

/* The function itself is put where the check finds it when the whole table has been read. */
static polyai_status set_check(struct call *call, int index, const char *name)
{
    if (!lua_isfunction(call->L, index))
        call_misused(call, "%s should be a function, not %s", name, type_in_words(call->L, index));
    return polyai_request_set_check(call->request, on_check, NULL, NULL, &call->error);
}

static const struct field {
    const char *name;
    set_field set;
} fields[] = {
    { "integration_attributes", set_json },
    { "variant_id", set_text },
    { "channel", set_text },
    { "asr_lang_code", set_text },
    { "tts_lang_code", set_text },
    { "user_id", set_text },
    { "message", set_text },
    { "metadata", set_json },
    { "correlation_id", set_text },
    { "extra", set_json },
    { "headers", set_headers },
    { "timeout_ms", set_timeout },
    { "cancel", set_cancel },
    { "cancel_when", set_check },
};

enum { FIELD_COUNT = sizeof fields / sizeof *fields };

static const struct field *find_field(struct call *call, const char *name)
{
    char known[512] = "";
    size_t length = 0;
    for (size_t at = 0; at < FIELD_COUNT; at++) {
        if (strcmp(fields[at].name, name) == 0)
            return &fields[at];
        length += (size_t)snprintf(known + length, sizeof known - length, "%s%s", at ? ", " : "", fields[at].name);
    }
    call_misused(call, "unknown field \"%.80s\"; known are %s", name, known);
    return NULL;
}

polyai_status request_read(struct call *call, int index, bool is_started)
{
    lua_State *L = call->L;
    if (lua_isnoneornil(L, index))
        return POLYAI_STATUS_OK;
    if (!lua_istable(L, index))
        call_misused(call, "request should be a table or nil, not %s", type_in_words(L, index));
    call->request = polyai_request_new();
    polyai_status status = POLYAI_STATUS_OK;
    for (lua_pushnil(L); status == POLYAI_STATUS_OK && lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            call_misused(call, "a request has names as keys, such as timeout_ms, not %s", type_in_words(L, -2));
        const struct field *field = find_field(call, lua_tostring(L, -2));
        if (is_started && field->set == set_check)
            call_misused(call, "cancel_when is for calls that block: a started call runs on a thread where no Lua can run; "
                               "right would be cancel, or turn:cancel()");
        status = field->set(call, lua_gettop(L), field->name);
    }
    if (status != POLYAI_STATUS_OK)
        return status;
    lua_pushliteral(L, "cancel_when");
    lua_rawget(L, index);
    call->cancel_when = lua_isnil(L, -1) ? 0 : lua_gettop(L);
    return POLYAI_STATUS_OK;
}
