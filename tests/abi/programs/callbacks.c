/* Callbacks that do what they may: call into the library and free whatever is in use. And who is told when they are not needed. */
#include "check.h"

/* What one callback frees while it is in use. */
typedef struct {
    polyai_config *config;
    polyai_client *client;
    polyai_request *request;
    polyai_conversation *conversation;
    polyai_conversation *another;
    int calls;
    int releases;
} in_use;

static void release(void *user_data)
{
    ((in_use *)user_data)->releases++;
}

static void use_and_free(in_use *of)
{
    size_t length = 0;
    of->calls++;
    if (of->calls > 1)
        return;
    CHECK(polyai_client_metrics_json(of->client, NULL, 0, &length, NULL) == POLYAI_STATUS_OK && length > 2);
    if (of->another)
        say(of->another, "from a callback", "You said: from a callback");
    /* The calls of that turn come here as well. */
    polyai_config_free(of->config);
    polyai_request_free(of->request);
    polyai_client_free(of->client);
    polyai_conversation_free(of->conversation);
    CHECK(polyai_client_base_url(of->client, NULL) == NULL);
}

static void on_log(void *user_data, polyai_log_level level, const char *line, size_t length)
{
    CHECK(level >= POLYAI_LOG_WARN && level <= POLYAI_LOG_DEBUG && strlen(line) == length);
    use_and_free(user_data);
}

static void on_attempt(void *user_data, const char *attempt_json, size_t length)
{
    CHECK(attempt_json[0] == '{' && strlen(attempt_json) == length);
    use_and_free(user_data);
}

static int32_t on_check(void *user_data)
{
    use_and_free(user_data);
    return 0;
}

static int32_t hang_up(void *user_data)
{
    use_and_free(user_data);
    return -1;
}

static void set_up(in_use *of)
{
    polyai_error *error = NULL;
    of->config = polyai_config_new();
    of->request = polyai_request_new();
    OK(polyai_config_load_environment(of->config, &error), error);
}

static void connect(in_use *of)
{
    polyai_error *error = NULL;
    OK(polyai_client_new(of->config, &of->client, &error), error);
}

/* One turn with a callback of the config, which frees the client and all that belongs to it. */
static void a_callback_of_the_client(bool is_log)
{
    in_use of = {0};
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    polyai_conversation *conversation;
    set_up(&of);
    connect(&of); /* this one has no callback */
    conversation = create(of.client);
    polyai_client_free(of.client);
    if (is_log)
        OK(polyai_config_set_log_callback(of.config, on_log, &of, release, &error), error);
    else
        OK(polyai_config_set_attempt_callback(of.config, on_attempt, &of, release, &error), error);
    connect(&of);
    OK(polyai_client_attach(of.client, TEXT(polyai_conversation_id(conversation, NULL)), &of.conversation, &error), error);
    of.another = conversation;
    CHECK(of.releases == 0);
    OK(polyai_conversation_respond(of.conversation, TEXT("one"), of.request, &reply, &error), error);
    CHECK(strcmp(polyai_reply_response(reply, NULL), "You said: one") == 0);
    polyai_reply_free(reply);
    CHECK(of.calls >= 1 && of.releases == 1);
    close_and_free(conversation);
}

/* The same with the check of a request, which is asked while the agent thinks. */
static void a_check(polyai_check_callback check)
{
    in_use of = {0};
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    set_up(&of);
    connect(&of);
    of.conversation = create(of.client);
    of.another = create(of.client);
    OK(polyai_request_set_check(of.request, check, &of, release, &error), error);
    polyai_status status = polyai_conversation_respond(of.conversation, TEXT("slow"), of.request, &reply, &error);
    if (check == hang_up) {
        CHECK(status == POLYAI_STATUS_CANCELLED);
        polyai_error_free(error);
    } else {
        OK(status, error);
        CHECK(strcmp(polyai_reply_response(reply, NULL), "That took a while.") == 0);
        polyai_reply_free(reply);
    }
    CHECK(of.calls >= 1 && of.releases == 1);
    close_and_free(of.another);
}

/* A turn inside a turn of the same conversation cannot be: it waits for its own end, until its deadline. */
static polyai_conversation *busy;

static void respond_once_more(void *user_data, const char *attempt_json, size_t length)
{
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    int *times = user_data;
    (void)attempt_json, (void)length;
    if (!busy || ++*times > 1)
        return;
    polyai_request *request = polyai_request_new();
    OK(polyai_request_set_timeout_ms(request, 50, &error), error);
    CHECK(polyai_conversation_respond(busy, TEXT("never"), request, &reply, &error) == POLYAI_STATUS_BUSY);
    CHECK(polyai_error_delivery(error) == POLYAI_DELIVERY_NOT_SENT);
    polyai_error_free(error);
    polyai_request_free(request);
}

static void a_turn_inside_a_turn(void)
{
    int times = 0;
    polyai_error *error = NULL;
    polyai_client *client = NULL;
    polyai_config *config = polyai_config_new();
    OK(polyai_config_load_environment(config, &error), error);
    OK(polyai_config_set_attempt_callback(config, respond_once_more, &times, NULL, &error), error);
    OK(polyai_client_new(config, &client, &error), error);
    busy = create(client);
    say(busy, "one", "You said: one");
    CHECK(times == 1);
    close_and_free(busy);
    polyai_client_free(client);
    polyai_config_free(config);
}

static void on_done(void *user_data)
{
    in_use *of = user_data;
    CHECK(of->releases == 0);
    __atomic_add_fetch(&of->calls, 1, __ATOMIC_SEQ_CST);
}

/* A started call tells when it is done: on its thread, or at once where it is done already, and also when its turn was freed. */
static void what_is_told_when_a_call_is_done(void)
{
    in_use waiting = {0}, late = {0}, refused = {0};
    polyai_error *error = NULL;
    polyai_turn *turn = NULL, *given_up = NULL;
    polyai_completions *completions = NULL;
    bool is_ready = false;
    uint64_t tags[3] = {0};
    set_up(&waiting);
    connect(&waiting);
    waiting.conversation = create(waiting.client);
    waiting.another = create(waiting.client);
    OK(polyai_completions_new(&completions, &error), error);

    OK(polyai_conversation_start_respond(waiting.conversation, TEXT("one"), NULL, &turn, &error), error);
    CHECK(strcmp(polyai_turn_operation(turn), "respond") == 0);
    OK(polyai_turn_when_done(turn, on_done, &waiting, release, &error), error);
    OK(polyai_completions_expect(completions, turn, UINT64_MAX, &error), error);
    OK(polyai_completions_wait(completions, 60000, &is_ready, &error), error);
    /* The tag comes after the callback: they were asked for in this order. */
    CHECK(is_ready && waiting.calls == 1 && waiting.releases == 1);
    OK(polyai_turn_when_done(turn, on_done, &late, release, &error), error);
    CHECK(late.calls == 1 && late.releases == 1);
    CHECK(polyai_turn_when_done(turn, NULL, &refused, release, NULL) == POLYAI_STATUS_INVALID_ARGUMENT);
    CHECK(polyai_turn_when_done(NULL, on_done, &refused, release, NULL) == POLYAI_STATUS_INVALID_ARGUMENT);
    CHECK(refused.calls == 0 && refused.releases == 2);

    OK(polyai_conversation_start_respond(waiting.another, TEXT("slow"), NULL, &given_up, &error), error);
    OK(polyai_completions_expect(completions, given_up, 7, &error), error);
    polyai_turn_free(given_up);
    do
        OK(polyai_completions_wait(completions, 60000, &is_ready, &error), error);
    while (polyai_completions_take(completions, tags, 1) == 1 && tags[0] != 7);
    CHECK(tags[0] == 7 && polyai_completions_take(completions, tags, 3) == 0);
    CHECK(polyai_completions_take(completions, NULL, 3) == 0 && polyai_completions_take(NULL, tags, 3) == 0);
    CHECK(polyai_completions_expect(completions, given_up, 8, NULL) == POLYAI_STATUS_INVALID_ARGUMENT);

    polyai_completions_free(completions);
    CHECK(polyai_completions_wait(completions, 0, &is_ready, NULL) == POLYAI_STATUS_INVALID_ARGUMENT);
    polyai_turn_free(turn);
    polyai_conversation_free(waiting.another);
    polyai_conversation_free(waiting.conversation);
    OK(polyai_client_shut_down_and_wait(waiting.client, 60000, &is_ready, &error), error);
    CHECK(is_ready);
    polyai_client_free(waiting.client);
    polyai_request_free(waiting.request);
    polyai_config_free(waiting.config);
}

/* In whatever order it is let go, and however setting it fails: the release comes once. */
static void releases(void)
{
    in_use of = {0};
    polyai_config *config = polyai_config_new();
    polyai_request *request = polyai_request_new();
    polyai_client *client = NULL;
    polyai_config_free(NULL);
    CHECK(polyai_config_set_log_callback(NULL, on_log, &of, release, NULL) == POLYAI_STATUS_INVALID_ARGUMENT);
    CHECK(of.releases == 1);
    CHECK(polyai_config_set_attempt_callback(config, NULL, &of, release, NULL) == POLYAI_STATUS_INVALID_ARGUMENT);
    CHECK(of.releases == 2);
    CHECK(polyai_request_set_check((polyai_request *)(void *)config, on_check, &of, release, NULL) == POLYAI_STATUS_INVALID_ARGUMENT);
    CHECK(of.releases == 3);
    CHECK(polyai_request_set_check(request, on_check, &of, release, NULL) == POLYAI_STATUS_OK);
    CHECK(polyai_request_set_check(request, on_check, &of, release, NULL) == POLYAI_STATUS_OK);
    CHECK(of.releases == 4); /* the first was replaced */
    polyai_request_free(request);
    CHECK(of.releases == 5);
    CHECK(polyai_config_set_log_callback(config, on_log, &of, release, NULL) == POLYAI_STATUS_OK);
    CHECK(polyai_config_set_attempt_callback(config, on_attempt, &of, release, NULL) == POLYAI_STATUS_OK);
    CHECK(polyai_config_load_environment(config, NULL) == POLYAI_STATUS_OK);
    CHECK(polyai_client_new(config, &client, NULL) == POLYAI_STATUS_OK);
    polyai_config_free(config);
    CHECK(of.releases == 5); /* the client has them */
    polyai_client_free(client);
    CHECK(of.releases == 7 && of.calls == 0);
}

int main(void)
{
    a_callback_of_the_client(true);
    a_callback_of_the_client(false);
    a_check(on_check);
    a_check(hang_up);
    a_turn_inside_a_turn();
    what_is_told_when_a_call_is_done();
    releases();
    CHECK(polyai_live_handles() == 0);
    return 0;
}
