/*
 * Counts allocations: loaded by LD_PRELOAD in front of the C library, it hands every call on and writes how many there were,
 * and how many bytes are in use, to the file that BENCH_ALLOCATIONS names, when the program ends.
 *
 * A growing realloc counts as one. What bench_bytes_in_use returns is asked by memory.c.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What glibc exports for those who stand in front of it: no look-up, which itself would allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static atomic_ulong allocations;
static atomic_long in_use;

static void *counted(void *memory)
{
    if (memory) {
        atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&in_use, (long)malloc_usable_size(memory), memory_order_relaxed);
    }
    return memory;
}

void *malloc(size_t size)
{
    return counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size)
{
    const long before = (long)malloc_usable_size(memory);
    void *moved = __libc_realloc(memory, size);
    if (moved || size == 0)
        atomic_fetch_sub_explicit(&in_use, before, memory_order_relaxed);
    return counted(moved);
}

void *memalign(size_t alignment, size_t size)
{
    return counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return counted(__libc_memalign(alignment, size));
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    void *given = __libc_memalign(alignment, size);
    if (!given)
        return ENOMEM;
    *memory = counted(given);
    return 0;
}

void free(void *memory)
{
    atomic_fetch_sub_explicit(&in_use, (long)malloc_usable_size(memory), memory_order_relaxed);
    __libc_free(memory);
}

long bench_bytes_in_use(void)
{
    return atomic_load(&in_use);
}

__attribute__((destructor)) static void write_down(void)
{
    const unsigned long count = atomic_load(&allocations);
    const char *path = getenv("BENCH_ALLOCATIONS");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%lu\n", count);
        fclose(file);
    }
}
