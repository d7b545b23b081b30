/* A call that talks with the agent. */
#ifndef POLYAI_CALL_H
#define POLYAI_CALL_H

#include "settings.h"

struct ast_channel;

/* Runs the conversation, from the greeting until one side ends it. `arguments` are those of the application. Its outcome is
 * left in channel variables. -1 when the caller has hung up, else 0. */
int call_run(struct ast_channel *channel, struct settings *settings, const char *arguments);

/* Leaves a failure in the variables that did not come from the library. */
void call_fail(struct ast_channel *channel, const char *kind, const char *text);

#endif
