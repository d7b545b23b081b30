/* Uses the library where a process or a thread ends: in handlers of atexit, in destructors of thread-local variables, and in those
 * of the program. */
#include "check.h"

#include <pthread.h>

/* What a thread_local with a destructor is made of in C++. */
extern int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso);
extern void *__dso_handle;

static polyai_client *client;
static polyai_conversation *kept;

static void talk(void *unused)
{
    (void)unused;
    converse(client);
}

static void talk_at_exit(void)
{
    talk(NULL);
}

/* The last thing that the process does. */
__attribute__((destructor)) static void talk_at_the_very_end(void)
{
    talk(NULL);
    say(kept, "three", "You said: three");
    close_and_free(kept);
    polyai_client_free(client);
    polyai_client_free(client);
    CHECK(polyai_live_handles() == 0);
    fflush(stdout);
}

/* Its destructors run after those of what the library keeps for the thread, and before. */
static void *thread_that_talks(void *key)
{
    CHECK(__cxa_thread_atexit_impl(talk, NULL, &__dso_handle) == 0);
    CHECK(pthread_setspecific(*(pthread_key_t *)key, "set") == 0);
    talk(NULL);
    CHECK(__cxa_thread_atexit_impl(talk, NULL, &__dso_handle) == 0);
    return NULL;
}

/* The library has seen nothing of this thread before its end. */
static void *thread_that_only_ends(void *key)
{
    CHECK(__cxa_thread_atexit_impl(talk, NULL, &__dso_handle) == 0);
    CHECK(pthread_setspecific(*(pthread_key_t *)key, "set") == 0);
    return NULL;
}

int main(void)
{
    pthread_key_t key;
    pthread_t threads[2];
    CHECK(atexit(talk_at_exit) == 0);
    CHECK(__cxa_thread_atexit_impl(talk, NULL, &__dso_handle) == 0);
    CHECK(pthread_key_create(&key, talk) == 0);
    client = client_of_environment();
    kept = create(client);
    say(kept, "one", "You said: one");
    CHECK(atexit(talk_at_exit) == 0);
    CHECK(pthread_create(&threads[0], NULL, thread_that_talks, &key) == 0);
    CHECK(pthread_create(&threads[1], NULL, thread_that_only_ends, &key) == 0);
    for (int index = 0; index < 2; index++)
        pthread_join(threads[index], NULL);
    return 0; /* 4 + 2 of the threads, 1 of this thread, 2 at exit, 1 and the kept one at the very end */
}
