/* SPDX-License-Identifier: ISC */
/* writer - the state of the pprof writer, and the pieces that all of its rooms use.
 *
 *     write-cells, write-spans  ->  write-sample  ->  write-locations  ->  writer
 *     write-tables  ->  writer
 *     write: the order of things, above all
 *
 * The output keeps the first failure.  Whatever is sent after it is dropped. */
#ifndef TH_PPROF_WRITER_H
#define TH_PPROF_WRITER_H

#include "base/output.h"
#include "base/wire.h"
#include "pprof/format.h"
#include "profile/preorder.h"

/* One sample.  Samples come in preorder of their stacks, so a sample shares most of the locations above its leaf with
 * the one before.  These locations are kept as bytes of the file.  They grow from the end, as the root is the last.
 *
 *     bytes   [ free | 5's caller | 4's caller | 2's caller ]      path   root 2 4 5 */
struct th_pprof_sample {
  uint64_t *values;     /* by sample type; all 0 between two samples */
  unsigned char *bytes; /* locations above the leaf */
  unsigned char *tail;  /* values and labels */
  struct th_pprof_above {
    uint32_t stack, size; /* bytes, from their end, that the stacks up to this one take */
  } * path;               /* by depth */
  uint32_t room, tail_room, path_room, depth;
  uint32_t leaf, leaf_line, leaf_location; /* of the last sample; leaf is the root: there was none */
};

enum { TH_FEW = 8 };

/* Lines of functions.  The id of a location is its index here plus 1. */
typedef struct th_pprof_locations {
  struct th_pprof_location {
    uint32_t function, line;
  } * items;
  uint32_t count, capacity;
  struct th_pprof_few {
    uint32_t lines[TH_FEW], ids[TH_FEW];
  } * few;    /* by function: its first TH_FEW lines */
  th_map map; /* its further lines */
} th_pprof_locations;

typedef struct th_pprof_writer {
  const theseus_profile *profile;
  uint32_t detail;
  uint32_t types; /* sample types */
  th_alloc alloc; /* a copy, as the profile is const */
  th_output output;
  th_preorder stacks;
  th_strings strings;
  uint32_t latency, nanoseconds, outcome, detached, head, head_unit, head_path, outcomes[TH_PPROF_OUTCOMES]; /* texts */
  th_pprof_locations locations;
  uint32_t *functions; /* by function: its id; 0: no location mentions it */
  uint32_t *mentioned; /* functions, by id - 1 */
  uint32_t function_count;
  struct th_pprof_object {
    uint32_t text; /* of the profile; TH_NONE: the object of functions is not known */
    uint32_t functions;
  } * objects;          /* by id - 1 */
  uint32_t *object_ids; /* by text + 1: its id; 0: not mentioned.  The first entry is that of TH_NONE */
  uint32_t object_count, object_capacity;
  struct th_pprof_sample sample;
  uint32_t *cells;     /* in the order of the samples; twice the room, for sorting */
  uint32_t *cell_ends; /* by position of the stack in preorder: where its cells end; one more than there are stacks */
  struct th_bucket *marks; /* the histogram of one stack */
  uint32_t mark_count, marks_capacity;
  uint32_t *order; /* of the marks; twice the room, for sorting */
  uint32_t order_capacity;
  uint32_t *label_order;         /* of the profile: the labels of each set in order */
  uint32_t *label_ranks;         /* by set - 1 */
  struct th_pprof_label *labels; /* of one sample; room for the most that one has */
  uint32_t label_room;
  bool has_spans; /* false: only events of the host, and their sample types alone */
  uint32_t *path; /* the stacks of a head above those that it shares with the place */
  uint32_t path_capacity;
  th_wire message; /* a field of the profile, before it is sent */
  th_wire part;    /* a field of the message, before it is put there */
} th_pprof_writer;

/* The sample type of the host's first event. */
static inline uint32_t th_pprof_host_type(const th_pprof_writer *writer) {
  return writer->has_spans ? (uint32_t)TH_TYPE_HOST : 0;
}

/* Keeps a failure, if it is the first. */
void th_pprof_note(th_pprof_writer *writer, int status);

/* Returns the number of a text in the string table, cleaned. */
uint32_t th_pprof_text(th_pprof_writer *writer, const char *text);

/* Adds a number to a message or to a part.  0 is the default of a reader, and is left out. */
void th_pprof_put(th_pprof_writer *writer, th_wire *wire, uint32_t field, uint64_t number);

/* Makes the part a field of the message, and empties it. */
void th_pprof_put_part(th_pprof_writer *writer, uint32_t field);

/* Sends the message as a field of the profile, and empties it. */
void th_pprof_send(th_pprof_writer *writer, uint32_t field);

/* Sends bytes as a field of the profile. */
void th_pprof_send_bytes(th_pprof_writer *writer, uint32_t field, const void *bytes, uint32_t size);

/* Sends a number as a field of the profile.  EOVERFLOW is noted if it does not fit into 63 bits. */
void th_pprof_send_number(th_pprof_writer *writer, uint32_t field, uint64_t number);

/* Sends a type with its unit. */
void th_pprof_send_type(th_pprof_writer *writer, uint32_t field, const char *type, const char *unit);

#endif
