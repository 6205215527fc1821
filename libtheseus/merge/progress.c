/* SPDX-License-Identifier: ISC */
#include "merge/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void progress_begin(struct display *display, enum progress wanted, uint64_t bytes) {
  double now = seconds_now();
  *display = (struct display){.bytes = bytes, .began = now, .due = wanted == PROGRESS_ALWAYS ? now : now + 1};
  display->wanted = wanted == PROGRESS_ALWAYS || (wanted == PROGRESS_AUTO && isatty(STDERR_FILENO));
}

void progress_show(struct display *display, uint64_t bytes, size_t files, size_t all_files) {
  enum { WIDTH = 30 };
  char bar[WIDTH + 1];
  double now = seconds_now();

  if (!display->wanted || now < display->due)
    return;
  display->due = now + 0.2;
  display->shown = true;
  /* Standard input has no size: fall back on the number of files. */
  double done = display->bytes ? (double)bytes / (double)display->bytes : (double)files / (double)all_files;
  done = done > 1 ? 1 : done;
  for (int i = 0; i < WIDTH; i++)
    bar[i] = i < (int)(done * WIDTH) ? '#' : '.';
  bar[WIDTH] = '\0';
  double took = now - display->began;
  fprintf(stderr, "\r[%s] %3d%%  %zu of %zu files  %.0f MB/s ", bar, (int)(done * 100), files, all_files,
          took > 0 ? (double)bytes / 1e6 / took : 0.0);
  fflush(stderr);
}

void progress_end(struct display *display) {
  if (display->shown)
    fputs("\r\033[K", stderr);
  display->shown = false;
}
