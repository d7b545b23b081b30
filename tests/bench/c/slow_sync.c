/*
 * Makes a disk of known speed: loaded by LD_PRELOAD into a program whose files are in memory, it lets every fsync and
 * fdatasync take BENCH_SYNC_US microseconds.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int slept(void)
{
    const char *given = getenv("BENCH_SYNC_US");
    long us = given ? strtol(given, NULL, 10) : 0;
    struct timespec left = {us / 1000000, us % 1000000 * 1000};

    while (nanosleep(&left, &left))
        ;
    return 0;
}

int fsync(int descriptor)
{
    (void)descriptor;
    return slept();
}

int fdatasync(int descriptor)
{
    (void)descriptor;
    return slept();
}
