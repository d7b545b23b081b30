#include "asterisk.h"

#include "call.h"
#include "farewell.h"
#include "words.h"

#include "asterisk/app.h"
#include "asterisk/astobj2.h"
#include "asterisk/channel.h"
#include "asterisk/frame.h"
#include "asterisk/linkedlists.h"
#include "asterisk/logger.h"
#include "asterisk/message.h"
#include "asterisk/pbx.h"
#include "asterisk/utils.h"

static const size_t all = POLYAI_NUL_TERMINATED;

enum {
    MOST_WAITING = 32, /* texts of a customer who does not wait for answers */
    VARIABLE_BYTES_MAX = 500,
    JSON_BYTES_MAX = 4000,
};

/* Something that the customer said and the agent has not heard. */
struct said {
    AST_LIST_ENTRY(said) list;
    char *words;
};

struct call {
    struct ast_channel *channel;
    struct settings *settings;
    polyai_request *request; /* what goes with the create */
    polyai_turn *turn;       /* under way, or NULL */
    polyai_conversation *conversation;
    char *filler;
    unsigned filler_after_ms;
    AST_LIST_HEAD_NOLOCK(, said) waiting;
    unsigned waiting_count;
};

/* How waiting ended. */
enum waited { TURN_DONE, CUSTOMER_SPOKE, TIME_PASSED, HUNG_UP };

/* What comes after a step of the conversation. */
enum next { GO_ON, GO_AWAY };

/* Most of what variables hold are words of others, so all of them are one plain line. Without memory for that they are empty. */
static void set_on(struct ast_channel *channel, const char *variable, const char *value, size_t most)
{
    char *plain = words_plain(S_OR(value, ""), most);

    pbx_builtin_setvar_helper(channel, variable, S_OR(plain, ""));
    ast_free(plain);
}

static void set(struct call *call, const char *variable, const char *value)
{
    set_on(call->channel, variable, value, VARIABLE_BYTES_MAX);
}

/* A part of it would be no JSON. A space for what is no text between its parts changes nothing. */
static void set_json(struct call *call, const char *variable, const char *json)
{
    set_on(call->channel, variable, strlen(S_OR(json, "")) <= JSON_BYTES_MAX ? json : "", JSON_BYTES_MAX);
}

static enum next leave_as(struct call *call, const char *status)
{
    set(call, "POLYAI_STATUS", status);
    return GO_AWAY;
}

void call_fail(struct ast_channel *channel, const char *kind, const char *text)
{
    set_on(channel, "POLYAI_STATUS", "FAILED", VARIABLE_BYTES_MAX);
    set_on(channel, "POLYAI_ERROR", kind, VARIABLE_BYTES_MAX);
    set_on(channel, "POLYAI_ERROR_TEXT", text, VARIABLE_BYTES_MAX);
}

/* Frees the error. */
static enum next fail(struct call *call, polyai_error *error)
{
    const char *correlation_id = polyai_error_correlation_id(error, NULL);

    call_fail(call->channel, polyai_error_kind(error, NULL), polyai_error_text(error, NULL));
    set(call, "POLYAI_DELIVERY", polyai_delivery_name(polyai_error_delivery(error)));
    if (correlation_id)
        set(call, "POLYAI_CORRELATION_ID", correlation_id);
    if (polyai_error_attempt_count(error) == 0) /* else the log callback has said it */
        ast_log(LOG_WARNING, "%s: %s\n", ast_channel_name(call->channel), polyai_error_text(error, NULL));
    polyai_error_free(error);
    return GO_AWAY;
}

/* ---- The channel ---- */

/* Puts it into the queue. Empty texts are no turns. */
static void keep(struct call *call, const char *text, size_t length)
{
    struct said *said;

    while (length && !text[length - 1]) /* some channel drivers count the NUL */
        length--;
    if (!length)
        return;
    if (call->waiting_count >= MOST_WAITING) {
        ast_log(LOG_WARNING, "%s: %d texts wait for the agent, one more is dropped\n", ast_channel_name(call->channel), MOST_WAITING);
        return;
    }
    said = ast_calloc(1, sizeof *said);
    if (said && !(said->words = words_of(text, length))) {
        ast_free(said);
        said = NULL;
    }
    if (said) {
        AST_LIST_INSERT_TAIL(&call->waiting, said, list);
        call->waiting_count++;
    }
}

/* Takes one frame from the channel. False when the caller has hung up. */
static bool serve_frame(struct call *call)
{
    struct ast_frame *frame = ast_read(call->channel);

    if (!frame)
        return false;
    if (frame->frametype == AST_FRAME_TEXT) {
        keep(call, frame->data.ptr, frame->datalen);
    } else if (frame->frametype == AST_FRAME_TEXT_DATA) {
        const char *body = ast_msg_data_get_attribute(frame->data.ptr, AST_MSG_DATA_ATTR_BODY);

        keep(call, body, strlen(body));
    }
    ast_frfree(frame);
    return true;
}

/* Serves the channel until the turn that is under way is done, or, without one, until the customer has said something. */
static enum waited wait_for(struct call *call, int most_ms)
{
    struct timeval start = ast_tvnow();
    int32_t descriptor = -1;

    if (call->turn && polyai_turn_fd(call->turn, &descriptor, NULL) != POLYAI_STATUS_OK)
        return TURN_DONE; /* no descriptor left: taking the outcome waits for it */
    for (;;) {
        int left_ms = ast_remaining_ms(start, most_ms);
        int ready = -1;
        struct ast_channel *active;

        if (!call->turn && !AST_LIST_EMPTY(&call->waiting))
            return CUSTOMER_SPOKE;
        if (ast_check_hangup(call->channel))
            return HUNG_UP;
        if (!left_ms)
            return TIME_PASSED;
        active = ast_waitfor_nandfds(&call->channel, 1, &descriptor, descriptor < 0 ? 0 : 1, NULL, &ready, &left_ms);
        if (active) {
            if (!serve_frame(call))
                return HUNG_UP;
        } else if (ready >= 0) {
            return TURN_DONE;
        }
    }
}

/* Sends it as text, in pieces that the channel carries. */
static void say(struct call *call, const char *text, size_t length)
{
    char *piece = ast_malloc(call->settings->text_bytes + 1);

    while (piece && length) {
        size_t size = words_piece(text, length, call->settings->text_bytes);

        memcpy(piece, text, size);
        piece[size] = '\0';
        if (ast_sendtext(call->channel, piece))
            ast_log(LOG_WARNING, "%s: a text could not be sent\n", ast_channel_name(call->channel));
        text += size;
        length -= size;
    }
    ast_free(piece);
}

/* ---- The conversation ---- */

/* Waits for the turn, with a filler when it takes long. False when the caller has hung up. */
static bool await_turn(struct call *call)
{
    enum waited waited = wait_for(call, *call->filler ? (int)call->filler_after_ms : -1);

    if (waited == TIME_PASSED) {
        say(call, call->filler, strlen(call->filler));
        waited = wait_for(call, -1); /* the turn has a deadline of its own */
    }
    return waited == TURN_DONE;
}

static void end_turn(struct call *call)
{
    polyai_turn_free(call->turn);
    call->turn = NULL;
}

/* Says the agent's words, without Markdown: telephones show text as it is. */
static void say_words(struct call *call, const polyai_reply *reply)
{
    size_t length = 0;
    const char *words = polyai_reply_plain_text(reply, &length);

    say(call, words, length);
}

static enum next greet(struct call *call)
{
    polyai_error *error = NULL;
    polyai_reply *greeting = NULL;

    if (polyai_client_start_create(settings_client(call->settings), call->request, &call->turn, &error) != POLYAI_STATUS_OK)
        return fail(call, error);
    set(call, "POLYAI_CORRELATION_ID", polyai_turn_correlation_id(call->turn, NULL));
    if (!await_turn(call))
        return leave_as(call, "HANGUP");
    if (polyai_turn_take_conversation(call->turn, &call->conversation, &error) != POLYAI_STATUS_OK)
        call->conversation = NULL;
    end_turn(call);
    if (!call->conversation)
        return fail(call, error);
    set(call, "POLYAI_CONVERSATION_ID", polyai_conversation_id(call->conversation, NULL));
    if (polyai_conversation_greeting_reply(call->conversation, &greeting, &error) != POLYAI_STATUS_OK)
        return fail(call, error);
    say_words(call, greeting);
    polyai_reply_free(greeting);
    return GO_ON;
}

/* What the agent decided beside its words. */
static enum next follow(struct call *call, const polyai_reply *reply)
{
    const char *destination = polyai_reply_handoff_destination(reply, NULL);
    const char *reason = polyai_reply_handoff_reason(reply, NULL);

    if (polyai_reply_has_handoff(reply)) {
        set(call, "POLYAI_HANDOFF_DESTINATION", S_OR(destination, ""));
        set(call, "POLYAI_HANDOFF_REASON", S_OR(reason, ""));
        set_json(call, "POLYAI_HANDOFF_JSON", polyai_reply_handoff_json(reply, NULL));
        return leave_as(call, "HANDOFF");
    }
    return polyai_reply_end_conversation(reply) ? leave_as(call, "ENDED") : GO_ON;
}

static enum next answer(struct call *call, const char *words)
{
    polyai_error *error = NULL;
    polyai_reply *reply = NULL;
    enum next next;

    if (polyai_conversation_start_respond(call->conversation, words, all, NULL, &call->turn, &error) != POLYAI_STATUS_OK)
        return fail(call, error);
    set(call, "POLYAI_CORRELATION_ID", polyai_turn_correlation_id(call->turn, NULL));
    if (!await_turn(call))
        return leave_as(call, "HANGUP");
    if (polyai_turn_take_reply(call->turn, &reply, &error) != POLYAI_STATUS_OK)
        reply = NULL;
    end_turn(call);
    if (!reply)
        return fail(call, error);
    say_words(call, reply);
    next = follow(call, reply);
    polyai_reply_free(reply);
    return next;
}

static enum next converse(struct call *call)
{
    struct said *said;
    enum next next;

    switch (wait_for(call, (int)call->settings->silence_ms)) {
    case TIME_PASSED:
        return leave_as(call, "SILENCE");
    case HUNG_UP:
        return leave_as(call, "HANGUP");
    default:
        break;
    }
    said = AST_LIST_REMOVE_HEAD(&call->waiting, list);
    call->waiting_count--;
    next = answer(call, said->words);
    ast_free(said->words);
    ast_free(said);
    return next;
}

/* ---- The whole ---- */

static polyai_status set_field(struct call *call, const char *name, const char *value, polyai_error **error)
{
    static const char attribute[] = "attribute.";

    if (!strncmp(name, attribute, sizeof attribute - 1))
        return polyai_request_set_attribute(call->request, name + sizeof attribute - 1, all, value, all, error);
    return polyai_request_set(call->request, name, all, value, all, error);
}

/* The arguments of the application: NAME=VALUE, separated by commas. */
static enum next take_arguments(struct call *call, const char *arguments)
{
    AST_DECLARE_APP_ARGS(given, AST_APP_ARG(each)[32];);
    char *copy = ast_strdupa(S_OR(arguments, ""));
    unsigned index;

    if (ast_strlen_zero(copy))
        return GO_ON;
    AST_STANDARD_APP_ARGS(given, copy);
    for (index = 0; index < given.argc; index++) {
        char *name = ast_strip(given.each[index]);
        char *value = strchr(name, '=');
        polyai_error *error = NULL;
        char *words;

        if (!*name)
            continue;
        if (!value) {
            ast_log(LOG_ERROR, "PolyAIChat: %s is not NAME=VALUE\n", name);
            call_fail(call->channel, "invalid_argument", "an argument of PolyAIChat is not NAME=VALUE");
            return GO_AWAY;
        }
        *value++ = '\0';
        words = words_of(value, strlen(value)); /* a caller's name is what somebody's telephone sent */
        if (!words)
            continue;
        if (!strcmp(name, "filler")) {
            ast_free(call->filler);
            call->filler = words;
            continue;
        }
        if (set_field(call, name, words, &error) != POLYAI_STATUS_OK) {
            ast_free(words);
            return fail(call, error);
        }
        ast_free(words);
    }
    return GO_ON;
}

/* What the agent did not hear goes to whoever comes next on this channel, such as the human that is dialled. */
static void hand_on(struct call *call)
{
    struct said *said;

    while ((said = AST_LIST_REMOVE_HEAD(&call->waiting, list))) {
        struct ast_frame frame = { .frametype = AST_FRAME_TEXT, .src = "PolyAIChat" };

        frame.data.ptr = said->words;
        frame.datalen = (int)strlen(said->words) + 1;
        ast_queue_frame(call->channel, &frame);
        ast_free(said->words);
        ast_free(said);
    }
}

static void forget_earlier(struct call *call)
{
    static const char *const variables[] = {
        "POLYAI_STATUS", "POLYAI_ERROR", "POLYAI_ERROR_TEXT", "POLYAI_DELIVERY", "POLYAI_CONVERSATION_ID", "POLYAI_CORRELATION_ID",
        "POLYAI_HANDOFF_DESTINATION", "POLYAI_HANDOFF_REASON", "POLYAI_HANDOFF_JSON",
    };
    size_t index;

    for (index = 0; index < ARRAY_LEN(variables); index++)
        pbx_builtin_setvar_helper(call->channel, variables[index], NULL);
}

int call_run(struct ast_channel *channel, struct settings *settings, const char *arguments)
{
    struct call call = {
        .channel = channel,
        .settings = settings,
        .request = polyai_request_new(),
        .filler = ast_strdup(settings->filler),
        .filler_after_ms = settings->filler_after_ms,
    };
    enum next next = call.filler ? GO_ON : GO_AWAY;

    forget_earlier(&call);
    if (next == GO_ON)
        next = take_arguments(&call, arguments);
    if (next == GO_ON)
        next = greet(&call);
    while (next == GO_ON)
        next = converse(&call);
    farewell(settings, call.turn, call.conversation);
    hand_on(&call);
    polyai_request_free(call.request);
    ast_free(call.filler);
    return ast_check_hangup(channel) ? -1 : 0;
}
