/* SPDX-License-Identifier: ISC */
/* progress - a bar on the terminal, for merges that take a while. */
#ifndef THESEUS_MERGE_PROGRESS_H
#define THESEUS_MERGE_PROGRESS_H

#include "merge/options.h"

#include <stddef.h>

struct display {
  bool wanted;
  bool shown;        /* the bar is on the terminal now */
  uint64_t bytes;    /* of all inputs; 0: unknown */
  double began, due; /* in seconds: when the merge began, and when to draw next */
};

void progress_begin(struct display *display, enum progress wanted, uint64_t bytes);
/* Draws the bar if it is time: `bytes` are read, and `files` of `all_files` are done. */
void progress_show(struct display *display, uint64_t bytes, size_t files, size_t all_files);
/* Removes the bar. */
void progress_end(struct display *display);

/* The monotonic clock. */
double seconds_now(void);

#endif
