/* SPDX-License-Identifier: ISC */
/* pprof-write - the rooms that a profile goes through on its way to a pprof file:
 *
 *     write-cells, write-spans  ->  write-sample  ->  write-locations  ->  write: the tables that the samples refer to
 *
 * The first failure is kept, with the output's own, and what comes after it is not sent. */
#ifndef TH_PPROF_WRITE_H
#define TH_PPROF_WRITE_H

#include "base/output.h"
#include "base/wire.h"
#include "pprof/format.h"
#include "profile/preorder.h"

/* The samples of one stack after the other, in preorder, have the locations above its leaf in common, which are kept as
 * the file has them.  They are built from the end: the root is the last.
 *
 *     bytes   [ free | 5's caller | 4's caller | 2's caller ]      path   root 2 4 5 */
struct th_pprof_sample {
  uint64_t *values;     /* by sample type; all 0 but while a sample is put together */
  unsigned char *bytes; /* locations above the leaf */
  unsigned char *tail;  /* what comes after the locations */
  struct th_pprof_above {
    uint32_t stack, size; /* of the bytes, from their end, that are of stacks up to this one */
  } * path;               /* by depth */
  uint32_t room, tail_room, path_room, depth;
  uint32_t leaf, leaf_line, leaf_location; /* of the last sample; the root: there has been none */
};

enum { TH_FEW = 8 };

/* Lines of functions; the id of one is its place here, from 1. */
typedef struct th_pprof_locations {
  struct th_pprof_location {
    uint32_t function, line;
  } * items;
  uint32_t count, capacity;
  struct th_pprof_few {
    uint32_t lines[TH_FEW], ids[TH_FEW];
  } * few;    /* by function: the first ones that it has */
  th_map map; /* of the others */
} th_pprof_locations;

typedef struct th_pprof_writer {
  const theseus_profile *profile;
  uint32_t detail;
  uint32_t types; /* sample types */
  th_alloc alloc; /* a copy, as the profile is const */
  th_output output;
  th_preorder stacks;
  th_strings strings;
  uint32_t latency, nanoseconds, outcome, detached, head, head_unit, head_path, outcomes[OUTCOMES]; /* texts */
  th_pprof_locations locations;
  uint32_t *functions; /* by function: its id; 0: not mentioned */
  uint32_t *mentioned; /* functions, by id - 1 */
  uint32_t function_count;
  struct th_pprof_object {
    uint32_t text /* of the profile; TH_NONE: that of functions whose object is not known */, functions;
  } * objects;          /* in the order in which locations mention them */
  uint32_t *object_ids; /* by text, 0 being for none: its place in that, from 1; 0: not mentioned */
  uint32_t object_count, object_capacity;
  struct th_pprof_sample sample;
  uint32_t *cells;         /* in the order of the samples, twice the room: for the sort too */
  uint32_t *cell_ends;     /* by the positions of their stacks: where they end; one more than there are stacks */
  struct th_bucket *marks; /* one stack's histogram */
  uint32_t mark_count, marks_capacity;
  uint32_t *order; /* of the marks, twice the room */
  uint32_t order_capacity;
  uint32_t *path; /* the stacks that a head has above what it shares */
  uint32_t path_capacity;
  th_wire message, part;
} th_pprof_writer;

void th_pprof_note(th_pprof_writer *writer, int status);
/* The number of a text in the string table. */
uint32_t th_pprof_text(th_pprof_writer *writer, const char *text);

/* ---- pprof-write-locations ---- */

/* ENOMEM, ELIMIT. */
int th_pprof_locations_init(th_pprof_writer *writer);
/* The id of a line of a function, new if need be; 0 on failure. */
uint32_t th_pprof_location(th_pprof_writer *writer, uint32_t function, uint32_t line);
void th_pprof_locations_free(th_pprof_writer *writer);

/* ---- pprof-write-sample ---- */

/* A string, or a number if it has a unit. */
struct th_pprof_label {
  uint32_t key, string;
  uint64_t number;
  uint32_t unit;
};
enum { TH_MAX_LABELS = 3 };

/* ENOMEM, ELIMIT. */
int th_pprof_sample_init(th_pprof_writer *writer);
/* Sends writer->sample.values, unless all are 0; and makes them 0.  Stacks come in preorder. */
void th_pprof_sample_send(th_pprof_writer *writer, uint32_t stack, uint32_t line, const struct th_pprof_label *labels,
                          uint32_t n);
void th_pprof_sample_free(th_pprof_writer *writer);

/* ---- pprof-write-cells ---- */

/* Puts the cells into their order.  ENOMEM, ELIMIT. */
int th_pprof_cells_sort(th_pprof_writer *writer);
/* Sends the samples of the cells of the stack that has this position in preorder. */
void th_pprof_cells_send(th_pprof_writer *writer, uint32_t position);

/* ---- pprof-write-spans ---- */

/* Sends the samples of the spans that began at a stack, which has stats. */
void th_pprof_spans_send(th_pprof_writer *writer, uint32_t stack);

#endif
