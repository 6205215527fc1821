/* SPDX-License-Identifier: ISC
 *
 * theseus.h - the public interface of libtheseus
 *
 * libtheseus measures how long operations *pend*, attributes that time to the call stack that the programmer
 * wrote, and serialises the result for the tools that profilers are read with.  It knows no language runtime,
 * starts no thread, reads no clock (the time is an argument) and opens no file.
 *
 * In ten lines:
 *
 *     theseus_profile *p;
 *     uint32_t main_fn, get_fn, stack;
 *     theseus_profile_new(NULL, &p);
 *     theseus_function_intern(p, "/srv/app.c", "main", 10, &main_fn);
 *     theseus_function_intern(p, "/srv/app.c", "get", 42, &get_fn);
 *     theseus_stack_push(p, THESEUS_ROOT, main_fn, 0, &stack);
 *     theseus_stack_push(p, stack, get_fn, 17, &stack);           // get(), called on line 17 of main()
 *     theseus_record(p, stack, 45, 2000000000, THESEUS_SUCCESS);  // pended for 2 s, on line 45
 *     ...                                                          // theseus_graph_from_profile, _callgrind_write
 *     theseus_profile_free(p);
 *
 * Conventions, said once:
 *
 * - Every call that can fail returns an int: THESEUS_OK (0) or a negative THESEUS_E* code (theseus_strerror() says
 *   it in words).  Its result goes through the last pointer, `out`, which is written on success only.
 * - A call that fails leaves every measurement as it was.  Names and empty stacks may remain; they are not written.
 * - Times are integer nanoseconds from an epoch of the caller's choice, the same one for all of a profile.  A time
 *   earlier than the latest one that the profile has seen is taken as that latest one, and counted
 *   (theseus_profile_info.clock_reversals).
 * - Ids are dense: functions and stacks from 0 (stack 0 is the root), in the order in which they were interned.
 *   An id is good for the life of its profile, and means nothing to another one.
 * - Strings are UTF-8, ended by NUL, and copied.
 * - Structs that the caller allocates begin with their `size`: set it to sizeof before the call.  The library reads
 *   or writes no more than that, so that structs can grow without breaking programs that were compiled before.
 *   Zeroed members mean the default.
 * - Threads: one object (profile, graph) is used by one thread at a time.  Calls that take a pointer to const may run
 *   at the same time as each other.  Different objects are independent: give each thread its own profile, and merge.
 * - The library keeps no global state, and never calls back but for the allocator and a sink.
 * - O(1) means amortised, hash tables included.
 */

#ifndef THESEUS_H
#define THESEUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif

/* From here to the line `end of declarations' there is no conditional, so that foreign-function interfaces
 * can read the header as it is. */

/* ---- status ---------------------------------------------------------------------------------------------- */

enum theseus_status {
  THESEUS_OK = 0,
  THESEUS_ENOMEM = -1,    /* the allocator returned NULL */
  THESEUS_EINVAL = -2,    /* an argument makes no sense: an unknown id, a bad name, a size of 0 */
  THESEUS_ESTALE = -3,    /* the span has ended, or never was */
  THESEUS_ECYCLE = -4,    /* the span would become its own ancestor */
  THESEUS_EOVERFLOW = -5, /* a sum does not fit into 64 bits, or there are more than 2^32 - 2 of something */
  THESEUS_EIO = -6,       /* the sink refused */
  THESEUS_EFORMAT = -7,   /* the input is not what it should be; the reader's error says where */
  THESEUS_EVERSION = -8,  /* the input is of a version that this library does not read */
  THESEUS_EUNIT = -9,     /* one event, two units: cannot be added */
  THESEUS_ELIMIT = -10    /* the memory limit that the caller set is reached */
};

/* One sentence, in English, for a status; never NULL.  Static storage. */
const char *theseus_strerror(int status);

/* The version of the library that is linked, such as "0.1.0".  Static storage. */
const char *theseus_version(void);

/* ---- memory ---------------------------------------------------------------------------------------------- */

/* Where an object takes its memory from.  All three functions are required; realloc(opaque, NULL, n) must act as
 * an allocation; none is ever called with size 0; free(opaque, NULL) does nothing.  They must not throw or longjmp,
 * nor call into the same object.  Copied by the constructor; `opaque` must outlive the object. */
typedef struct theseus_allocator {
  void *(*alloc)(void *opaque, size_t size);
  void *(*realloc)(void *opaque, void *block, size_t size);
  void (*free)(void *opaque, void *block);
  void *opaque;
} theseus_allocator;

/* ---- profile --------------------------------------------------------------------------------------------- */

/* A calling-context tree with everything that was measured.  Used by one thread at a time. */
typedef struct theseus_profile theseus_profile;

#define THESEUS_ROOT 0    /* the stack without frames */
#define THESEUS_NO_SPAN 0 /* no span: never the id of one */

struct theseus_event_info;

typedef struct theseus_profile_options {
  size_t size;
  const theseus_allocator *allocator; /* NULL: malloc, realloc, free */
  uint32_t max_depth;                 /* frames in a stack; 0: 512; at most 65535 */
  uint32_t max_nesting;               /* spans in a line of descent; 0: 256; at most 1024 */
  uint64_t memory_limit; /* bytes, for the profile and for what works on it; 0: none.  Beyond it calls fail: ELIMIT */
  const struct theseus_event_info *names; /* THESEUS_EVENTS of them, for the built-in events; NULL: the neutral names */
} theseus_profile_options;

/* Makes an empty profile.  `options` may be NULL: all defaults.
 * With a memory_limit, stacks may take three quarters of it: theseus_stack_push() then gives `parent` again, as at max_depth, and
 * what is measured goes there.  At the limit itself calls that need memory fail, with ELIMIT for the ENOMEM below.  Nothing that was
 * measured before is lost.  Both are counted: truncated_pushes and refusals.  Below 64 kB there is hardly room for spans.
 * `names` replaces the long names of the built-in events.  A member that is NULL keeps the default.  `name` and `unit` of an event are
 * fixed, but THESEUS_OPERATIONS may be called "Deferreds": then the defaults of all long names are Twisted's.  See enum theseus_event.
 * Errors: ENOMEM, ELIMIT, EINVAL (a bound out of range, an allocator without functions, a name or a
 * unit that an event cannot have). */
int theseus_profile_new(const theseus_profile_options *options, theseus_profile **out);

/* Frees a profile and all that it holds.  NULL is allowed. */
void theseus_profile_free(theseus_profile *profile);

/* Drops all that was measured.  Functions, stacks, events and open spans stay: each open span is counted as begun
 * again, its Wait starts again at the latest time seen, and its latency, once it ends, is whole.  The losses that theseus_profile_info
 * counts start again, too.  Cannot fail.
 * O(everything). */
void theseus_profile_clear(theseus_profile *profile);

/* Adds what was measured in `from` to `into`; `from` stays as it is.  Functions are the same when file, name and first
 * line are, events when their names are.  Open spans stay with `from`: their Wait so far (theseus_settle() first) and their
 * being pending are added, they themselves are not.
 * Adding is exact, associative and commutative, but for the order of ids: what is added of each cell is the integer that it
 * reads as.  A profile cannot be merged into itself (EINVAL).
 * Errors: ENOMEM, EINVAL, EOVERFLOW, EUNIT (an event known to both under different units).  O(size of `from`). */
int theseus_profile_merge(theseus_profile *into, const theseus_profile *from);

typedef struct theseus_profile_info {
  size_t size;
  uint64_t now_ns;           /* the latest time seen */
  uint64_t clock_reversals;  /* times that were earlier than the latest one */
  uint64_t truncated_pushes; /* frames that were not pushed, because of max_depth or memory_limit */
  uint64_t flattened_spans;  /* spans that became children of an ancestor, because of max_nesting */
  uint64_t lost_wait_ns;     /* Wait that could not be booked for want of memory */
  uint64_t lost_latencies;   /* latencies missing from the histograms for want of memory */
  uint64_t memory;           /* bytes taken from the allocator and not given back */
  uint64_t refusals;         /* how often the memory limit stood in the way */
  uint64_t time_ns;          /* as theseus_profile_set_time() said; 0: not known */
  uint64_t duration_ns;
} theseus_profile_info;

/* Tells how the profile itself fares.  Errors: EINVAL (size).  O(1). */
int theseus_profile_info_get(const theseus_profile *profile, theseus_profile_info *out);

/* Says when the measurement began, in ns since 1970 (UTC), and how long it took, for files that tell it (pprof).  0: not known.
 * Of merged profiles it is the earliest beginning and the sum: where threads ran side by side, say it of the sum alone.
 * theseus_profile_clear() forgets it.  Cannot fail. */
void theseus_profile_set_time(theseus_profile *profile, uint64_t time_ns, uint64_t duration_ns);

/* Says what a file's header should about the origin of the profile.  The keys are those of theseus_graph_set(): "pid", "cmd", "part",
 * "thread", and "desc", which may have several lines.  NULL removes a value.  theseus_profile_get() returns NULL for a value that was
 * not set; the text is owned by the profile, and is good until the value changes.  Bytes that a line cannot hold are escaped as \xHH.
 * Merging keeps the values that are equal in both profiles.  A new profile takes those of the first that is merged into it.
 * theseus_profile_clear() keeps them.  A graph of the profile has them, and so has a pprof file, as comments.
 * Errors: ENOMEM, EINVAL (no such key), ELIMIT, EOVERFLOW. */
int theseus_profile_set(theseus_profile *profile, const char *key, const char *value);
const char *theseus_profile_get(const theseus_profile *profile, const char *key);

/* ---- functions and stacks -------------------------------------------------------------------------------- */

/* Gives the id of a function, which is new when (file, name, first line) is.  `file` should be an absolute path, and
 * may be "" when there is none; `name` must not be empty, and should be unique in the program: some consumers know functions
 * by name alone, and a graph knows no first lines.  Two lambdas of a file that have one name are one function there; if one calls the
 * other, it calls itself.  O(length of the strings).
 * Errors: ENOMEM, EINVAL (NULL, an empty name), EOVERFLOW. */
int theseus_function_intern(theseus_profile *profile, const char *file, const char *name, uint32_t first_line,
                            uint32_t *out);

typedef struct theseus_function_info {
  size_t size;
  const char *file; /* owned by the profile, good for its life */
  const char *name; /* the same */
  uint32_t first_line;
  const char *object; /* "" when it is not known; good until it changes */
} theseus_function_info;

uint32_t theseus_function_count(const theseus_profile *profile);
/* Errors: EINVAL (no such function, size).  O(1). */
int theseus_function_get(const theseus_profile *profile, uint32_t function, theseus_function_info *out);

/* Says which object a function is in: the program, a library, a package.  It is written as `ob=` of callgrind, and as a mapping of
 * pprof.  It does not tell functions apart.  NULL or "" takes it back.  Of two profiles that are merged, and do not say the same,
 * the name that comes first in the order of its bytes stays.
 * Errors: ENOMEM, EINVAL (no such function), EOVERFLOW.  O(length of the string). */
int theseus_function_set_object(theseus_profile *profile, uint32_t function, const char *object);

/* Gives the id of the stack that is `parent` with one more frame: `function`, called on `call_line` of the parent's
 * function (0: unknown).  On the root it is taken as 0.
 * At max_depth frames, or when memory is short (memory_limit), it gives `parent` again, and counts that (truncated_pushes).  O(1).
 * Errors: ENOMEM, EINVAL (no such stack or function), EOVERFLOW. */
int theseus_stack_push(theseus_profile *profile, uint32_t parent, uint32_t function, uint32_t call_line, uint32_t *out);

typedef struct theseus_stack_info {
  size_t size;
  uint32_t parent;     /* the stack below; of the root, the root */
  uint32_t function;   /* of the root, UINT32_MAX */
  uint32_t call_line;  /* the line of the call, in the function of the parent */
  uint32_t depth;      /* frames; of the root, 0 */
  uint64_t operations; /* spans begun at this stack: ended, open, and those of zero latency */
  uint64_t success;    /* spans that ended so; failure does not include cancelled */
  uint64_t failure;
  uint64_t cancelled;
  uint64_t abandoned;
  uint64_t pending;        /* spans that had not ended when last looked at */
  uint64_t latency_ns;     /* sum over those that fired: success, failure, cancelled */
  uint64_t latency_min_ns; /* 0 when none has fired */
  uint64_t latency_max_ns;
} theseus_stack_info;

uint32_t theseus_stack_count(const theseus_profile *profile);
/* Errors: EINVAL (no such stack, size).  O(1). */
int theseus_stack_get(const theseus_profile *profile, uint32_t stack, theseus_stack_info *out);

/* The latency that `fraction` (0 to 1) of the spans of `stack` that fired did not exceed, in ns: exact at 0 and 1 (minimum
 * and maximum), in between off by at most 1/16 (see theseus_latency_bucket).  0 when none has fired.
 * Errors: EINVAL (no such stack, a fraction outside 0..1).  O(THESEUS_BUCKETS). */
int theseus_percentile(const theseus_profile *profile, uint32_t stack, double fraction, uint64_t *out);

/* The histogram of a stack's latencies: log-linear in the manner of HdrHistogram, 8 buckets for each power of two,
 * the same bounds in every profile, so that merging adds counts.  Values below 16 have buckets of their own.
 *
 *     0 1 2 … 15 | 16 18 20 … 30 | 32 36 40 … 60 | 64 …      (lower bounds)
 *
 * theseus_latency_bucket gives the bucket that holds a latency; theseus_bucket_bounds gives a bucket's lowest and highest
 * latency, both included (EINVAL: no such bucket). */
#define THESEUS_BUCKETS 496
uint32_t theseus_latency_bucket(uint64_t latency_ns);
int theseus_bucket_bounds(uint32_t bucket, uint64_t *low, uint64_t *high);

/* Fills `counts`, an array of THESEUS_BUCKETS, with the histogram of `stack`.
 * Errors: EINVAL (no such stack).  O(THESEUS_BUCKETS). */
int theseus_histogram_get(const theseus_profile *profile, uint32_t stack, uint64_t *counts);

/* As theseus_percentile(), of a histogram that may be the sum of several, such as of all stacks that end in one function; `min_ns` and
 * `max_ns` are the least and the most of their latencies.
 * Errors: EINVAL (NULL, a fraction outside 0..1).  O(THESEUS_BUCKETS). */
int theseus_histogram_percentile(const uint64_t *counts, uint64_t min_ns, uint64_t max_ns, double fraction,
                                 uint64_t *out);

/* ---- events and cells ------------------------------------------------------------------------------------ */

/* The events that every profile has, in the order of the columns of a file.  Wait is booked in cells; the others
 * are read from theseus_stack_info (Failed is failure + cancelled).
 *
 *                         name         long name                 long name in profiles with the event Deferreds
 *     THESEUS_WAIT        Wait         Operation wait            Deferred wait
 *     THESEUS_LATENCY     Latency      Operation latency         Deferred latency
 *     THESEUS_OPERATIONS  Operations   Operations begun          Deferreds returned
 *     THESEUS_FAILED      Failed       Operations failed         Deferreds failed
 *     THESEUS_PENDING     Pending      Operations still pending  Deferreds still pending
 *
 * The names belong to the profile (theseus_profile_options).  Files hold them, and readers restore them: callgrind as its columns,
 * pprof as the sample type operations/count or deferreds/count.  If names differ where profiles are merged, or where a file is
 * read into a profile, the names above are the result.  A profile whose names were not chosen, and in which none of these events was
 * measured, takes on the names of the other. */
enum theseus_event {
  THESEUS_WAIT = 0,
  THESEUS_LATENCY = 1,
  THESEUS_OPERATIONS = 2,
  THESEUS_DEFERREDS = 2, /* its name in profiles of Twisted programs */
  THESEUS_FAILED = 3,
  THESEUS_PENDING = 4,
  THESEUS_EVENTS = 5 /* the first id of events that the host adds */
};

typedef struct theseus_event_info {
  size_t size;
  const char *name;      /* [A-Za-z_][A-Za-z0-9_]* */
  const char *long_name; /* a few words for a legend; "", or NULL when adding: none */
  const char *unit;      /* "ns", "count", "bytes", …; "", or NULL when adding: unknown */
} theseus_event_info;

/* Adds a column of the host's own, such as Run or Samples, or finds it by its name.  The strings are copied.  Operations and Deferreds
 * both name THESEUS_OPERATIONS.
 * Errors: ENOMEM, EINVAL (a name that callgrind would not read), EUNIT (known under another unit), EOVERFLOW.
 * O(number of events). */
int theseus_event_intern(theseus_profile *profile, const theseus_event_info *event, uint32_t *out);

/* The events, numbered from 0; the host's begin at THESEUS_EVENTS.  Errors: EINVAL (no such event, size).  O(1). */
uint32_t theseus_event_count(const theseus_profile *profile);
int theseus_event_get(const theseus_profile *profile, uint32_t event, theseus_event_info *out);

/* Adds `amount` of an event of the host's own to a line of a stack's function.  Calls that are no spans are such an event, too: what
 * files have as the number of calls is that of spans.  O(1).
 * Errors: ENOMEM, EINVAL (no such stack; an event below THESEUS_EVENTS or unknown), EOVERFLOW. */
int theseus_add_cost(theseus_profile *profile, uint32_t stack, uint32_t line, uint32_t event, uint64_t amount);

/* What is booked, one cell for each distinct key.  Wait has (head, detached, stack, line) as its key: the time, in ns,
 * that went by while the head's operation was suspended at `line` of the function of `stack`.  Further events have (stack, line),
 * head THESEUS_ROOT. */
typedef struct theseus_cell_info {
  size_t size;
  uint32_t event;
  uint32_t head; /* stack of the head whose weight it is; where that was a root, it may be THESEUS_ROOT: not known */
  uint32_t detached; /* 1: that head was detached; 0: a root */
  uint32_t stack;
  uint32_t line;
  uint64_t value; /* rounded to the nearest integer, halves up */
} theseus_cell_info;

/* Cells may be zero; cell ids are good until theseus_profile_clear(). */
uint32_t theseus_cell_count(const theseus_profile *profile);
/* Errors: EINVAL (no such cell, size).  O(1). */
int theseus_cell_get(const theseus_profile *profile, uint32_t cell, theseus_cell_info *out);

/* ---- operations that are over ----------------------------------------------------------------------------- */

enum theseus_outcome {
  THESEUS_SUCCESS = 0,
  THESEUS_FAILURE = 1,
  THESEUS_CANCELLED = 2,
  THESEUS_ABANDONED = 3 /* nobody can end it any more; has Wait, but no latency */
};

/* Records a finished operation that nothing else was part of: a root, all of it Wait at `line`.  O(1).
 * `outcome` is not THESEUS_ABANDONED.  Errors: ENOMEM, EINVAL, EOVERFLOW. */
int theseus_record(theseus_profile *profile, uint32_t stack, uint32_t line, uint64_t latency_ns, int outcome);

/* ---- spans: operations while they pend -------------------------------------------------------------------- */

/* A span is one pending operation.  Its life:
 *
 *     begin ──> [leg] ──await──> waiting ──(runs again: a leg)──await──> waiting ── … ──> end
 *
 * At any time an open span is one of
 *
 *     in its first leg   it has been started and has not yet handed its promise to anybody.  No weight.
 *     held               a child whose parent has not said yet whether it waits for it.  No weight.
 *     awaited            its parent waits for it, and passes on 1/k of its own weight, k being the number that it awaits.
 *     a head             no open parent awaits it.  Weight 1.  A *root* has no parent and never had one; any other
 *                        head is *detached*: started and forgotten, not awaited yet, or outliving its parent.
 *
 * The weight of a span that awaits none of its children is its *self wait*, which is booked in the cell (stack of its head,
 * detached or not, the place's stack, the place's line), where the place is where the operation is suspended, and while it runs
 * again, in a later leg, where it last was.
 * So the Wait of a head, with all that it awaits, is exactly the time that it was one; at any moment the self waits grow, together,
 * at the number of heads; and background work takes nothing from the request that started it.
 *
 * The times are kept lazily, a virtual clock for each span: every call below costs O(depth of the span) and, where a span gets
 * another head, O(number of spans that it awaits, theirs included).  A profile takes at most 160 bytes for an open span, for 64 of
 * them at a time. */

enum theseus_span_flags {
  THESEUS_SPAN_LEG = 1,     /* begins with a leg; counted, and timed, from its first theseus_span_await() */
  THESEUS_SPAN_DETACHED = 2 /* the operation that started it has ended; only without a parent */
};

typedef struct theseus_span_options {
  size_t size;
  uint32_t stack;  /* where the operation was started: its function is the leaf */
  uint32_t flags;  /* of enum theseus_span_flags */
  uint64_t parent; /* the innermost enclosing operation, or THESEUS_NO_SPAN */
  uint64_t now_ns;
  uint32_t place_stack; /* where it is suspended; 0: `stack` */
  uint32_t line;        /* the line there */
} theseus_span_options;

/* Begins a span.  Without THESEUS_SPAN_LEG its time runs from now: held if it has a parent, else a head.
 * Beyond max_nesting it becomes a child of its deepest ancestor within the bound, which awaits it at once (flattened_spans).
 * Span ids are never 0, and are not used again before 2^32 others of the same slot.
 * Errors: ENOMEM, EINVAL (no such stack, unknown flags, DETACHED with a parent), ESTALE (parent), EOVERFLOW. */
int theseus_span_begin(theseus_profile *profile, const theseus_span_options *options, uint64_t *out);

#define THESEUS_ALL SIZE_MAX /* as a number of children: all there are, and all to come */

/* Ends a leg: from now on `span` is suspended at `line` of `place_stack`, and awaits exactly `children` (an array of `n`, which
 * may be NULL when n is 0), open children of `span`, each once however often it is named.  Its other children that are held or
 * were awaited become detached heads; those in their first leg are left alone.
 * With n = THESEUS_ALL it awaits all of them, and those that come later, when their hold ends, until theseus_span_await_also()
 * names one.
 * The first one of a span that began with a leg is when its promise was handed out: its time runs from now.
 * `place_stack` 0 means the span's own stack.
 * Errors: ENOMEM, EINVAL (no such stack; a child that is not this span's, or in its first leg), ESTALE (span, or a child). */
int theseus_span_await(theseus_profile *profile, uint64_t span, const uint64_t *children, size_t n,
                       uint32_t place_stack, uint32_t line, uint64_t now_ns);

/* `span` awaits `child` too, an open child of its own that may be held or detached; when it awaited THESEUS_ALL, that one only.
 * Does nothing to one that it awaits already.  Errors: EINVAL (not a child of it, or still in its first leg), ESTALE. */
int theseus_span_await_also(theseus_profile *profile, uint64_t span, uint64_t child, uint64_t now_ns);

/* Ends a child's hold without anybody having asked for it: detached, or awaited by a parent that awaits THESEUS_ALL.
 * Does nothing to one that is not held.  Errors: ESTALE. */
int theseus_span_release(theseus_profile *profile, uint64_t child, uint64_t now_ns);

/* Makes `span` a child of `parent`, from whatever it was a child of: held from now, or still in its first leg.  Does nothing when
 * it is one already.  Beyond max_nesting, what is too deep goes to its deepest ancestor that is not.
 * Errors: ENOMEM, EINVAL (no parent), ESTALE (either), ECYCLE. */
int theseus_span_adopt(theseus_profile *profile, uint64_t span, uint64_t parent, uint64_t now_ns);

/* Ends a span.  Its held and awaited children become detached heads.  One that is in its first leg was over before anybody could
 * wait for it: it counts as a span of zero latency, and its children go to its parent as they
 * are (without one they are roots).
 * Room for what it books is kept ready by the calls that may fail; should memory run out all the same, what could not be booked is
 * counted (theseus_profile_info), and the span ends.
 * Errors: ESTALE, EINVAL (an unknown outcome). */
int theseus_span_end(theseus_profile *profile, uint64_t span, int outcome, uint64_t now_ns);

/* Forgets a span in its first leg, as though it had never begun; its children go to its parent as above.
 * Errors: ESTALE, EINVAL (its first leg is over). */
int theseus_span_discard(theseus_profile *profile, uint64_t span, uint64_t now_ns);

/* Books every open span's Wait up to now.  Call it before reading cells or projecting.  Cannot fail.  O(open spans). */
void theseus_settle(theseus_profile *profile, uint64_t now_ns);

enum theseus_span_state {
  THESEUS_IN_LEG = 0, /* in its first leg */
  THESEUS_HELD = 1,
  THESEUS_AWAITED = 2,
  THESEUS_IS_ROOT = 3,
  THESEUS_IS_DETACHED = 4
};

typedef struct theseus_span_info {
  size_t size;
  uint64_t span;
  uint64_t parent; /* THESEUS_NO_SPAN: none, or it has ended */
  uint64_t began_ns;
  uint32_t stack;
  uint32_t place_stack;
  uint32_t line;
  uint32_t state;  /* of enum theseus_span_state */
  uint32_t awaits; /* how many of its children it awaits */
} theseus_span_info;

/* `out` may be NULL, to ask only whether the span is open.  Errors: ESTALE, EINVAL (size).  O(1). */
int theseus_span_get(const theseus_profile *profile, uint64_t span, theseus_span_info *out);

/* The open spans, numbered from 0 in no particular order, which any call that begins or ends one may change.
 * Errors: EINVAL (no such number, size).  O(1). */
uint32_t theseus_open_span_count(const theseus_profile *profile);
int theseus_open_span_get(const theseus_profile *profile, uint32_t number, theseus_span_info *out);

/* ---- output ----------------------------------------------------------------------------------------------- */

/* Where bytes go.  `write` takes all `size` bytes and returns 0; anything else ends the call with EIO.  It must not throw or
 * longjmp, nor use the object that is being written.  It is called with large pieces, and `size` is never 0. */
typedef struct theseus_sink {
  int (*write)(void *opaque, const void *bytes, size_t size);
  void *opaque;
} theseus_sink;

/* ---- graphs ----------------------------------------------------------------------------------------------- */

/* What a callgrind file can hold: for each function its own ("self") costs by line, and for each call site, an edge,
 * the number of calls and their inclusive cost.  Any events, any objects.  Functions are the same when object, file and
 * name are. Used by one thread at a time. */
typedef struct theseus_graph theseus_graph;

enum theseus_positions { THESEUS_LINES = 1, THESEUS_ADDRESSES = 2 };

typedef struct theseus_graph_options {
  size_t size;
  const theseus_allocator *allocator; /* NULL: malloc, realloc, free */
  uint64_t memory_limit; /* bytes, for the graph and for what works on it; 0: none.  Beyond it calls fail: ELIMIT */
  uint32_t positions;    /* what the costs that the caller adds have, of enum theseus_positions; 0: THESEUS_LINES */
} theseus_graph_options;

/* Makes an empty graph, without events.  `options` may be NULL.  Errors: ENOMEM, EINVAL, ELIMIT. */
int theseus_graph_new(const theseus_graph_options *options, theseus_graph **out);

/* Frees a graph and all that it holds.  NULL is allowed. */
void theseus_graph_free(theseus_graph *graph);

/* Projects what was measured (settle first) onto a new graph: events Wait, Latency, Operations, Failed, Pending, and the
 * host's own.  Where there are some of its own, and nothing was ever measured of the five, there are its own only.
 *
 * - `(root)` calls every outermost function, and has no callers.
 * - Wait of a root head is a self cost of the place's function and line, inclusive along its stack.  Wait of a detached
 *   head hangs under `[detached]`, which calls the head's function: every function's inclusive Wait is the latency of
 *   what it began.
 * - The other columns have raw values as self costs, at the function's first line, or the line given; inclusive figures
 *   add nested operations up.
 * - The number of calls is the number of spans begun there, at least 1.
 * - An edge to a function that is on the path already has its count, and no cost: for every strongly connected
 *   component self + outgoing = incoming.
 *
 * Functions without a file get the file "(theseus)".  The same measurements give a graph that is written as the same
 * bytes.
 * Errors: ENOMEM, EINVAL, EOVERFLOW, ELIMIT.  O(stacks and cells, and for detached heads the length of their paths). */
int theseus_graph_from_profile(const theseus_profile *profile, const theseus_graph_options *options,
                               theseus_graph **out);

/* Adds `from` to `into`.  Events are the same when their names are; into's come first; the first long name wins.  Deferreds and
 * Operations are one event: if both occur, it is called Operations, and the neutral long names win (enum theseus_event).  Of two graphs of which one has addresses and the other has not, the sum has lines only.  Of what theseus_graph_set()
 * knows, what is equal in both stays; the sources are those of both.  The sum is the same in any order and grouping,
 * but for the order of events.
 * Errors: ENOMEM, EINVAL (a graph into itself, or into one that a reader is in a file of), EOVERFLOW, EUNIT, ELIMIT.
 * O(size of `from`; of both, where addresses are dropped). */
int theseus_graph_merge(theseus_graph *into, const theseus_graph *from);

/* Says what a file's header should.  Keys: "pid", "cmd", "part", "thread", and "desc", which may have several lines.  A
 * value of NULL takes it out.  theseus_graph_get gives NULL for what was not set; the text is owned by the graph, and
 * good until it changes.
 * Errors: ENOMEM, EINVAL (no such key), ELIMIT. */
int theseus_graph_set(theseus_graph *graph, const char *key, const char *value);
const char *theseus_graph_get(const theseus_graph *graph, const char *key);

/* Names where a graph came from, a file say: a merged one is written with all its sources, sorted, as `desc: Source:
 * …`, one that is a single input without.  Errors: ENOMEM, EINVAL, ELIMIT. */
int theseus_graph_add_source(theseus_graph *graph, const char *source);

/* Adds a column, or finds it by its name, as theseus_event_intern() does.  A unit of "" is unknown, and takes on the
 * other's.
 * Errors: ENOMEM, EINVAL, EUNIT, EOVERFLOW, ELIMIT.  O(size of the graph) for a new one. */
int theseus_graph_event_intern(theseus_graph *graph, const theseus_event_info *event, uint32_t *out);

/* Keeps these columns, in this order, and drops all others; a long name that is not NULL replaces the column's.  Units
 * are not looked at.  Formulas, which consumers compute columns by, stay only when no column is dropped.
 * Errors: ENOMEM, EINVAL (a column that there is not, or twice), ELIMIT.  O(size of the graph). */
int theseus_graph_select(theseus_graph *graph, const theseus_event_info *events, uint32_t n);

/* Adds a function, or finds it.  Object and file may be "".  Bytes that a file's line cannot hold (invalid UTF-8, NUL,
 * CR, LF, a blank at either end) are escaped as \xHH, here and in all texts of a graph.  Errors: ENOMEM, EINVAL,
 * EOVERFLOW, ELIMIT. */
int theseus_graph_function_intern(theseus_graph *graph, const char *object, const char *file, const char *name,
                                  uint32_t *out);

typedef struct theseus_graph_function {
  size_t size;
  const char *object; /* owned by the graph, good for its life; so are the other texts */
  const char *file;
  const char *name;
} theseus_graph_function;

typedef struct theseus_graph_cost {
  size_t size;
  uint32_t function;
  uint32_t line;
  uint64_t address;
  const char *file; /* where the line is, which may be code from elsewhere.  NULL when adding: the function's file */
  const uint64_t *values; /* one for each event; read: good until the graph changes */
} theseus_graph_cost;

typedef struct theseus_graph_edge {
  size_t size;
  uint32_t caller;
  uint32_t callee;
  uint32_t line;        /* of the call */
  uint32_t callee_line; /* where the callee begins; 0: unknown.  Not a part of the edge's key: the least one stays */
  uint64_t address;
  uint64_t callee_address;
  uint64_t count;
  const char *file;
  const uint64_t *values; /* inclusive */
} theseus_graph_edge;

/* Adds to a cost or to an edge, which is new when its key is: (function, file, line, address), and the callee.
 * Errors: ENOMEM, EINVAL (no such function), EOVERFLOW, ELIMIT.  O(number of events). */
int theseus_graph_add_cost(theseus_graph *graph, const theseus_graph_cost *cost);
int theseus_graph_add_edge(theseus_graph *graph, const theseus_graph_edge *edge);

/* What there is, numbered from 0 in the order in which it came.  A graph without costs and edges has no positions.
 * Errors of the getters: EINVAL (no such number, size).  O(1). */
typedef struct theseus_graph_info {
  size_t size;
  uint32_t events;
  uint32_t functions;
  uint32_t costs;
  uint32_t edges;
  uint32_t sources;
  uint32_t positions; /* of enum theseus_positions */
  uint64_t inputs;    /* profiles, files and the like that it is made of */
  uint64_t memory;    /* bytes taken from the allocator and not given back */
} theseus_graph_info;

int theseus_graph_info_get(const theseus_graph *graph, theseus_graph_info *out);
int theseus_graph_event_get(const theseus_graph *graph, uint32_t event, theseus_event_info *out);
/* A formula by which consumers compute a column, as the file has it: `Sum = A + B : both`.  `text` is NULL if inputs
 * disagree about the formula of that name: then none is written. */
int theseus_graph_formula_get(const theseus_graph *graph, uint32_t formula, const char **name, const char **text);
int theseus_graph_function_get(const theseus_graph *graph, uint32_t function, theseus_graph_function *out);
int theseus_graph_cost_get(const theseus_graph *graph, uint32_t cost, theseus_graph_cost *out);
int theseus_graph_edge_get(const theseus_graph *graph, uint32_t edge, theseus_graph_edge *out);

/* Writes a graph as callgrind, for KCachegrind, callgrind_annotate, gprof2dot, speedscope.  The same graph gives the
 * same bytes, in whatever order it was made.  `summary` and `totals` are the sums of the self costs.
 * Errors: ENOMEM, EIO, EOVERFLOW (a sum), ELIMIT.  O(n log n). */
int theseus_callgrind_write(const theseus_graph *graph, const theseus_sink *sink);

/* ---- reading callgrind ------------------------------------------------------------------------------------- */

/* Reads callgrind files, piece by piece, and adds them to a graph: what valgrind writes (with addresses, jumps, cycles,
 * several parts), yappi, pyprof2calltree, xdebug, ruby-prof, cachegrind, pprof, and theseus_callgrind_write().  Memory
 * is bounded by the graph's growth, the names of one file and its longest line, whatever its size.
 *
 *     theseus_callgrind_reader_new(graph, NULL, &reader);
 *     for (each file) {
 *       theseus_callgrind_reader_begin(reader, its name);
 *       while (there are bytes, and no error)
 *         theseus_callgrind_reader_feed(reader, bytes, size);
 *       theseus_callgrind_reader_finish(reader);       // the file is in the graph, or none of it is
 *     }
 *     theseus_callgrind_reader_free(reader);
 *
 * From begin to finish the graph is the reader's: nothing else may be called with it. */
typedef struct theseus_callgrind_reader theseus_callgrind_reader;

enum theseus_callgrind_flags {
  THESEUS_STRICT = 1, /* what else is a warning is an error */
  THESEUS_PARTIAL = 2 /* a file that fails stays as far as it was read: faster, and takes less memory */
};

typedef struct theseus_callgrind_options {
  size_t size;
  uint32_t flags; /* of enum theseus_callgrind_flags */
  uint32_t event_count;
  const char *const *events; /* the events that the caller wants; NULL: all.  Owned by the caller */
} theseus_callgrind_options;

/* `options` may be NULL.  Costs of events that the caller does not want may be anything: those that cannot be added,
 * negative ones say, count 0.  Their columns stay, until theseus_graph_select().  `Time` stands for `Time_(10ns)` too.  The graph must outlive the reader, whose memory counts as the graph's.  Errors: ENOMEM,
 * EINVAL, ELIMIT. */
int theseus_callgrind_reader_new(theseus_graph *graph, const theseus_callgrind_options *options,
                                 theseus_callgrind_reader **out);

/* Begins a file.  `source` is its name, for messages and as a source of the graph; NULL: "-", and no source.  A file
 * that was begun and not finished is taken back.  Errors: ENOMEM, EINVAL (another reader is in a file of the same graph),
 * ELIMIT. */
int theseus_callgrind_reader_begin(theseus_callgrind_reader *reader, const char *source);

/* Takes the next bytes, cut anywhere.  After an error, what was read of the file is taken back (unless
 * THESEUS_PARTIAL), and the same error is given until another one begins.
 * Errors: ENOMEM, EINVAL (no file has begun), EFORMAT, EVERSION (of format 2 or later), EUNIT, EOVERFLOW, ELIMIT.
 * O(size). */
int theseus_callgrind_reader_feed(theseus_callgrind_reader *reader, const void *bytes, size_t size);

/* Ends the file: now it is a part of the graph.  Errors: as feed; a file that is empty, that has no `events:`, or that
 * ends within a call is EFORMAT. */
int theseus_callgrind_reader_finish(theseus_callgrind_reader *reader);

/* Frees a reader; a file that is not finished is taken back.  NULL is allowed. */
void theseus_callgrind_reader_free(theseus_callgrind_reader *reader);

typedef struct theseus_callgrind_reader_info {
  size_t size;
  uint64_t bytes; /* of this file, so far; so are the others */
  uint64_t lines;
  uint64_t warnings;
  uint32_t kept;     /* warnings that are kept: the first hundred */
  uint32_t events;   /* columns, of all its parts */
  const char *error; /* "file:line:column: what"; "" when there is none.  Good until the next file, as are warnings */
  const char *refused_event; /* whose cost was the error, as it is negative; NULL: none was */
} theseus_callgrind_reader_info;

/* A warning is "file:line:column: warning: what".  Errors: EINVAL (size; no such warning or event).  O(1). */
int theseus_callgrind_reader_info_get(const theseus_callgrind_reader *reader, theseus_callgrind_reader_info *out);
int theseus_callgrind_reader_warning_get(const theseus_callgrind_reader *reader, uint32_t warning, const char **out);
/* What the file itself says of its columns, in its order.  Texts are good until the next file begins. */
int theseus_callgrind_reader_event_get(const theseus_callgrind_reader *reader, uint32_t event, theseus_event_info *out);

/* All of the above for a file that is in memory.  Errors: as feed and finish. */
int theseus_callgrind_read(theseus_graph *graph, const char *source, const void *bytes, size_t size);

/* ---- folded stacks and pprof ------------------------------------------------------------------------------- */

/* Writes self values of one event, of the profile's own or the host's, as lines `a;b;c 123`: names only, outermost first, one line for
 * each distinct text, in the order of their bytes, no zeros.  For flamegraph.pl, inferno and speedscope.  Settle first.
 * Wait that detached heads gave is under a frame `[detached]` before the whole stack; what is booked on the root is `(root)`.
 * In names `;` and whatever a line cannot hold (invalid UTF-8, NUL, CR, LF, a blank at either end) is escaped as \xHH.
 * Memory that it works with comes from the profile's allocator.
 * Errors: ENOMEM, ELIMIT, EINVAL (no such event, no sink), EIO, EOVERFLOW (a sum).  O(n log n). */
int theseus_folded_write(const theseus_profile *profile, uint32_t event, const theseus_sink *sink);

/* How much of a profile goes into a pprof file.  Without the buckets percentiles, minima and maxima are lost, and the files are
 * smaller: for collectors that limit the number of samples. */
enum theseus_pprof_detail { THESEUS_PPROF_FULL = 0, THESEUS_PPROF_NO_BUCKETS = 1 };

typedef struct theseus_pprof_options {
  size_t size;
  uint32_t detail; /* of enum theseus_pprof_detail */
} theseus_pprof_options;

/* Writes a profile as pprof's profile.proto, not compressed: the caller's gzip makes it the .pb.gz that tools know.  Settle first.
 * It has whole stacks with lines, and the sample types wait/nanoseconds, latency/nanoseconds and operations/count (or
 * deferreds/count), then the host's events.
 * The label `outcome` is how spans ended (or `pending`), `latency` names a bucket of theirs, `detached` the head whose Wait it is,
 * with `head` (and `head_path`), which say where on the stack that one is.  Texts are escaped as theseus_folded_write() does, less `;`.
 * The same measurements give the same bytes, in whatever order they were made.  theseus_pprof_read() restores all of them: with the full
 * detail every figure of theseus_stack_info and every percentile, and of the cells all but the heads that were roots.
 * `options` may be NULL.
 * Errors: ENOMEM, ELIMIT, EINVAL (no such detail, no sink), EIO, EOVERFLOW (a value does not fit into 63 bits).  O(n log n). */
int theseus_pprof_write(const theseus_profile *profile, const theseus_pprof_options *options, const theseus_sink *sink);

/* Where a reader stopped, and why. */
typedef struct theseus_read_error {
  size_t size;
  uint64_t offset; /* bytes before it */
  uint32_t line;   /* from 1, of a text; 0: the input is not one */
  uint32_t column;
  char text[200]; /* what is wrong, in English */
} theseus_read_error;

/* Reads a pprof profile, decompressed, and adds it to `profile`, which stays as it was should that fail.
 * What theseus_pprof_write() wrote becomes what it was.  Of other files (Go's, converted gperftools', Pyroscope's, …) each sample type is an
 * event of the host's, booked on lines: names become what an event's may be (`alloc-space` is alloc_space), the unit nanoseconds is
 * "ns".  The file of a mapping is the object of its functions.  Inlined functions are frames like others; an address without a name is a function `0x…` in the file of its mapping; labels are
 * dropped.  Of a stack that is deeper than max_depth the innermost frames stay; the others are counted (truncated_pushes).
 * `bytes` are the caller's, and not needed afterwards.  `error` (may be NULL) is filled when the call fails.
 * Errors: EFORMAT (not pprof, broken, negative values, compressed), ENOMEM, ELIMIT, EINVAL, EOVERFLOW, EUNIT.  O(size), times
 * max_depth where a file has many frames in one location. */
int theseus_pprof_read(theseus_profile *profile, const void *bytes, size_t size, theseus_read_error *error);

/* end of declarations */

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
