/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* polyai.client, polyai.shared_client, and what a client can do. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif

#include "client.h"

#include "answer.h"
#include "request.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OPTIONS = 1, SELF = 1 };

/* ---- Options ---------------------------------------------------------------------------------------- */

/*
 * Has the file of this module stay loaded: when the state that loaded it has been closed, a call that was started may still be ending on a
 * thread of the library, which then tells on_log and on_attempt so.
 */
static void stay_loaded(void)
{
    static const char mark;
    Dl_info here;
    if (dladdr(&mark, &here) != 0 && here.dli_fname)
        dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE); /* never closed, which is the purpose */
}

static bool is_listener(const char *name)
{
    return strcmp(name, "on_log") == 0 || strcmp(name, "on_attempt") == 0;
}

static void set_listener(struct call *call, const char *name)
{
    if (!lua_isfunction(call->L, -1))
        call_misused(call, "%s should be a function, not %s", name, type_in_words(call->L, lua_gettop(call->L)));
    stay_loaded();
}

/* Whether the library has an option of this name. */
static bool is_option(const char *name)
{
    char member[128];
    const int length = snprintf(member, sizeof member, "\"name\":\"%s\"", name);
    return length > 0 && (size_t)length < sizeof member && strstr(polyai_options_json(NULL), member) != NULL;
}

static polyai_status set_option(struct call *call, const char *name)
{
    lua_State *L = call->L;
    char number_text[32];
    size_t length = 0;
    const char *text = number_text;
    if (lua_type(L, -1) == LUA_TSTRING) {
        text = lua_tolstring(L, -1, &length);
    } else if (lua_isboolean(L, -1)) {
        text = lua_toboolean(L, -1) ? "true" : "false";
        length = strlen(text);
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
        const lua_Number number = lua_tonumber(L, -1);
        if (!(fabs(number) < 9007199254740992.0 && number == floor(number)))
            call_misused(call, "%s should be a string, a whole number or a boolean, not %g", name, number);
        length = (size_t)snprintf(number_text, sizeof number_text, "%.0f", number);
    } else {
        call_misused(call, "%s should be a string, a whole number or a boolean, not %s", name, type_in_words(L, lua_gettop(L)));
    }
    const polyai_status status = polyai_config_set(call->config, name, POLYAI_NUL_TERMINATED, text, length, &call->error);
    if (status == POLYAI_STATUS_INVALID_ARGUMENT && !is_option(name)) /* a mistake of the program */
        call_misused(call, "%s; beside them load_environment, load_profile, profile_file, on_log and on_attempt",
                     polyai_error_message(call->error, NULL));
    return status;
}

/* Whether an option that the library does not know by this name is set, and to what; a boolean, or a text where that is allowed. */
static bool read_switch(struct call *call, const char *name, bool may_be_text, const char **text, size_t *length)
{
    lua_State *L = call->L;
    lua_pushstring(L, name);
    lua_rawget(L, OPTIONS);
    if (may_be_text && lua_type(L, -1) == LUA_TSTRING)
        *text = lua_tolstring(L, -1, length);
    else if (!lua_isnil(L, -1) && !lua_isboolean(L, -1))
        call_misused(call, "%s should be a boolean%s, not %s", name, may_be_text ? " or a string" : "", type_in_words(L, lua_gettop(L)));
    return lua_toboolean(L, -1); /* stays on the stack, and the text with it */
}

/* What comes from elsewhere. What is in the table beats it, in whatever order it is set. */
static polyai_status load(struct call *call)
{
    lua_State *L = call->L;
    const char *profile = NULL;
    const char *file = NULL;
    size_t profile_length = 0;
    size_t file_length = 0;
    polyai_status status = POLYAI_STATUS_OK;
    if (read_switch(call, "load_environment", false, NULL, NULL))
        status = polyai_config_load_environment(call->config, &call->error);
    if (status != POLYAI_STATUS_OK)
        return status;
    const bool has_profile = read_switch(call, "load_profile", true, &profile, &profile_length);
    lua_pushliteral(L, "profile_file");
    lua_rawget(L, OPTIONS);
    file = argument_optional_text(call, lua_gettop(L), "profile_file", &file_length);
    if (has_profile || file)
        status = polyai_config_load_profile(call->config, profile, profile_length, file, file_length, &call->error);
    return status;
}

/* Reads the table of options into the configuration, and puts the listeners into the table at `own`. */
static polyai_status read_options(struct call *call, int own)
{
    static const char *const elsewhere[] = { "load_environment", "load_profile", "profile_file" };
    lua_State *L = call->L;
    polyai_status status = load(call);
    for (lua_pushnil(L); status == POLYAI_STATUS_OK && lua_next(L, OPTIONS); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            call_misused(call, "options have names as keys, such as api_key, not %s", type_in_words(L, lua_gettop(L) - 1));
        const char *name = lua_tostring(L, -2);
        bool is_elsewhere = false;
        for (size_t at = 0; at < sizeof elsewhere / sizeof *elsewhere; at++)
            is_elsewhere = is_elsewhere || strcmp(name, elsewhere[at]) == 0;
        if (is_listener(name)) {
            set_listener(call, name);
            lua_pushvalue(L, -1);
            lua_setfield(L, own, name);
            status = strcmp(name, "on_log") == 0
                ? polyai_config_set_log_callback(call->config, on_log, NULL, NULL, &call->error)
                : polyai_config_set_attempt_callback(call->config, on_attempt, NULL, NULL, &call->error);
        } else if (!is_elsewhere) {
            status = set_option(call, name);
        }
    }
    return status;
}

/* Keeps what holds for each option, for describe_json. */
static polyai_status describe(struct call *call, int own)
{
    size_t length = 0;
    polyai_status status = polyai_config_describe_json(call->config, NULL, 0, &length, &call->error);
    if (status != POLYAI_STATUS_OK)
        return status;
    call_make_room(call, length + 1);
    status = polyai_config_describe_json(call->config, call->bytes, call->room, &length, &call->error);
    if (status == POLYAI_STATUS_OK) {
        lua_pushlstring(call->L, call->bytes, length);
        lua_setfield(call->L, own, "described");
    }
    return status;
}

typedef polyai_status (*make_client)(const polyai_config *config, polyai_client **client, polyai_error **error);

static int make(lua_State *L, const char *function, make_client make_it)
{
    lua_settop(L, 1);
    struct call *call = call_begin(L, function);
    if (!lua_istable(L, OPTIONS))
        return call_misused(call, "options should be a table, not %s", type_in_words(L, OPTIONS));
    struct object *client = object_push(L, &kind_client);
    const int at = lua_gettop(L);
    lua_newtable(L);
    const int own = lua_gettop(L);
    polyai_client *made = NULL;
    call->config = polyai_config_new();
    polyai_status status = read_options(call, own);
    if (status == POLYAI_STATUS_OK)
        status = describe(call, own);
    if (status == POLYAI_STATUS_OK)
        status = make_it(call->config, &made, &call->error);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    client->handle = made;
    call_end(call);
    lua_pushvalue(L, own);
    set_own_table(L, at);
    lua_pushvalue(L, at);
    return 1;
}

int client_new(lua_State *L)
{
    return make(L, "polyai.client", polyai_client_new);
}

int client_shared(lua_State *L)
{
    return make(L, "polyai.shared_client", polyai_client_shared);
}

/* ---- Conversations ------------------------------------------------------------------------------------ */

static int create(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:create");
    lua_settop(L, 2);
    struct call *call = call_begin(L, "client:create");
    polyai_status status = request_read(call, 2, false);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    struct object *conversation = object_push_of(L, &kind_conversation, SELF);
    const int at = lua_gettop(L);
    polyai_conversation *made = NULL;
    call_enter(call, SELF);
    status = polyai_client_create(client->handle, call->request, &made, &call->error);
    call_leave(call);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    conversation->handle = made;
    call_end(call);
    lua_pushvalue(L, at);
    return 1;
}

static int start_create(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:start_create");
    lua_settop(L, 2);
    struct call *call = call_begin(L, "client:start_create");
    polyai_status status = request_read(call, 2, true);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    struct object *turn = object_push_of(L, &kind_turn, SELF);
    polyai_turn *made = NULL;
    status = polyai_client_start_create(client->handle, call->request, &made, &call->error);
    return call_started(call, status, turn, made);
}

static int attach(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:attach");
    lua_settop(L, 2);
    struct call *call = call_begin(L, "client:attach");
    size_t length = 0;
    const char *id = argument_text(call, 2, "id", &length);
    struct object *conversation = object_push_of(L, &kind_conversation, SELF);
    polyai_conversation *made = NULL;
    const polyai_status status = polyai_client_attach(client->handle, id, length, &made, &call->error);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    conversation->handle = made;
    call_end(call);
    return 1;
}

/* ---- By the id alone ------------------------------------------------------------------------------------ */

static int respond(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:respond");
    lua_settop(L, 4);
    struct call *call = call_begin(L, "client:respond");
    size_t id_length = 0;
    size_t message_length = 0;
    const char *id = argument_text(call, 2, "id", &id_length);
    const char *message = argument_optional_text(call, 3, "message", &message_length);
    polyai_status status = request_read(call, 4, false);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    call_enter(call, SELF);
    status = polyai_client_respond(client->handle, id, id_length, message, message_length, call->request, &call->reply, &call->error);
    call_leave(call);
    return call_answered(call, status);
}

static int close_conversation(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:close_conversation");
    lua_settop(L, 3);
    struct call *call = call_begin(L, "client:close_conversation");
    size_t length = 0;
    const char *id = argument_text(call, 2, "id", &length);
    polyai_status status = request_read(call, 3, false);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    call_enter(call, SELF);
    status = polyai_client_close_conversation(client->handle, id, length, call->request, &call->reply, &call->error);
    call_leave(call);
    return call_answered(call, status);
}

static int start_respond(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:start_respond");
    lua_settop(L, 4);
    struct call *call = call_begin(L, "client:start_respond");
    size_t id_length = 0;
    size_t message_length = 0;
    const char *id = argument_text(call, 2, "id", &id_length);
    const char *message = argument_optional_text(call, 3, "message", &message_length);
    polyai_status status = request_read(call, 4, true);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    struct object *turn = object_push_of(L, &kind_turn, SELF);
    polyai_turn *made = NULL;
    status = polyai_client_start_respond(client->handle, id, id_length, message, message_length, call->request, &made, &call->error);
    return call_started(call, status, turn, made);
}

static int start_close_conversation(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:start_close_conversation");
    lua_settop(L, 3);
    struct call *call = call_begin(L, "client:start_close_conversation");
    size_t length = 0;
    const char *id = argument_text(call, 2, "id", &length);
    polyai_status status = request_read(call, 3, true);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    struct object *turn = object_push_of(L, &kind_turn, SELF);
    polyai_turn *made = NULL;
    status = polyai_client_start_close_conversation(client->handle, id, length, call->request, &made, &call->error);
    return call_started(call, status, turn, made);
}

/* ---- The client itself ---------------------------------------------------------------------------------- */

static int warm_up(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:warm_up");
    lua_settop(L, 2);
    struct call *call = call_begin(L, "client:warm_up");
    const uint64_t timeout_ms = argument_milliseconds(call, 2, "timeout_ms");
    call_enter(call, SELF);
    const polyai_status status = polyai_client_warm_up(client->handle, timeout_ms, &call->error);
    call_leave(call);
    return call_done(call, status);
}

static int start_warm_up(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:start_warm_up");
    lua_settop(L, 2);
    struct call *call = call_begin(L, "client:start_warm_up");
    const uint64_t timeout_ms = argument_milliseconds(call, 2, "timeout_ms");
    struct object *turn = object_push_of(L, &kind_turn, SELF);
    polyai_turn *made = NULL;
    const polyai_status status = polyai_client_start_warm_up(client->handle, timeout_ms, &made, &call->error);
    return call_started(call, status, turn, made);
}

static int shut_down(lua_State *L)
{
    polyai_client_shut_down(object_self(L, &kind_client, "client:shut_down")->handle);
    return 0;
}

static int shut_down_and_wait(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:shut_down_and_wait");
    lua_settop(L, 2);
    struct call *call = call_begin(L, "client:shut_down_and_wait");
    const uint64_t timeout_ms = argument_milliseconds(call, 2, "milliseconds");
    bool is_done = false;
    const polyai_status status = polyai_client_shut_down_and_wait(client->handle, timeout_ms, &is_done, &call->error);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    call_end(call);
    lua_pushboolean(L, is_done);
    return 1;
}

static int replace_credentials(lua_State *L)
{
    const struct object *client = object_self(L, &kind_client, "client:replace_credentials");
    lua_settop(L, 3);
    struct call *call = call_begin(L, "client:replace_credentials");
    size_t key_length = 0;
    size_t token_length = 0;
    const char *key = argument_text(call, 2, "api_key", &key_length);
    const char *token = argument_text(call, 3, "token", &token_length);
    return call_done(call, polyai_client_replace_credentials(client->handle, key, key_length, token, token_length, &call->error));
}

typedef polyai_status (*write_json)(const polyai_client *client, uint64_t after, char *buffer, size_t capacity, size_t *length,
                                    polyai_error **error);

/* A text that the library writes into a buffer, and that may grow between two calls; of what is newer than the number at 2, if there is one. */
static int push_written(lua_State *L, const char *function, write_json write)
{
    const struct object *client = object_self(L, &kind_client, function);
    lua_settop(L, 2);
    struct call *call = call_begin(L, function);
    const uint64_t after = lua_isnil(L, 2) ? 0 : argument_whole_number(call, 2, "after", "");
    polyai_status status = POLYAI_STATUS_OK;
    size_t length = 8191;
    do {
        polyai_error_free(call->error);
        call->error = NULL;
        call_make_room(call, length + length / 2 + 1);
        status = write(client->handle, after, call->bytes, call->room, &length, &call->error);
    } while (status != POLYAI_STATUS_OK && length >= call->room);
    if (status != POLYAI_STATUS_OK)
        return call_failed(call, status);
    lua_pushlstring(L, call->bytes, length);
    call_end(call);
    return 1;
}

static polyai_status write_metrics(const polyai_client *client, uint64_t after, char *buffer, size_t capacity, size_t *length,
                                   polyai_error **error)
{
    (void)after;
    return polyai_client_metrics_json(client, buffer, capacity, length, error);
}

static int metrics_json(lua_State *L)
{
    lua_settop(L, 1);
    return push_written(L, "client:metrics_json", write_metrics);
}

static int recent_attempts_json(lua_State *L)
{
    return push_written(L, "client:recent_attempts_json", polyai_client_recent_attempts_json);
}

static int recent_log_lines_json(lua_State *L)
{
    return push_written(L, "client:recent_log_lines_json", polyai_client_recent_log_lines_json);
}

static int describe_json(lua_State *L)
{
    object_self(L, &kind_client, "client:describe_json");
    get_own_table(L, SELF);
    lua_getfield(L, -1, "described");
    return 1;
}

static int free_by_hand(lua_State *L)
{
    return object_free_by_hand(L, &kind_client, "client:free");
}

static bool push_field(lua_State *L, const struct object *object, const char *name)
{
    const char *text = NULL;
    size_t length = 0;
    if (strcmp(name, "base_url") == 0)
        text = polyai_client_base_url(object->handle, &length);
    else if (strcmp(name, "proxy") == 0)
        text = polyai_client_proxy(object->handle, &length);
    else if (strcmp(name, "dialect") == 0)
        text = polyai_client_dialect(object->handle, &length);
    else
        return false;
    push_text(L, text, length);
    return true;
}

static const luaL_Reg methods[] = {
    { "create", create },
    { "start_create", start_create },
    { "attach", attach },
    { "respond", respond },
    { "start_respond", start_respond },
    { "close_conversation", close_conversation },
    { "start_close_conversation", start_close_conversation },
    { "warm_up", warm_up },
    { "start_warm_up", start_warm_up },
    { "shut_down", shut_down },
    { "shut_down_and_wait", shut_down_and_wait },
    { "replace_credentials", replace_credentials },
    { "metrics_json", metrics_json },
    { "recent_attempts_json", recent_attempts_json },
    { "recent_log_lines_json", recent_log_lines_json },
    { "describe_json", describe_json },
    { "free", free_by_hand },
    { NULL, NULL },
};

static void free_handle(void *handle)
{
    polyai_client_free(handle);
}

const struct kind kind_client
    = { "client", "polyai_chat.client", free_handle, methods, push_field, "base_url, proxy, dialect", NULL };
