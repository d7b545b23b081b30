/* PolyAIChat(): a dialplan application in which a caller chats with a PolyAI agent, by the text messages of the call. */
#include "asterisk.h"

#include "call.h"
#include "farewell.h"
#include "settings.h"

#include "asterisk/astobj2.h"
#include "asterisk/channel.h"
#include "asterisk/cli.h"
#include "asterisk/logger.h"
#include "asterisk/module.h"
#include "asterisk/pbx.h"
#include "asterisk/utils.h"

static const char application[] = "PolyAIChat";
static const char synopsis[] = "Chat with a PolyAI agent";
static const char description[] =
    "  PolyAIChat([NAME=VALUE[,NAME=VALUE...]])\n"
    "Creates a conversation with the agent of polyai_chat.conf, sends what the agent says as text on this channel, and gives the\n"
    "agent what the caller writes, until the agent ends the conversation or hands it off, the caller says nothing for long, hangs\n"
    "up, or something fails. Then the dialplan goes on, but for a hang-up.\n"
    "Arguments: attribute.NAME (what the agent may know, such as attribute.caller=${CALLERID(num)}), variant_id, channel,\n"
    "asr_lang_code, tts_lang_code, filler (in place of that of polyai_chat.conf).\n"
    "Variables that it sets:\n"
    "  POLYAI_STATUS: ENDED, HANDOFF, SILENCE, HANGUP or FAILED\n"
    "  POLYAI_HANDOFF_DESTINATION, POLYAI_HANDOFF_REASON, POLYAI_HANDOFF_JSON: of a handoff; empty where the agent does not say\n"
    "  POLYAI_ERROR: the kind of a failure, such as timeout; POLYAI_ERROR_TEXT: a sentence about it\n"
    "  POLYAI_DELIVERY: not_sent, rejected or unknown: whether the agent may have heard what failed\n"
    "  POLYAI_CONVERSATION_ID, POLYAI_CORRELATION_ID: for records of calls, and for PolyAI's support\n";

static int run(struct ast_channel *channel, const char *arguments)
{
    const struct ast_channel_tech *tech = ast_channel_tech(channel);
    struct settings *settings;
    int result;

    if (!tech->send_text && !(tech->properties & AST_CHAN_TP_SEND_TEXT_DATA)) {
        ast_log(LOG_WARNING, "%s: a channel of type %s carries no text\n", ast_channel_name(channel), tech->type);
        call_fail(channel, "unsupported", "the channel carries no text");
        return 0;
    }
    if (ast_channel_state(channel) != AST_STATE_UP && ast_raw_answer(channel))
        return -1;
    settings = settings_current();
    if (!settings) {
        call_fail(channel, "configuration", "polyai_chat.conf was not read");
        return 0;
    }
    result = call_run(channel, settings, arguments);
    ao2_cleanup(settings);
    return result;
}

static char *show(struct ast_cli_entry *entry, int command, struct ast_cli_args *given)
{
    struct settings *settings;
    char text[16384];
    size_t length = 0;

    if (command == CLI_INIT) {
        entry->command = "polyai show metrics";
        entry->usage = "Usage: polyai show metrics\n       Shows the counters of the client that all calls share, as JSON, and how many handles of the\n"
                       "       library are in use: one for it, and one or two for each call.\n";
        return NULL;
    }
    if (command == CLI_GENERATE)
        return NULL;
    if (given->argc != entry->args)
        return CLI_SHOWUSAGE;
    settings = settings_current();
    if (settings && polyai_client_metrics_json(settings_client(settings), text, sizeof text, &length, NULL) == POLYAI_STATUS_OK)
        ast_cli(given->fd, "%s\nlive handles: %zu\n", text, polyai_live_handles());
    ao2_cleanup(settings);
    return CLI_SUCCESS;
}

static struct ast_cli_entry commands[] = { AST_CLI_DEFINE(show, "Show the counters of the client") };

/* Only when no call uses the module: Asterisk asks the use count before. */
static int unload_module(void)
{
    ast_unregister_application(application);
    ast_cli_unregister_multiple(commands, ARRAY_LEN(commands));
    farewell_stop();
    settings_unload();
    return 0;
}

static int load_module(void)
{
    if (polyai_abi_oldest() > POLYAI_ABI_VERSION || polyai_abi_newest() < POLYAI_ABI_VERSION) {
        ast_log(LOG_ERROR, "libpolyai_chat %s is not one that this module can use\n", polyai_version());
        return AST_MODULE_LOAD_DECLINE;
    }
    if (!settings_load())
        return AST_MODULE_LOAD_DECLINE;
    if (!farewell_start() || ast_cli_register_multiple(commands, ARRAY_LEN(commands))
        || ast_register_application(application, run, synopsis, description)) {
        unload_module();
        return AST_MODULE_LOAD_DECLINE;
    }
    return AST_MODULE_LOAD_SUCCESS;
}

static int reload_module(void)
{
    return settings_load() ? AST_MODULE_LOAD_SUCCESS : AST_MODULE_LOAD_FAILURE;
}

AST_MODULE_INFO(ASTERISK_GPL_KEY, AST_MODFLAG_DEFAULT, "Chat with a PolyAI agent",
    .support_level = AST_MODULE_SUPPORT_EXTENDED,
    .load = load_module,
    .unload = unload_module,
    .reload = reload_module,
);
