/*
 * What every program of the benchmark does, in C; src/turns.rs is the same in Rust.
 *
 * PROGRAM URL [--ca FILE] [--conversations N] [--first] opens its conversations, prints "ready", then makes as many turns with
 * each as its input says, one number a line, and answers each with a line of JSON: the median and the 99th percentile of
 * the wall time of a turn, and the processor time of one, in microseconds; and how many turns there were in a second. Each
 * conversation has a thread where there is more than one. With --first it prints the time of the monotonic clock, in
 * nanoseconds, when it has its first conversation, and ends.
 */
#define _GNU_SOURCE
#include "stack.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define STACK_BYTES (256 << 10)

static const char *url;
static const char *ca_file;
static size_t conversations = 1;
static pthread_barrier_t begin;
static pthread_barrier_t end;

struct conversation {
    pthread_t thread;
    const size_t *turns; /* how many are asked for, 0 when it is over */
    uint64_t *const *walls_ns;
    size_t number;
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec time;
    MUST(clock_gettime(clock, &time) == 0);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void timed(struct stack *stack, uint64_t *walls_ns, size_t turns)
{
    for (size_t turn = 0; turn < turns; turn++) {
        const uint64_t began = clock_ns(CLOCK_MONOTONIC);
        const size_t said = stack_turn(stack);
        walls_ns[turn] = clock_ns(CLOCK_MONOTONIC) - began;
        MUST(said == REPLY_BYTES); /* a stack that is fast because it fails would be of no interest */
    }
}

static int by_size(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void report(uint64_t *walls_ns, size_t turns, uint64_t began_ns, uint64_t processor_before_ns)
{
    const double processor_ns = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - processor_before_ns);
    const double took_ns = (double)(clock_ns(CLOCK_MONOTONIC) - began_ns);
    qsort(walls_ns, turns, sizeof *walls_ns, by_size);
    printf("{\"wall_us\": %.3f, \"p99_us\": %.3f, \"cpu_us\": %.3f, \"turns_per_s\": %.1f}\n", (double)walls_ns[turns / 2] / 1e3,
           (double)walls_ns[turns * 99 / 100] / 1e3, processor_ns / 1e3 / (double)turns, (double)turns * 1e9 / took_ns);
    fflush(stdout);
}

/* How many turns are asked for; 0 when nobody asks any more. */
static size_t asked(void)
{
    char line[32];
    return fgets(line, sizeof line, stdin) ? strtoul(line, NULL, 10) : 0;
}

static void say_ready(void)
{
    puts("ready");
    fflush(stdout);
}

static void one(struct stack *stack)
{
    say_ready();
    for (size_t turns = asked(); turns; turns = asked()) {
        uint64_t *walls_ns = calloc(turns, sizeof *walls_ns);
        MUST(walls_ns);
        const uint64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID), began = clock_ns(CLOCK_MONOTONIC);
        timed(stack, walls_ns, turns);
        report(walls_ns, turns, began, before);
        free(walls_ns);
    }
}

static void *converse(void *argument)
{
    const struct conversation *self = argument;
    struct stack *stack = stack_open(url, ca_file);
    pthread_barrier_wait(&end);
    for (;;) {
        pthread_barrier_wait(&begin);
        if (*self->turns == 0)
            return NULL;
        timed(stack, *self->walls_ns + self->number * *self->turns, *self->turns);
        pthread_barrier_wait(&end);
    }
}

static void many(void)
{
    size_t turns = 0;
    uint64_t *walls_ns = NULL;
    struct conversation *all = calloc(conversations, sizeof *all);
    pthread_attr_t small;
    MUST(all && pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, STACK_BYTES) == 0);
    pthread_barrier_init(&begin, NULL, (unsigned)conversations + 1);
    pthread_barrier_init(&end, NULL, (unsigned)conversations + 1);
    for (size_t number = 0; number < conversations; number++) {
        all[number] = (struct conversation){.turns = &turns, .walls_ns = &walls_ns, .number = number};
        MUST(pthread_create(&all[number].thread, &small, converse, &all[number]) == 0);
    }
    pthread_barrier_wait(&end);
    say_ready();
    for (turns = asked(); turns; turns = asked()) {
        walls_ns = calloc(conversations * turns, sizeof *walls_ns);
        MUST(walls_ns);
        const uint64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID), began = clock_ns(CLOCK_MONOTONIC);
        pthread_barrier_wait(&begin);
        pthread_barrier_wait(&end);
        report(walls_ns, conversations * turns, began, before);
        free(walls_ns);
    }
    pthread_barrier_wait(&begin);
    for (size_t number = 0; number < conversations; number++)
        pthread_join(all[number].thread, NULL);
    free(all);
}

int main(int count, char **arguments)
{
    int first = 0;
    MUST(count >= 2);
    url = arguments[1];
    for (int index = 2; index < count; index++) {
        if (strcmp(arguments[index], "--first") == 0)
            first = 1;
        else if (strcmp(arguments[index], "--ca") == 0 && index + 1 < count)
            ca_file = arguments[++index];
        else if (strcmp(arguments[index], "--conversations") == 0 && index + 1 < count)
            conversations = strtoul(arguments[++index], NULL, 10);
        else
            MUST(!"an option that there is");
    }
    if (conversations > 1) {
        many();
        return 0;
    }
    struct stack *stack = stack_open(url, ca_file);
    if (first) {
        printf("%llu\n", (unsigned long long)clock_ns(CLOCK_MONOTONIC));
        return 0;
    }
    one(stack);
    return 0;
}
