/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* What a host does and Lua alone cannot, for tests: waiting for descriptors, forking, states on threads, memory that runs out. */

#define _GNU_SOURCE /* with -std=c11 */

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64, TEXT = 4096 };

/* host.poll({ descriptor, ... }, milliseconds) -> { [descriptor] = true }, of those that are readable or at their end */
static int poll_descriptors(lua_State *L)
{
    struct pollfd polled[MOST];
    nfds_t count = 0;
    for (lua_pushnil(L); lua_next(L, 1) && count < MOST; lua_pop(L, 1))
        polled[count++] = (struct pollfd) { (int)lua_tointeger(L, -1), POLLIN, 0 };
    const int found = poll(polled, count, (int)luaL_checkinteger(L, 2));
    lua_newtable(L);
    for (nfds_t at = 0; found > 0 && at < count; at++) {
        lua_pushboolean(L, polled[at].revents != 0);
        lua_rawseti(L, -2, polled[at].fd);
    }
    return 1;
}

/* host.read(descriptor) -> what is there, nil at the end */
static int read_descriptor(lua_State *L)
{
    char bytes[65536];
    ssize_t length = -1;
    do
        length = read((int)luaL_checkinteger(L, 1), bytes, sizeof bytes);
    while (length < 0 && errno == EINTR);
    if (length <= 0)
        return 0;
    lua_pushlstring(L, bytes, (size_t)length);
    return 1;
}

/* host.milliseconds() -> a time that only grows */
static int milliseconds(lua_State *L)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec * 1000 + (lua_Number)(now.tv_nsec / 1000000));
    return 1;
}

/* host.fork(work) -> what work() gave in a child, as a text */
static int fork_child(lua_State *L)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends) != 0)
        return luaL_error(L, "no pipe");
    const pid_t child = fork();
    if (child == 0) {
        size_t length = 0;
        lua_settop(L, 1);
        lua_pcall(L, 0, 1, 0);
        const char *text = lua_tolstring(L, -1, &length);
        const ssize_t written = write(ends[1], text ? text : "nothing", text ? length : 7);
        _exit(written < 0);
    }
    close(ends[1]);
    char text[TEXT];
    size_t length = 0;
    for (ssize_t more = 0; (more = read(ends[0], text + length, sizeof text - length)) > 0;)
        length += (size_t)more;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    lua_pushlstring(L, text, length);
    lua_pushinteger(L, status);
    return 2;
}

/* ---- States of their own ----------------------------------------------------------------------------- */

struct state {
    char script[TEXT];
    char result[TEXT];
    pthread_t thread;
    int number;
};

static void run_script(lua_State *L, struct state *state)
{
    luaL_openlibs(L);
    int failed = luaL_loadfile(L, state->script);
    if (!failed) {
        lua_pushinteger(L, state->number);
        failed = lua_pcall(L, 1, 1, 0);
    }
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "no text";
    snprintf(state->result, sizeof state->result, "%s%.4000s", failed ? "failed: " : "", text);
}

static void *run_state(void *argument)
{
    lua_State *L = luaL_newstate();
    run_script(L, argument);
    lua_close(L);
    return NULL;
}

/* host.states(count, script) -> { what each script gave }, each run in a state and on a thread of its own, with its number */
static int run_states(lua_State *L)
{
    const int count = (int)luaL_checkinteger(L, 1);
    struct state *states = lua_newuserdata(L, sizeof *states * (size_t)count);
    for (int at = 0; at < count; at++) {
        states[at].number = at + 1;
        snprintf(states[at].script, sizeof states[at].script, "%s", luaL_checkstring(L, 2));
        pthread_create(&states[at].thread, NULL, run_state, &states[at]);
    }
    lua_newtable(L);
    for (int at = 0; at < count; at++) {
        pthread_join(states[at].thread, NULL);
        lua_pushstring(L, states[at].result);
        lua_rawseti(L, -2, at + 1);
    }
    return 1;
}

/* ---- Memory that runs out ------------------------------------------------------------------------------ */

struct memory {
    long allowed; /* allocations from now on; negative: any number */
};

static void *allocate(void *data, void *old, size_t old_size, size_t size)
{
    struct memory *memory = data;
    if (size == 0) {
        free(old);
        return NULL;
    }
    if ((!old || size > old_size) && memory->allowed >= 0 && memory->allowed-- == 0) {
        memory->allowed = 0; /* and no more from now on */
        return NULL;
    }
    return realloc(old, size);
}

/*
 * host.starve(allowed, script) -> whether the function that the script gives went well with so many allocations, and what it raised;
 * nothing where this Lua takes no allocator
 */
static int starve(lua_State *L)
{
    struct memory memory = { -1 };
    const long allowed = (long)luaL_checkinteger(L, 1);
    const char *script = luaL_checkstring(L, 2);
    lua_State *starved = lua_newstate(allocate, &memory);
    if (!starved)
        return 0;
    luaL_openlibs(starved);
    if (luaL_loadfile(starved, script) || lua_pcall(starved, 0, 1, 0))
        lua_pushfstring(L, "the script failed: %s", lua_tostring(starved, -1));
    else
        lua_pushnil(L);
    memory.allowed = allowed;
    const int failed = lua_isnil(L, -1) ? lua_pcall(starved, 0, 0, 0) : 0;
    memory.allowed = -1;
    if (failed && lua_type(starved, -1) == LUA_TSTRING)
        lua_pushstring(L, lua_tostring(starved, -1));
    lua_close(starved);
    lua_pushboolean(L, !failed);
    lua_insert(L, -2);
    return 2;
}

int luaopen_host(lua_State *L);

int luaopen_host(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "poll", poll_descriptors }, { "read", read_descriptor }, { "milliseconds", milliseconds }, { "fork", fork_child },
        { "states", run_states },     { "starve", starve },        { NULL, NULL },
    };
    lua_newtable(L);
    for (const luaL_Reg *function = functions; function->name; function++) {
        lua_pushcfunction(L, function->func);
        lua_setfield(L, -2, function->name);
    }
    return 1;
}
