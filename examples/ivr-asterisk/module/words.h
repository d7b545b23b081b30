/* Texts between a channel and the agent. */
#ifndef POLYAI_WORDS_H
#define POLYAI_WORDS_H

#include <stddef.h>

/* A copy that is UTF-8 and ends with a NUL: what is none, such as a character that a channel has cut off, becomes U+FFFD, since
 * the rest is still to be answered. Freed by ast_free; NULL without memory. */
char *words_of(const char *bytes, size_t length);

/* A copy of a text in UTF-8 as one line of at most `most` bytes, for variables, which become callers' names, records and lines of
 * logs: what controls a terminal, a header or the direction of writing is a space. Freed by ast_free; NULL without memory. */
char *words_plain(const char *text, size_t most);

/* How many bytes to send at once, at most `most`: up to a space where there is one in the second half, else whole characters. */
size_t words_piece(const char *text, size_t length, size_t most);

#endif
