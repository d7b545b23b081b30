/* One way to make a turn. What runs it is turns.c. */
#ifndef STACK_H
#define STACK_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MESSAGE "Where is my order?"
/* The length of what the server of the benchmark says, which each turn is compared with. */
#define REPLY_BYTES 96
#define DEADLINE_MS 30000

/* A program of the benchmark fails loudly. */
#define MUST(condition) \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), exit(1)))

/* One conversation, by whichever way is measured. */
struct stack;

/* Opens a conversation. Those of one process share what the users of the stack would share; ca_file may be NULL. */
struct stack *stack_open(const char *url, const char *ca_file);

/* Makes a turn, and returns how many bytes the agent said. */
size_t stack_turn(struct stack *stack);

#ifdef __cplusplus
}
#endif

#endif
