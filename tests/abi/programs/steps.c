/* Does what its arguments say, one after the other, and prints everything that the library tells about each outcome.
 *
 * An argument is a step with its operands, with | between them: `set|timeout_ms|500`, `client`, `create`.
 */
#include "check.h"

static polyai_config *config;
static polyai_client *client;
static polyai_conversation *conversation;
static polyai_reply *reply;
static polyai_error *error;
static polyai_status status;

/* ---- What is printed ------------------------------------------------------------------------- */

static void print_bytes(const char *name, const char *bytes, size_t length)
{
    printf("%s=", name);
    for (size_t index = 0; bytes && index < length; index++) {
        unsigned char byte = (unsigned char)bytes[index];
        if (byte < ' ' || byte > '~' || byte == '\\')
            printf("\\x%02x", byte);
        else
            putchar(byte);
    }
    printf("%s\n", bytes ? "" : "(none)");
}

static void print_text(const char *name, const char *text, size_t length)
{
    if (text)
        CHECK(text[length] == 0);
    else
        CHECK(length == 0);
    print_bytes(name, text, length);
}

static void print_reply(void)
{
    size_t length;
    const char *name;
    const char *value;
    const char *text = polyai_reply_response(reply, &length);
    CHECK(polyai_reply_response(reply, NULL) == text); /* it stays where it is */
    print_text("response", text, length);
    const char *plain = polyai_reply_plain_text(reply, &length);
    CHECK(polyai_reply_plain_text(reply, NULL) == plain); /* made once */
    CHECK(text ? plain && plain[length] == 0 : !plain && length == 0);
    for (size_t index = 0; polyai_reply_header_at(reply, index, &name, &value, &length); index++) {
        size_t found_length;
        printf("header ");
        print_text(name, value, length);
        CHECK(index < polyai_reply_header_count(reply));
        CHECK(polyai_reply_header(reply, TEXT(name), &found_length) != NULL);
    }
    name = value = "untouched";
    CHECK(!polyai_reply_header_at(reply, polyai_reply_header_count(reply), &name, &value, &length));
    CHECK(!polyai_reply_header_at(reply, SIZE_MAX, &name, &value, NULL));
    CHECK(strcmp(name, "untouched") == 0 && strcmp(value, "untouched") == 0);
    CHECK(polyai_reply_header(reply, TEXT("x-not-there"), &length) == NULL && length == 0);
}

static void print_error(void)
{
    size_t length;
    const char *name = "untouched";
    const char *value = name;
    CHECK(polyai_error_status(error) == status);
    const char *text = polyai_error_message(error, &length);
    CHECK(polyai_error_message(error, NULL) == text);
    print_text("message", text, length);
    CHECK(!polyai_error_header_at(error, polyai_error_header_count(error), &name, &value, &length));
    CHECK(strcmp(name, "untouched") == 0 && strcmp(value, "untouched") == 0);
}

static void print_description(void)
{
    size_t length = 0;
    CHECK(polyai_config_describe_json(config, NULL, 0, &length, NULL) == POLYAI_STATUS_OK && length > 0);
    char *room = malloc(length + 64);
    memset(room, 'x', length + 64);
    /* Not room for all but the NUL: nothing is written. */
    CHECK(polyai_config_describe_json(config, room, length, &length, NULL) == POLYAI_STATUS_INVALID_ARGUMENT && room[0] == 'x');
    CHECK(polyai_config_describe_json(config, room, length + 1, &length, NULL) == POLYAI_STATUS_OK);
    CHECK(strlen(room) == length && room[length + 1] == 'x');
    print_text("description", room, length);
    free(room);
}

/* ---- What is done ---------------------------------------------------------------------------- */

static void take_step(const char *name, const char *first, const char *second)
{
    if (strcmp(name, "environment") == 0)
        status = polyai_config_load_environment(config, &error);
    else if (strcmp(name, "profile") == 0)
        status = polyai_config_load_profile(config, TEXT(first), TEXT(second), &error);
    else if (strcmp(name, "set") == 0)
        status = polyai_config_set(config, TEXT(first), TEXT(second), &error);
    else if (strcmp(name, "describe") == 0)
        print_description();
    else if (strcmp(name, "client") == 0)
        status = polyai_client_new(config, &client, &error);
    else if (strcmp(name, "create") == 0)
        status = polyai_client_create(client, NULL, &conversation, &error);
    else if (strcmp(name, "greeting") == 0)
        status = polyai_conversation_greeting_reply(conversation, &reply, &error);
    else if (strcmp(name, "close") == 0)
        status = polyai_conversation_close(conversation, NULL, &reply, &error);
    else
        check_failed(name, 0, "no such step");
}

int main(int argc, char **argv)
{
    (void)argc;
    size_t before = polyai_live_handles();
    config = polyai_config_new();
    for (char **step = argv + 1; *step; step++) {
        char *rest = *step;
        const char *name = strsep(&rest, "|");
        printf("> %s\n", name); /* the operands may be secret */
        const char *first = strsep(&rest, "|");
        status = POLYAI_STATUS_OK;
        take_step(name, first, rest);
        printf("status=%s\n", polyai_status_name(status));
        CHECK((status == POLYAI_STATUS_OK) == (error == NULL));
        if (reply)
            print_reply();
        if (error)
            print_error();
        polyai_reply_free(reply);
        polyai_error_free(error);
        reply = NULL;
        error = NULL;
    }
    polyai_conversation_free(conversation);
    polyai_client_free(client);
    polyai_config_free(config);
    CHECK(polyai_live_handles() == before);
    return 0;
}
