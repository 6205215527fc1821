/* SPDX-License-Identifier: ISC */
/* source - the bytes of an input, decompressed if they are gzip or zstd. */
#ifndef THESEUS_MERGE_SOURCE_H
#define THESEUS_MERGE_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct source;

/* Opens a path; "-" is standard input.  Returns NULL and sets *why if that fails. */
struct source *source_open(const char *path, const char **why);
/* Reads up to `size` bytes.  Returns 0 at the end; returns -1 and sets *why after an error. */
ssize_t source_read(struct source *source, void *bytes, size_t size, const char **why);
/* How many bytes of the file itself, as it lies on the disk, have been read. */
uint64_t source_position(const struct source *source);
void source_close(struct source *source);

#endif
