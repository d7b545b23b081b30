/* Does what its arguments say, one after the other, and prints everything that the library tells about each outcome.
 *
 * An argument is a step with its operands, with | between them: `create|customer_name|Sam`, `respond|hello`, `close`.
 */
#include "check.h"

static polyai_config *config;
static polyai_client *client;
static polyai_conversation *conversation;
static polyai_request *request; /* for the next call; NULL for none */
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

typedef struct {
    const char *name;
    const char *(*get)(const polyai_reply *reply, size_t *length);
} text_of_reply;

typedef struct {
    const char *name;
    const char *(*get)(const polyai_error *error, size_t *length);
} text_of_error;

static const text_of_reply reply_texts[] = {
    {"response", polyai_reply_response},
    {"handoff_destination", polyai_reply_handoff_destination},
    {"handoff_reason", polyai_reply_handoff_reason},
    {"handoff_json", polyai_reply_handoff_json},
    {"conversation_id", polyai_reply_conversation_id},
    {"user_id", polyai_reply_user_id},
    {"raw_json", polyai_reply_raw_json},
    {"unknown_fields", polyai_reply_unknown_fields_json},
    {"correlation_id", polyai_reply_correlation_id},
};

static const text_of_error error_texts[] = {
    {"kind", polyai_error_kind},
    {"text", polyai_error_text},
    {"message", polyai_error_message},
    {"phase", polyai_error_phase},
    {"code", polyai_error_code},
    {"service_message", polyai_error_service_message},
    {"correlation_id", polyai_error_correlation_id},
    {"body_excerpt", polyai_error_body_excerpt},
    {"cause", polyai_error_cause},
    {"attempts", polyai_error_attempts_json},
};

static void print_reply(void)
{
    size_t length;
    const char *name;
    const char *value;
    for (size_t index = 0; index < sizeof reply_texts / sizeof *reply_texts; index++) {
        const char *text = reply_texts[index].get(reply, &length);
        CHECK(reply_texts[index].get(reply, NULL) == text); /* it stays where it is */
        print_text(reply_texts[index].name, text, length);
    }
    printf("end=%d\nhas_handoff=%d\nwas_over=%d\n", polyai_reply_end_conversation(reply), polyai_reply_has_handoff(reply),
           polyai_reply_was_over(reply));
    CHECK(polyai_reply_elapsed_us(reply) > 0);
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
    const char *name;
    const char *value;
    uint64_t retry_after_ms = 0;
    for (size_t index = 0; index < sizeof error_texts / sizeof *error_texts; index++) {
        const char *text = error_texts[index].get(error, &length);
        CHECK(error_texts[index].get(error, NULL) == text);
        print_text(error_texts[index].name, text, length);
    }
    CHECK(polyai_error_status(error) == status);
    printf("delivery=%s\nmay_resend=%d\nhttp_status=%u\nattempt_count=%zu\n", polyai_delivery_name(polyai_error_delivery(error)),
           polyai_error_may_resend(error), polyai_error_http_status(error), polyai_error_attempt_count(error));
    if (polyai_error_retry_after_ms(error, &retry_after_ms))
        printf("retry_after_ms=%llu\n", (unsigned long long)retry_after_ms);
    for (size_t index = 0; polyai_error_header_at(error, index, &name, &value, &length); index++) {
        printf("header ");
        print_text(name, value, length);
        CHECK(polyai_error_header(error, TEXT(name), NULL) != NULL);
    }
    CHECK(!polyai_error_header_at(error, polyai_error_header_count(error), &name, &value, &length));
}

static void print_json(const char *name, polyai_status (*get)(const void *of, char *buffer, size_t capacity, size_t *length),
                       const void *of)
{
    size_t length = 0;
    CHECK(get(of, NULL, 0, &length) == POLYAI_STATUS_OK && length > 0);
    char *room = malloc(length + 64);
    memset(room, 'x', length + 64);
    /* Not room for all but the NUL: nothing is written. */
    CHECK(get(of, room, length, &length) == POLYAI_STATUS_INVALID_ARGUMENT && room[0] == 'x');
    CHECK(get(of, room, length + 1, &length) == POLYAI_STATUS_OK);
    CHECK(strlen(room) == length && room[length + 1] == 'x');
    print_text(name, room, length);
    free(room);
}

static polyai_status describe(const void *of, char *buffer, size_t capacity, size_t *length)
{
    return polyai_config_describe_json(of, buffer, capacity, length, NULL);
}

static polyai_status metrics(const void *of, char *buffer, size_t capacity, size_t *length)
{
    return polyai_client_metrics_json(of, buffer, capacity, length, NULL);
}

static polyai_status recent_attempts(const void *of, char *buffer, size_t capacity, size_t *length)
{
    return polyai_client_recent_attempts_json(of, buffer, capacity, length, NULL);
}

static void on_log(void *user_data, polyai_log_level level, const char *line, size_t length)
{
    (void)user_data;
    CHECK(level >= POLYAI_LOG_WARN && level <= POLYAI_LOG_DEBUG);
    print_text("log", line, length);
}

static void on_attempt(void *user_data, const char *attempt_json, size_t length)
{
    (void)user_data;
    print_text("attempt", attempt_json, length);
}

/* ---- What is done ---------------------------------------------------------------------------- */

static const char *or_null(const char *operand)
{
    return operand && *operand ? operand : NULL;
}

static size_t length_of(const char *text)
{
    return text ? strlen(text) : 0;
}

static void use_client(void)
{
    size_t length;
    polyai_client_free(client);
    client = NULL;
    status = polyai_client_new(config, &client, &error);
    if (status != POLYAI_STATUS_OK)
        return;
    const char *text = polyai_client_base_url(client, &length);
    print_text("base_url", text, length);
    text = polyai_client_dialect(client, &length);
    print_text("dialect", text, length);
    text = polyai_client_proxy(client, &length);
    print_text("proxy", text, length);
}

static void use_conversation(polyai_conversation *made)
{
    size_t length;
    polyai_conversation_free(conversation);
    conversation = made;
    const char *text = polyai_conversation_id(conversation, &length);
    print_text("id", text, length);
    text = polyai_conversation_greeting(conversation, &length);
    print_text("greeting", text, length);
}

static void request_operand(const char *name, const char *value)
{
    if (!request)
        request = polyai_request_new();
    status = polyai_request_set(request, TEXT(name), TEXT(value), &error);
}

static void take_step(const char *name, const char *first, const char *second)
{
    polyai_conversation *made = NULL;
    if (strcmp(name, "environment") == 0)
        status = polyai_config_load_environment(config, &error);
    else if (strcmp(name, "profile") == 0)
        status = polyai_config_load_profile(config, or_null(first), length_of(first), or_null(second), length_of(second), &error);
    else if (strcmp(name, "set") == 0)
        status = polyai_config_set(config, TEXT(first), TEXT(second), &error);
    else if (strcmp(name, "log") == 0)
        status = polyai_config_set_log_callback(config, on_log, NULL, NULL, &error);
    else if (strcmp(name, "log_attempts") == 0)
        status = polyai_config_set_attempt_callback(config, on_attempt, NULL, NULL, &error);
    else if (strcmp(name, "describe") == 0)
        print_json("description", describe, config);
    else if (strcmp(name, "client") == 0)
        use_client();
    else if (strcmp(name, "metrics") == 0)
        print_json("metrics", metrics, client);
    else if (strcmp(name, "recent_attempts") == 0)
        print_json("recent_attempts", recent_attempts, client);
    else if (strcmp(name, "warm_up") == 0)
        status = polyai_client_warm_up(client, (uint64_t)atoi(first), &error);
    else if (strcmp(name, "replace_credentials") == 0)
        status = polyai_client_replace_credentials(client, TEXT(first), TEXT(second), &error);
    else if (strcmp(name, "shut_down") == 0)
        polyai_client_shut_down(client);
    else if (strcmp(name, "request") == 0)
        request_operand(first, second);
    else if (strcmp(name, "attribute") == 0) {
        request = polyai_request_new();
        status = polyai_request_set_attribute(request, TEXT(first), TEXT(second), &error);
    } else if (strcmp(name, "timeout_ms") == 0) {
        request = polyai_request_new();
        status = polyai_request_set_timeout_ms(request, (uint64_t)atoi(first), &error);
    } else if (strcmp(name, "create") == 0)
        status = polyai_client_create(client, request, &made, &error);
    else if (strcmp(name, "attach") == 0)
        status = polyai_client_attach(client, TEXT(first), &made, &error);
    else if (strcmp(name, "greeting") == 0)
        status = polyai_conversation_greeting_reply(conversation, &reply, &error);
    else if (strcmp(name, "respond") == 0)
        status = polyai_conversation_respond(conversation, first, length_of(first), request, &reply, &error);
    else if (strcmp(name, "close") == 0)
        status = polyai_conversation_close(conversation, request, &reply, &error);
    else if (strcmp(name, "close_if_open") == 0)
        status = polyai_conversation_close_if_open(conversation, &error);
    else if (strcmp(name, "state") == 0)
        printf("state=%u\n", polyai_conversation_state(conversation));
    else if (strcmp(name, "client_respond") == 0)
        status = polyai_client_respond(client, TEXT(first), second, length_of(second), request, &reply, &error);
    else if (strcmp(name, "client_close") == 0)
        status = polyai_client_close_conversation(client, TEXT(first), request, &reply, &error);
    else
        check_failed(name, 0, "no such step");
    if (made)
        use_conversation(made);
}

static bool makes_a_request(const char *name)
{
    return strcmp(name, "request") == 0 || strcmp(name, "attribute") == 0 || strcmp(name, "timeout_ms") == 0;
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
        if (!makes_a_request(name)) {
            polyai_request_free(request);
            request = NULL;
        }
        fflush(stdout);
    }
    polyai_conversation_free(conversation);
    polyai_client_free(client);
    polyai_config_free(config);
    CHECK(polyai_live_handles() == before);
    return 0;
}
