/* SPDX-License-Identifier: ISC */
/* callgrind-read - the reader's state, and its rooms: bytes into lines, and a file's life (callgrind-read.c), the
 * header (callgrind-header.c), names and calls (callgrind-body.c), costs (callgrind-costs.c), all of these as they mostly
 * are (callgrind-quick.c), messages (callgrind-messages.c). */
#ifndef TH_CALLGRIND_READ_H
#define TH_CALLGRIND_READ_H

#include "callgrind/names.h"
#include "graph/graph.h"

enum {
  TH_LINE_MAX = 1 << 24, /* bytes */
  TH_EVENTS_MAX = 256,
  TH_WARNINGS_KEPT = 100,
  TH_MESSAGE = 400 /* bytes, its file's name included */
};

enum th_next { TH_SELF, TH_CALL, TH_JUMP }; /* what the next line of costs is */

/* A part of one line: no NUL at its end. */
struct th_piece {
  const char *bytes, *end;
};

struct theseus_callgrind_reader {
  theseus_graph *graph;
  bool strict, partial; /* the options */
  bool open;            /* a file has begun, and neither finished nor failed */
  int status;           /* of the file that has failed */

  /* bytes */
  char *carry; /* the beginning of a line of which the end is yet to come */
  uint32_t carry_size, carry_capacity;
  const char *line_start;
  uint64_t bytes, lines;

  /* the body, at this line */
  th_names files, functions, objects;
  uint32_t object, own_file, file; /* of ob, fl, and fl, fi or fe */
  uint32_t function;               /* of the graph; TH_NONE: none yet */
  uint32_t place, high;            /* of its costs in this file, with its half of an address; TH_NONE: not asked yet */
  uint32_t callee_object, callee_file; /* texts; TH_NONE: not said */
  uint32_t callee, callee_id;          /* text, and number in the table of names, if it has one; TH_NONE: not said */
  enum th_next next;
  uint64_t call[TH_EDGE_EVENTS]; /* count, and where the callee is */
  uint64_t address, line;        /* of the last line of costs */
  bool in_body;
  bool promised, totalled; /* a part ends with `totals:`, as who wrote it always writes it; and there it is */
  uint32_t unknown;        /* the text ??? */

  /* positions: what the columns are, in their order, of enum theseus_positions */
  uint32_t columns[2], column_count;
  uint32_t positions; /* all of them */
  uint32_t keep;      /* those that the graph takes; 0: not asked yet, for this part */
  bool quick;         /* with keep: its lines are as most files have them */

  /* events */
  bool has_events;
  uint32_t event_count, event_columns[TH_EVENTS_MAX]; /* of this part, in the graph */
  uint64_t values[TH_EVENTS_MAX];
  struct th_graph_event *told; /* by `event:` lines, and all columns of the file */
  uint32_t told_count, told_capacity;
  uint32_t *seen; /* the columns of the file, as indices into told */
  uint32_t seen_count, seen_capacity;

  /* what it says of itself; texts, TH_NONE: nothing */
  uint32_t source;
  uint32_t facts[TH_FACTS], part_facts[TH_FACTS];
  uint32_t parts; /* that ended before this one */
  char *desc;     /* of this part */
  uint32_t desc_size, desc_capacity;
  uint32_t *sources;
  uint32_t source_count, source_capacity;

  char *warnings[TH_WARNINGS_KEPT];
  uint32_t kept;
  uint64_t warning_count;
  char error[TH_MESSAGE];
};

/* ---- messages ---- */

/* Says that something at `where`, in the line that is being read, is wrong, and gives the status.  NULL: somewhere in
 * the line. */
int th_callgrind_fail(theseus_callgrind_reader *reader, int status, const char *where, const char *what);
/* The same, or when not strict, a warning and THESEUS_OK. */
int th_callgrind_warn(theseus_callgrind_reader *reader, const char *where, const char *what);
void th_callgrind_forget_messages(theseus_callgrind_reader *reader);

/* ---- lines ---- */

/* Does a line that begins so hold costs? */
static inline bool th_begins_costs(char c) { return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '*'; }

/* Lines as most are, as many as there are of them; `*at` is moved behind them.  All end with LF, before `end`. */
int th_callgrind_quick(theseus_callgrind_reader *reader, const char **at, const char *end);

/* A line of costs, which ends with LF; `*at` is moved behind it. */
int th_callgrind_costs(theseus_callgrind_reader *reader, const char **at);
/* Where costs of the function go that have such an address: is that known?  And finds it. */
static inline bool th_callgrind_is_placed(const theseus_callgrind_reader *reader, uint64_t address) {
  return reader->place != TH_NONE && reader->high == address >> 32;
}
int th_callgrind_place(theseus_callgrind_reader *reader, uint64_t address);
/* Adds what has been read of one: `n` values. */
int th_callgrind_add(theseus_callgrind_reader *reader, uint32_t n);
/* Says so, if that failed as a sum did not fit. */
int th_callgrind_fail_sum(theseus_callgrind_reader *reader, int status);

/* `key=…`: gives false in *known if it is no such line. */
int th_callgrind_body(theseus_callgrind_reader *reader, struct th_piece line, bool *known);

/* What comes is in this function of the graph. */
void th_callgrind_enter(theseus_callgrind_reader *reader, uint32_t function);

/* `# …`, of which one kind begins a part. */
int th_callgrind_comment(theseus_callgrind_reader *reader, struct th_piece line);

/* All other lines. */
int th_callgrind_header(theseus_callgrind_reader *reader, struct th_piece line);

/* Forgets function, file and the like: another part begins. */
void th_callgrind_reset_body(theseus_callgrind_reader *reader);
/* Ends a part: what all parts say stays, of desc and the like. */
int th_callgrind_end_part(theseus_callgrind_reader *reader);

/* ---- pieces ---- */

static inline bool th_is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

static inline struct th_piece th_trim(struct th_piece piece) {
  while (piece.bytes < piece.end && th_is_blank(*piece.bytes))
    piece.bytes++;
  while (piece.end > piece.bytes && th_is_blank(piece.end[-1]))
    piece.end--;
  return piece;
}

/* A number, decimal or 0x…, that begins at `at`; something that is no digit must follow.  Gives where it ends; NULL
 * when there is none, or it does not fit (*out is then UINT64_MAX). */
const char *th_callgrind_number(const char *at, uint64_t *out);

/* Says that there is no number at `at`, or one that does not fit: `number` is what th_callgrind_number gave. */
int th_callgrind_fail_number(theseus_callgrind_reader *reader, const char *at, uint64_t number, const char *what);

/* The function of the graph that has this name, with its number of a name or TH_NONE, object and file. */
int th_callgrind_function(theseus_callgrind_reader *reader, uint32_t text, uint32_t id, uint32_t object, uint32_t file,
                          uint32_t *out);

#endif
