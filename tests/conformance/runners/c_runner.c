/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/*
 * The runner of C: does what steps say with polyai_chat.h, and writes the outcome of each.
 *
 * Every field is asked of its own function. When a case begins, all handles of the one before are freed, and the library must
 * agree that there is none left.
 */

#include <polyai_chat.h>

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A header that is looked up by its name, in whatever case. */
#define LOOKED_UP "X-POLYAI-Correlation-ID"

enum limits { MOST_HANDLES = 64, MOST_THREADS = 16 };

enum outcome { A_CONVERSATION, A_REPLY, A_CLOSE, NOTHING };

/* How long a started call is waited for at most. */
#define PATIENCE_MS 20000

/* A conversation or a started call, by its name in the case. */
struct named {
    char *name;
    polyai_conversation *conversation;
    polyai_turn *turn;
    enum outcome outcome;
};

/* What a case has made so far. The lock is for the table, not for the handles in it. */
static polyai_client *client;
static polyai_completions *completions; /* the tag of a call is its place in the table */
static struct named table[MOST_HANDLES];
static size_t table_length;
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static pthread_t threads[MOST_THREADS];
static size_t thread_count;

static pthread_mutex_t output_lock = PTHREAD_MUTEX_INITIALIZER;

static void give_up(const char *why)
{
    fprintf(stderr, "c_runner: %s\n", why);
    exit(1);
}

/* ---- JSON ------------------------------------------------------------------------------------- */

/* A text of the library, which may hold a NUL and ends with one; null where it is absent. What is not UTF-8 is shown by its length alone. */
static json_t *text(const char *bytes, size_t length)
{
    if (!bytes)
        return json_null();
    if (bytes[length] != 0)
        give_up("a text does not end with a NUL");
    json_t *shown = json_stringn(bytes, length);
    return shown ? shown : json_sprintf("%zu bytes that are no UTF-8", length);
}

/* A text of the library that is JSON. */
static json_t *parsed(const char *bytes, size_t length)
{
    if (!bytes)
        return json_null();
    json_t *value = json_loadb(bytes, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    return value ? value : json_sprintf("no JSON: %s", bytes);
}

static const char *field(const json_t *step, const char *name)
{
    const char *value = json_string_value(json_object_get(step, name));
    return value ? value : "";
}

static size_t field_length(const json_t *step, const char *name)
{
    return json_string_length(json_object_get(step, name));
}

/* ---- What came ---------------------------------------------------------------------------------- */

typedef const char *(*reply_text)(const polyai_reply *reply, size_t *length);
typedef const char *(*error_text)(const polyai_error *error, size_t *length);

/* Asks for a text by the function that gives it. */
static json_t *of_reply(const polyai_reply *reply, reply_text ask)
{
    size_t length = 0;
    const char *bytes = ask(reply, &length);
    return text(bytes, length);
}

static json_t *of_error(const polyai_error *error, error_text ask)
{
    size_t length = 0;
    const char *bytes = ask(error, &length);
    return text(bytes, length);
}

static json_t *reply_headers(const polyai_reply *reply)
{
    json_t *headers = json_array();
    const char *name = NULL;
    const char *value = NULL;
    size_t length = 0;
    for (size_t index = 0; index < polyai_reply_header_count(reply); index++)
        if (polyai_reply_header_at(reply, index, &name, &value, &length))
            json_array_append_new(headers, json_pack("[so]", name, text(value, length)));
    return headers;
}

static json_t *error_headers(const polyai_error *error)
{
    json_t *headers = json_array();
    const char *name = NULL;
    const char *value = NULL;
    size_t length = 0;
    for (size_t index = 0; index < polyai_error_header_count(error); index++)
        if (polyai_error_header_at(error, index, &name, &value, &length))
            json_array_append_new(headers, json_pack("[so]", name, text(value, length)));
    return headers;
}

static json_t *handoff_of(const polyai_reply *reply)
{
    size_t length = 0;
    if (!polyai_reply_has_handoff(reply))
        return json_null();
    json_t *shown = json_object();
    json_object_set_new(shown, "destination", of_reply(reply, polyai_reply_handoff_destination));
    json_object_set_new(shown, "reason", of_reply(reply, polyai_reply_handoff_reason));
    const char *json = polyai_reply_handoff_json(reply, &length);
    json_object_set_new(shown, "raw", parsed(json, length));
    return shown;
}

/*
 * What is wrong with `whole`, which should have in one object what the functions have given one by one; NULL where they agree. A
 * value that is no UTF-8 stands there as its bytes, and a number may be too large for the parser of this program.
 */
static json_t *disagreement(const json_t *shown, const char *whole)
{
    json_t *all = json_loads(whole, JSON_ALLOW_NUL, NULL);
    if (!all)
        return strstr(whole, "e+") ? NULL : json_sprintf("no JSON: %s", whole);
    json_t *wrong = NULL;
    size_t index = 0;
    json_t *pair = NULL;
    json_array_foreach(json_object_get(all, "headers"), index, pair)
    {
        json_t *bytes = json_array_get(pair, 1);
        if (json_is_array(bytes))
            json_array_set_new(pair, 1, json_sprintf("%zu bytes that are no UTF-8", json_array_size(bytes)));
    }
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(all, name, value)
    {
        json_t *other = json_object_get(shown, strcmp(name, "raw_json") == 0 ? "raw" : name);
        if (!wrong && !json_equal(value, other))
            wrong = json_sprintf("`%s` is not what its own function gives", name);
    }
    json_decref(all);
    return wrong;
}

/* The fields of a reply, and frees it. */
static json_t *reply_of(polyai_reply *reply, enum outcome outcome)
{
    static const char *const operations[] = { "create", "respond", "close" };
    size_t length = 0;
    json_t *shown = json_object();
    if (outcome == A_CLOSE) {
        json_object_set_new(shown, "was_over", json_boolean(polyai_reply_was_over(reply)));
    } else {
        json_object_set_new(shown, "response", of_reply(reply, polyai_reply_response));
        json_object_set_new(shown, "plain_text", of_reply(reply, polyai_reply_plain_text));
        json_object_set_new(shown, "conversation_id", of_reply(reply, polyai_reply_conversation_id));
    }
    if (outcome == A_CONVERSATION)
        json_object_set_new(shown, "user_id", of_reply(reply, polyai_reply_user_id));
    if (outcome == A_REPLY) {
        json_object_set_new(shown, "end_conversation", json_boolean(polyai_reply_end_conversation(reply)));
        json_object_set_new(shown, "handoff", handoff_of(reply));
    }
    json_object_set_new(shown, "raw", of_reply(reply, polyai_reply_raw_json));
    const char *unknown = polyai_reply_unknown_fields_json(reply, &length);
    json_object_set_new(shown, "unknown_fields", parsed(unknown, length));
    json_object_set_new(shown, "headers", reply_headers(reply));
    const char *header = polyai_reply_header(reply, LOOKED_UP, strlen(LOOKED_UP), &length);
    json_object_set_new(shown, "header", text(header, length));
    json_object_set_new(shown, "correlation_id", of_reply(reply, polyai_reply_correlation_id));
    json_object_set_new(shown, "elapsed_us", json_integer((json_int_t)polyai_reply_elapsed_us(reply)));

    json_object_set_new(shown, "operation", json_string(polyai_reply_operation(reply)));
    json_t *wrong = disagreement(shown, polyai_reply_json(reply, NULL));
    if (strcmp(polyai_reply_operation(reply), operations[outcome]) != 0)
        wrong = json_sprintf("the reply is that of a %s", polyai_reply_operation(reply));
    json_object_del(shown, "operation");
    polyai_reply_free(reply);

    static const char *const kinds[] = { "greeting", "reply", "closed" };
    json_t *answer = json_pack("{so}", kinds[outcome], shown);
    if (wrong)
        json_object_set_new(answer, "wrong", wrong);
    return answer;
}

static json_t *retry_after_of(const polyai_error *error)
{
    uint64_t retry_after_ms = 0;
    if (!polyai_error_retry_after_ms(error, &retry_after_ms))
        return json_null();
    return json_integer((json_int_t)retry_after_ms);
}

/* The fields of an error, and frees it. */
static json_t *failure(polyai_status status, polyai_error *error)
{
    size_t length = 0;
    json_t *shown = json_object();
    json_object_set_new(shown, "kind", of_error(error, polyai_error_kind));
    json_object_set_new(shown, "number", json_integer(polyai_error_status(error)));
    const char *delivery = polyai_delivery_name(polyai_error_delivery(error));
    json_object_set_new(shown, "delivery", delivery ? json_string(delivery) : json_null());
    json_object_set_new(shown, "may_resend", json_boolean(polyai_error_may_resend(error)));
    json_object_set_new(shown, "phase", of_error(error, polyai_error_phase));
    json_object_set_new(shown, "message", of_error(error, polyai_error_message));
    json_object_set_new(shown, "text", of_error(error, polyai_error_text));
    const uint32_t http_status = polyai_error_http_status(error);
    json_object_set_new(shown, "http_status", http_status ? json_integer(http_status) : json_null());
    json_object_set_new(shown, "error_code", of_error(error, polyai_error_code));
    json_object_set_new(shown, "service_message", of_error(error, polyai_error_service_message));
    json_object_set_new(shown, "correlation_id", of_error(error, polyai_error_correlation_id));
    json_object_set_new(shown, "retry_after_ms", retry_after_of(error));
    json_object_set_new(shown, "body_excerpt", of_error(error, polyai_error_body_excerpt));
    json_object_set_new(shown, "cause", of_error(error, polyai_error_cause));
    const char *attempts = polyai_error_attempts_json(error, &length);
    json_object_set_new(shown, "attempts", parsed(attempts, length));
    json_object_set_new(shown, "headers", error_headers(error));
    const char *header = polyai_error_header(error, LOOKED_UP, strlen(LOOKED_UP), &length);
    json_object_set_new(shown, "header", text(header, length));

    json_t *wrong = NULL;
    json_t *answer = json_pack("{sO}", "error", shown);
    if (status != polyai_error_status(error))
        json_object_set_new(answer, "wrong", json_sprintf("the call returned %u, unlike its error", status));
    else if (json_array_size(json_object_get(shown, "attempts")) != polyai_error_attempt_count(error))
        json_object_set_new(answer, "wrong", json_string("not as many attempts as are counted"));
    else if ((wrong = disagreement(shown, polyai_error_json(error, NULL))))
        json_object_set_new(answer, "wrong", wrong);
    json_decref(shown);
    polyai_error_free(error);
    return answer;
}

/* ---- The table of a case ------------------------------------------------------------------------ */

static struct named *find(const char *name, bool is_turn)
{
    struct named *found = NULL;
    pthread_mutex_lock(&table_lock);
    for (size_t index = 0; index < table_length; index++)
        if (is_turn == (table[index].turn != NULL) && strcmp(table[index].name, name) == 0)
            found = &table[index]; // the newest of this name
    pthread_mutex_unlock(&table_lock);
    return found;
}

static polyai_conversation *conversation_of(const json_t *step)
{
    struct named *found = find(field(step, "conversation"), false);
    return found ? found->conversation : NULL;
}

static struct named *turn_of(const json_t *step)
{
    struct named *found = find(field(step, "turn"), true);
    if (!found)
        give_up("there is no such turn");
    return found;
}

static void add(const char *name, polyai_conversation *conversation, polyai_turn *turn, enum outcome outcome)
{
    pthread_mutex_lock(&table_lock);
    if (table_length == MOST_HANDLES)
        give_up("too many handles");
    struct named *entry = &table[table_length++];
    entry->name = strdup(name);
    entry->conversation = conversation;
    entry->turn = turn;
    entry->outcome = outcome;
    pthread_mutex_unlock(&table_lock);
}

/* Lets go of all that the case before has left; what it was wrong about, or NULL. */
static json_t *let_go(void)
{
    for (size_t index = 0; index < thread_count; index++)
        pthread_join(threads[index], NULL);
    thread_count = 0;
    for (size_t index = 0; index < table_length; index++) {
        polyai_conversation_free(table[index].conversation);
        polyai_turn_free(table[index].turn);
        free(table[index].name);
    }
    table_length = 0;
    polyai_completions_free(completions);
    completions = NULL;
    polyai_client_free(client);
    client = NULL;
    const size_t left = polyai_live_handles();
    return left ? json_sprintf("%zu handles are left of the case before", left) : NULL;
}

/* ---- Requests ----------------------------------------------------------------------------------- */

struct delayed_cancel {
    polyai_cancel *cancel;
    json_int_t after_ms;
};

static void *cancel_later(void *argument)
{
    struct delayed_cancel *later = argument;
    const struct timespec pause = { later->after_ms / 1000, later->after_ms % 1000 * 1000000 };
    nanosleep(&pause, NULL);
    polyai_cancel_trigger(later->cancel);
    polyai_cancel_free(later->cancel);
    free(later);
    return NULL;
}

static void start_thread(void *(*run)(void *), void *argument)
{
    if (thread_count == MOST_THREADS || pthread_create(&threads[thread_count++], NULL, run, argument) != 0)
        give_up("no thread is to be had");
}

static polyai_status give_cancelled_token(polyai_request *request, polyai_error **error)
{
    polyai_cancel *cancel = polyai_cancel_new();
    polyai_cancel_trigger_for_good(cancel);
    const polyai_status status = polyai_request_set_cancel(request, cancel, error);
    polyai_cancel_free(cancel);
    return status;
}

static polyai_status give_token(polyai_request *request, json_int_t after_ms, polyai_error **error)
{
    struct delayed_cancel *later = malloc(sizeof *later);
    if (!later)
        give_up("no memory");
    later->cancel = polyai_cancel_new();
    later->after_ms = after_ms;
    const polyai_status status = polyai_request_set_cancel(request, later->cancel, error);
    start_thread(cancel_later, later);
    return status;
}

static polyai_status set_headers(polyai_request *request, json_t *headers, polyai_error **error)
{
    polyai_status status = POLYAI_STATUS_OK;
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(headers, name, value)
    {
        status = polyai_request_set_header(request, name, strlen(name), json_string_value(value), json_string_length(value), error);
        if (status != POLYAI_STATUS_OK)
            break;
    }
    return status;
}

static polyai_status set_field(polyai_request *request, const char *name, json_t *value, polyai_error **error)
{
    if (strcmp(name, "timeout_ms") == 0)
        return polyai_request_set_timeout_ms(request, (uint64_t)json_integer_value(value), error);
    if (strcmp(name, "cancel_after_ms") == 0)
        return give_token(request, json_integer_value(value), error);
    if (strcmp(name, "cancelled_before") == 0)
        return give_cancelled_token(request, error);
    if (strcmp(name, "headers") == 0)
        return set_headers(request, value, error);
    if (json_is_string(value))
        return polyai_request_set(request, name, strlen(name), json_string_value(value), json_string_length(value), error);
    char *json = json_dumps(value, JSON_ENCODE_ANY);
    const polyai_status status = polyai_request_set(request, name, POLYAI_NUL_TERMINATED, json, POLYAI_NUL_TERMINATED, error);
    free(json);
    return status;
}

/* The request of a step; NULL where it needs none, and where it cannot be made, which `error` then says. */
static polyai_request *request_of(const json_t *step, polyai_error **error)
{
    json_t *with = json_object_get(step, "with");
    if (!with)
        return NULL;
    polyai_request *request = polyai_request_new();
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(with, name, value)
    {
        if (set_field(request, name, value, error) != POLYAI_STATUS_OK) {
            polyai_request_free(request);
            return NULL;
        }
    }
    return request;
}

/* ---- Steps -------------------------------------------------------------------------------------- */

static json_t *kept_conversation(const json_t *step, polyai_conversation *conversation)
{
    size_t id_length = 0;
    size_t greeting_length = 0;
    const char *id = polyai_conversation_id(conversation, &id_length);
    const char *greeting = polyai_conversation_greeting(conversation, &greeting_length);
    json_t *shown = json_pack("{soso}", "id", text(id, id_length), "greeting", text(greeting, greeting_length));
    json_t *answer = NULL;
    polyai_reply *reply = NULL;
    polyai_error *error = NULL;
    if (strcmp(json_string_value(json_object_get(step, "do")), "attach") == 0)
        answer = json_object();
    else if (polyai_conversation_greeting_reply(conversation, &reply, &error) == POLYAI_STATUS_OK)
        answer = reply_of(reply, A_CONVERSATION);
    else
        answer = failure(polyai_error_status(error), error);
    json_object_set_new(answer, "conversation", shown);
    add(field(step, "conversation"), conversation, NULL, A_CONVERSATION);
    return answer;
}

static json_t *kept_turn(const json_t *step, polyai_turn *turn, enum outcome outcome)
{
    size_t length = 0;
    const char *id = polyai_turn_correlation_id(turn, &length);
    json_t *answer = json_pack("{so}", "correlation_id", text(id, length));
    static const char *const operations[] = { "create", "respond", "close", "warm_up" };
    if (strcmp(polyai_turn_operation(turn), operations[outcome]) != 0)
        json_object_set_new(answer, "wrong", json_sprintf("the turn is a %s", polyai_turn_operation(turn)));
    add(field(step, "turn"), NULL, turn, outcome);
    polyai_error *error = NULL;
    if (polyai_completions_expect(completions, turn, table_length - 1, &error) != POLYAI_STATUS_OK)
        return failure(polyai_error_status(error), error);
    return answer;
}

static json_t *take(const json_t *step)
{
    struct named *started = turn_of(step);
    polyai_conversation *conversation = NULL;
    polyai_reply *reply = NULL;
    polyai_error *error = NULL;
    const polyai_status status = started->outcome == A_CONVERSATION
        ? polyai_turn_take_conversation(started->turn, &conversation, &error)
        : polyai_turn_take_reply(started->turn, &reply, &error);
    if (status != POLYAI_STATUS_OK)
        return failure(status, error);
    if (conversation)
        return kept_conversation(step, conversation);
    return reply ? reply_of(reply, started->outcome) : json_object();
}

static json_t *next_done(void)
{
    bool is_ready = false;
    uint64_t tag = 0;
    polyai_error *error = NULL;
    const polyai_status status = polyai_completions_wait(completions, PATIENCE_MS, &is_ready, &error);
    if (status != POLYAI_STATUS_OK)
        return failure(status, error);
    const size_t count = polyai_completions_take(completions, &tag, 1);
    return count == 1 && tag < table_length ? json_pack("{ss}", "turn", table[tag].name) : json_pack("{ss}", "wrong", "no call is done");
}

static json_t *wait_a_while(const json_t *step)
{
    const uint64_t at_most = (uint64_t)json_integer_value(json_object_get(step, "wait_ms"));
    bool is_done = false;
    polyai_error *error = NULL;
    const polyai_status status = polyai_turn_wait(turn_of(step)->turn, at_most, &is_done, &error);
    return status == POLYAI_STATUS_OK ? json_pack("{sb}", "done", is_done) : failure(status, error);
}

static json_t *state(const json_t *step)
{
    static const char *const names[] = { "none", "open", "in_doubt", "ended", "closed" };
    const polyai_state state = polyai_conversation_state(conversation_of(step));
    if (state >= sizeof names / sizeof *names)
        return json_pack("{ss}", "wrong", "a state that has no name");
    return json_pack("{sssb}", "state", names[state], "over", state == POLYAI_STATE_ENDED || state == POLYAI_STATE_CLOSED);
}

static json_t *log_lines(void)
{
    size_t length = 0;
    polyai_error *error = NULL;
    polyai_status status = polyai_client_recent_log_lines_json(client, 0, NULL, 0, &length, &error);
    if (status != POLYAI_STATUS_OK)
        return failure(status, error);
    char *lines = malloc(length + 1);
    if (!lines)
        give_up("no memory");
    status = polyai_client_recent_log_lines_json(client, 0, lines, length + 1, &length, &error);
    json_t *answer = status == POLYAI_STATUS_OK ? json_pack("{so}", "log", parsed(lines, length)) : failure(status, error);
    free(lines);
    return answer;
}

static json_t *replace_credentials(const json_t *step)
{
    const json_t *with = json_object_get(step, "with");
    polyai_error *error = NULL;
    const polyai_status status
        = polyai_client_replace_credentials(client, field(with, "api_key"), field_length(with, "api_key"), field(with, "token"),
                                            field_length(with, "token"), &error);
    return status == POLYAI_STATUS_OK ? json_object() : failure(status, error);
}

/* A step that sends something, or starts to. */
static json_t *call(const json_t *step, const polyai_request *request)
{
    const char *action = field(step, "do");
    const char *id = field(step, "id");
    const size_t id_length = field_length(step, "id");
    const json_t *said = json_object_get(step, "message");
    const char *message = json_string_value(said);
    const size_t message_length = json_string_length(said);
    polyai_conversation *conversation = conversation_of(step);
    polyai_conversation *made = NULL;
    polyai_turn *turn = NULL;
    polyai_reply *reply = NULL;
    polyai_error *error = NULL;
    polyai_status status = POLYAI_STATUS_OK;
    enum outcome outcome = A_REPLY;

    if (strcmp(action, "create") == 0) {
        status = polyai_client_create(client, request, &made, &error);
    } else if (strcmp(action, "attach") == 0) {
        status = polyai_client_attach(client, id, id_length, &made, &error);
    } else if (strcmp(action, "respond") == 0) {
        status = polyai_conversation_respond(conversation, message, message_length, request, &reply, &error);
    } else if (strcmp(action, "respond_by_id") == 0) {
        status = polyai_client_respond(client, id, id_length, message, message_length, request, &reply, &error);
    } else if (strcmp(action, "close") == 0) {
        outcome = A_CLOSE;
        status = polyai_conversation_close(conversation, request, &reply, &error);
    } else if (strcmp(action, "close_by_id") == 0) {
        outcome = A_CLOSE;
        status = polyai_client_close_conversation(client, id, id_length, request, &reply, &error);
    } else if (strcmp(action, "close_if_open") == 0) {
        status = polyai_conversation_close_if_open(conversation, &error);
    } else if (strcmp(action, "start_create") == 0) {
        outcome = A_CONVERSATION;
        status = polyai_client_start_create(client, request, &turn, &error);
    } else if (strcmp(action, "start_respond") == 0) {
        status = polyai_conversation_start_respond(conversation, message, message_length, request, &turn, &error);
    } else if (strcmp(action, "start_close") == 0) {
        outcome = A_CLOSE;
        status = polyai_conversation_start_close(conversation, request, &turn, &error);
    } else if (strcmp(action, "start_respond_by_id") == 0) {
        status = polyai_client_start_respond(client, id, id_length, message, message_length, request, &turn, &error);
    } else if (strcmp(action, "start_close_by_id") == 0) {
        outcome = A_CLOSE;
        status = polyai_client_start_close_conversation(client, id, id_length, request, &turn, &error);
    } else if (strcmp(action, "start_close_if_open") == 0) {
        outcome = A_CLOSE;
        status = polyai_conversation_start_close_if_open(conversation, &turn, &error);
    } else {
        give_up(action);
    }

    if (status != POLYAI_STATUS_OK)
        return failure(status, error);
    if (made)
        return kept_conversation(step, made);
    if (turn)
        return kept_turn(step, turn, outcome);
    return reply ? reply_of(reply, outcome) : json_object();
}

static json_t *warm_up(const json_t *step, bool is_started)
{
    const json_t *with = json_object_get(step, "with");
    const uint64_t timeout_ms = (uint64_t)json_integer_value(json_object_get(with, "timeout_ms"));
    polyai_turn *turn = NULL;
    polyai_error *error = NULL;
    const polyai_status status = is_started ? polyai_client_start_warm_up(client, timeout_ms, &turn, &error)
                                            : polyai_client_warm_up(client, timeout_ms, &error);
    if (status != POLYAI_STATUS_OK)
        return failure(status, error);
    return turn ? kept_turn(step, turn, NOTHING) : json_object();
}

static json_t *act(const json_t *step)
{
    const char *action = field(step, "do");
    if (strcmp(action, "next_done") == 0)
        return next_done();
    if (strcmp(action, "warm_up") == 0 || strcmp(action, "start_warm_up") == 0)
        return warm_up(step, action[0] == 's');
    if (strcmp(action, "take") == 0)
        return take(step);
    if (strcmp(action, "wait") == 0)
        return wait_a_while(step);
    if (strcmp(action, "state") == 0)
        return state(step);
    if (strcmp(action, "log_lines") == 0)
        return log_lines();
    if (strcmp(action, "replace_credentials") == 0)
        return replace_credentials(step);
    if (strcmp(action, "cancel") == 0) {
        polyai_turn_cancel(turn_of(step)->turn);
        return json_object();
    }
    if (strcmp(action, "shut_down") == 0) {
        polyai_client_shut_down(client);
        return json_object();
    }
    polyai_error *error = NULL;
    polyai_request *request = request_of(step, &error);
    if (error)
        return failure(polyai_error_status(error), error);
    json_t *answer = call(step, request);
    polyai_request_free(request);
    return answer;
}

/* Makes the client of a case. */
static json_t *begin(const json_t *step)
{
    polyai_config *config = polyai_config_new();
    polyai_error *error = NULL;
    polyai_status status = POLYAI_STATUS_OK;
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(json_object_get(step, "options"), name, value)
    {
        if (status == POLYAI_STATUS_OK)
            status = polyai_config_set(config, name, strlen(name), json_string_value(value), json_string_length(value), &error);
    }
    if (status == POLYAI_STATUS_OK)
        status = polyai_client_new(config, &client, &error);
    if (status == POLYAI_STATUS_OK)
        status = polyai_completions_new(&completions, &error);
    polyai_config_free(config);
    return status == POLYAI_STATUS_OK ? json_object() : failure(status, error);
}

/* ---- Lines -------------------------------------------------------------------------------------- */

static void write_answer(const json_t *step, json_t *answer)
{
    json_object_set(answer, "step", json_object_get(step, "step"));
    char *line = json_dumps(answer, JSON_COMPACT);
    if (!line)
        give_up("an answer cannot be written");
    pthread_mutex_lock(&output_lock);
    puts(line);
    fflush(stdout);
    pthread_mutex_unlock(&output_lock);
    free(line);
    json_decref(answer);
}

static void *act_on_a_thread(void *argument)
{
    json_t *step = argument;
    write_answer(step, act(step));
    json_decref(step);
    return NULL;
}

static void do_step(json_t *step)
{
    if (json_is_true(json_object_get(step, "on_a_thread"))) {
        start_thread(act_on_a_thread, json_deep_copy(step));
    } else if (strcmp(field(step, "do"), "begin") == 0) {
        json_t *wrong = let_go();
        json_t *answer = begin(step);
        json_object_set_new(answer, "hidden", json_pack("[s]", "printed")); // a program prints the fields
        if (wrong)
            json_object_set_new(answer, "wrong", wrong);
        write_answer(step, answer);
    } else {
        write_answer(step, act(step));
    }
}

int main(void)
{
    // Texts are printed with a NUL in them as \u0000, and read so.
    json_t *step;
    json_error_t error;
    while ((step = json_loadf(stdin, JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, &error))) {
        do_step(step);
        json_decref(step);
    }
    if (json_error_code(&error) != json_error_premature_end_of_input)
        give_up("a step is no JSON");
    json_t *wrong = let_go();
    if (wrong)
        give_up(json_string_value(wrong));
    return 0;
}
