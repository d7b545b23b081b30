/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* Tokens that end calls. */

#include "cancel.h"

#include "call.h"

int cancel_new(lua_State *L)
{
    struct object *cancel = object_push(L, &kind_cancel);
    cancel->handle = polyai_cancel_new();
    if (!cancel->handle)
        return luaL_error(L, "polyai.cancel: there are too many handles; free what is not needed any more");
    return 1;
}

static int cancel(lua_State *L)
{
    polyai_cancel_trigger(object_self(L, &kind_cancel, "token:cancel")->handle);
    return 0;
}

static int cancel_for_good(lua_State *L)
{
    polyai_cancel_trigger_for_good(object_self(L, &kind_cancel, "token:cancel_for_good")->handle);
    return 0;
}

static int free_by_hand(lua_State *L)
{
    return object_free_by_hand(L, &kind_cancel, "token:free");
}

static const luaL_Reg methods[] = {
    { "cancel", cancel },
    { "cancel_for_good", cancel_for_good },
    { "free", free_by_hand },
    { NULL, NULL },
};

static void free_handle(void *handle)
{
    polyai_cancel_free(handle);
}

const struct kind kind_cancel = { "cancel token", "polyai_chat.cancel", free_handle, methods, NULL, "none", NULL };
