/* Counts how often a program waits for the disk: loaded by LD_PRELOAD, it hands every call on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>

static atomic_int syncs;

static int counted(const char *name, int descriptor)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);

    atomic_fetch_add(&syncs, 1);
    return next(descriptor);
}

int fsync(int descriptor)
{
    return counted("fsync", descriptor);
}

int fdatasync(int descriptor)
{
    return counted("fdatasync", descriptor);
}

int count_of_syncs(void)
{
    return atomic_load(&syncs);
}
