#include "asterisk.h"

#include "settings.h"

#include "asterisk/astobj2.h"
#include "asterisk/config.h"
#include "asterisk/logger.h"
#include "asterisk/paths.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

static const char file_name[] = "polyai_chat.conf";
static const size_t all = POLYAI_NUL_TERMINATED;

/* The client, and what it was made of apart from key and token: a reload that finds the same need not connect anew. */
struct agent {
    polyai_client *client;
    char *options;
};

/* What the section [client] says. */
struct client_section {
    polyai_config *config;
    struct ast_str *options;
    const char *api_key; /* in the file as it was read */
    const char *token;
};

static AO2_GLOBAL_OBJ_STATIC(current);

static void free_agent(void *object)
{
    struct agent *agent = object;

    polyai_client_free(agent->client);
    ast_free(agent->options);
}

static void free_settings(void *object)
{
    struct settings *settings = object;

    ao2_cleanup(settings->agent);
    ast_free(settings->filler);
}

/* The library's lines hold neither keys nor what was said. Runs on the thread of the call, which may not be Asterisk's. */
static void log_line(void *user_data, polyai_log_level level, const char *line, size_t length)
{
    (void)user_data, (void)length;
    if (level == POLYAI_LOG_WARN)
        ast_log(LOG_WARNING, "%s\n", line);
    else if (level == POLYAI_LOG_INFO)
        ast_log(LOG_NOTICE, "%s\n", line);
    else
        ast_debug(1, "%s\n", line);
}

/* Logs why, and frees the error. The line of the file is 0 where it is none in particular. */
static bool refuse(int line, polyai_error *error)
{
    if (line)
        ast_log(LOG_ERROR, "%s, line %d: %s\n", file_name, line, polyai_error_message(error, NULL));
    else
        ast_log(LOG_ERROR, "%s: %s\n", file_name, polyai_error_message(error, NULL));
    polyai_error_free(error);
    return false;
}

static bool number(const struct ast_variable *option, unsigned least, unsigned most, unsigned *value)
{
    char *end = NULL;
    long long given = 0;

    errno = 0;
    given = strtoll(option->value, &end, 10);
    if (errno || end == option->value || *end || given < least || given > most) {
        ast_log(LOG_ERROR, "%s, line %d: %s is to be a number from %u to %u\n", file_name, option->lineno, option->name, least, most);
        return false;
    }
    *value = (unsigned)given;
    return true;
}

/* The section [general]: what concerns the calls. */
static bool read_general(struct ast_config *file, struct settings *settings, bool *environment)
{
    const struct ast_variable *option;

    for (option = ast_variable_browse(file, "general"); option; option = option->next) {
        bool is_good = true;

        if (!strcasecmp(option->name, "filler")) {
            ast_free(settings->filler);
            settings->filler = ast_strdup(option->value);
        } else if (!strcasecmp(option->name, "filler_after_ms")) {
            is_good = number(option, 1, 3600000, &settings->filler_after_ms);
        } else if (!strcasecmp(option->name, "silence_ms")) {
            is_good = number(option, 1, 86400000, &settings->silence_ms);
        } else if (!strcasecmp(option->name, "text_bytes")) {
            is_good = number(option, 40, 60000, &settings->text_bytes);
        } else if (!strcasecmp(option->name, "environment")) {
            *environment = ast_true(option->value);
        } else {
            ast_log(LOG_ERROR, "%s, line %d: there is no option %s in [general]; there are filler, filler_after_ms, silence_ms, "
                    "text_bytes and environment\n", file_name, option->lineno, option->name);
            is_good = false;
        }
        if (!is_good)
            return false;
    }
    return true;
}

/* The section [client]: the options of the library, by their names in its table. */
static bool read_client(struct ast_config *file, bool environment, struct client_section *section)
{
    const struct ast_variable *option;
    polyai_error *error = NULL;

    if (environment && polyai_config_load_environment(section->config, &error) != POLYAI_STATUS_OK)
        return refuse(0, error);
    ast_str_set(&section->options, 0, "environment=%d\n", environment);
    for (option = ast_variable_browse(file, "client"); option; option = option->next) {
        if (polyai_config_set(section->config, option->name, all, option->value, all, &error) != POLYAI_STATUS_OK)
            return refuse(option->lineno, error);
        if (!strcmp(option->name, "api_key"))
            section->api_key = option->value;
        else if (!strcmp(option->name, "token"))
            section->token = option->value;
        else
            ast_str_append(&section->options, 0, "%s=%s\n", option->name, option->value);
    }
    if (polyai_config_set_log_callback(section->config, log_line, NULL, NULL, &error) != POLYAI_STATUS_OK)
        return refuse(0, error);
    return true;
}

/* The client for it: the one that is there, with the key and the token of the file, or else a new one. */
static struct agent *agent_for(const struct client_section *section, const struct settings *before)
{
    polyai_error *error = NULL;
    struct agent *agent;

    if (before && section->api_key && section->token && !strcmp(before->agent->options, ast_str_buffer(section->options))) {
        /* Calls that are under way go on with them, too. */
        if (polyai_client_replace_credentials(before->agent->client, section->api_key, all, section->token, all, &error)
            == POLYAI_STATUS_OK)
            return ao2_bump(before->agent);
        refuse(0, error);
        return NULL;
    }
    agent = ao2_alloc(sizeof *agent, free_agent);
    if (agent && polyai_client_new(section->config, &agent->client, &error) != POLYAI_STATUS_OK) {
        refuse(0, error);
        ao2_cleanup(agent);
        return NULL;
    }
    if (agent && !(agent->options = ast_strdup(ast_str_buffer(section->options)))) {
        ao2_cleanup(agent);
        return NULL;
    }
    return agent;
}

static struct agent *read_agent(struct ast_config *file, bool environment, const struct settings *before)
{
    struct client_section section = { .config = polyai_config_new(), .options = ast_str_create(256) };
    struct agent *agent = NULL;

    if (section.options && read_client(file, environment, &section))
        agent = agent_for(&section, before);
    polyai_config_free(section.config);
    ast_free(section.options);
    return agent;
}

static void warn_of_open_file(void)
{
    char path[PATH_MAX];
    struct stat found;

    snprintf(path, sizeof path, "%s/%s", ast_config_AST_CONFIG_DIR, file_name);
    if (!stat(path, &found) && (found.st_mode & S_IROTH))
        ast_log(LOG_WARNING, "Everybody on this machine can read %s, which may hold keys; 0640 asterisk:asterisk is enough\n", path);
}

bool settings_load(void)
{
    struct ast_flags flags = { CONFIG_FLAG_NOCACHE | CONFIG_FLAG_NOREALTIME };
    struct ast_config *file = ast_config_load(file_name, flags);
    struct settings *before, *settings;
    bool environment = false, is_good = false;

    if (!file || file == CONFIG_STATUS_FILEINVALID) {
        ast_log(LOG_ERROR, "%s cannot be read\n", file_name);
        return false;
    }
    warn_of_open_file();
    before = settings_current();
    settings = ao2_alloc(sizeof *settings, free_settings);
    if (settings) {
        settings->filler = ast_strdup("One moment, please.");
        settings->filler_after_ms = 1500;
        settings->silence_ms = 120000;
        settings->text_bytes = 1000;
        is_good = read_general(file, settings, &environment) && settings->filler
                  && (settings->agent = read_agent(file, environment, before));
    }
    if (is_good)
        ao2_global_obj_replace_unref(current, settings);
    ao2_cleanup(settings);
    ao2_cleanup(before);
    ast_config_destroy(file);
    return is_good;
}

struct settings *settings_current(void)
{
    return ao2_global_obj_ref(current);
}

polyai_client *settings_client(const struct settings *settings)
{
    return settings->agent->client;
}

void settings_unload(void)
{
    ao2_global_obj_release(current);
}
