/* SPDX-License-Identifier: ISC */
/* say - how the command ends, and what it says on the way: exit codes, messages, and memory or the end of the program.
 *
 * The rooms of theseus-merge, which uses the public API of libtheseus only.  A room includes those to its left:
 *
 *     escape <- say <- options, inputs, source, columns <- worker <- read <- workers <- write, stats <- main
 *     say <- output
 */
#ifndef THESEUS_MERGE_SAY_H
#define THESEUS_MERGE_SAY_H

#include <stddef.h>

/* The exit codes.  theseus-merge(1) documents them. */
enum {
  EXIT_DONE = 0,
  EXIT_SKIPPED = 1, /* done, but some inputs were skipped */
  EXIT_USAGE = 2,
  EXIT_INPUT = 3,
  EXIT_OUTPUT = 4,
  EXIT_MEMORY = 5
};

/* Makes sure that descriptors 0 to 2 are open, so that no file of ours is taken for standard error.  Call it first. */
void say_begin(void);

/* Prints one line on standard error, after the command's name.  Whatever the arguments hold, it stays one line, and has
 * no control characters.  Any thread may call it. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void complain(const char *format, ...);

/* The exit code for a status of the library that stopped the reading or merging of an input. */
int exit_of_status(int status);

/* Ends the program with EXIT_MEMORY, after a message.  Any thread may call it. */
_Noreturn void exit_without_memory(void);
/* realloc() and strdup() that never return NULL: without memory the program ends. */
void *realloc_or_exit(void *block, size_t count, size_t size);
char *strdup_or_exit(const char *text);

#endif
