/* What polyai_chat.conf says, and the client that is made of it. */
#ifndef POLYAI_SETTINGS_H
#define POLYAI_SETTINGS_H

#include <polyai_chat.h>

/* Shared by all calls that began with it. An ao2 object that does not change. */
struct settings {
    struct agent *agent;
    char *filler;           /* said once when a turn takes long; empty for none */
    unsigned filler_after_ms;
    unsigned silence_ms;    /* how long the customer may say nothing */
    unsigned text_bytes;    /* the longest text that is sent in one piece */
};

/* Reads the file. What it says holds for calls that begin from now on. When something is wrong, that is logged, what held before
 * goes on to hold, and the result is false. */
bool settings_load(void);

/* What holds now, with a reference that the caller drops with ao2_cleanup; NULL before the first load. */
struct settings *settings_current(void);

polyai_client *settings_client(const struct settings *settings);

/* Lets go of everything. */
void settings_unload(void);

#endif
