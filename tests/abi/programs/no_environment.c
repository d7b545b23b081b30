/* What the library does without having been asked to read the environment, and the variables that it reads all the same, as
 * environment_watch.c sees them. While calls run there is no environment to be read, in whatever way. */
#include "check.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LONGEST = 64 }; /* as in environment_watch.c */

extern char **environ;

static int (*questions)(const char **names);

/* Prints what was asked for since the last time. */
static void print_questions(const char *during)
{
    static int printed;
    const char *names;
    int count = questions(&names);
    for (; printed < count; printed++)
        printf("%s: %s\n", during, names + printed * LONGEST);
}

static char *operand(const char *name)
{
    char *value = getenv(name);
    CHECK(value);
    return value;
}

static void set(polyai_config *config, const char *name, const char *value)
{
    polyai_error *error = NULL;
    OK(polyai_config_set(config, TEXT(name), TEXT(value), &error), error);
}

static void hold_conversations(polyai_config *config, polyai_client *client)
{
    size_t length;
    polyai_error *error = NULL;
    polyai_turn *turn = NULL;
    polyai_reply *reply = NULL;
    OK(polyai_client_warm_up(client, 10000, &error), error);
    converse(client);
    polyai_conversation *conversation = create(client);
    OK(polyai_conversation_start_respond(conversation, TEXT("one"), NULL, &turn, &error), error);
    OK(polyai_turn_take_reply(turn, &reply, &error), error);
    polyai_reply_free(reply);
    polyai_turn_free(turn);
    OK(polyai_client_replace_credentials(client, TEXT("wrong"), TEXT("pair"), &error), error);
    CHECK(polyai_conversation_respond(conversation, TEXT("two"), NULL, &reply, &error) == POLYAI_STATUS_AUTHENTICATION);
    CHECK(polyai_error_text(error, NULL) && polyai_error_attempts_json(error, NULL));
    polyai_error_free(error);
    CHECK(polyai_client_metrics_json(client, NULL, 0, &length, NULL) == POLYAI_STATUS_OK);
    CHECK(polyai_client_recent_attempts_json(client, 0, NULL, 0, &length, NULL) == POLYAI_STATUS_OK);
    CHECK(polyai_config_describe_json(config, NULL, 0, &length, NULL) == POLYAI_STATUS_OK);
    CHECK(polyai_options_json(NULL) && polyai_version() && polyai_build_features());
    polyai_conversation_free(conversation);
    polyai_client_free(client);
}

static polyai_config *configure(void)
{
    polyai_config *config = polyai_config_new();
    set(config, "base_url", operand("POLYAI_BASE_URL"));
    set(config, "api_key", operand("POLYAI_API_KEY"));
    set(config, "token", operand("POLYAI_TOKEN"));
    set(config, "account_id", operand("POLYAI_ACCOUNT_ID"));
    set(config, "project_id", operand("POLYAI_PROJECT_ID"));
    return config;
}

/* The simulator's certificate is none that the system knows. */
static void check_against_the_system(void)
{
    polyai_error *error = NULL;
    polyai_client *client = NULL;
    polyai_config *config = configure();
    OK(polyai_client_new(config, &client, &error), error);
    print_questions("client_new");
    CHECK(polyai_client_warm_up(client, 10000, NULL) == POLYAI_STATUS_CONNECT);
    print_questions("system");
    polyai_client_free(client);
    polyai_config_free(config);
}

int main(void)
{
    polyai_error *error = NULL;
    polyai_client *client = NULL;
    char **kept = environ;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *forbidden = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(forbidden != MAP_FAILED);
    CHECK((*(void **)&questions = dlsym(RTLD_DEFAULT, "environment_questions")) != NULL);
    polyai_config *config = configure();
    if (getenv("CA_FILE"))
        set(config, "ca_file", getenv("CA_FILE"));
    print_questions("config");
    OK(polyai_client_new(config, &client, &error), error);
    print_questions("client_new");

    environ = forbidden;
    hold_conversations(config, client);
    environ = kept;
    print_questions("calls");

    if (getenv("CA_FILE"))
        check_against_the_system();
    OK(polyai_config_load_environment(config, &error), error);
    print_questions("load_environment");
    polyai_config_free(config);
    CHECK(polyai_live_handles() == 0);
    return 0;
}
