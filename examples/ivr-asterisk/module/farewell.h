/* The end of a conversation, which nobody waits for: a channel is not to be held up by the network. */
#ifndef POLYAI_FAREWELL_H
#define POLYAI_FAREWELL_H

#include "settings.h"

bool farewell_start(void);

/* Takes over a conversation, and a turn that is under way (or both, or neither). A turn of the conversation is cancelled. A turn that
 * creates the conversation is given a little more time, since nobody could close it otherwise. Then the conversation is closed if it
 * is still open. Until that is done the module is in use. */
void farewell(struct settings *settings, polyai_turn *turn, polyai_conversation *conversation);

/* Waits for what is under way. */
void farewell_stop(void);

#endif
