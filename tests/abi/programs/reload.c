/* Loads and unloads the library again and again, while threads are inside it and a call that was started is under way. */
#include "loaded_library.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ROUNDS = 25, THREADS = 3 };

static loaded_library first;
static polyai_client *client;
static atomic_bool is_over;
static atomic_int conversations;

static void *talk(void *unused)
{
    (void)unused;
    do {
        converse_with(&first, client);
        conversations++;
    } while (!is_over);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    polyai_turn *slow = NULL;
    polyai_turn *endless = NULL;
    polyai_reply *reply = NULL;
    polyai_error *error = NULL;
    CHECK(argc == 2 && dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) == NULL);
    first = load(argv[1], RTLD_NOW | RTLD_LOCAL);
    /* It stays, also where nothing of it runs yet. */
    CHECK(dlclose(first.handle) == 0);
    first.handle = dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD);
    CHECK(first.handle != NULL);
    size_t before = first.polyai_live_handles_();
    client = client_of(&first);
    polyai_conversation *conversation = create_with(&first, client);
    polyai_conversation *other = create_with(&first, client);
    for (int index = 0; index < THREADS; index++)
        CHECK(pthread_create(&threads[index], NULL, talk, NULL) == 0);
    CHECK(first.polyai_conversation_start_respond_(conversation, TEXT("slow"), NULL, &slow, NULL) == POLYAI_STATUS_OK);
    CHECK(first.polyai_conversation_start_respond_(other, TEXT("endless"), NULL, &endless, NULL) == POLYAI_STATUS_OK);
    CHECK(dlclose(first.handle) == 0);

    for (int round = 0; round < ROUNDS; round++) {
        loaded_library again = load(argv[1], round % 2 ? RTLD_NOW | RTLD_GLOBAL : RTLD_LAZY | RTLD_LOCAL);
        polyai_client *own = client_of(&again);
        converse_with(&again, own);
        conversations++;
        again.polyai_client_free_(own);
        CHECK(dlclose(again.handle) == 0);
    }

    CHECK(first.polyai_turn_take_reply_(slow, &reply, NULL) == POLYAI_STATUS_OK);
    CHECK(strcmp(first.polyai_reply_response_(reply, NULL), "That took a while.") == 0);
    first.polyai_turn_cancel_(endless);
    CHECK(first.polyai_turn_take_reply_(endless, &reply, &error) == POLYAI_STATUS_CANCELLED);
    is_over = true;
    for (int index = 0; index < THREADS; index++)
        pthread_join(threads[index], NULL);
    first.polyai_error_free_(error);
    first.polyai_reply_free_(reply);
    first.polyai_turn_free_(slow);
    first.polyai_turn_free_(endless);
    first.polyai_conversation_free_(conversation);
    first.polyai_conversation_free_(other);
    first.polyai_client_free_(client);
    CHECK(first.polyai_live_handles_() == before);
    printf("%d\n", conversations);
    return 0;
}
