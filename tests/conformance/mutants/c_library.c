/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/*
 * The C library with one defect, chosen by MUTANT: preloaded, it stands between a program and the library. Whatever it does wrong,
 * the suite must notice.
 */

#include <polyai_chat.h>

#include <dlfcn.h>
#include <string.h>

/* What a defect ignores. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* The library's own function of this name. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define GIVES(type, signature, value) type signature { return value; }
#define DOES_NOTHING(signature) void signature {}

/* A turn that says this, with this request. */
#define RESPONDS(said, its_length, its_request)                                                                               \
    polyai_status polyai_conversation_respond(polyai_conversation *conversation, const char *message, size_t message_length,  \
                                              const polyai_request *request, polyai_reply **reply, polyai_error **error)      \
    {                                                                                                                         \
        return REAL(polyai_conversation_respond)(conversation, said, its_length, its_request, reply, error);                  \
    }

#if MUTANT == 1 /* a message of NULL becomes an empty one */
RESPONDS(message ? message : "", message_length, request)
#elif MUTANT == 2 /* an empty message becomes none */
RESPONDS(message_length ? message : NULL, message_length, request)
#elif MUTANT == 3 /* a message ends at its first NUL */
RESPONDS(message, message ? POLYAI_NUL_TERMINATED : message_length, request)
#elif MUTANT == 4 /* the request of a turn is dropped */
RESPONDS(message, message_length, NULL)
#elif MUTANT == 5 /* the request of a close is dropped */
polyai_status polyai_conversation_close(polyai_conversation *conversation, const polyai_request *request, polyai_reply **reply,
                                        polyai_error **error)
{
    return REAL(polyai_conversation_close)(conversation, NULL, reply, error);
}
#elif MUTANT == 6 /* a wrong kind, in its number alone */
polyai_status polyai_error_status(const polyai_error *error)
{
    const polyai_status status = REAL(polyai_error_status)(error);
    return status == POLYAI_STATUS_PERMISSION ? POLYAI_STATUS_AUTHENTICATION : status;
}
#elif MUTANT == 7 /* a wrong kind, in its name alone */
const char *polyai_error_kind(const polyai_error *error, size_t *length)
{
    const char *kind = REAL(polyai_error_kind)(error, length);
    return kind && strcmp(kind, "protocol") == 0 ? "internal" : kind;
}
#elif MUTANT == 8 /* a call returns another status than its error has */
polyai_status polyai_client_create(polyai_client *client, const polyai_request *request, polyai_conversation **conversation,
                                   polyai_error **error)
{
    const polyai_status status = REAL(polyai_client_create)(client, request, conversation, error);
    return status == POLYAI_STATUS_OK ? status : POLYAI_STATUS_INTERNAL;
}
#elif MUTANT == 9 /* what may be sent again is inverted */
GIVES(bool, polyai_error_may_resend(const polyai_error *error), !REAL(polyai_error_may_resend)(error))
#elif MUTANT == 10 /* a delivery of "rejected" becomes "not_sent" */
polyai_delivery polyai_error_delivery(const polyai_error *error)
{
    const polyai_delivery delivery = REAL(polyai_error_delivery)(error);
    return delivery == POLYAI_DELIVERY_REJECTED ? POLYAI_DELIVERY_NOT_SENT : delivery;
}
#elif MUTANT == 11 /* a pause is in seconds */
bool polyai_error_retry_after_ms(const polyai_error *error, uint64_t *retry_after_ms)
{
    const bool given = REAL(polyai_error_retry_after_ms)(error, retry_after_ms);
    if (given)
        *retry_after_ms /= 1000;
    return given;
}
#elif MUTANT == 12 /* the service gave no code */
GIVES(const char *, polyai_error_code(const polyai_error *error, size_t *length), NULL)
#elif MUTANT == 13 /* code and words of the service are confused */
GIVES(const char *, polyai_error_service_message(const polyai_error *error, size_t *length), polyai_error_code(error, length))
#elif MUTANT == 14 /* the first header is lost */
GIVES(size_t, polyai_reply_header_count(const polyai_reply *reply), REAL(polyai_reply_header_count)(reply) - 1)
GIVES(bool, polyai_reply_header_at(const polyai_reply *reply, size_t index, const char **name, const char **value, size_t *value_length),
      REAL(polyai_reply_header_at)(reply, index + 1, name, value, value_length))
#elif MUTANT == 15 /* the last header is lost */
size_t polyai_error_header_count(const polyai_error *error)
{
    const size_t count = REAL(polyai_error_header_count)(error);
    return count > 0 ? count - 1 : 0;
}
#elif MUTANT == 16 /* the headers of an error are lost */
GIVES(size_t, polyai_error_header_count(const polyai_error *error), 0)
#elif MUTANT == 17 /* a header is found by its exact name only */
const char *polyai_reply_header(const polyai_reply *reply, const char *name, size_t name_length, size_t *length)
{
    const bool is_lower = !memchr(name, 'X', name_length);
    return is_lower ? REAL(polyai_reply_header)(reply, name, name_length, length) : NULL;
}
#elif MUTANT == 18 /* a text ends at its first NUL */
const char *polyai_reply_response(const polyai_reply *reply, size_t *length)
{
    const char *response = REAL(polyai_reply_response)(reply, length);
    if (response && length)
        *length = strlen(response);
    return response;
}
#elif MUTANT == 19 /* the reason of a handoff is its destination */
GIVES(const char *, polyai_reply_handoff_reason(const polyai_reply *reply, size_t *length), polyai_reply_handoff_destination(reply, length))
#elif MUTANT == 20 /* a handoff is one only with a destination */
GIVES(bool, polyai_reply_has_handoff(const polyai_reply *reply), polyai_reply_handoff_destination(reply, NULL) != NULL)
#elif MUTANT == 21 /* the end of a conversation is swallowed */
GIVES(bool, polyai_reply_end_conversation(const polyai_reply *reply), false)
#elif MUTANT == 22 /* what was over is not said */
GIVES(bool, polyai_reply_was_over(const polyai_reply *reply), false)
#elif MUTANT == 23 /* unknown fields are dropped */
const char *polyai_reply_unknown_fields_json(const polyai_reply *reply, size_t *length)
{
    *length = 2;
    return "{}";
}
#elif MUTANT == 24 /* the user id is dropped */
GIVES(const char *, polyai_reply_user_id(const polyai_reply *reply, size_t *length), NULL)
#elif MUTANT == 25 /* doubt is not told from openness */
polyai_state polyai_conversation_state(const polyai_conversation *conversation)
{
    const polyai_state state = REAL(polyai_conversation_state)(conversation);
    return state == POLYAI_STATE_IN_DOUBT ? POLYAI_STATE_OPEN : state;
}
#elif MUTANT == 26 /* the end is not told from a close */
polyai_state polyai_conversation_state(const polyai_conversation *conversation)
{
    const polyai_state state = REAL(polyai_conversation_state)(conversation);
    return state == POLYAI_STATE_CLOSED ? POLYAI_STATE_ENDED : state;
}
#elif MUTANT == 27 /* a cancel does nothing */
DOES_NOTHING(polyai_turn_cancel(polyai_turn *turn))
#elif MUTANT == 28 /* a token does nothing */
DOES_NOTHING(polyai_cancel_trigger(polyai_cancel *cancel))
#elif MUTANT == 29 /* waiting says that it is done */
polyai_status polyai_turn_wait(const polyai_turn *turn, uint64_t timeout_ms, bool *is_done, polyai_error **error)
{
    const polyai_status status = REAL(polyai_turn_wait)(turn, timeout_ms, is_done, error);
    *is_done = true;
    return status;
}
#elif MUTANT == 30 /* the deadline of a request is in seconds */
GIVES(polyai_status, polyai_request_set_timeout_ms(polyai_request *request, uint64_t timeout_ms, polyai_error **error),
      REAL(polyai_request_set_timeout_ms)(request, timeout_ms * 1000, error))
#elif MUTANT == 31 /* a field of the request is dropped */
polyai_status polyai_request_set(polyai_request *request, const char *field, size_t field_length, const char *value, size_t value_length,
                                 polyai_error **error)
{
    if (strcmp(field, "tts_lang_code") == 0)
        return POLYAI_STATUS_OK;
    return REAL(polyai_request_set)(request, field, field_length, value, value_length, error);
}
#elif MUTANT == 32 /* key and token are confused when they are replaced */
polyai_status polyai_client_replace_credentials(polyai_client *client, const char *api_key, size_t api_key_length, const char *token,
                                                size_t token_length, polyai_error **error)
{
    return REAL(polyai_client_replace_credentials)(client, token, token_length, api_key, api_key_length, error);
}
#elif MUTANT == 33 /* a handle is kept */
DOES_NOTHING(polyai_error_free(polyai_error *error))
#elif MUTANT == 34 /* a scope does not close */
GIVES(polyai_status, polyai_conversation_close_if_open(polyai_conversation *conversation, polyai_error **error), POLYAI_STATUS_OK)
#elif MUTANT == 35 /* shutting down does nothing */
DOES_NOTHING(polyai_client_shut_down(polyai_client *client))
#elif MUTANT == 36 /* the id of a started call is not its own */
const char *polyai_turn_correlation_id(const polyai_turn *turn, size_t *length)
{
    *length = 1;
    return "0";
}
#elif MUTANT == 37 /* the cause is dropped */
GIVES(const char *, polyai_error_cause(const polyai_error *error, size_t *length), NULL)
#elif MUTANT == 38 /* the phase is always the first */
const char *polyai_error_phase(const polyai_error *error, size_t *length)
{
    *length = strlen("prepare");
    return "prepare";
}
#elif MUTANT == 39 /* an excerpt is dropped */
GIVES(const char *, polyai_error_body_excerpt(const polyai_error *error, size_t *length), NULL)
#elif MUTANT == 40 /* only the first attempt is listed */
GIVES(size_t, polyai_error_attempt_count(const polyai_error *error), REAL(polyai_error_attempt_count)(error) > 0)
#elif MUTANT == 41 /* the status of the answer is dropped */
GIVES(uint32_t, polyai_error_http_status(const polyai_error *error), 0)
#elif MUTANT == 42 /* a time is in milliseconds */
GIVES(uint64_t, polyai_reply_elapsed_us(const polyai_reply *reply), REAL(polyai_reply_elapsed_us)(reply) / 1000)
#elif MUTANT == 43 /* a message by the id alone is swallowed */
polyai_status polyai_client_respond(polyai_client *client, const char *conversation_id, size_t conversation_id_length, const char *message,
                                    size_t message_length, const polyai_request *request, polyai_reply **reply, polyai_error **error)
{
    return REAL(polyai_client_respond)(client, conversation_id, conversation_id_length, NULL, 0, request, reply, error);
}
#elif MUTANT == 44 /* an id ends at its first byte */
const char *polyai_reply_conversation_id(const polyai_reply *reply, size_t *length)
{
    const char *id = REAL(polyai_reply_conversation_id)(reply, length);
    *length = id ? 1 : 0;
    return id;
}
#elif MUTANT == 45 /* the headers of a call are dropped */
GIVES(polyai_status, polyai_request_set_header(polyai_request *request, const char *name, size_t name_length, const char *value,
                                               size_t value_length, polyai_error **error), POLYAI_STATUS_OK)
#elif MUTANT == 46 /* a header that cannot be added is left out */
polyai_status polyai_request_set_header(polyai_request *request, const char *name, size_t name_length, const char *value,
                                        size_t value_length, polyai_error **error)
{
    REAL(polyai_request_set_header)(request, name, name_length, value, value_length, NULL);
    return POLYAI_STATUS_OK;
}
#elif MUTANT == 47 /* a cancellation for good does nothing */
DOES_NOTHING(polyai_cancel_trigger_for_good(polyai_cancel *cancel))
#elif MUTANT == 48 /* a turn that is started by the id alone has no message */
polyai_status polyai_client_start_respond(polyai_client *client, const char *conversation_id, size_t conversation_id_length,
                                          const char *message, size_t message_length, const polyai_request *request, polyai_turn **turn,
                                          polyai_error **error)
{
    return REAL(polyai_client_start_respond)(client, conversation_id, conversation_id_length, NULL, 0, request, turn, error);
}
#elif MUTANT == 49 /* a started close by the id alone drops its request */
polyai_status polyai_client_start_close_conversation(polyai_client *client, const char *conversation_id, size_t conversation_id_length,
                                                     const polyai_request *request, polyai_turn **turn, polyai_error **error)
{
    return REAL(polyai_client_start_close_conversation)(client, conversation_id, conversation_id_length, NULL, turn, error);
}
#elif MUTANT == 50 /* a started close that is of no use is sent all the same */
polyai_status polyai_conversation_start_close_if_open(polyai_conversation *conversation, polyai_turn **turn, polyai_error **error)
{
    return REAL(polyai_conversation_start_close)(conversation, NULL, turn, error);
}
#elif MUTANT == 51 /* every call has the same tag */
polyai_status polyai_completions_expect(polyai_completions *completions, const polyai_turn *turn, uint64_t tag, polyai_error **error)
{
    return REAL(polyai_completions_expect)(completions, turn, 0, error);
}
#elif MUTANT == 52 /* the JSON of a reply lacks what its functions give */
const char *polyai_reply_json(const polyai_reply *reply, size_t *length)
{
    return "{\"operation\": \"respond\"}";
}
#elif MUTANT == 53 /* the JSON of an error is that of another one */
const char *polyai_error_json(const polyai_error *error, size_t *length)
{
    return "{\"kind\": \"internal\"}";
}
#elif MUTANT == 54 /* a turn is called a create */
const char *polyai_turn_operation(const polyai_turn *turn)
{
    return "create";
}
#elif MUTANT == 55 /* the plain text of a reply is its Markdown */
GIVES(const char *, polyai_reply_plain_text(const polyai_reply *reply, size_t *length), polyai_reply_response(reply, length))
#else
#error "there is no such mutant"
#endif
