/* libcurl's easy interface with jansson: what one writes in C without a library for the API. */
#include "stack.h"

#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>

struct stack {
    CURL *curl;
    struct curl_slist *headers;
    char *respond;
    char *conversation_id;
    char answer[16 << 10];
    size_t answer_bytes;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialize(void)
{
    MUST(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

static size_t receive(char *data, size_t size, size_t count, void *user_data)
{
    struct stack *stack = user_data;
    if (size * count > sizeof stack->answer - stack->answer_bytes)
        return 0;
    memcpy(stack->answer + stack->answer_bytes, data, size * count);
    stack->answer_bytes += size * count;
    return size * count;
}

/* Sends the body, which it takes over, and gives the answer. */
static json_t *post(struct stack *stack, const char *url, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    long status = 0;
    MUST(text);
    json_decref(body);
    curl_easy_setopt(stack->curl, CURLOPT_URL, url);
    curl_easy_setopt(stack->curl, CURLOPT_POSTFIELDS, text);
    stack->answer_bytes = 0;
    const CURLcode code = curl_easy_perform(stack->curl);
    if (code != CURLE_OK)
        fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(code));
    MUST(code == CURLE_OK);
    MUST(curl_easy_getinfo(stack->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200);
    free(text);
    json_t *answer = json_loadb(stack->answer, stack->answer_bytes, 0, NULL);
    MUST(answer);
    return answer;
}

static char *url_of(const char *url, const char *operation)
{
    static const char chat[] = "/v1/simulator-account/simulator-project/chat/";
    const size_t size = strlen(url) + sizeof chat + strlen(operation);
    char *whole = malloc(size);
    MUST(whole);
    snprintf(whole, size, "%s%s%s", url, chat, operation);
    return whole;
}

struct stack *stack_open(const char *url, const char *ca_file)
{
    struct stack *stack = calloc(1, sizeof *stack);
    MUST(stack);
    pthread_once(&once, initialize);
    stack->curl = curl_easy_init();
    MUST(stack->curl);
    stack->headers = curl_slist_append(stack->headers, "X-API-KEY: simulator-key");
    stack->headers = curl_slist_append(stack->headers, "X-TOKEN: simulator-token");
    stack->headers = curl_slist_append(stack->headers, "Content-Type: application/json");
    curl_easy_setopt(stack->curl, CURLOPT_HTTPHEADER, stack->headers);
    curl_easy_setopt(stack->curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(stack->curl, CURLOPT_WRITEDATA, stack);
    curl_easy_setopt(stack->curl, CURLOPT_TIMEOUT_MS, (long)DEADLINE_MS);
    curl_easy_setopt(stack->curl, CURLOPT_NOSIGNAL, 1L); /* as every program with threads must */
    if (ca_file)
        curl_easy_setopt(stack->curl, CURLOPT_CAINFO, ca_file);

    char *create = url_of(url, "create");
    json_t *greeting = post(stack, create, json_object());
    const char *id = json_string_value(json_object_get(greeting, "conversation_id"));
    MUST(id && (stack->conversation_id = strdup(id)));
    json_decref(greeting);
    free(create);
    stack->respond = url_of(url, "respond");
    return stack;
}

size_t stack_turn(struct stack *stack)
{
    json_t *body = json_pack("{s:s, s:s}", "conversation_id", stack->conversation_id, "message", MESSAGE);
    json_t *reply = post(stack, stack->respond, body);
    const char *response = json_string_value(json_object_get(reply, "response"));
    MUST(response);
    const size_t length = strlen(response);
    json_decref(reply);
    return length;
}
