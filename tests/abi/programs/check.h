/* What the test programs have in common: a condition that must hold, and the way to a conversation. */
#ifndef CHECK_H
#define CHECK_H

#include <polyai_chat.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED __attribute__((unused))
#define TEXT(text) (text), POLYAI_NUL_TERMINATED

/* Ends the program when the condition does not hold. */
#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

/* As CHECK, for a call that must succeed: `error` is what it was given. */
#define OK(call, error) ((call) == POLYAI_STATUS_OK ? (void)0 : call_failed(__FILE__, __LINE__, #call, error))

UNUSED static void check_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    fflush(NULL);
    _Exit(1);
}

UNUSED static void call_failed(const char *file, int line, const char *call, const polyai_error *error)
{
    fprintf(stderr, "%s:%d: %s\n    %s\n", file, line, call, error ? polyai_error_text(error, NULL) : "(no error object)");
    fflush(NULL);
    _Exit(1);
}

/* A client as the environment says. */
UNUSED static polyai_client *client_of_environment(void)
{
    polyai_error *error = NULL;
    polyai_client *client = NULL;
    polyai_config *config = polyai_config_new();
    OK(polyai_config_load_environment(config, &error), error);
    OK(polyai_client_new(config, &client, &error), error);
    polyai_config_free(config);
    return client;
}

UNUSED static polyai_conversation *create(polyai_client *client)
{
    polyai_error *error = NULL;
    polyai_conversation *conversation = NULL;
    OK(polyai_client_create(client, NULL, &conversation, &error), error);
    return conversation;
}

/* One turn, which must succeed with these words. */
UNUSED static void say(polyai_conversation *conversation, const char *message, const char *expected)
{
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    OK(polyai_conversation_respond(conversation, TEXT(message), NULL, &reply, &error), error);
    CHECK(strcmp(polyai_reply_response(reply, NULL), expected) == 0);
    polyai_reply_free(reply);
}

UNUSED static void close_and_free(polyai_conversation *conversation)
{
    polyai_error *error = NULL;
    OK(polyai_conversation_close(conversation, NULL, NULL, &error), error);
    polyai_conversation_free(conversation);
}

/* A whole conversation: two turns and a close. */
UNUSED static void converse(polyai_client *client)
{
    polyai_conversation *conversation = create(client);
    CHECK(strcmp(polyai_conversation_greeting(conversation, NULL), "Hello there.") == 0);
    say(conversation, "one", "You said: one");
    say(conversation, "two", "You said: two");
    close_and_free(conversation);
}

#endif
