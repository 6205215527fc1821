/* SPDX-License-Identifier: ISC */
/* format - what the writer and the reader must agree on: the numbers of the fields of profile.proto, and our own words.
 *
 * A file has samples.  A sample is a stack of locations (the leaf first), a value for each sample type, and labels.  A
 * location is a line of a function.  The measurements of a stack become
 *
 *     Wait, root      a sample for each line; a host's own events of that line are in it too
 *     Wait, detached  a sample for each line and head.  `detached` is the function of the head, `head` the number of
 *                     frames, from the root, that the stacks of both share; `head_path` has other frames of the head
 *     spans           a sample for each `outcome` and bucket of `latency`: their number, and the sum of latencies
 *
 * So adding samples with equal stacks and labels adds profiles.  A bucket is named by a latency in it.  The lowest and
 * the highest latency of a stack are exact: its minimum and maximum. */
#ifndef TH_PPROF_H
#define TH_PPROF_H

enum {
  TH_PROFILE_SAMPLE_TYPE = 1,
  TH_PROFILE_SAMPLE,
  TH_PROFILE_MAPPING,
  TH_PROFILE_LOCATION,
  TH_PROFILE_FUNCTION,
  TH_PROFILE_STRING
};
enum {
  TH_PROFILE_DROP_FRAMES = 7,
  TH_PROFILE_KEEP_FRAMES,
  TH_PROFILE_TIME,
  TH_PROFILE_DURATION,
  TH_PROFILE_PERIOD_TYPE,
  TH_PROFILE_PERIOD,
  TH_PROFILE_COMMENT,
  TH_PROFILE_DEFAULT_TYPE
};
enum { TH_VALUE_TYPE = 1, TH_VALUE_UNIT };
enum { TH_SAMPLE_LOCATION = 1, TH_SAMPLE_VALUE, TH_SAMPLE_LABEL };
enum { TH_LABEL_KEY = 1, TH_LABEL_STRING, TH_LABEL_NUMBER, TH_LABEL_UNIT };
enum {
  TH_MAPPING_ID = 1,
  TH_MAPPING_START,
  TH_MAPPING_LIMIT,
  TH_MAPPING_OFFSET,
  TH_MAPPING_FILE,
  TH_MAPPING_BUILD_ID,
  TH_MAPPING_HAS_FUNCTIONS,
  TH_MAPPING_HAS_FILES,
  TH_MAPPING_HAS_LINES
};
enum { TH_LOCATION_ID = 1, TH_LOCATION_MAPPING, TH_LOCATION_ADDRESS, TH_LOCATION_LINE };
enum { TH_LINE_FUNCTION = 1, TH_LINE_LINE };
enum { TH_FUNCTION_ID = 1, TH_FUNCTION_NAME, TH_FUNCTION_SYSTEM_NAME, TH_FUNCTION_FILE, TH_FUNCTION_FIRST_LINE };

/* Our sample types, in their order.  Those of the host's events follow. */
enum { TH_TYPE_WAIT, TH_TYPE_LATENCY, TH_TYPE_OPERATIONS, TH_TYPE_HOST };

#define TH_WORD_WAIT "wait"
#define TH_WORD_LATENCY "latency"       /* a sample type, and a label */
#define TH_WORD_OPERATIONS "operations" /* the sample type of a profile whose event is called Operations */
#define TH_WORD_DEFERREDS "deferreds"   /* the same if it is called Deferreds */
#define TH_WORD_NANOSECONDS "nanoseconds"
#define TH_WORD_COUNT "count"
#define TH_WORD_OUTCOME "outcome"
#define TH_WORD_DETACHED "detached"
#define TH_WORD_HEAD "head"
#define TH_WORD_HEAD_UNIT "frames"
#define TH_WORD_HEAD_PATH "head_path"
#define TH_WORD_ROOT_HEAD "(root)"
#define TH_WORD_OBJECT "ob="    /* in head_path, instead of a file: the object, which tells the function apart */
#define TH_WORD_EVENT "event: " /* `event: Name : Long name`, as in callgrind */
#define TH_WORD_EVENT_MIDDLE " : "
#define TH_WORD_FACT_MIDDLE ": "              /* `pid: 4242`, as in callgrind */
#define TH_WORD_MAX_DEPTH "max_depth"         /* `max_depth: 512`: stacks were cut there */
#define TH_WORD_MAX_RECURSION "max_recursion" /* `max_recursion: 3`: stacks were folded there */

enum { TH_OUTCOME_PENDING = 4, TH_PPROF_OUTCOMES };
#define TH_OUTCOME_NAMES                                                                                               \
  { "success", "failure", "cancelled", "abandoned", "pending" }

#endif
