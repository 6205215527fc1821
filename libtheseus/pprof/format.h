/* SPDX-License-Identifier: ISC */
/* pprof - what the writer and the reader must agree on: the numbers of the fields of profile.proto, and the words of
 * ours.
 *
 * A profile is samples: a stack of locations, the leaf first, a value for each sample type, and labels.  A location is
 * a line of a function.  What is measured of a stack becomes
 *
 *     Wait, root      a sample for each line; a host's own events of that line are in it too
 *     Wait, detached  one for each line and head: `detached` is the head's function, `head` the number of frames of the
 *                     stack, from the root, that are the head's too; should it have others, they are `head_path`
 *     spans           one for each `outcome` and bucket of `latency`: how many, and the sum of their latencies
 *
 * so that adding samples that have the same stack and labels adds profiles.  A bucket is named by any latency in it;
 * the lowest and the highest one of a stack are exact, and are its minimum and maximum. */
#ifndef TH_PPROF_H
#define TH_PPROF_H

enum { PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE, PROFILE_MAPPING, PROFILE_LOCATION, PROFILE_FUNCTION, PROFILE_STRING };
enum { PROFILE_TIME = 9, PROFILE_DURATION, PROFILE_PERIOD_TYPE, PROFILE_PERIOD, PROFILE_COMMENT, PROFILE_DEFAULT_TYPE };
enum { VALUE_TYPE = 1, VALUE_UNIT };
enum { SAMPLE_LOCATION = 1, SAMPLE_VALUE, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_STRING, LABEL_NUMBER, LABEL_UNIT };
enum { MAPPING_ID = 1, MAPPING_FILE = 5, MAPPING_HAS_FUNCTIONS = 7, MAPPING_HAS_FILES, MAPPING_HAS_LINES };
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_ADDRESS, LOCATION_LINE };
enum { LINE_FUNCTION = 1, LINE_LINE };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME, FUNCTION_FILE, FUNCTION_FIRST_LINE };

/* The sample types that are ours, in their order, before those of the host's events. */
enum { TYPE_WAIT, TYPE_LATENCY, TYPE_OPERATIONS, TYPE_HOST };

#define WAIT "wait"
#define LATENCY "latency"       /* a sample type, and a label */
#define OPERATIONS "operations" /* the sample type of a profile whose event is called Operations */
#define DEFERREDS "deferreds"   /* and of one whose event is called Deferreds */
#define NANOSECONDS "nanoseconds"
#define COUNT "count"
#define OUTCOME "outcome"
#define DETACHED "detached"
#define HEAD "head"
#define HEAD_UNIT "frames"
#define HEAD_PATH "head_path"
#define ROOT_HEAD "(root)"
#define EVENT_COMMENT "event: " /* `event: Name : Long name`, as in callgrind */
#define EVENT_COMMENT_MIDDLE " : "
#define FACT_COMMENT_MIDDLE ": " /* `pid: 4242`, as in callgrind */

enum { OUTCOME_PENDING = 4, OUTCOMES };
#define OUTCOME_NAMES                                                                                                  \
  { "success", "failure", "cancelled", "abandoned", "pending" }

#endif
