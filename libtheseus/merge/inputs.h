/* SPDX-License-Identifier: ISC */
/* inputs - the files that the arguments stand for. */
#ifndef THESEUS_MERGE_INPUTS_H
#define THESEUS_MERGE_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct input {
  char *path; /* "-": standard input */
  off_t size; /* 0: unknown */
  dev_t device;
  ino_t inode; /* 0: unknown */
  bool once;   /* no regular file, such as a pipe: its bytes can be read only once */
};

struct inputs {
  struct input *items;
  size_t count, capacity;
  uint64_t bytes; /* the sum of the sizes */
};

/* Appends all files that the arguments stand for.  Returns the number of arguments and files that could not be looked
 * up, after a message about each. */
size_t inputs_find(struct inputs *inputs, char **arguments);
void inputs_free(struct inputs *inputs);

/* True if the bytes of an input can be read only once. */
bool inputs_any_once(const struct inputs *inputs);

/* The path, or "(standard input)". */
const char *input_name(const struct input *input);

#endif
