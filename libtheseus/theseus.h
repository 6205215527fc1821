/* SPDX-License-Identifier: ISC
 *
 * theseus.h - the public interface of libtheseus
 *
 * libtheseus measures how long operations pend.  It attributes that time to the call stack that the programmer
 * wrote, and writes the result as files for KCachegrind, pprof and flame graphs.
 *
 * The library knows no language runtime.  It starts no thread, reads no clock (the time is an argument) and opens
 * no file.
 *
 * In ten lines:
 *
 *     theseus_profile *p;
 *     uint32_t app, get, stack;
 *     theseus_profile_new(NULL, &p);
 *     theseus_function_intern(p, "/srv/app.c", "main", 10, &app);
 *     theseus_function_intern(p, "/srv/app.c", "get", 42, &get);
 *     // main() called get() on line 17
 *     theseus_stack_push(p, THESEUS_ROOT, app, 0, &stack);
 *     theseus_stack_push(p, stack, get, 17, &stack);
 *     // get() pended for 2 s, on line 45
 *     theseus_record(p, stack, 45, 2000000000, THESEUS_SUCCESS);
 *     // ... theseus_graph_from_profile(), theseus_callgrind_write()
 *     theseus_profile_free(p);
 *
 * Conventions:
 *
 * - Status.  A call that can fail returns an int: THESEUS_OK (0), or a negative THESEUS_E* code, which
 *   theseus_strerror() explains.  It stores its result through its last pointer, `out`, only if it succeeds.
 * - Failure.  A call that fails leaves all measurements as they were.  Names and empty stacks that it has added may
 *   remain.  They are not written to files.
 * - Errors.  Each call lists its errors.  ENOMEM, ELIMIT and EOVERFLOW mean the same everywhere, and are explained
 *   only if a call adds a meaning.  Where EINVAL is possible, an unknown id is such an error, and so is a struct
 *   whose size is too small.
 * - Pointers.  An object that is NULL is EINVAL; calls without a status return 0 or NULL then, or do nothing.  Any
 *   other pointer must not be NULL unless its description says so.  The library keeps no pointer to memory of the
 *   caller unless the description says so.
 * - Strings are UTF-8, end with NUL, and are copied.
 * - Time.  Times are integer nanoseconds since an epoch that the caller chooses, one for the whole profile.  If a time
 *   is earlier than the latest that the profile has seen, the library uses the latest, and counts the reversal
 *   (theseus_profile_info.clock_reversals).
 * - Ids.  Functions, stacks, events and cells are numbered from 0, in the order in which they were added.  Stack 0 is
 *   the root.  An id is valid as long as its profile, and means nothing to another profile.
 * - Sizes.  Structs that the caller allocates begin with `size`.  Set it to the sizeof of the struct before the call.
 *   The library reads and writes no more than `size` bytes, so structs can grow without breaking programs that were
 *   compiled before.  A member that is zero means its default.  Members that only the caller knows become 0.
 * - Threads.  One thread at a time may use an object (a profile, a graph, a reader).  Calls that take a pointer to
 *   const may run at the same time as each other.  Different objects are independent: give each thread its own
 *   profile, and merge.
 * - State.  The library has no global state.  It calls back only the allocator and the sink.
 * - Complexity.  O(1) means amortised, and includes look-ups in hash tables.
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

/* What calls return. */
enum theseus_status {
  THESEUS_OK = 0,
  THESEUS_ENOMEM = -1,    /* the allocator returned NULL */
  THESEUS_EINVAL = -2,    /* an argument is wrong: an unknown id, a bad name, a size of 0 */
  THESEUS_ESTALE = -3,    /* the span has ended, or never existed */
  THESEUS_ECYCLE = -4,    /* the span would become its own ancestor */
  THESEUS_EOVERFLOW = -5, /* a sum exceeds 64 bits, or a table would exceed 2^32 - 2 entries */
  THESEUS_EIO = -6,       /* the sink refused */
  THESEUS_EFORMAT = -7,   /* the input is malformed; the reader's error says where */
  THESEUS_EVERSION = -8,  /* the input has a version that this library does not read */
  THESEUS_EUNIT = -9,     /* the same event has two different units */
  THESEUS_ELIMIT = -10,   /* the memory limit that the caller set is reached */
  THESEUS_EPERIOD = -11,  /* the profiles sample different things */
  THESEUS_ENEGATIVE = -12 /* a value is negative, and the format cannot hold it */
};

/* Returns one English sentence that explains a status, in static storage.  Never NULL, whatever the number. */
const char *theseus_strerror(int status);

/* Returns a sentence about the last call that failed on an object: which call, which argument, and its value.
 *
 *   object    a profile or a graph
 *
 * For example "theseus_span_await(): children[1], which is 42, has ended, or never existed".  The object owns the text,
 * which is valid until the next call on the object, and "" if no call has failed.  A call that succeeds does not change
 * it.  Calls that take a pointer to const record nothing.  Complexity: O(1). */
const char *theseus_error(void *object);

/* Returns the version of the linked library, such as "1.0.0", in static storage. */
const char *theseus_version(void);

/* The version of this header: 65536 for each major version, 256 for each minor one, and 1 for each patch. */
#define THESEUS_VERSION_NUMBER 0x010000

/* ---- memory ---------------------------------------------------------------------------------------------- */

/* Where an object takes its memory from.
 *
 * All three functions are required.  They behave like malloc, realloc and free: realloc(opaque, NULL, size) must
 * allocate, and free(opaque, NULL) must do nothing.  `size` is never 0.
 *
 * The functions must not throw or longjmp, and must not use the object that calls them.  The constructor copies the
 * struct.  `opaque` must outlive the object.  A NULL from `alloc` or `realloc` becomes ENOMEM. */
typedef struct theseus_allocator {
  void *(*alloc)(void *opaque, size_t size);
  void *(*realloc)(void *opaque, void *block, size_t size);
  void (*free)(void *opaque, void *block);
  void *opaque; /* passed to each call */
} theseus_allocator;

/* ---- profile --------------------------------------------------------------------------------------------- */

/* A profile: functions, a tree of stacks, and all that was measured.  One thread at a time may use it. */
typedef struct theseus_profile theseus_profile;

#define THESEUS_ROOT 0    /* the stack without frames */
#define THESEUS_NO_SPAN 0 /* no span; never the id of a span */

struct theseus_event_info;

typedef struct theseus_profile_options {
  size_t size;
  const theseus_allocator *allocator;     /* NULL: malloc, realloc and free */
  uint32_t max_depth;                     /* the most frames of a stack, up to 65535; 0: 512 */
  uint32_t max_nesting;                   /* the most ancestors that a span has, up to 1024; 0: 256 */
  uint64_t memory_limit;                  /* bytes, for the profile and the calls that work on it; 0: none */
  const struct theseus_event_info *names; /* the built-in events, THESEUS_EVENTS of them; NULL: neutral names */
  uint32_t max_recursion;                 /* how often a function may be pushed on a stack; 0: any number of times */
} theseus_profile_options;

/* Creates an empty profile.
 *
 *   options   NULL: all defaults.  Needed only during the call, but for the allocator's `opaque`
 *   out       receives the profile.  Free it with theseus_profile_free()
 *
 * The memory limit.  Stacks may fill three quarters of it.  Then theseus_stack_push() returns the parent, as it does
 * at max_depth, and later measurements are booked there.  At the limit itself, calls that need memory fail with ELIMIT.
 * Earlier measurements are kept.  theseus_profile_info counts both cases (truncated_pushes, refusals).  A limit below
 * 64 kB leaves hardly any room for spans.
 *
 * The names.  `names` replaces the long names of the built-in events (enum theseus_event).  A member that is NULL
 * keeps its default.  `name` and `unit` are fixed, with one exception: THESEUS_OPERATIONS may be called "Deferreds",
 * and then the defaults of all long names are Twisted's.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     a bound is out of range, a function of the allocator is NULL, or an event cannot have such a name or
 *              unit
 *
 * Complexity: O(1). */
int theseus_profile_new(const theseus_profile_options *options, theseus_profile **out);

/* Frees a profile and all that it owns, open spans included.
 *
 *   profile   NULL: nothing happens
 *
 * Complexity: O(number of blocks). */
void theseus_profile_free(theseus_profile *profile);

/* Drops all measurements.  Functions, stacks, events, facts and open spans stay.
 *
 * Each open span counts as begun again.  Its Wait restarts at the latest time seen; its latency, when it ends, is
 * still the whole one.  The counters of theseus_profile_info restart at 0, and theseus_profile_set_time() is forgotten.
 *
 * Cannot fail.  Complexity: O(size of the profile). */
void theseus_profile_clear(theseus_profile *profile);

/* Adds the measurements of one profile to another.
 *
 *   into      the profile that grows
 *   from      the profile that is added.  It stays as it is
 *
 * Functions are equal if file, name and first line are.  Events are equal if their names are.  Open spans stay with
 * `from`: the sum has their Wait so far (call theseus_settle() first) and counts them as pending.
 *
 * Adding is exact, associative and commutative, except for the order of ids.  A cell adds the integer that it reads
 * as.  Stacks of `from` that are deeper than the max_depth of `into` keep their innermost frames.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     `into` equals `from`
 *   EUNIT      the profiles have different units for an event
 *   EPERIOD    the profiles have different period types (see theseus_sampling_info)
 *   EOVERFLOW  a sum exceeds 64 bits
 *
 * Complexity: O(size of `from`). */
int theseus_profile_merge(theseus_profile *into, const theseus_profile *from);

/* Subtracts what was measured in an earlier profile of the same program: what remains was measured since.
 *
 *   profile   the later one, without open spans: theseus_profile_merge() makes a copy that has none
 *   earlier   stays as it is
 *
 * Counts, latencies, histograms and cells are subtracted.  Pending spans are those of `profile`, and are counted as
 * begun since.  Minima and maxima come from the histograms: they are off by up to 1/8.  The profile begins when the
 * earlier one was taken (theseus_profile_set_time()).
 *
 * Nothing is earlier than a theseus_profile_clear() of the program: what was merged from the cleared profile cannot be
 * subtracted from what is merged from it afterwards.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, EUNIT, and
 *   EINVAL     a pointer is NULL, both are one profile, `profile` has open spans, or `earlier` is not earlier:
 *              something would be negative, or the profile was cleared in between
 *
 * Complexity: O(size of both). */
int theseus_profile_subtract(theseus_profile *profile, const theseus_profile *earlier);

/* What a function is to the reader of a profile.  The host decides: the library knows no names. */
enum theseus_kind {
  THESEUS_PROGRAM = 0,   /* the reader's own, and what the reader knows */
  THESEUS_PSEUDO = 1,    /* no function: `[reactor]` */
  THESEUS_LEAF = 2,      /* of the machinery, with a name that the reader calls and waits on: `DeferredLock.acquire` */
  THESEUS_MACHINERY = 3, /* what carries the program: an event loop, its library, a decorator */
  THESEUS_RETURNING = 4  /* of the machinery, and returns promises */
};

/* Finds the functions that returned promises: spans began in them at some time, here or in a profile that was merged.
 * Clearing, subtracting and folding a profile do not forget it.  By this a host tells THESEUS_RETURNING from
 * THESEUS_MACHINERY.
 *
 *   returning  receives 1 or 0 for each function
 *   count      theseus_function_count()
 *
 * Errors:
 *   EINVAL     `profile` or `returning` is NULL, or `count` is wrong
 *
 * Complexity: O(number of functions and stacks). */
int theseus_profile_returning(const theseus_profile *profile, uint8_t *returning, uint32_t count);

/* Creates a profile without the frames of the machinery.
 *
 *   profile   stays as it is.  Call theseus_settle() first
 *   kinds     the kind of each function, of enum theseus_kind
 *   count     theseus_function_count()
 *   hidden    receives the number of frames that are left out, of the tree of stacks.  NULL: not needed
 *   out       receives the new profile.  Free it with theseus_profile_free()
 *
 * - PSEUDO and PROGRAM frames stay.
 * - Of the frames called from the innermost PROGRAM frame, the first LEAF stays, or if none is a LEAF, the first
 *   RETURNING frame.  The others are left out, and so is all machinery before that PROGRAM frame.
 * - In a stack without a PROGRAM frame, every LEAF and RETURNING frame stays.
 * - If a function then follows itself, the two frames become one.
 *
 * What is booked in cells (Wait, and the events of the host) moves from a frame that is left out to the last one before
 * it that stays, on the line of that frame's call.  If none stays, it moves to the root.  No cell is lost: the sum of
 * each event is that of `profile`.  Spans are counted if the frame of their own function stays; else their counts and
 * latencies are left out, never added to those of another function.  The stack of a head is folded as any other.
 *
 * Folding a folded profile changes nothing.  Merging folded profiles gives what folding the merged ones gives, if the
 * kinds are the same.  The new profile has the allocator, the limits, the functions with their ids and the events of
 * `profile`, and no open spans.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     `profile` or `out` is NULL, `count` is wrong, or a kind is unknown
 *   EOVERFLOW  a sum exceeds 64 bits
 *
 * Complexity: O(size of `profile`). */
int theseus_profile_fold(const theseus_profile *profile, const uint8_t *kinds, uint32_t count, uint64_t *hidden,
                         theseus_profile **out);

typedef struct theseus_profile_info {
  size_t size;
  uint64_t now_ns;           /* the latest time seen */
  uint64_t clock_reversals;  /* times that were earlier than the latest one */
  uint64_t truncated_pushes; /* frames that were not pushed, because of max_depth or memory_limit */
  uint64_t flattened_spans;  /* spans that are awaited from the start, because they have max_nesting ancestors */
  uint64_t lost_wait_ns;     /* Wait that could not be booked for lack of memory */
  uint64_t lost_latencies;   /* latencies missing from the histograms for lack of memory */
  uint64_t memory;           /* bytes that the profile holds now */
  uint64_t refusals;         /* requests for memory that the limit refused */
  uint64_t time_ns;          /* see theseus_profile_set_time(); 0: unknown */
  uint64_t duration_ns;      /* the same */
  uint64_t folded_pushes;    /* pushes that gave a stack which was there, because of max_recursion */
  uint64_t max_recursion;    /* its own, or that of a profile that was merged: the least; 0: none has one */
  uint64_t is_cut;           /* 1: stacks lack frames, pushed here, or in a file or a profile that was added */
} theseus_profile_info;

/* The sums of what was measured at all stacks. */
typedef struct theseus_totals {
  size_t size;
  uint64_t operations;
  uint64_t outermost; /* those of stacks that have no operations on the way to the root */
  uint64_t success;
  uint64_t failure; /* without cancelled */
  uint64_t cancelled;
  uint64_t abandoned;
  uint64_t pending;
  uint64_t wait_ns;
  uint64_t detached_ns; /* Wait of detached heads, which `wait_ns` includes */
} theseus_totals;

/* Adds up what was measured.  Call theseus_settle() first.
 *
 *   out       set `size` first
 *
 * Errors:
 *   EINVAL     `profile` is NULL, or `out` is NULL or too small
 *   EOVERFLOW  a sum exceeds 64 bits
 *   ENOMEM, ELIMIT
 *
 * Complexity: O(number of stacks and cells). */
int theseus_profile_totals(const theseus_profile *profile, theseus_totals *out);

/* Reports the profile's own counters: clock, losses, memory.
 *
 *   out       set `size` first
 *
 * Errors:
 *   EINVAL     `size` is too small
 *
 * Complexity: O(1). */
int theseus_profile_info_get(const theseus_profile *profile, theseus_profile_info *out);

/* Sets when the measurement began and how long it took, for files that have a place for it (pprof).
 *
 *   time_ns      nanoseconds since 1970, UTC; 0: unknown
 *   duration_ns  nanoseconds; 0: unknown
 *
 * Merging keeps the earliest start and adds the durations.  If the profiles were taken in parallel, call this once, on
 * the merged profile.
 *
 * Cannot fail.  Complexity: O(1). */
void theseus_profile_set_time(theseus_profile *profile, uint64_t time_ns, uint64_t duration_ns);

/* Sets a fact about the origin of the profile.
 *
 *   key       "pid", "cmd", "part", "thread" or "desc"
 *   value     one line; "desc" may have several.  Bytes that a line cannot hold are escaped as \xHH.
 *             NULL: removes the fact
 *
 * Facts go into the header of a callgrind file, and into a pprof file as comments.  Merging keeps the facts that are
 * equal in both profiles.  A profile without facts and stacks takes over the facts of the first profile that is merged
 * into it.  theseus_profile_clear() keeps them.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     `key` is no such key
 *
 * Complexity: O(length of `value`). */
int theseus_profile_set(theseus_profile *profile, const char *key, const char *value);

/* Returns a fact, or NULL if it is not set.
 *
 *   key       as for theseus_profile_set()
 *
 * The profile owns the text, which is valid until the fact changes.  Complexity: O(1). */
const char *theseus_profile_get(const theseus_profile *profile, const char *key);

/* What a profile of samples says beside them, as pprof files have it.  A text that is not known is "".
 * Merging keeps what the profiles agree about; one that says nothing agrees with all.  Profiles of different period
 * types are not merged (EPERIOD).  Of two periods the longer one is kept, and of comments each once. */
typedef struct theseus_sampling_info {
  size_t size;
  const char *period_type;  /* what is sampled, such as "cpu" */
  const char *period_unit;  /* and its unit, such as "nanoseconds" */
  uint64_t period;          /* how much of it lies between two samples; 0: not known */
  const char *default_type; /* the sample type that tools show first */
  const char *drop_frames;  /* regular expressions: frames that tools hide */
  const char *keep_frames;
  uint32_t comments; /* how many; theseus_comment_get() returns them */
  uint32_t dropped;  /* of enum theseus_dropped: what merged profiles did not agree about */
} theseus_sampling_info;

enum theseus_dropped {
  THESEUS_DROPPED_PERIOD = 1, /* the shorter one */
  THESEUS_DROPPED_DEFAULT_TYPE = 2,
  THESEUS_DROPPED_FRAMES = 4,   /* drop_frames and keep_frames */
  THESEUS_DROPPED_BUILD_ID = 8, /* of a mapped file */
  THESEUS_DROPPED_COMMENTS = 16 /* those beyond the first 4096 */
};

/* The texts are owned by the profile, and good until it is merged into, or set.  Errors: EINVAL (size).  O(1). */
int theseus_sampling_get(const theseus_profile *profile, theseus_sampling_info *out);

/* Sets the texts and the period.  The texts are copied; NULL is "".  `comments` and `dropped` are ignored.
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, EINVAL (size, no `sampling`). */
int theseus_sampling_set(theseus_profile *profile, const theseus_sampling_info *sampling);

/* Returns a comment, by its number from 0; the text is owned by the profile.  Errors: EINVAL (no such comment).  O(1).
 * */
int theseus_comment_get(const theseus_profile *profile, uint32_t number, const char **out);

/* ---- functions and stacks -------------------------------------------------------------------------------- */

/* Returns the id of the function (file, name, first line), creating it if necessary.
 *
 *   file        the source file, preferably as an absolute path; "": unknown
 *   name        not empty, and preferably unique in the program.  Some tools identify functions by name alone
 *   first_line  the line on which the function begins; 0: unknown
 *   out         receives the id
 *
 * A graph has no first lines.  In a graph, two lambdas of one file with the same name become one function, and a call
 * between them looks recursive.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     a pointer is NULL, or `name` is empty
 *
 * Complexity: O(length of the strings). */
int theseus_function_intern(theseus_profile *profile, const char *file, const char *name, uint32_t first_line,
                            uint32_t *out);

/* The same for a function whose object is known: the program, a library.  It sets the object, as
 * theseus_function_set_object() does.
 *
 *   object    NULL or "": unknown
 *
 * If `file` is "", the object tells functions apart: two libraries without debug information may each have a function
 * `init`.  Call a function that has no name by its place, such as "libc.so.6+0x2a1f0" (object and offset): an address
 * differs from process to process, and files could not be merged.
 *
 * Errors: as for theseus_function_intern().  Complexity: O(length of the strings). */
int theseus_function_intern_in(theseus_profile *profile, const char *object, const char *file, const char *name,
                               uint32_t first_line, uint32_t *out);

typedef struct theseus_function_info {
  size_t size;
  const char *file; /* the profile owns it; valid as long as the profile */
  const char *name; /* the same */
  uint32_t first_line;
  const char *object; /* "": unknown; valid as long as the profile */
} theseus_function_info;

/* Returns the number of functions.  Their ids are 0 to this number less 1.  Complexity: O(1). */
uint32_t theseus_function_count(const theseus_profile *profile);

/* Describes a function.
 *
 *   out       set `size` first
 *
 * Errors:
 *   EINVAL     no such function, or `size` is too small
 *
 * Complexity: O(1). */
int theseus_function_get(const theseus_profile *profile, uint32_t function, theseus_function_info *out);

/* Sets the object that a function belongs to: the program, a library, a package.
 *
 *   object    NULL or "": unknown
 *
 * Files have it as `ob=` (callgrind) and as a mapping (pprof).  Functions with a file are not told apart by their
 * objects.  If merged profiles disagree, the name that sorts first (bytewise) is kept.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     no such function
 *
 * Complexity: O(length of `object`). */
int theseus_function_set_object(theseus_profile *profile, uint32_t function, const char *object);

/* Returns the id of the stack that is `parent` with one more frame, creating it if necessary.
 *
 *   parent     the stack of the caller; THESEUS_ROOT: there is none
 *   function   the function that is called
 *   call_line  the line of the call, in the function of `parent`; 0: unknown.  Ignored if `parent` is THESEUS_ROOT
 *   out        receives the id
 *
 * If the profile has a max_recursion, and `function` is on `parent` that often already, whatever is between, *out
 * becomes the innermost of the stacks with that function, and folded_pushes grows by one.  So a job that starts the
 * next job from within itself stays on a few stacks.  With max_recursion 2:
 *
 *     main > job > next > job > next          pushing job returns  main > job > next > job
 *
 * The stack that is returned may be above `parent`, and of another call_line.  Reading and merging never fold.
 *
 * If `parent` has max_depth frames, or if stacks fill their part of the memory limit, *out becomes `parent`, and
 * truncated_pushes grows by one.  A graph and a file say that stacks lack frames.
 *
 * Errors: ENOMEM, EOVERFLOW, and
 *   EINVAL     no such stack or function, or `out` is NULL
 *
 * Complexity: O(1); O(depth) for a new stack in a profile with a max_recursion. */
int theseus_stack_push(theseus_profile *profile, uint32_t parent, uint32_t function, uint32_t call_line, uint32_t *out);

/* A frame to push. */
typedef struct theseus_frame {
  uint32_t function;  /* the function that is called */
  uint32_t call_line; /* the line of the call, in the function of the frame before; 0: unknown */
} theseus_frame;

/* Pushes frames, one after the other, as theseus_stack_push() does.
 *
 *   parent    the stack of the caller of frames[0]; THESEUS_ROOT: there is none
 *   frames    the outermost first.  May be NULL if `n` is 0
 *   n         their number
 *   out       receives the id of the stack with all of them
 *
 * Errors: ENOMEM, EOVERFLOW, and
 *   EINVAL     no such stack or function, or a pointer is NULL
 *
 * Complexity: O(n). */
int theseus_stack_push_frames(theseus_profile *profile, uint32_t parent, const theseus_frame *frames, size_t n,
                              uint32_t *out);

typedef struct theseus_stack_info {
  size_t size;
  uint32_t parent;     /* the stack of the caller; the parent of the root is the root */
  uint32_t function;   /* the innermost function; UINT32_MAX for the root */
  uint32_t call_line;  /* the line of the call, in the function of the parent */
  uint32_t depth;      /* number of frames */
  uint64_t operations; /* spans begun here: open, ended, and those with zero latency */
  uint64_t success;    /* spans with this outcome, and so on */
  uint64_t failure;    /* without the cancelled ones */
  uint64_t cancelled;
  uint64_t abandoned;
  uint64_t pending;        /* spans that have not ended */
  uint64_t latency_ns;     /* sum of the latencies of success, failure and cancelled */
  uint64_t latency_min_ns; /* 0 if none of these has ended */
  uint64_t latency_max_ns;
} theseus_stack_info;

/* Returns the number of stacks, at least 1: the root.  Complexity: O(1). */
uint32_t theseus_stack_count(const theseus_profile *profile);

/* Describes a stack and reports what was measured there.
 *
 *   out       set `size` first
 *
 * Errors:
 *   EINVAL     no such stack, or `size` is too small
 *
 * Complexity: O(1). */
int theseus_stack_get(const theseus_profile *profile, uint32_t stack, theseus_stack_info *out);

/* Computes a percentile of the latencies of a stack.
 *
 *   fraction  from 0 to 1, such as 0.99
 *   out       receives the latency, in ns, that this fraction of the spans did not exceed; 0 if none has ended
 *
 * The result is exact for 0 (the minimum) and 1 (the maximum).  In between its error is at most 1/16.
 *
 * Errors:
 *   EINVAL     no such stack, `fraction` is outside 0 to 1, or `out` is NULL
 *
 * Complexity: O(THESEUS_BUCKETS). */
int theseus_percentile(const theseus_profile *profile, uint32_t stack, double fraction, uint64_t *out);

/* The buckets of a histogram of latencies.  They are log-linear, in the manner of HdrHistogram: 8 buckets for each
 * power of two, and a bucket for each value below 16.  All profiles have the same buckets, so merging adds counts.
 *
 *     0 1 2 ... 15 | 16 18 20 ... 30 | 32 36 ... 60 | 64 ...
 *
 * These are lower bounds, in ns. */
#define THESEUS_BUCKETS 496

/* Returns the number of the bucket that holds a latency.  Complexity: O(1). */
uint32_t theseus_latency_bucket(uint64_t latency_ns);

/* Reports the bounds of a bucket.
 *
 *   low, high  receive the lowest and the highest latency of the bucket, in ns
 *
 * Errors:
 *   EINVAL     no such bucket, or a pointer is NULL
 *
 * Complexity: O(1). */
int theseus_bucket_bounds(uint32_t bucket, uint64_t *low, uint64_t *high);

/* Copies the histogram of a stack.
 *
 *   counts    an array of THESEUS_BUCKETS.  Each element receives the number of latencies in its bucket
 *
 * Errors:
 *   EINVAL     no such stack, or `counts` is NULL
 *
 * Complexity: O(THESEUS_BUCKETS). */
int theseus_histogram_get(const theseus_profile *profile, uint32_t stack, uint64_t *counts);

/* Computes a percentile, as theseus_percentile() does, of a histogram that the caller may have summed over several
 * stacks, such as all those of one function.
 *
 *   counts          an array of THESEUS_BUCKETS
 *   min_ns, max_ns  the least and the greatest latency that was counted
 *   fraction        from 0 to 1
 *   out             receives the latency in ns; 0 if all counts are 0
 *
 * Errors:
 *   EINVAL     a pointer is NULL, or `fraction` is outside 0 to 1
 *
 * Complexity: O(THESEUS_BUCKETS). */
int theseus_histogram_percentile(const uint64_t *counts, uint64_t min_ns, uint64_t max_ns, double fraction,
                                 uint64_t *out);

/* ---- events and cells ------------------------------------------------------------------------------------ */

/* The events that every profile has, in the order of the columns of a file.  Wait is booked in cells.  The others are
 * members of theseus_stack_info (Failed is failure + cancelled).
 *
 *                          name        long name
 *     THESEUS_WAIT         Wait        Operation wait
 *     THESEUS_LATENCY      Latency     Operation latency
 *     THESEUS_OPERATIONS   Operations  Operations begun
 *     THESEUS_FAILED       Failed      Operations failed
 *     THESEUS_PENDING      Pending     Operations still pending
 *
 * THESEUS_OPERATIONS may also be called Deferreds, as in profiles of Twisted programs.  Then the long names are
 * Deferred wait, Deferred latency, Deferreds returned, Deferreds failed and Deferreds still pending.
 *
 * The names belong to the profile (theseus_profile_options).  Files hold them, and readers restore them: callgrind as
 * columns, pprof as the sample type operations/count or deferreds/count.
 *
 * If profiles with different names are merged, or a file is read into a profile with other names, the result has the
 * neutral names of the table.  A profile takes over the names of the other if its own were
 * not chosen and none of these events was measured in it. */
enum theseus_event {
  THESEUS_WAIT = 0,
  THESEUS_LATENCY = 1,
  THESEUS_OPERATIONS = 2,
  THESEUS_DEFERREDS = 2, /* another name of the same */
  THESEUS_FAILED = 3,
  THESEUS_PENDING = 4,
  THESEUS_EVENTS = 5 /* their number, and the id of the first event that the host adds */
};

typedef struct theseus_event_info {
  size_t size;
  const char *name;      /* [A-Za-z_][A-Za-z0-9_]* */
  const char *long_name; /* a few words for a legend; "" or, when adding, NULL: none */
  const char *unit;      /* "ns", "count", "bytes", …; "" or, when adding, NULL: unknown */
} theseus_event_info;

/* Returns the id of the event of this name, creating it if necessary: a column of the host's own, such as Run or
 * Samples.
 *
 *   event     `name` is required.  The strings are copied
 *   out       receives the id
 *
 * Operations and Deferreds are both the name of THESEUS_OPERATIONS.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     a pointer is NULL, or `name` has characters that callgrind does not allow
 *   EUNIT      the event exists and has another unit
 *
 * Complexity: O(number of events). */
int theseus_event_intern(theseus_profile *profile, const theseus_event_info *event, uint32_t *out);

/* Returns the number of events, THESEUS_EVENTS at least.  Complexity: O(1). */
uint32_t theseus_event_count(const theseus_profile *profile);

/* Describes an event.
 *
 *   out       set `size` first.  The profile owns the texts, which are valid until profiles or files are added to it
 *
 * Errors:
 *   EINVAL     no such event, or `size` is too small
 *
 * Complexity: O(1). */
int theseus_event_get(const theseus_profile *profile, uint32_t event, theseus_event_info *out);

/* Adds an amount of one of the host's events to a line of a stack's innermost function.
 *
 *   line      a line of that function; 0: unknown
 *   event     an id of theseus_event_intern(), THESEUS_EVENTS or more
 *   amount    in the unit of the event
 *
 * To count calls that are not spans, add an event of your own: the call count in a file is the number of spans.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     no such stack or event, or the event is a built-in one
 *   EOVERFLOW  the sum exceeds 64 bits
 *
 * Complexity: O(1). */
int theseus_add_cost(theseus_profile *profile, uint32_t stack, uint32_t line, uint32_t event, uint64_t amount);

/* A cell is one sum, for a distinct key.
 *
 * The key of Wait is (head, detached, stack, line).  Its value is the time, in ns, during which an operation was
 * suspended at `line` of the function of `stack`, weighted as the section on spans explains.  `head` is the stack of
 * the operation whose time it is.
 *
 * The key of the host's events is (stack, line); `head` is THESEUS_ROOT.
 *
 * Cells of Wait that came from a file with a root as head have THESEUS_ROOT, as files do not say which root it was. */
typedef struct theseus_cell_info {
  size_t size;
  uint32_t event;    /* THESEUS_WAIT, or an event of the host's */
  uint32_t head;     /* see above */
  uint32_t detached; /* 1: that head was detached; 0: it was a root */
  uint32_t stack;    /* where the operation was suspended */
  uint32_t line;     /* in the innermost function of `stack`; 0: unknown */
  uint64_t value;    /* rounded to the nearest integer, halves up */
  uint32_t labels;   /* the set of labels that the samples of the cell have; 0: none */
  uint32_t negative; /* 1: `value` is to be subtracted */
} theseus_cell_info;

/* Returns the number of cells.  Their ids are valid until theseus_profile_clear().  Complexity: O(1). */
uint32_t theseus_cell_count(const theseus_profile *profile);

/* Reads a cell.  Call theseus_settle() first, to include the Wait of open spans.
 *
 *   out       set `size` first.  `value` may be 0
 *
 * Errors:
 *   EINVAL     no such cell, or `size` is too small
 *
 * Complexity: O(1). */
int theseus_cell_get(const theseus_profile *profile, uint32_t cell, theseus_cell_info *out);

/* A label of samples, from a pprof file: a text, or a number with a unit.  Labels are a part of a cell's key.  Merging
 * and theseus_pprof_write() keep them; graphs and folded stacks add up over them. */
typedef struct theseus_label_info {
  size_t size;
  const char *key;  /* this text, and those below, are owned by the profile, and good for its life */
  const char *text; /* NULL: the value is a number */
  const char *unit; /* of the number; "": none */
  uint64_t number;  /* as a two's complement, if negative */
} theseus_label_info;

/* The labels of a set, numbered from 0.  Errors: EINVAL (no such set or label, size).  O(1). */
uint32_t theseus_label_count(const theseus_profile *profile, uint32_t labels);
int theseus_label_get(const theseus_profile *profile, uint32_t labels, uint32_t number, theseus_label_info *out);

/* ---- operations that are over ----------------------------------------------------------------------------- */

/* How an operation ended. */
enum theseus_outcome {
  THESEUS_SUCCESS = 0,
  THESEUS_FAILURE = 1,
  THESEUS_CANCELLED = 2, /* a failure because somebody cancelled it */
  THESEUS_ABANDONED = 3  /* nobody can end it any more.  It has Wait, but no latency */
};

/* Records a finished operation that was not part of another one, and had no parts.  All of its latency is Wait.
 *
 *   stack       where it was started; its own function is the innermost
 *   line        the line of that function on which it waited; 0: unknown
 *   latency_ns  how long it took, in ns
 *   outcome     of enum theseus_outcome, but not THESEUS_ABANDONED
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     no such stack or outcome
 *   EOVERFLOW  a sum exceeds 64 bits
 *
 * Complexity: O(1). */
int theseus_record(theseus_profile *profile, uint32_t stack, uint32_t line, uint64_t latency_ns, int outcome);

/* Corrects the outcome of an operation that has ended, for hosts that learn it later: a promise that was rejected is a
 * failure only if nobody handles it.
 *
 *   stack       the stack of the operation
 *   latency_ns  its latency; for a span, the time of its end less began_ns of theseus_span_info
 *   from, to    of enum theseus_outcome, but not THESEUS_ABANDONED
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     no such outcome, or no operation of that stack ended as `from` with such a latency
 *
 * Complexity: O(number of buckets of the stack). */
int theseus_change_outcome(theseus_profile *profile, uint32_t stack, uint64_t latency_ns, int from, int to);

/* ---- spans: operations while they pend -------------------------------------------------------------------- */

/* A span is one operation that pends.  Spans form trees: the parent of a span is the operation that started it.
 *
 * An operation runs in legs.  Between legs it is suspended, and awaits some of its children, or something that the
 * library does not see.  Its promise is what the caller of the operation received: a Deferred, a future.
 *
 *     begin with THESEUS_SPAN_LEG --> first leg
 *                                         | await
 *                                         v         end
 *     begin without it -------------> suspended ---------> over
 *                                       |   ^
 *                       the program     v   | await
 *                       resumes it    later leg
 *
 * An open span is in one of five states:
 *
 *   in its first leg  Nobody has its promise yet.  Weight 0.
 *   held              Its parent is in a leg, and may yet await it.  Weight 0.
 *   awaited           Its parent awaits it.  If the parent awaits k children, each has 1/k of the parent's weight.
 *   head              No open parent awaits it.  Weight 1.
 *   notification      In place of a head, if it began with THESEUS_SPAN_NOTIFICATION.  Weight 0.
 *
 * A head is a root if it never had a parent.  Otherwise it is detached: started and forgotten, not awaited yet, or
 * still open after its parent ended.  A detached head whose parent names it is awaited again.
 *
 *     in its first leg --- over, no parent ---> head (root)
 *            | over
 *            v
 *          held ------ released, or ----------> head (detached)
 *            |         not named                   ^
 *            | named by await                      | the parent ends,
 *            v                                     | or awaits others
 *         awaited ---------------------------------+
 *
 * A notification tells when something is over, for example a loop or a connection, and usually nobody waits for it.  It
 * is counted, has a latency and an outcome, and is listed, but has no Wait.  Each child that it awaits has weight 1: to
 * callers, that child is a detached head.  If a span that is not a notification names it in theseus_span_await(),
 * theseus_span_await_also() or theseus_span_take(), it becomes an ordinary span, for good, and so do the notifications
 * that it awaits.  THESEUS_ALL does not include notifications, and beyond max_nesting they are not awaited.
 *
 * A span that awaits children passes its whole weight on to them.  A span that awaits none keeps its weight.  The time
 * that passes meanwhile, times the weight, is its self wait.  For example, page() starts a() and b() at 0 s and awaits
 * both.  a() ends after 1 s, b() after 3 s:
 *
 *     seconds  0       1               3
 *     page     |-------|---------------|  a head, all passed on
 *       a      |= 1/2 =|                  self wait 0.5 s
 *       b      |= 1/2 =|====== 1 ======|  self wait 0.5 s + 2 s
 *                                         sum: 3 s, page's latency
 *
 * Self wait is booked in a cell: the stack of the head, whether the head is detached, and the place.  The place is
 * where the operation is suspended (a stack and a line); during a later leg, where it was last suspended.  Therefore
 *
 * - the Wait of a head and of all that it awaits is exactly the time during which it was a head,
 * - at any time the self waits, together, grow at the number of heads,
 * - background work takes nothing from the request that started it.
 *
 * Complexity.  A call costs O(depth of the span in its tree).  A change of the head of a span also costs O(number of
 * spans that it awaits, directly or not).  An open span takes at most 160 bytes, which are allocated for 32 spans at a
 * time. */

enum theseus_span_flags {
  THESEUS_SPAN_LEG = 1,          /* begins with a leg.  Counted and timed from its first theseus_span_await() */
  THESEUS_SPAN_DETACHED = 2,     /* the operation that started it has ended.  Only without a parent */
  THESEUS_SPAN_NOTIFICATION = 4, /* has no weight until an operation awaits it */
  THESEUS_SPAN_PART = 8 /* a part of its parent, which it needs; without a leg.  See theseus_span_set_outcome() */
};

typedef struct theseus_span_options {
  size_t size;
  uint32_t stack;       /* where the operation was started; its own function is the innermost */
  uint32_t flags;       /* of enum theseus_span_flags */
  uint64_t parent;      /* the innermost enclosing operation, or THESEUS_NO_SPAN */
  uint64_t now_ns;      /* the time */
  uint32_t place_stack; /* where it is suspended; 0: `stack` */
  uint32_t line;        /* the line there; 0: unknown */
  uint64_t value;       /* the host's own.  The library only returns it (theseus_span_info) */
} theseus_span_options;

/* Begins a span.
 *
 *   options   required
 *   out       receives the id.  An id is never 0.  It is used again after 2^32 other spans in the same slot
 *
 * Without THESEUS_SPAN_LEG, the span is timed from `now_ns`.  It is held if it has a parent; otherwise it is a head.
 *
 * A span that would have max_nesting ancestors or more becomes a child of the deepest one that max_nesting allows.
 * That one awaits it at once, and until it ends, whatever its awaits name.  flattened_spans grows by one.
 * Its own parent may still name it in an await; that changes nothing.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     no such stack, unknown flags, or THESEUS_SPAN_DETACHED with a parent; THESEUS_SPAN_PART without a
 *              parent, with THESEUS_SPAN_LEG or THESEUS_SPAN_NOTIFICATION, or so deep that children of the part
 *              would be beyond max_nesting
 *   ESTALE     `parent` has ended, or never existed
 *
 * Complexity: O(depth). */
int theseus_span_begin(theseus_profile *profile, const theseus_span_options *options, uint64_t *out);

/* Sets the outcome with which a part ends if the span that it is a part of ends first.
 *
 *   part      a span that began with THESEUS_SPAN_PART
 *   outcome   THESEUS_SUCCESS, which it is at first, or THESEUS_FAILURE
 *
 * A part is a step of its parent, for example a coroutine that the operation awaits.  A part may have a part:
 *
 *     operation --awaits--> part --awaits--> part --awaits--> children of the innermost part
 *
 * The parent awaits a part for as long as the part is open, named or not.  When a part ends, all its open children
 * become children of its parent: held, or detached if they were detached.  When a span ends, its parts end with it.  If
 * the span is abandoned, they are abandoned, too.  Apart from that, a part is a span like others: counted and timed.
 *
 * Errors:
 *   EINVAL     `part` is not a part, or another outcome
 *   ESTALE     `part` has ended, or never existed
 *
 * Complexity: O(1). */
int theseus_span_set_outcome(theseus_profile *profile, uint64_t part, int outcome);

#define THESEUS_ALL SIZE_MAX /* as a number of children: all that exist, and all that are still to come */

/* Ends a leg of a span.  From now on it is suspended, and awaits exactly the children that are named.
 *
 *   children     ids of open children of `span` that are not in their first leg.  Naming one twice is harmless.
 *                May be NULL if `n` is 0 or THESEUS_ALL
 *   n            their number, or THESEUS_ALL
 *   place_stack  where the span is suspended; 0: its own stack
 *   line         the line there; 0: unknown
 *   now_ns       the time
 *
 * Children that are held or awaited, and are not named, become detached heads.  Children in their first leg stay so.
 *
 * With THESEUS_ALL the span awaits all its children but notifications, and each later child as soon as its hold ends,
 * until theseus_span_await_also() names one.
 *
 * If the span began with THESEUS_SPAN_LEG, the first call marks the moment its promise was handed out.  The span is
 * counted, and its latency is measured, from `now_ns`.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     no such stack; a child is not a child of `span`, or is in its first leg
 *   ESTALE     `span` or a child has ended, or never existed
 *
 * Complexity: O(depth + number of children). */
int theseus_span_await(theseus_profile *profile, uint64_t span, const uint64_t *children, size_t n,
                       uint32_t place_stack, uint32_t line, uint64_t now_ns);

/* Adds a child to those that a span awaits.
 *
 *   child     an open child of `span` that is held or detached.  If `span` awaits it already, only what is said of
 *             THESEUS_ALL happens
 *   now_ns    the time
 *
 * If the span awaited THESEUS_ALL, it awaits this child only from now on.
 *
 * Errors:
 *   EINVAL     `child` is not a child of `span`, or is in its first leg
 *   ESTALE     `span` or `child` has ended, or never existed
 *
 * Complexity: O(depth); after THESEUS_ALL, O(depth + number of children). */
int theseus_span_await_also(theseus_profile *profile, uint64_t span, uint64_t child, uint64_t now_ns);

/* Ends the hold of a child that its parent has not named.  The child becomes a detached head; if the parent awaits
 * THESEUS_ALL, the child is awaited.  If the child is not held, nothing happens.
 *
 *   now_ns    the time
 *
 * Errors:
 *   ESTALE     `child` has ended, or never existed
 *
 * Complexity: O(depth). */
int theseus_span_release(theseus_profile *profile, uint64_t child, uint64_t now_ns);

/* Gives a span another parent.  The span is held from now on; in its first leg, it stays there.  If `parent` is its
 * parent already, nothing happens.
 *
 *   parent    an open span
 *   now_ns    the time
 *
 * Spans that would be deeper than max_nesting become children of their deepest ancestor within the bound.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     `parent` is THESEUS_NO_SPAN, or `span` is a part
 *   ESTALE     `span` or `parent` has ended, or never existed
 *   ECYCLE     `parent` is `span` or a descendant of it
 *
 * Complexity: O(depth + number of descendants). */
int theseus_span_adopt(theseus_profile *profile, uint64_t span, uint64_t parent, uint64_t now_ns);

/* Makes a span the child of another one that waits for the same promise.  What waits for a promise later waits for all
 * that others waited for before, so two such spans are not two parts of one wait.
 *
 *   taker     the later one.  From now on it awaits `taken`, beside the children that it awaits already
 *   taken     the earlier one.  The spans below it come along
 *   now_ns    the time
 *
 * If the taker awaited THESEUS_ALL, it awaits `taken` only from now on.
 *
 * When the taker ends, each open span that it took becomes a child of the taker's parent.  The child is held if that
 * parent, or what it is a part of, is in a leg (theseus_span_resume()); otherwise it is a detached head.  If the taker
 * has no parent, the span is a detached head as well.
 *
 * theseus_span_adopt() undoes a taking.  If the taker is at max_nesting, `taken` becomes a child of the deepest
 * ancestor that may have children, which awaits it, and nothing is taken.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     `taker` or `taken` is in its first leg, or `taken` is a part
 *   ESTALE     `taker` or `taken` has ended, or never existed
 *   ECYCLE     `taker` is `taken` or a descendant of it
 *
 * Complexity: O(depth + number of descendants of `taken`). */
int theseus_span_take(theseus_profile *profile, uint64_t taker, uint64_t taken, uint64_t now_ns);

/* Reports that a span runs again: a later leg begins, which the next theseus_span_await() ends.  Only the state of
 * spans that come back from a taker depends on it (theseus_span_take()).  If the span is in its first leg, nothing
 * happens.
 *
 *   now_ns    the time
 *
 * Errors:
 *   ESTALE     `span` has ended, or never existed
 *
 * Complexity: O(1). */
int theseus_span_resume(theseus_profile *profile, uint64_t span, uint64_t now_ns);

/* Ends a span.
 *
 *   outcome   of enum theseus_outcome
 *   now_ns    the time
 *
 * Its held and awaited children become detached heads, but for those that it took (theseus_span_take()).
 *
 * A span in its first leg ends before anybody could wait for it.  It counts as a span of zero latency.  Its children go
 * to its parent, in the state that they have; if it has no parent, they become roots.
 *
 * The calls that can fail keep room for what this call books.  If memory runs out nevertheless, the span still ends,
 * and the loss is counted (lost_wait_ns, lost_latencies).
 *
 * Errors:
 *   EINVAL     no such outcome
 *   ESTALE     `span` has ended, or never existed
 *
 * Complexity: O(depth + number of children). */
int theseus_span_end(theseus_profile *profile, uint64_t span, int outcome, uint64_t now_ns);

/* Forgets a span in its first leg, as if it had never begun.  Its children go to its parent, as with
 * theseus_span_end().
 *
 *   now_ns    the time
 *
 * Errors:
 *   EINVAL     the first leg of `span` is over
 *   ESTALE     `span` has ended, or never existed
 *
 * Complexity: O(depth + number of children). */
int theseus_span_discard(theseus_profile *profile, uint64_t span, uint64_t now_ns);

/* Books the Wait of every open span up to now.  Call it before you read cells, merge, project or write.
 *
 *   now_ns    the time
 *
 * Cannot fail.  Complexity: O(number of open spans). */
void theseus_settle(theseus_profile *profile, uint64_t now_ns);

/* The states of an open span. */
enum theseus_span_state {
  THESEUS_IN_LEG = 0, /* in its first leg */
  THESEUS_HELD = 1,
  THESEUS_AWAITED = 2,
  THESEUS_IS_ROOT = 3,        /* a head that never had a parent */
  THESEUS_IS_DETACHED = 4,    /* any other head */
  THESEUS_IS_NOTIFICATION = 5 /* a notification in place of a head, or awaited by such a one */
};

enum theseus_span_marks {
  THESEUS_SPAN_IS_TAKEN = 1,    /* its parent took it (theseus_span_take()) */
  THESEUS_SPAN_RUNS = 2,        /* it is in a leg that theseus_span_resume() reported */
  THESEUS_SPAN_HAD_PARENT = 4,  /* it has a parent, or had one, or began with THESEUS_SPAN_DETACHED */
  THESEUS_SPAN_HAS_CHILDREN = 8 /* in whatever state */
};

typedef struct theseus_span_info {
  size_t size;
  uint64_t span;
  uint64_t parent;   /* THESEUS_NO_SPAN: it has none, or the parent has ended */
  uint64_t began_ns; /* the time from which its latency is measured */
  uint32_t stack;
  uint32_t place_stack;
  uint32_t line;
  uint32_t state;     /* of enum theseus_span_state */
  uint32_t awaits;    /* the number of children that it awaits */
  uint32_t marks;     /* of enum theseus_span_marks */
  uint64_t operation; /* `parent`; if that is a part, what it is a part of */
  uint64_t value;     /* the host's own */
} theseus_span_info;

/* Describes an open span.
 *
 *   out       set `size` first.  NULL: only asks whether the span is open
 *
 * Errors:
 *   EINVAL     `size` is too small
 *   ESTALE     `span` has ended, or never existed
 *
 * Complexity: O(1). */
int theseus_span_get(const theseus_profile *profile, uint64_t span, theseus_span_info *out);

/* Sets the host's own value of an open span.
 *
 * Errors:
 *   ESTALE     `span` has ended, or never existed
 *
 * Complexity: O(1). */
int theseus_span_set_value(theseus_profile *profile, uint64_t span, uint64_t value);

/* Returns the number of open spans.  Complexity: O(1). */
uint32_t theseus_open_span_count(const theseus_profile *profile);

/* Describes an open span by its number.  The numbers begin at 0 and are in no particular order.  A call that begins or
 * ends a span may change them.
 *
 *   out       set `size` first
 *
 * Errors:
 *   EINVAL     no such number, or `size` is too small
 *
 * Complexity: O(1). */
int theseus_open_span_get(const theseus_profile *profile, uint32_t number, theseus_span_info *out);

/* ---- output ----------------------------------------------------------------------------------------------- */

/* Where a writer puts its bytes.
 *
 * `write` must take all `size` bytes and return 0.  Any other result ends the call with EIO.  It must not throw or
 * longjmp, and must not use the object that is being written.  The pieces are large, and `size` is never 0.  `opaque`
 * is passed to each call. */
typedef struct theseus_sink {
  int (*write)(void *opaque, const void *bytes, size_t size);
  void *opaque;
} theseus_sink;

/* ---- graphs ----------------------------------------------------------------------------------------------- */

/* A graph holds what a callgrind file can hold:
 *
 * - functions, which are equal if object, file and name are,
 * - costs: the self cost of a function, by line,
 * - edges: for each call site and callee, the number of calls and their inclusive cost,
 * - events: the columns of costs and edges, any number of them.
 *
 * One thread at a time may use a graph. */
typedef struct theseus_graph theseus_graph;

/* What the costs of a graph have besides function and file. */
enum theseus_positions {
  THESEUS_LINES = 1,    /* a line */
  THESEUS_ADDRESSES = 2 /* an address of the machine code */
};

typedef struct theseus_graph_options {
  size_t size;
  const theseus_allocator *allocator; /* NULL: malloc, realloc and free */
  uint64_t memory_limit;              /* bytes, for the graph and the calls that work on it; 0: none */
  uint32_t positions;                 /* of enum theseus_positions, for costs that the caller adds; 0: THESEUS_LINES */
  const uint32_t *events;             /* the events whose costs theseus_graph_from_profile() projects; NULL: all */
  uint32_t event_count;               /* how many `events` are */
} theseus_graph_options;

/* Creates an empty graph, without events.
 *
 *   options   NULL: all defaults
 *   out       receives the graph.  Free it with theseus_graph_free()
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     `positions` is unknown, or a function of the allocator is NULL
 *
 * Complexity: O(1). */
int theseus_graph_new(const theseus_graph_options *options, theseus_graph **out);

/* Frees a graph and all that it owns.  Free its readers first.
 *
 *   graph     NULL: nothing happens
 *
 * Complexity: O(number of blocks). */
void theseus_graph_free(theseus_graph *graph);

/* Creates a graph of what was measured in a profile.  Call theseus_settle() first.
 *
 *   profile   stays as it is
 *   options   as for theseus_graph_new()
 *   out       receives the graph.  Free it with theseus_graph_free()
 *
 * The events are Wait, Latency, Operations, Failed and Pending, then those of the host.  If nothing was measured of the
 * first five, and the host has events of its own, the graph has only those.
 *
 * - The function `(root)` has no callers, and calls every outermost function.
 * - Wait of a root is a self cost of the function and line of the place, and is inclusive along its stack.  Wait of a
 *   detached head is below the function `[detached]`, which calls the function of the head.  So the inclusive Wait of
 *   the function of a head is the time during which it was a head.  An operation that shares the weight of its parent
 *   with others has less than its latency.
 * - The other events are self costs at the first line of the function, or at the line that was given.  Their inclusive
 *   costs add nested operations up.
 * - The number of calls is the number of spans begun in the callee, and at least 1.
 * - If the callee is already on the path, the edge has its count, but no cost.  So in every strongly connected
 *   component, self + outgoing = incoming.
 * - A function without a file gets the file "(theseus)".
 *
 * Equal measurements give graphs that are written as equal bytes.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     a pointer is NULL, or as for theseus_graph_new()
 *   ENEGATIVE  an event that is projected has a negative value, as in a difference of profiles
 *   EOVERFLOW  a sum exceeds 64 bits
 *
 * Complexity: O(number of stacks and cells); for detached heads, times the length of their paths. */
int theseus_graph_from_profile(const theseus_profile *profile, const theseus_graph_options *options,
                               theseus_graph **out);

/* A table by function: one row for each function of a graph that was called, the largest inclusive cost of the first
 * event first.  Rows that are equal in it come by the own cost of the first event, then by name, file and object. */
typedef struct theseus_table theseus_table;

/* A row.  The texts and arrays are valid as long as the table is. */
typedef struct theseus_table_row {
  size_t size;
  const char *object;  /* as in theseus_graph_function */
  const char *file;    /* "(theseus)": the function has no file */
  const char *name;    /* not empty */
  uint32_t first_line; /* the least one that is known; 0: none is */
  uint64_t calls;      /* of all edges to the function */
  uint64_t success;    /* spans that ended so, at all stacks that end in the function */
  uint64_t failure;    /* without cancelled */
  uint64_t cancelled;
  uint64_t abandoned;
  uint64_t pending;
  uint64_t latency_min_ns;   /* 0 if none has fired */
  uint64_t latency_max_ns;   /* 0 if none has fired */
  const uint64_t *own;       /* one value for each event of the graph */
  const uint64_t *inclusive; /* one value for each event: with all that the function called */
} theseus_table_row;

/* Creates the table by function of a profile.  Call theseus_settle() first.
 *
 *   profile   stays as it is, and is not needed by the table
 *   options   as for theseus_graph_new()
 *   out       receives the table.  Free it with theseus_table_free()
 *
 * The costs are those of theseus_graph_from_profile(), and so is what counts as one function: object, file and name are
 * equal.  The function `(root)`, which nothing calls, has no row.
 *
 * Errors: as for theseus_graph_from_profile().
 *
 * Complexity: as for theseus_graph_from_profile(), and O(n log n) for n functions. */
int theseus_profile_functions(const theseus_profile *profile, const theseus_graph_options *options,
                              theseus_table **out);

/* Frees a table.
 *
 *   table   NULL: nothing happens
 *
 * Complexity: O(number of blocks). */
void theseus_table_free(theseus_table *table);

/* Returns the graph whose functions are in the table.  It names the events, and has the costs by line and the calls.
 * It belongs to the table, and is valid as long.  Cannot fail.
 *
 * Complexity: O(1). */
const theseus_graph *theseus_table_graph(const theseus_table *table);

/* Returns the number of rows.  Cannot fail.
 *
 * Complexity: O(1). */
uint32_t theseus_table_count(const theseus_table *table);

/* Reads one row.
 *
 *   row   0 to theseus_table_count() - 1
 *   out   set its size first
 *
 * Errors:
 *   EINVAL   `row` is unknown, `out` is NULL, or its size is too small
 *
 * Complexity: O(1). */
int theseus_table_get(const theseus_table *table, uint32_t row, theseus_table_row *out);

/* Fills an array with the histogram of a row: that of all stacks that end in the function.
 *
 *   row      0 to theseus_table_count() - 1
 *   counts   receives THESEUS_BUCKETS numbers.  See theseus_histogram_percentile()
 *
 * Errors:
 *   EINVAL   `row` is unknown, or `counts` is NULL
 *
 * Complexity: O(THESEUS_BUCKETS). */
int theseus_table_histogram(const theseus_table *table, uint32_t row, uint64_t *counts);

/* A profile from the top down.  The nodes are numbered in preorder: node 0 is the root, and what follows a node is its
 * children, each with all below it, the largest inclusive cost first. */
typedef struct theseus_tree theseus_tree;

typedef struct theseus_tree_node {
  size_t size;
  uint32_t parent;    /* of the root, the root */
  uint32_t function;  /* of the profile.  UINT32_MAX: the root, or `[detached]` */
  uint32_t call_line; /* of a function that is asked for by line; else 0 */
  uint32_t depth;     /* of the root, 0 */
  uint32_t below;     /* the number of nodes below it: they are the next ones */
  uint64_t own;
  uint64_t inclusive; /* own, and that of all nodes below */
  uint64_t success;   /* spans that ended so, at all stacks that the node stands for */
  uint64_t failure;   /* without cancelled */
  uint64_t cancelled;
  uint64_t abandoned;
  uint64_t pending;
  uint64_t latency_ns;     /* a sum */
  uint64_t latency_min_ns; /* 0 if none has fired */
  uint64_t latency_max_ns; /* 0 if none has fired */
} theseus_tree_node;

/* Creates the tree of a profile.  Call theseus_settle() first.
 *
 *   profile   stays as it is, and is not needed by the tree
 *   event     whose cells are the costs: THESEUS_WAIT, or an event of the host
 *   by_line   for each function 1: one node for each line that calls it, or 0: one node
 *   count     theseus_function_count()
 *   out       receives the tree.  Free it with theseus_tree_free()
 *
 * Wait of a detached head is below `[detached]`, a child of the root, as in theseus_graph_from_profile().  A node has
 * the spans of all stacks that it stands for: those of a head are at its own stack, and below `[detached]`, too.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     a pointer is NULL, `count` is wrong, or `event` has no cells
 *   EOVERFLOW  a sum exceeds 64 bits
 *
 * Complexity: O(n log n) for n stacks; for detached heads, the length of their paths. */
int theseus_profile_tree(const theseus_profile *profile, uint32_t event, const uint8_t *by_line, uint32_t count,
                         theseus_tree **out);

/* Frees a tree.
 *
 *   tree   NULL: nothing happens
 *
 * Complexity: O(number of blocks). */
void theseus_tree_free(theseus_tree *tree);

/* Returns the number of nodes, the root included.  Cannot fail.
 *
 * Complexity: O(1). */
uint32_t theseus_tree_count(const theseus_tree *tree);

/* Reads one node.
 *
 *   node   0 to theseus_tree_count() - 1
 *   out    set its size first
 *
 * Errors:
 *   EINVAL   `node` is unknown, `out` is NULL, or its size is too small
 *
 * Complexity: O(1). */
int theseus_tree_get(const theseus_tree *tree, uint32_t node, theseus_tree_node *out);

/* Fills an array with the histogram of a node.
 *
 *   node     0 to theseus_tree_count() - 1
 *   counts   receives THESEUS_BUCKETS numbers.  See theseus_histogram_percentile()
 *
 * Errors:
 *   EINVAL   `node` is unknown, or `counts` is NULL
 *
 * Complexity: O(THESEUS_BUCKETS). */
int theseus_tree_histogram(const theseus_tree *tree, uint32_t node, uint64_t *counts);

/* Adds one graph to another.
 *
 *   into      the graph that grows
 *   from      the graph that is added.  It stays as it is
 *
 * Events are equal if their names are.  The events of `into` come first, and the first long name is kept.  Deferreds
 * and Operations are one event.  If both occur, the result is called Operations, and has the neutral long names
 * (enum theseus_event).
 *
 * If only one of the graphs has addresses, the sum has lines only.  Facts (theseus_graph_set()) that are equal in both
 * are kept.  The sum has the sources of both.  The order and grouping of merges decides the order of events, and
 * nothing else.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     a pointer is NULL, `into` equals `from`, or a reader is in the middle of a file for `into`
 *   EUNIT      the graphs have different units for an event
 *   EOVERFLOW  a sum exceeds 64 bits
 *
 * Complexity: O(size of `from`); if addresses are dropped, O(size of both). */
int theseus_graph_merge(theseus_graph *into, const theseus_graph *from);

/* Sets a fact for the header of the file.
 *
 *   key       "pid", "cmd", "part", "thread" or "desc"
 *   value     one line; "desc" may have several.  NULL: removes the fact
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     `graph` is NULL, or `key` is no such key
 *
 * Complexity: O(length of `value`). */
int theseus_graph_set(theseus_graph *graph, const char *key, const char *value);

/* Returns a fact, or NULL if it is not set.  The graph owns the text, which is valid until the fact changes.
 * Complexity: O(1). */
const char *theseus_graph_get(const theseus_graph *graph, const char *key);

/* Adds a source: the name of a file, for example, that the graph came from.
 *
 *   source    copied; a source that is already there is not added again
 *
 * A graph of several inputs is written with all its sources, sorted, as `desc: Source: …`.  A graph of one input is
 * written without.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     a pointer is NULL
 *
 * Complexity: O(length of `source`). */
int theseus_graph_add_source(theseus_graph *graph, const char *source);

/* Returns the number of the event of this name, creating it if necessary.
 *
 *   event     `name` is required.  The strings are copied
 *   out       receives the number
 *
 * A unit of "" means unknown.  If the event exists, the unit that is known is kept.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     a pointer is NULL, `name` is empty or has a blank, a colon or a bracket, or a reader is in the middle of
 *              a file
 *   EUNIT      the event exists and has another unit
 *
 * Complexity: O(number of events); for a new one, O(size of the graph). */
int theseus_graph_event_intern(theseus_graph *graph, const theseus_event_info *event, uint32_t *out);

/* Keeps some events, in the given order, and drops all others.
 *
 *   events    an array of `n`.  Only `name` and `long_name` are used; a long name that is not NULL replaces the event's
 *   n         0 to the number of events
 *
 * Formulas (theseus_graph_formula_get()) are kept only if no event is dropped.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     a pointer is NULL; an event does not exist, or is named twice
 *
 * Complexity: O(size of the graph). */
int theseus_graph_select(theseus_graph *graph, const theseus_event_info *events, uint32_t n);

/* Returns the number of the function (object, file, name), creating it if necessary.
 *
 *   object    the program or library; "": unknown
 *   file      the source file; "": unknown
 *   name      not empty
 *   out       receives the number
 *
 * Bytes that a line of a file cannot hold are escaped as \xHH: invalid UTF-8, NUL, CR, LF, and a blank at either end.
 * This holds for all texts of a graph.
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     a pointer is NULL, or `name` is empty
 *
 * Complexity: O(length of the strings). */
int theseus_graph_function_intern(theseus_graph *graph, const char *object, const char *file, const char *name,
                                  uint32_t *out);

typedef struct theseus_graph_function {
  size_t size;
  const char *object; /* the graph owns it; valid as long as the graph.  So are the other texts */
  const char *file;
  const char *name;
} theseus_graph_function;

typedef struct theseus_graph_cost {
  size_t size;
  uint32_t function;
  uint32_t line;    /* 0: unknown */
  uint64_t address; /* ignored in a graph without addresses */
  const char *file; /* the file of the line, which inlined code may have brought.  NULL when adding: the function's */
  const uint64_t *values; /* one for each event.  When read: valid until the graph changes */
} theseus_graph_cost;

typedef struct theseus_graph_edge {
  size_t size;
  uint32_t caller;
  uint32_t callee;
  uint32_t line;        /* of the call; 0: unknown */
  uint32_t callee_line; /* where the callee begins; 0: unknown.  Not part of the key: the least is kept */
  uint64_t address;     /* of the call; ignored in a graph without addresses */
  uint64_t callee_address;
  uint64_t count;         /* number of calls */
  const char *file;       /* as in theseus_graph_cost */
  const uint64_t *values; /* inclusive costs, one for each event.  When read: valid until the graph changes */
} theseus_graph_edge;

/* Adds a self cost.  The values are added to the cost with the same key (function, file, line, address), which is
 * created if necessary.
 *
 *   cost      `values` is required if the graph has events.  Everything is copied
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     a pointer is NULL, no such function, or a reader is in the middle of a file
 *   EOVERFLOW  a sum exceeds 64 bits
 *
 * Complexity: O(number of events). */
int theseus_graph_add_cost(theseus_graph *graph, const theseus_graph_cost *cost);

/* Adds calls.  The count and the values are added to the edge with the same key (caller, file, line, address, callee),
 * which is created if necessary.
 *
 *   edge      as for theseus_graph_add_cost()
 *
 * Errors and complexity: as for theseus_graph_add_cost(). */
int theseus_graph_add_edge(theseus_graph *graph, const theseus_graph_edge *edge);

typedef struct theseus_graph_info {
  size_t size;
  uint32_t events;
  uint32_t functions;
  uint32_t costs;
  uint32_t edges;
  uint32_t sources;
  uint32_t positions; /* of enum theseus_positions; 0: the graph has no costs and no edges */
  uint64_t inputs;    /* profiles, files and the like that were added up */
  uint64_t memory;    /* bytes that the graph holds now */
} theseus_graph_info;

/* Reports what a graph contains.  Events, functions, costs and edges are numbered from 0, in order of insertion.
 *
 *   out       set `size` first
 *
 * Errors:
 *   EINVAL     `graph` is NULL, or `size` is too small
 *
 * Complexity: O(1). */
int theseus_graph_info_get(const theseus_graph *graph, theseus_graph_info *out);

/* Describes an event.  The graph owns the texts, which are valid until the graph changes.
 *
 *   out       set `size` first
 *
 * Errors:
 *   EINVAL     `graph` is NULL, no such event, or `size` is too small
 *
 * Complexity: O(1). */
int theseus_graph_event_get(const theseus_graph *graph, uint32_t event, theseus_event_info *out);

/* Reads a formula, by which tools compute a further event from those of the file.
 *
 *   formula   from 0.  The first number that is an error is the number of formulas
 *   name      receives the name of the computed event
 *   text      receives the formula as the file has it, `Sum = A + B : both`; NULL if the inputs disagree, and then it
 *             is not written
 *
 * The graph owns the texts, which are valid as long as the graph.
 *
 * Errors:
 *   EINVAL     a pointer is NULL, or no such formula
 *
 * Complexity: O(1). */
int theseus_graph_formula_get(const theseus_graph *graph, uint32_t formula, const char **name, const char **text);

/* Describe a function, a cost, an edge, by its number.
 *
 *   out       set `size` first
 *
 * Errors:
 *   EINVAL     `graph` is NULL, no such number, or `size` is too small
 *
 * Complexity: O(1). */
int theseus_graph_function_get(const theseus_graph *graph, uint32_t function, theseus_graph_function *out);
int theseus_graph_cost_get(const theseus_graph *graph, uint32_t cost, theseus_graph_cost *out);
int theseus_graph_edge_get(const theseus_graph *graph, uint32_t edge, theseus_graph_edge *out);

/* Writes a graph as a callgrind file, for KCachegrind, callgrind_annotate, gprof2dot and speedscope.
 *
 *   sink      receives the file
 *
 * Equal graphs give equal bytes, whatever the order in which they were built.  `summary` and `totals` are the sums of
 * the self costs.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     a pointer is NULL
 *   EIO        the sink refused
 *   EOVERFLOW  a sum exceeds 64 bits
 *
 * Complexity: O(n log n), n being the number of costs, edges and functions. */
int theseus_callgrind_write(const theseus_graph *graph, const theseus_sink *sink);

/* ---- reading callgrind ------------------------------------------------------------------------------------- */

/* A reader adds callgrind files to a graph, piece by piece.  It reads what valgrind writes (with addresses, jumps,
 * cycles, several parts), yappi, pyprof2calltree, xdebug, ruby-prof, cachegrind, pprof, and
 * theseus_callgrind_write().
 *
 *     theseus_callgrind_reader_new(graph, NULL, &reader);
 *     for (each file) {
 *       theseus_callgrind_reader_begin(reader, name of the file);
 *       while (bytes are left and no call has failed)
 *         theseus_callgrind_reader_feed(reader, bytes, size);
 *       // then the graph has the whole file, or nothing of it
 *       theseus_callgrind_reader_finish(reader);
 *     }
 *     theseus_callgrind_reader_free(reader);
 *
 * From begin to finish, call no other function with the graph.  The graph must outlive the reader.  The memory of the
 * reader counts as that of the graph.  Whatever the size of a file, the reader needs memory only for what the graph
 * gains, for the names of one file, and for its longest line. */
typedef struct theseus_callgrind_reader theseus_callgrind_reader;

enum theseus_callgrind_flags {
  THESEUS_STRICT = 1, /* treat warnings as errors */
  THESEUS_PARTIAL = 2 /* if a file fails, keep what was read of it.  Faster, and needs less memory */
};

typedef struct theseus_callgrind_options {
  size_t size;
  uint32_t flags;            /* of enum theseus_callgrind_flags */
  uint32_t event_count;      /* the number of `events` */
  const char *const *events; /* names of the events that the caller wants; NULL: all.  Must outlive the reader */
} theseus_callgrind_options;

/* Creates a reader that adds files to a graph.
 *
 *   options   NULL: all defaults
 *   out       receives the reader.  Free it with theseus_callgrind_reader_free()
 *
 * A cost that cannot be added is an error, such as a negative one.  If its event is not among `events`, it counts as 0
 * instead.  The columns of such events stay; drop them with theseus_graph_select().  A name without a unit will do:
 * `Time` also stands for `Time_(10ns)`.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     a pointer is NULL, or unknown flags
 *
 * Complexity: O(1). */
int theseus_callgrind_reader_new(theseus_graph *graph, const theseus_callgrind_options *options,
                                 theseus_callgrind_reader **out);

/* Begins a file.  If the file before was not finished, what was read of it is removed.
 *
 *   source    the name of the file, for messages and as a source of the graph; NULL: messages say "-", and no source
 *
 * Errors: ENOMEM, ELIMIT, EOVERFLOW, and
 *   EINVAL     `reader` is NULL, or another reader is in the middle of a file for the same graph
 *
 * Complexity: O(number of names in the file before, and of functions in the graph). */
int theseus_callgrind_reader_begin(theseus_callgrind_reader *reader, const char *source);

/* Reads the next bytes of the file.
 *
 *   bytes     may end anywhere, also within a line.  Not needed after the call
 *   size      0: nothing happens
 *
 * After an error, what was read of the file is removed (unless THESEUS_PARTIAL is set), and all calls return the same
 * error until the next file begins.  theseus_callgrind_reader_info has the message.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     a pointer is NULL, or no file has begun
 *   EFORMAT    the file is malformed
 *   EVERSION   the file has version 2 or later of the format
 *   EUNIT      the file and the graph have different units for an event
 *   EOVERFLOW  a number or a sum exceeds 64 bits
 *
 * Complexity: O(`size`). */
int theseus_callgrind_reader_feed(theseus_callgrind_reader *reader, const void *bytes, size_t size);

/* Ends the file, which becomes a part of the graph.
 *
 * Errors: as for theseus_callgrind_reader_feed(), and
 *   EFORMAT    the file is empty, has no `events:` line, or ends in the middle of a call
 *
 * Complexity: O(1); if addresses are dropped, O(size of the graph). */
int theseus_callgrind_reader_finish(theseus_callgrind_reader *reader);

/* Frees a reader.  If its file was not finished, what was read of it is removed.
 *
 *   reader    NULL: nothing happens
 *
 * Complexity: O(number of blocks). */
void theseus_callgrind_reader_free(theseus_callgrind_reader *reader);

typedef struct theseus_callgrind_reader_info {
  size_t size;
  uint64_t bytes; /* read so far, of this file.  So are the other counts */
  uint64_t lines;
  uint64_t warnings;
  uint32_t kept;             /* warnings whose text is kept: the first hundred */
  uint32_t events;           /* columns, of all parts of the file */
  const char *error;         /* "file:line:column: what"; "" if there is none.  Valid until the next file begins */
  const char *refused_event; /* the event whose cost was negative, if that was the error; otherwise NULL */
} theseus_callgrind_reader_info;

/* Reports the position of a reader, and its error.
 *
 *   out       set `size` first.  The reader owns the texts
 *
 * Errors:
 *   EINVAL     `reader` is NULL, or `size` is too small
 *
 * Complexity: O(1). */
int theseus_callgrind_reader_info_get(const theseus_callgrind_reader *reader, theseus_callgrind_reader_info *out);

/* Reads a warning, "file:line:column: warning: what".
 *
 *   warning   from 0; less than theseus_callgrind_reader_info.kept
 *   out       receives the text.  The reader owns it; valid until the next file begins
 *
 * Errors:
 *   EINVAL     a pointer is NULL, or no such warning
 *
 * Complexity: O(1). */
int theseus_callgrind_reader_warning_get(const theseus_callgrind_reader *reader, uint32_t warning, const char **out);

/* Describes a column of the file, as the file itself does, in the order of the file.
 *
 *   out       set `size` first.  The graph owns the texts; valid until the next file begins
 *
 * Errors:
 *   EINVAL     `reader` is NULL, no such event, or `size` is too small
 *
 * Complexity: O(1). */
int theseus_callgrind_reader_event_get(const theseus_callgrind_reader *reader, uint32_t event, theseus_event_info *out);

/* Adds a file that is in memory to a graph: a reader from begin to finish.  Use a reader if you need its messages.
 *
 *   source    as for theseus_callgrind_reader_begin()
 *
 * Errors: as for the calls of a reader.  Complexity: O(`size`). */
int theseus_callgrind_read(theseus_graph *graph, const char *source, const void *bytes, size_t size);

/* ---- folded stacks and pprof ------------------------------------------------------------------------------- */

/* Writes the self values of one event as folded stacks, for flamegraph.pl, inferno and speedscope.  Call
 * theseus_settle() first.
 *
 *   event     a built-in event or one of the host's
 *   sink      receives the text
 *
 * A line is `a;b;c 123`: the names of the functions, outermost first, and the value.  Each distinct stack of names is
 * one line.  The lines are sorted bytewise.  Values of 0 are left out.
 *
 * Samples that differ in labels only are added.  Wait of detached heads has a frame `[detached]` before the whole
 * stack.  Values on the root are called `(root)`.  In
 * names, `;` and the bytes that a line cannot hold (see theseus_graph_function_intern()) are escaped as \xHH.
 *
 * Errors: ENOMEM, ELIMIT (of the profile's allocator and limit), and
 *   EINVAL     no such event, or `sink` has no `write`
 *   EIO        the sink refused
 *   ENEGATIVE  a value is negative, as in a difference of profiles
 *   EOVERFLOW  a sum exceeds 64 bits
 *
 * Complexity: O(n log n), n being the number of stacks and cells. */
int theseus_folded_write(const theseus_profile *profile, uint32_t event, const theseus_sink *sink);

/* How much of a profile a pprof file holds. */
enum theseus_pprof_detail {
  THESEUS_PPROF_FULL = 0,      /* everything */
  THESEUS_PPROF_NO_BUCKETS = 1 /* no percentiles, minima and maxima.  For collectors that limit the number of samples */
};

typedef struct theseus_pprof_options {
  size_t size;
  uint32_t detail; /* of enum theseus_pprof_detail */
} theseus_pprof_options;

/* Writes a profile in the format of pprof (profile.proto).  Call theseus_settle() first.
 *
 *   options   NULL: all defaults
 *   sink      receives the file, uncompressed.  Compress it with gzip to get the .pb.gz that tools expect
 *
 * The file has whole stacks with lines.  Its sample types are wait/nanoseconds, latency/nanoseconds, operations/count
 * (or deferreds/count), and the events of the host.  Its labels are
 *
 *   outcome    how spans ended, or `pending`
 *   latency    the bucket of their latencies
 *   detached   the function of the detached head whose Wait it is
 *   head       how many frames of the stack, from the outermost, the stack of that head also has
 *   head_path  the other frames of that head, if it has any
 *
 * A sample has its whole stack, also if its head was detached.  `go tool pprof -tagignore=detached` leaves background
 * work out, and -tagfocus=detached shows it alone.
 *
 * Texts are escaped as in a graph.  Equal measurements give equal bytes, whatever the order in which they were made.
 *
 * theseus_pprof_read() restores all measurements: with THESEUS_PPROF_FULL, every member of theseus_stack_info, every
 * percentile, and all cells; but a head that was a root becomes THESEUS_ROOT.
 *
 * Errors: ENOMEM, ELIMIT (of the profile's allocator and limit), and
 *   EINVAL     no such detail, or `sink` has no `write`
 *   EIO        the sink refused
 *   EOVERFLOW  a value exceeds 63 bits
 *
 * Complexity: O(n log n), n being the number of stacks, cells and buckets. */
int theseus_pprof_write(const theseus_profile *profile, const theseus_pprof_options *options, const theseus_sink *sink);

/* Where a reader stopped, and why. */
typedef struct theseus_read_error {
  size_t size;
  uint64_t offset; /* number of bytes before the error */
  uint32_t line;   /* from 1; 0: the input is not a text */
  uint32_t column; /* from 1 */
  char text[200];  /* what is wrong, in English */
} theseus_read_error;

/* Adds a pprof file to a profile.
 *
 *   profile   stays as it was if the call fails
 *   bytes     the file, uncompressed.  Not needed after the call
 *   size      number of bytes
 *   error     receives where and why the call failed; set its `size` first.  May be NULL
 *
 * A file of theseus_pprof_write() becomes what it was.  Files of others (Go, gperftools, Pyroscope, …) are read thus:
 *
 * - Each sample type becomes an event of the host's, booked on lines.  Names are changed into names that an event can
 *   have: `alloc-space` becomes alloc_space.  The unit nanoseconds becomes "ns".
 * - The file of a mapping becomes the object of its functions.
 * - Inlined functions are frames like others.  An address without a function becomes a function `0x…` in the file of
 *   its mapping.
 * - Labels are a part of the key of a cell (theseus_label_get()).  A negative value is a cell of its own.
 * - The period, the default sample type, comments, and the frames that tools hide are kept (theseus_sampling_info), as
 *   are the build id and the addresses of a mapped file.
 * - Of a stack deeper than max_depth, the innermost frames are kept.  truncated_pushes counts the others.
 *
 * Errors: ENOMEM, ELIMIT, and
 *   EINVAL     `bytes` is NULL
 *   EFORMAT    the input is not pprof, is compressed, is malformed, has another period type than the profile, or has
 *              negative values of an event that is built in
 *   EUNIT      the file and the profile have different units for an event
 *   EOVERFLOW  a sum exceeds 64 bits, or a table 2^32 - 2 entries
 *
 * Complexity: O(`size`); times max_depth if a file has many frames in one location. */
int theseus_pprof_read(theseus_profile *profile, const void *bytes, size_t size, theseus_read_error *error);

/* end of declarations */

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
