/* SPDX-License-Identifier: ISC */
/* output - where the result goes.
 *
 * A file is written under a temporary name beside its place, and renamed when it is complete: the old file stays until
 * then, and a partial result is never visible.  However the program ends, short of SIGKILL, it removes the temporary
 * file.  No other thread may run while an output is opened or closed. */
#ifndef THESEUS_MERGE_OUTPUT_H
#define THESEUS_MERGE_OUTPUT_H

#include "merge/inputs.h"
#include "merge/options.h"
#include "theseus.h"

struct output {
  int file;
  char *temporary;  /* the path until the file is complete; NULL: the file is written in its place */
  char *path;       /* NULL: standard output */
  void *compressor; /* NULL: bytes are written as they are */
  int error;        /* errno of the first failure */
  bool terminal;    /* a person reads it: text is escaped */
  size_t held;      /* bytes in `piece` */
  char piece[4];    /* for a terminal: the beginning of a character that goes on in the next bytes */
};

/* Opens the output.  Returns false after a message if that fails, or if the output is one of the inputs and --force is
 * missing. */
bool output_open(struct output *output, const struct options *options, const struct inputs *inputs);

/* Opens a new file in the temporary folder ($TMPDIR, or /tmp).  Returns false after a message if that fails. */
bool output_open_rescue(struct output *output);

/* Bytes are compressed with gzip from now on; without zlib they stay as they are. */
void output_compress(struct output *output);

theseus_sink output_sink(struct output *output);

/* Completes the output; if `keep` is false, removes it.  Returns false after a message if it could not be written. */
bool output_close(struct output *output, bool keep);

#endif
