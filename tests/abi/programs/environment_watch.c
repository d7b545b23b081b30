/* Loaded before everything else (LD_PRELOAD): writes down who asks for which environment variable. The C library asks itself
 * without coming here. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { MOST = 256, LONGEST = 64 };

static char asked[MOST][LONGEST];
static int count;

/* How many questions came from the library since the start; the names are in `names`. */
int environment_questions(const char **names)
{
    *names = asked[0];
    return count;
}

static void write_down(const char *name, const void *caller)
{
    Dl_info of;
    if (!dladdr(caller, &of) || !of.dli_fname || !strstr(of.dli_fname, "libpolyai_chat"))
        return;
    int place = __atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST);
    if (place < MOST)
        strncpy(asked[place], name, LONGEST - 1);
}

extern char **environ;

static char *look_up(const char *name)
{
    size_t length = strlen(name);
    for (char **variable = environ; variable && *variable; variable++)
        if (strncmp(*variable, name, length) == 0 && (*variable)[length] == '=')
            return *variable + length + 1;
    return NULL;
}

char *getenv(const char *name)
{
    write_down(name, __builtin_return_address(0));
    return look_up(name);
}

char *secure_getenv(const char *name)
{
    write_down(name, __builtin_return_address(0));
    return look_up(name);
}
