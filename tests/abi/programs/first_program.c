/* A program from the time of the first release: it is compiled with the first header, tests/abi/baseline/first, and runs with
 * the library of today. It needs nothing that came later, and includes nothing that may change.
 *
 * Whoever breaks it breaks what users have built. Where it fails, mend the library.
 */
#include <polyai_chat.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(text) (text), POLYAI_NUL_TERMINATED
#define CHECK(condition) ((condition) ? (void)0 : failed(__LINE__, #condition))
#define OK(call) ok(__LINE__, #call, call)

/* What the last call had to say. */
static polyai_error *error;

static void failed(int line, const char *condition)
{
    fprintf(stderr, "first_program.c:%d: %s\n", line, condition);
    exit(EXIT_FAILURE);
}

static void ok(int line, const char *call, polyai_status status)
{
    if (status != POLYAI_STATUS_OK) {
        fprintf(stderr, "%s\n", error ? polyai_error_text(error, NULL) : "no error object");
        failed(line, call);
    }
    CHECK(!error);
}

static int is(const char *text, const char *expected)
{
    return text && strcmp(text, expected) == 0;
}

static int has(const char *text, const char *part)
{
    return text && strstr(text, part);
}

/* ---- Callbacks ---- */

typedef struct {
    int calls;
    int releases;
} counter;

static void on_log(void *user_data, polyai_log_level level, const char *line, size_t length)
{
    CHECK(level >= POLYAI_LOG_WARN && level <= POLYAI_LOG_DEBUG);
    CHECK(strlen(line) == length && length > 0);
    ((counter *)user_data)->calls++;
}

static void on_attempt(void *user_data, const char *attempt_json, size_t length)
{
    CHECK(strlen(attempt_json) == length && has(attempt_json, "\"correlation_id\""));
    ((counter *)user_data)->calls++;
}

static int32_t go_on(void *user_data)
{
    ((counter *)user_data)->calls++;
    return 0;
}

static void on_release(void *user_data)
{
    ((counter *)user_data)->releases++;
}

/* ---- The chapters ---- */

static void the_library_is_new_enough(void)
{
    if (POLYAI_ABI_VERSION < polyai_abi_oldest() || POLYAI_ABI_VERSION > polyai_abi_newest()) {
        fprintf(stderr, "this program needs ABI %u, and the library has %u to %u\n", POLYAI_ABI_VERSION, polyai_abi_oldest(),
                polyai_abi_newest());
        exit(EXIT_FAILURE);
    }
    CHECK(has(polyai_version(), "."));
    CHECK(has(polyai_build_features(), "tls="));
}

static void names_are_known(void)
{
    size_t length = 0;
    const char *options = polyai_options_json(&length);
    CHECK(has(options, "\"timeout_ms\"") && strlen(options) == length);
    CHECK(is(polyai_status_name(POLYAI_STATUS_OK), "ok"));
    CHECK(is(polyai_status_name(POLYAI_STATUS_TIMEOUT), "timeout"));
    CHECK(polyai_status_name(UINT32_MAX) == NULL);
    CHECK(is(polyai_delivery_name(POLYAI_DELIVERY_NOT_SENT), "not_sent"));
}

static void set(polyai_config *config, const char *option, const char *variable)
{
    const char *value = getenv(variable);
    CHECK(value);
    OK(polyai_config_set(config, TEXT(option), value, strlen(value), &error));
}

static polyai_config *make_config(counter *log, counter *attempts)
{
    char *description;
    size_t length = 0;
    polyai_config *config = polyai_config_new();
    CHECK(config);
    set(config, "base_url", "POLYAI_BASE_URL");
    set(config, "account_id", "POLYAI_ACCOUNT_ID");
    set(config, "project_id", "POLYAI_PROJECT_ID");
    OK(polyai_config_load_environment(config, &error));
    set(config, "api_key", "POLYAI_API_KEY");
    set(config, "token", "POLYAI_TOKEN");
    OK(polyai_config_set_log_callback(config, on_log, log, on_release, &error));
    OK(polyai_config_set_attempt_callback(config, on_attempt, attempts, on_release, &error));

    OK(polyai_config_describe_json(config, NULL, 0, &length, &error));
    description = malloc(length + 1);
    OK(polyai_config_describe_json(config, description, length + 1, &length, &error));
    CHECK(strlen(description) == length && has(description, "\"api_key\""));
    CHECK(!has(description, getenv("POLYAI_API_KEY")));
    free(description);
    return config;
}

static void what_is_wrong_is_said(polyai_config *config)
{
    size_t length = 0;
    polyai_status status = polyai_config_set(config, TEXT("no_such_option"), TEXT("1"), &error);
    CHECK(status == POLYAI_STATUS_INVALID_ARGUMENT && error);
    CHECK(polyai_error_status(error) == status);
    CHECK(is(polyai_error_kind(error, &length), "invalid_argument") && length == strlen("invalid_argument"));
    CHECK(has(polyai_error_message(error, NULL), "no_such_option"));
    CHECK(has(polyai_error_text(error, NULL), "no_such_option"));
    CHECK(polyai_error_delivery(error) == POLYAI_DELIVERY_NOT_SENT && polyai_error_may_resend(error));
    CHECK(polyai_error_phase(error, NULL));
    polyai_error_free(error);
    error = NULL;

    status = polyai_config_load_profile(config, TEXT("nobody"), TEXT("/nowhere/at/all.toml"), &error);
    CHECK(status == POLYAI_STATUS_CONFIGURATION && has(polyai_error_message(error, NULL), "/nowhere/at/all.toml"));
    polyai_error_free(error);
    error = NULL;
}

static polyai_client *make_client(const polyai_config *config)
{
    polyai_client *client = NULL;
    OK(polyai_client_new(config, &client, &error));
    CHECK(is(polyai_client_base_url(client, NULL), getenv("POLYAI_BASE_URL")));
    CHECK(is(polyai_client_dialect(client, NULL), "current"));
    CHECK(polyai_client_proxy(client, NULL) == NULL);
    OK(polyai_client_warm_up(client, 30000, &error));
    return client;
}

static polyai_conversation *begin(polyai_client *client, counter *checks)
{
    size_t length = 0;
    polyai_conversation *conversation = NULL;
    polyai_reply *greeting = NULL;
    polyai_cancel *cancel = polyai_cancel_new();
    polyai_request *request = polyai_request_new();
    OK(polyai_request_set_attribute(request, TEXT("customer_name"), TEXT("Sam"), &error));
    OK(polyai_request_set(request, TEXT("variant_id"), TEXT("billing"), &error));
    OK(polyai_request_set_timeout_ms(request, 60000, &error));
    OK(polyai_request_set_check(request, go_on, checks, on_release, &error));
    OK(polyai_request_set_cancel(request, cancel, &error));
    polyai_cancel_trigger(cancel); /* before the call: it does nothing */
    OK(polyai_client_create(client, request, &conversation, &error));
    polyai_request_free(request);
    polyai_cancel_free(cancel);

    CHECK(is(polyai_conversation_greeting(conversation, &length), "Hello Sam.") && length == strlen("Hello Sam."));
    CHECK(polyai_conversation_state(conversation) == POLYAI_STATE_OPEN);
    OK(polyai_conversation_greeting_reply(conversation, &greeting, &error));
    CHECK(is(polyai_reply_response(greeting, NULL), "Hello Sam."));
    CHECK(is(polyai_reply_conversation_id(greeting, NULL), polyai_conversation_id(conversation, NULL)));
    CHECK(polyai_reply_user_id(greeting, NULL) == NULL);
    polyai_reply_free(greeting);
    return conversation;
}

static void a_reply_says_everything(polyai_conversation *conversation)
{
    size_t length = 0;
    size_t index;
    int content_types = 0;
    polyai_reply *reply = NULL;
    OK(polyai_conversation_respond(conversation, TEXT("Where is my order?"), NULL, &reply, &error));
    CHECK(is(polyai_reply_response(reply, &length), "You said: Where is my order?") && length == 28);
    CHECK(!polyai_reply_end_conversation(reply) && !polyai_reply_has_handoff(reply) && !polyai_reply_was_over(reply));
    CHECK(polyai_reply_handoff_destination(reply, NULL) == NULL && polyai_reply_handoff_json(reply, NULL) == NULL);
    CHECK(has(polyai_reply_raw_json(reply, NULL), "Where is my order?"));
    CHECK(has(polyai_reply_unknown_fields_json(reply, NULL), "{"));
    CHECK(polyai_reply_correlation_id(reply, NULL) && polyai_reply_elapsed_us(reply) > 0);
    CHECK(has(polyai_reply_header(reply, TEXT("Content-Type"), NULL), "json"));
    for (index = 0; index < polyai_reply_header_count(reply); index++) {
        const char *name = NULL;
        const char *value = NULL;
        CHECK(polyai_reply_header_at(reply, index, &name, &value, &length) && strlen(value) == length);
        content_types += is(name, "content-type");
    }
    CHECK(content_types == 1 && !polyai_reply_header_at(reply, index, NULL, NULL, NULL));
    polyai_reply_free(reply);
}

static void a_turn_is_started_and_taken(polyai_conversation *conversation)
{
    int32_t descriptor = -1;
    bool is_done = false;
    polyai_turn *turn = NULL;
    polyai_reply *reply = NULL;
    OK(polyai_conversation_start_respond(conversation, TEXT("human"), NULL, &turn, &error));
    CHECK(polyai_turn_correlation_id(turn, NULL));
    OK(polyai_turn_fd(turn, &descriptor, &error));
    CHECK(descriptor >= 0);
    OK(polyai_turn_wait(turn, 60000, &is_done, &error));
    CHECK(is_done);
    polyai_turn_cancel(turn); /* after the end: it does nothing */
    OK(polyai_turn_take_reply(turn, &reply, &error));
    polyai_turn_free(turn);
    CHECK(polyai_reply_has_handoff(reply) && is(polyai_reply_handoff_destination(reply, NULL), "billing"));
    CHECK(is(polyai_reply_handoff_reason(reply, NULL), "asked for a human"));
    CHECK(has(polyai_reply_handoff_json(reply, NULL), "\"queue\""));
    polyai_reply_free(reply);
}

static void what_is_over_is_over(polyai_conversation *conversation)
{
    polyai_reply *reply = NULL;
    OK(polyai_conversation_respond(conversation, TEXT("bye"), NULL, &reply, &error));
    CHECK(is(polyai_reply_response(reply, NULL), "Goodbye.") && polyai_reply_end_conversation(reply));
    polyai_reply_free(reply);
    reply = NULL;
    CHECK(polyai_conversation_state(conversation) == POLYAI_STATE_ENDED);
    CHECK(polyai_conversation_respond(conversation, TEXT("still there?"), NULL, &reply, &error)
          == POLYAI_STATUS_CONVERSATION_ENDED);
    CHECK(!reply && polyai_error_delivery(error) == POLYAI_DELIVERY_NOT_SENT);
    CHECK(polyai_error_http_status(error) == 0 && polyai_error_attempt_count(error) == 0);
    polyai_error_free(error);
    error = NULL;
    OK(polyai_conversation_close_if_open(conversation, &error));
}

/* Created, held and closed without waiting in between. */
static void calls_are_started(polyai_client *client)
{
    polyai_turn *turn = NULL;
    polyai_conversation *conversation = NULL;
    polyai_reply *reply = NULL;
    OK(polyai_client_start_create(client, NULL, &turn, &error));
    OK(polyai_turn_take_conversation(turn, &conversation, &error));
    polyai_turn_free(turn);
    turn = NULL;
    CHECK(is(polyai_conversation_greeting(conversation, NULL), "Hello there."));
    OK(polyai_conversation_start_close(conversation, NULL, &turn, &error));
    OK(polyai_turn_take_reply(turn, &reply, &error));
    CHECK(polyai_conversation_state(conversation) == POLYAI_STATE_CLOSED && polyai_reply_end_conversation(reply));
    polyai_turn_free(turn);
    polyai_reply_free(reply);
    polyai_conversation_free(conversation);
}

static void a_conversation_is_known_by_its_id(polyai_client *client)
{
    char id[256];
    polyai_conversation *conversation = NULL;
    polyai_reply *reply = NULL;
    OK(polyai_client_create(client, NULL, &conversation, &error));
    snprintf(id, sizeof id, "%s", polyai_conversation_id(conversation, NULL));
    polyai_conversation_free(conversation);
    conversation = NULL;
    OK(polyai_client_respond(client, TEXT(id), TEXT("one"), NULL, &reply, &error));
    CHECK(is(polyai_reply_response(reply, NULL), "You said: one"));
    polyai_reply_free(reply);
    reply = NULL;
    OK(polyai_client_attach(client, TEXT(id), &conversation, &error));
    CHECK(polyai_conversation_greeting(conversation, NULL) == NULL);
    OK(polyai_conversation_respond(conversation, TEXT("two"), NULL, &reply, &error));
    CHECK(is(polyai_reply_response(reply, NULL), "You said: two"));
    polyai_reply_free(reply);
    reply = NULL;
    OK(polyai_conversation_close(conversation, NULL, &reply, &error));
    CHECK(polyai_reply_response(reply, NULL) == NULL && polyai_reply_end_conversation(reply) && !polyai_reply_was_over(reply));
    polyai_reply_free(reply);
    polyai_conversation_free(conversation);
    OK(polyai_client_close(client, TEXT(id), NULL, NULL, &error));
}

static void a_refusal_says_everything(polyai_client *client)
{
    uint64_t retry_after_ms = 0;
    const char *name = NULL;
    polyai_conversation *conversation = NULL;
    OK(polyai_client_replace_credentials(client, TEXT("a-wrong-key"), TEXT("a-wrong-token"), &error));
    CHECK(polyai_client_create(client, NULL, &conversation, &error) == POLYAI_STATUS_AUTHENTICATION);
    CHECK(!conversation && is(polyai_error_kind(error, NULL), "authentication"));
    CHECK(polyai_error_delivery(error) == POLYAI_DELIVERY_REJECTED && polyai_error_http_status(error) == 401);
    CHECK(polyai_error_correlation_id(error, NULL) && polyai_error_attempt_count(error) == 1);
    CHECK(has(polyai_error_attempts_json(error, NULL), "\"status\""));
    CHECK(polyai_error_header(error, TEXT("content-type"), NULL) && polyai_error_header_count(error) > 0);
    CHECK(polyai_error_header_at(error, 0, &name, NULL, NULL) && name);
    CHECK(!polyai_error_retry_after_ms(error, &retry_after_ms) && retry_after_ms == 0);
    /* What the service says beside that is its own affair. */
    (void)polyai_error_code(error, NULL);
    (void)polyai_error_service_message(error, NULL);
    (void)polyai_error_body_excerpt(error, NULL);
    (void)polyai_error_cause(error, NULL);
    polyai_error_free(error);
    error = NULL;
    OK(polyai_client_replace_credentials(client, TEXT(getenv("POLYAI_API_KEY")), TEXT(getenv("POLYAI_TOKEN")), &error));
}

static void the_client_counts(const polyai_client *client)
{
    static char buffer[1 << 16];
    size_t length = 0;
    OK(polyai_client_metrics_json(client, buffer, sizeof buffer, &length, &error));
    CHECK(strlen(buffer) == length && has(buffer, "\"calls_in_flight\""));
    OK(polyai_client_recent_attempts_json(client, buffer, sizeof buffer, &length, &error));
    CHECK(strlen(buffer) == length && has(buffer, "\"operation\""));
}

int main(void)
{
    counter log = {0, 0};
    counter attempts = {0, 0};
    counter checks = {0, 0};
    polyai_config *config;
    polyai_client *client;
    polyai_conversation *conversation;

    the_library_is_new_enough();
    names_are_known();
    config = make_config(&log, &attempts);
    what_is_wrong_is_said(config);
    client = make_client(config);
    polyai_config_free(config);

    conversation = begin(client, &checks);
    a_reply_says_everything(conversation);
    a_turn_is_started_and_taken(conversation);
    what_is_over_is_over(conversation);
    polyai_conversation_free(conversation);
    calls_are_started(client);
    a_conversation_is_known_by_its_id(client);
    a_refusal_says_everything(client);
    the_client_counts(client);

    polyai_client_shut_down(client);
    polyai_client_free(client);
    CHECK(polyai_live_handles() == 0);
    CHECK(log.calls > 0 && log.releases == 1);
    CHECK(attempts.calls > 0 && attempts.releases == 1);
    CHECK(checks.releases == 1);
    printf("a whole conversation\n");
    return EXIT_SUCCESS;
}
