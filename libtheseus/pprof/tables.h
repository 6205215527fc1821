/* SPDX-License-Identifier: ISC */
/* tables - the tables of a pprof file, to which samples refer: strings, functions, locations, by ids of the file.
 *
 * The bytes belong to the caller and stay where they are.  The tables are no larger than a small multiple of them. */
#ifndef TH_PPROF_TABLES_H
#define TH_PPROF_TABLES_H

#include "base/wire.h"
#include "pprof/ids.h"
#include "profile/profile.h"

enum { TH_MAX_TYPES = 1024 }; /* sample types: a search through them stays short */

struct th_pprof_function {
  uint64_t name, system_name, file; /* strings */
  uint32_t first_line;
  uint32_t function; /* of the profile */
};

struct th_pprof_mapping {
  uint64_t file, build_id; /* strings */
  uint64_t start, limit, offset;
  uint32_t object; /* a text of the profile; TH_NONE: none */
};

struct th_pprof_frame {
  uint64_t id; /* of a function; when resolved, its number in the profile */
  uint32_t line;
};

struct th_pprof_location {
  uint64_t mapping, address;
  uint32_t first, frames; /* in the table of frames, the innermost first */
};

/* A location that is one frame, as nearly all are, packed: all that following a stack needs. */
struct th_pprof_place {
  uint32_t function, line; /* function: TH_NONE: the location does not exist, or is not one frame */
};

struct th_pprof_type {
  uint64_t name, unit; /* strings */
};

typedef struct th_pprof_tables {
  th_alloc *alloc;
  const unsigned char *begin;
  theseus_read_error *error;
  struct th_text *strings;
  uint32_t string_count, string_capacity;
  struct th_pprof_type types[TH_MAX_TYPES];
  uint32_t type_count;
  uint64_t *comments; /* strings */
  uint32_t comment_count, comment_capacity;
  struct th_pprof_function *functions;
  uint32_t function_capacity;
  struct th_pprof_mapping *mappings;
  uint32_t mapping_capacity;
  struct th_pprof_location *locations;
  uint32_t location_capacity;
  struct th_pprof_frame *frames;
  uint32_t frame_count, frame_capacity;
  uint32_t most_frames;          /* of one location */
  struct th_pprof_place *places; /* by id - 1, of small ids */
  uint32_t place_count;
  struct th_ids function_ids, mapping_ids, location_ids;
  uint64_t time_ns, duration_ns;
  struct th_pprof_type period_type;
  uint64_t period;
  uint64_t default_type, drop_frames, keep_frames; /* strings */
} th_pprof_tables;

/* Reads everything of a file but its samples.  EFORMAT, ENOMEM, ELIMIT, EOVERFLOW. */
int th_pprof_tables_read(th_pprof_tables *tables, th_bytes bytes);
/* Makes the functions known to a profile, and frames of places that have none.  EFORMAT, ENOMEM, ELIMIT, EOVERFLOW. */
int th_pprof_tables_resolve(th_pprof_tables *tables, theseus_profile *profile);
/* Says which objects the functions are in, when all else has gone well.  Cannot fail. */
void th_pprof_tables_tell_objects(const th_pprof_tables *tables, theseus_profile *profile);
void th_pprof_tables_free(th_pprof_tables *tables);

/* Returns a string by its number; NULL: no such string. */
const struct th_text *th_pprof_string(const th_pprof_tables *tables, uint64_t number);
bool th_text_is(const struct th_text *text, const char *wanted);
/* Interns a string of the file, cleaned, among a profile's.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_pprof_intern(theseus_profile *profile, const struct th_text *text, uint32_t *out);

/* Says what is wrong, and where; gives EFORMAT. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
int th_pprof_fail(const th_pprof_tables *tables, const unsigned char *at, const char *format, ...);

/* Returns a number that should fit into 32 bits, such as a line; 0 if it does not. */
static inline uint32_t th_small(uint64_t number) { return number <= UINT32_MAX ? (uint32_t)number : 0; }

#endif
