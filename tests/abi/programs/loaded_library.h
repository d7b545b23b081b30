/* The library as a plug-in host has it: loaded at run time, its functions by name. */
#ifndef LOADED_LIBRARY_H
#define LOADED_LIBRARY_H

#include "check.h"

#include <dlfcn.h>

#define FOR_EACH_FUNCTION(DO)         \
    DO(polyai_config_new)             \
    DO(polyai_config_load_environment) \
    DO(polyai_config_describe_json)   \
    DO(polyai_config_free)            \
    DO(polyai_client_new)             \
    DO(polyai_client_create)          \
    DO(polyai_client_base_url)        \
    DO(polyai_client_free)            \
    DO(polyai_request_new)            \
    DO(polyai_request_set_timeout_ms) \
    DO(polyai_request_set_cancel)     \
    DO(polyai_request_free)           \
    DO(polyai_conversation_respond)   \
    DO(polyai_conversation_start_respond) \
    DO(polyai_conversation_close)     \
    DO(polyai_conversation_id)        \
    DO(polyai_conversation_state)     \
    DO(polyai_conversation_free)      \
    DO(polyai_turn_cancel)            \
    DO(polyai_turn_take_reply)        \
    DO(polyai_turn_correlation_id)    \
    DO(polyai_turn_free)              \
    DO(polyai_reply_response)         \
    DO(polyai_reply_free)             \
    DO(polyai_error_text)             \
    DO(polyai_error_message)          \
    DO(polyai_error_status)           \
    DO(polyai_error_delivery)         \
    DO(polyai_error_free)             \
    DO(polyai_cancel_new)             \
    DO(polyai_cancel_free)            \
    DO(polyai_live_handles)

#define MEMBER(name) __typeof__(name) *name##_;

typedef struct {
    void *handle;
    FOR_EACH_FUNCTION(MEMBER)
} loaded_library;

UNUSED static loaded_library load(const char *path, int flags)
{
    loaded_library library;
    library.handle = dlopen(path, flags);
    if (!library.handle)
        check_failed(path, 0, dlerror());
#define FIND(name) CHECK((*(void **)&library.name##_ = dlsym(library.handle, #name)) != NULL);
    FOR_EACH_FUNCTION(FIND)
    return library;
}

UNUSED static polyai_client *client_of(const loaded_library *library)
{
    polyai_client *client = NULL;
    polyai_config *config = library->polyai_config_new_();
    CHECK(library->polyai_config_load_environment_(config, NULL) == POLYAI_STATUS_OK);
    CHECK(library->polyai_client_new_(config, &client, NULL) == POLYAI_STATUS_OK);
    library->polyai_config_free_(config);
    return client;
}

UNUSED static polyai_conversation *create_with(const loaded_library *library, polyai_client *client)
{
    polyai_conversation *conversation = NULL;
    CHECK(library->polyai_client_create_(client, NULL, &conversation, NULL) == POLYAI_STATUS_OK);
    return conversation;
}

UNUSED static void say_with(const loaded_library *library, polyai_conversation *conversation, const char *message, const char *expected)
{
    polyai_reply *reply = NULL;
    CHECK(library->polyai_conversation_respond_(conversation, TEXT(message), NULL, &reply, NULL) == POLYAI_STATUS_OK);
    CHECK(strcmp(library->polyai_reply_response_(reply, NULL), expected) == 0);
    library->polyai_reply_free_(reply);
}

UNUSED static void converse_with(const loaded_library *library, polyai_client *client)
{
    polyai_conversation *conversation = create_with(library, client);
    say_with(library, conversation, "one", "You said: one");
    CHECK(library->polyai_conversation_close_(conversation, NULL, NULL, NULL) == POLYAI_STATUS_OK);
    library->polyai_conversation_free_(conversation);
}

#endif
