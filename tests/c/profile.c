/* SPDX-License-Identifier: ISC */
/* A failure means that a profile forgets or mixes up what it is told outside of spans: functions, stacks, events,
 * costs, records and their histograms; that a merge is not a sum; or that an error is not reported. */
#include "digest.h"
#include "profile/histogram.h"
#include "spans.h"

static uint64_t state = 1;

static uint32_t draw(uint32_t below) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(state >> 33) % below;
}

/* ---- the histogram ---- */

static void test_buckets(void) {
  uint64_t low, high, next = 0;
  bool good = true, narrow = true;
  for (uint32_t bucket = 0; bucket < THESEUS_BUCKETS; bucket++) {
    must(theseus_bucket_bounds(bucket, &low, &high) == THESEUS_OK);
    good &= low == next && theseus_latency_bucket(low) == bucket && theseus_latency_bucket(high) == bucket;
    narrow &= high - low <= low / 8;
    next = high + 1;
  }
  ok(good && next == 0, "each latency is in one bucket, from 0 to the greatest");
  ok(narrow, "which is no wider than an eighth of it");
  is_int(theseus_bucket_bounds(THESEUS_BUCKETS, &low, &high), THESEUS_EINVAL, "there is no other bucket");
  is_int(theseus_bucket_bounds(0, NULL, &high), THESEUS_EINVAL, "bounds need a place");
  is_int(theseus_bucket_bounds(0, &low, NULL), THESEUS_EINVAL, "both of them");
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static void test_percentiles(void) {
  enum { MOST = 500 };
  static const double fractions[] = {0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
  uint64_t latencies[MOST], found;
  bool good = true;
  for (uint32_t round = 0; round < 60; round++) {
    theseus_profile *p = spans_profile(0);
    uint32_t n = 1 + draw(round < 30 ? 6 : MOST);
    for (uint32_t i = 0; i < n; i++) {
      latencies[i] = ((uint64_t)draw(1u << 30) << 20 | draw(1u << 20)) >> draw(50);
      must(theseus_record(p, 1, 1, latencies[i], (int)draw(3)) == THESEUS_OK);
    }
    qsort(latencies, n, sizeof *latencies, by_value);
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
      double place = fractions[i] * n;
      uint32_t rank = (uint32_t)place + (place > (uint32_t)place);
      uint64_t exact = latencies[rank ? rank - 1 : 0];
      must(theseus_percentile(p, 1, fractions[i], &found) == THESEUS_OK);
      uint64_t off = found > exact ? found - exact : exact - found;
      good &= off <= exact / 16 && (off == 0 || (fractions[i] > 0 && fractions[i] < 1));
    }
    theseus_profile_free(p);
  }
  ok(good, "a percentile is off by a sixteenth at most; minimum and maximum are exact");

  theseus_profile *p = spans_profile(0);
  uint64_t counts[THESEUS_BUCKETS] = {0};
  is_int(theseus_percentile(p, 1, 0.5, &found), THESEUS_OK, "a stack at which nothing fired");
  is_uint(found, 0, "has a percentile of 0");
  is_int(theseus_percentile(p, 99, 0.5, &found), THESEUS_EINVAL, "no such stack");
  is_int(theseus_percentile(p, 1, 1.5, &found), THESEUS_EINVAL, "a fraction above 1");
  is_int(theseus_percentile(p, 1, -0.5, &found), THESEUS_EINVAL, "and below 0");
  is_int(theseus_percentile(p, 1, 0.5, NULL), THESEUS_EINVAL, "nowhere to put it");
  is_int(theseus_histogram_get(p, 99, counts), THESEUS_EINVAL, "a histogram of no stack");
  is_int(theseus_histogram_get(p, 1, NULL), THESEUS_EINVAL, "into no array");
  is_int(theseus_histogram_percentile(NULL, 0, 0, 0.5, &found), THESEUS_EINVAL, "percentiles of no array");
  is_int(theseus_histogram_percentile(counts, 0, 0, 2, &found), THESEUS_EINVAL, "at no fraction");
  is_int(theseus_histogram_percentile(counts, 0, 0, 0.5, NULL), THESEUS_EINVAL, "into nothing");
  is_int(theseus_histogram_percentile(counts, 0, 0, 0.5, &found), THESEUS_OK, "of an empty one");
  is_uint(found, 0, "it is 0");
  counts[20] = counts[40] = UINT64_MAX / 2;
  counts[60] = 100;
  is_int(theseus_histogram_percentile(counts, 24, 1000000, 0.4, &found), THESEUS_OK, "of more than can be counted");
  is_uint(found, 24, "it is the middle of its bucket, but no less than the minimum");
  is_int(theseus_histogram_percentile(counts, 24, 100, 0.6, &found), THESEUS_OK, "and of the other half");
  is_uint(found, 100, "no more than the maximum");
  theseus_profile_free(p);
}

/* Buckets of several stacks in one table, the last of which is taken out again. */
static void test_table(void) {
  struct memory memory = {.left = -1};
  theseus_allocator allocator = memory_allocator(&memory);
  th_alloc alloc;
  th_histogram histogram = {0};
  uint32_t first[2] = {TH_NONE, TH_NONE};
  uint64_t counts[2][THESEUS_BUCKETS] = {{0}};
  must(th_alloc_init(&alloc, &allocator, 0) == THESEUS_OK);
  for (uint32_t i = 0; i < 200; i++) {
    const struct th_bucket added = {i % 2, i % 3, i % 50, 1, i % 50, TH_NONE};
    must(th_histogram_add(&histogram, &alloc, &added, &first[i % 2]) == THESEUS_OK);
  }
  uint32_t count = histogram.count;
  const struct th_bucket last = {1, 0, 7777, 5, 5 * 7777, TH_NONE}, unknown = {0, 0, TH_NO_MARK, 9, 9, TH_NONE};
  must(th_histogram_add(&histogram, &alloc, &last, &first[1]) == THESEUS_OK);
  must(th_histogram_add(&histogram, &alloc, &last, &first[1]) == THESEUS_OK);
  th_histogram_fill(&histogram, first[1], counts[1]);
  is_uint(counts[1][theseus_latency_bucket(7777)], 10, "a bucket has what was added to it");
  th_histogram_cut(&histogram, &first[1]);
  must(th_histogram_add(&histogram, &alloc, &unknown, &first[0]) == THESEUS_OK);
  memset(counts, 0, sizeof counts);
  for (int i = 0; i < 2; i++)
    th_histogram_fill(&histogram, first[i], counts[i]);
  uint64_t sums[2] = {0};
  for (uint32_t i = 0; i < THESEUS_BUCKETS; i++)
    sums[0] += counts[0][i], sums[1] += counts[1][i];
  ok(sums[0] == 100 && sums[1] == 100, "one that was taken out is gone, one without a latency is in no bucket");
  is_uint(histogram.count, count + 1, "the others are as before");
  memory.left = 0;
  th_histogram_clear(&histogram);
  first[0] = TH_NONE;
  is_int(th_histogram_add(&histogram, &alloc, &last, &first[0]), THESEUS_OK, "a cleared one has room");
  is_int(th_histogram_reserve(&histogram, &alloc, 100000), THESEUS_ENOMEM, "but not for any number");
  th_histogram_free(&histogram, &alloc);
  is_int(memory.blocks, 0, "all is given back");
}

/* ---- stacks and functions ---- */

static void test_stacks(void) {
  enum { MOST = 2000 };
  static struct { uint32_t parent, function, line, id; } pushed[MOST];
  theseus_profile_options options = {.size = sizeof options, .max_depth = 20};
  theseus_profile *p;
  bool good = true;
  uint32_t count = 0, cut = 0;
  must(theseus_profile_new(&options, &p) == THESEUS_OK);
  for (uint32_t i = 0; i < 9; i++) {
    char name[2] = {(char)('a' + i), '\0'};
    uint32_t id;
    must(theseus_function_intern(p, "", name, 0, &id) == THESEUS_OK && id == i);
  }
  for (uint32_t i = 0; i < MOST; i++) {
    uint32_t parent = draw(2) ? theseus_stack_count(p) - 1 : draw(theseus_stack_count(p)), function = draw(9),
             line = draw(3), id, k = 0;
    must(theseus_stack_push(p, parent, function, line, &id) == THESEUS_OK);
    line = parent ? line : 0;
    while (k < count && (pushed[k].parent != parent || pushed[k].function != function || pushed[k].line != line))
      k++;
    if (stack_of(p, parent).depth == 20) {
      good &= id == parent;
      cut++;
      continue;
    }
    if (k == count) {
      pushed[count].parent = parent, pushed[count].function = function, pushed[count].line = line;
      pushed[count++].id = theseus_stack_count(p) - 1;
    }
    theseus_stack_info info = stack_of(p, id);
    good &= id == pushed[k].id && info.parent == parent && info.function == function && info.call_line == line;
    good &= info.depth == stack_of(p, parent).depth + 1;
  }
  ok(good && count + 1 == theseus_stack_count(p), "a stack is its parent, its function and its line, once each");
  ok(cut > 0 && told_by(p).truncated_pushes == cut, "no deeper than the bound, which is counted");
  theseus_stack_info info = {.size = sizeof info};
  theseus_function_info function = {.size = sizeof function};
  uint32_t id;
  is_int(theseus_stack_get(p, theseus_stack_count(p), &info), THESEUS_EINVAL, "no such stack");
  is_int(theseus_stack_get(p, 0, NULL), THESEUS_EINVAL, "nowhere to put it");
  is_int(theseus_stack_push(p, theseus_stack_count(p), 0, 0, &id), THESEUS_EINVAL, "a push on no stack");
  is_int(theseus_stack_push(p, 0, 9, 0, &id), THESEUS_EINVAL, "of no function");
  is_int(theseus_stack_push(p, 0, 0, 0, NULL), THESEUS_EINVAL, "into nothing");
  is_int(theseus_function_get(p, 9, &function), THESEUS_EINVAL, "no such function");
  is_int(theseus_function_get(p, 0, NULL), THESEUS_EINVAL, "nowhere to put it");
  is_uint(theseus_function_count(p), 9, "there are nine");
  is_int(theseus_function_intern(p, "", "", 0, &id), THESEUS_EINVAL, "a function needs a name");
  is_int(theseus_function_intern(p, "", NULL, 0, &id), THESEUS_EINVAL, "which is a text");
  is_int(theseus_function_intern(p, NULL, "a", 0, &id), THESEUS_EINVAL, "and so is its file");
  is_int(theseus_function_intern(p, "", "a", 0, NULL), THESEUS_EINVAL, "and there must be a place for its id");
  must(theseus_function_intern(p, "", "a", 1, &id) == THESEUS_OK);
  is_uint(id, 9, "another first line is another function");
  must(theseus_function_intern(p, "f", "a", 1, &id) == THESEUS_OK);
  is_uint(id, 10, "so is another file");
  theseus_profile_free(p);
}

/* ---- events and records ---- */

static void test_events(void) {
  theseus_profile *p = spans_profile(0);
  theseus_event_info event = {sizeof event, "Run", "Run time", "ns"}, found = {.size = sizeof found};
  uint32_t id = 0, again = 0;
  is_int(theseus_event_intern(p, &event, &id), THESEUS_OK, "an event is added");
  is_uint(id, THESEUS_EVENTS, "behind those of every profile");
  event.long_name = NULL;
  is_int(theseus_event_intern(p, &event, &again), THESEUS_OK, "and found by its name");
  is_uint(again, id, "it is the same");
  must(theseus_event_get(p, id, &found) == THESEUS_OK);
  is_str(found.unit, "ns", "with its unit");
  event.unit = "s";
  is_int(theseus_event_intern(p, &event, &id), THESEUS_EUNIT, "another unit");
  static const char *const bad[] = {"", "9lives", "a b", "caf\xc3\xa9", "a-b", NULL};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    event = (theseus_event_info){sizeof event, bad[i], NULL, NULL};
    is_int(theseus_event_intern(p, &event, &id), THESEUS_EINVAL, "not a name: %s", bad[i] ? bad[i] : "none");
  }
  event = (theseus_event_info){sizeof event, "_aZ9", "\n", NULL};
  is_int(theseus_event_intern(p, NULL, &id), THESEUS_EINVAL, "no event");
  is_int(theseus_event_intern(p, &event, NULL), THESEUS_EINVAL, "no place for its id");
  is_int(theseus_event_intern(p, &event, &id), THESEUS_OK, "letters, digits and underscores are a name");
  is_uint(theseus_event_count(p), THESEUS_EVENTS + 2, "two were added");
  is_int(theseus_event_get(p, THESEUS_EVENTS + 2, &found), THESEUS_EINVAL, "no other");
  is_int(theseus_event_get(p, 0, NULL), THESEUS_EINVAL, "nowhere to put it");

  uint64_t before = digest(p, true);
  is_int(theseus_add_cost(p, 99, 1, id, 1), THESEUS_EINVAL, "a cost of no stack");
  is_int(theseus_add_cost(p, 1, 1, THESEUS_WAIT, 1), THESEUS_EINVAL, "a cost of an event of the profile's own");
  is_int(theseus_add_cost(p, 1, 1, THESEUS_EVENTS + 2, 1), THESEUS_EINVAL, "of an event that there is not");
  is_int(theseus_record(p, 99, 1, 1, THESEUS_SUCCESS), THESEUS_EINVAL, "a record of no stack");
  is_int(theseus_record(p, 1, 1, 1, THESEUS_ABANDONED), THESEUS_EINVAL, "of what was abandoned");
  is_int(theseus_record(p, 1, 1, 1, -1), THESEUS_EINVAL, "of no outcome");
  ok(digest(p, true) == before, "none of them changes anything");
  must(theseus_add_cost(p, 1, 7, id, UINT64_MAX - 5) == THESEUS_OK);
  is_int(theseus_add_cost(p, 1, 7, id, 6), THESEUS_EOVERFLOW, "a sum that does not fit");
  is_int(theseus_add_cost(p, 1, 7, id, 5), THESEUS_OK, "and one that just does");
  must(theseus_record(p, 2, 7, UINT64_MAX - 5, THESEUS_SUCCESS) == THESEUS_OK);
  before = digest(p, true);
  is_int(theseus_record(p, 2, 7, 6, THESEUS_SUCCESS), THESEUS_EOVERFLOW, "a latency that does not fit");
  ok(digest(p, true) == before, "changes nothing");
  theseus_cell_info cell = {.size = sizeof cell};
  is_int(theseus_cell_get(p, theseus_cell_count(p), &cell), THESEUS_EINVAL, "no such cell");
  is_int(theseus_cell_get(p, 0, NULL), THESEUS_EINVAL, "nowhere to put it");
  theseus_profile_free(p);
}

static void test_merge(void) {
  theseus_profile *a = spans_profile(0), *b = spans_profile(0), *sum = spans_profile(0);
  theseus_event_info event = {sizeof event, "Run", NULL, "ns"};
  uint32_t id;
  for (uint32_t i = 0; i < 300; i++) {
    theseus_profile *p = i % 2 ? a : b;
    uint32_t stack = 1 + draw(SPANS_STACKS), line = draw(4);
    uint64_t latency = draw(1000000);
    must(theseus_record(p, stack, line, latency, (int)i % 3) == THESEUS_OK);
    must(theseus_record(sum, stack, line, latency, (int)i % 3) == THESEUS_OK);
  }
  uint64_t before = digest(b, true);
  is_int(theseus_profile_merge(a, a), THESEUS_EINVAL, "a profile is not merged into itself");
  is_int(theseus_profile_merge(a, b), THESEUS_OK, "but into another");
  ok(digest(a, false) == digest(sum, false), "which is what both measured");
  ok(digest(b, true) == before, "while the one stays as it is");

  before = digest(a, true);
  must(theseus_event_intern(a, &event, &id) == THESEUS_OK);
  event.unit = "s";
  must(theseus_event_intern(b, &event, &id) == THESEUS_OK && theseus_add_cost(b, 1, 1, id, 5) == THESEUS_OK);
  is_int(theseus_profile_merge(a, b), THESEUS_EUNIT, "an event of two units");
  ok(digest(a, true) == before, "is merged in no part");
  theseus_profile *full = spans_profile(0), *more = spans_profile(0);
  must(theseus_record(full, 3, 1, UINT64_MAX - 1, THESEUS_SUCCESS) == THESEUS_OK);
  must(theseus_record(more, 2, 1, 5, THESEUS_SUCCESS) == THESEUS_OK);
  must(theseus_record(more, 3, 1, 5, THESEUS_SUCCESS) == THESEUS_OK);
  before = digest(full, true);
  is_int(theseus_profile_merge(full, more), THESEUS_EOVERFLOW, "a sum that does not fit");
  ok(digest(full, true) == before, "is merged in no part either");

  theseus_profile_set_time(more, 500, 10);
  theseus_profile_set_time(b, 300, 7);
  must(theseus_profile_merge(more, sum) == THESEUS_OK && theseus_profile_merge(sum, more) == THESEUS_OK);
  ok(told_by(sum).time_ns == 500 && told_by(sum).duration_ns == 10, "a time that is not known is no time");
  theseus_profile_clear(b);
  ok(told_by(b).time_ns == 0 && told_by(b).duration_ns == 0, "clearing forgets it");
  theseus_profile_set_time(b, 300, UINT64_MAX - 5);
  must(theseus_event_count(more) == THESEUS_EVENTS && theseus_profile_merge(more, b) == THESEUS_OK);
  ok(told_by(more).time_ns == 300 && told_by(more).duration_ns == UINT64_MAX,
     "the earliest time, the sum of durations");
  theseus_profile_free(a), theseus_profile_free(b), theseus_profile_free(sum);
  theseus_profile_free(full), theseus_profile_free(more);
}

static void test_new(void) {
  theseus_profile *p;
  theseus_profile_options options = {.size = sizeof options, .max_depth = 65536};
  is_int(theseus_profile_new(NULL, NULL), THESEUS_EINVAL, "no place for a profile");
  is_int(theseus_profile_new(&options, &p), THESEUS_EINVAL, "a bound of depth out of range");
  options = (theseus_profile_options){.size = sizeof options, .max_nesting = 1025};
  is_int(theseus_profile_new(&options, &p), THESEUS_EINVAL, "a bound of nesting out of range");
  const theseus_allocator none = {NULL, NULL, NULL, NULL};
  options = (theseus_profile_options){.size = sizeof options, .allocator = &none};
  is_int(theseus_profile_new(&options, &p), THESEUS_EINVAL, "an allocator without functions");
  options = (theseus_profile_options){.size = 1};
  is_int(theseus_profile_new(&options, &p), THESEUS_EINVAL, "options without a size");
  theseus_profile_free(NULL);
  must(theseus_profile_new(NULL, &p) == THESEUS_OK);
  theseus_profile_info info = {.size = 0};
  is_int(theseus_profile_info_get(p, &info), THESEUS_EINVAL, "an info without a size");
  is_int(theseus_profile_info_get(p, NULL), THESEUS_EINVAL, "no info");
  theseus_profile_free(p);
}

/* main (2 spans, one pending) > get (1); other (1 detached). */
static void test_totals(void) {
  struct memory memory = {-1, 0, 0, 0};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_profile_options options = {.size = sizeof options, .allocator = &allocator};
  theseus_span_options span = {.size = sizeof span};
  theseus_totals totals = {.size = sizeof totals};
  uint8_t returning[4];
  theseus_profile *profile, *copy;
  uint32_t f, in_main, in_get, in_other;
  uint64_t id;
  must(!theseus_profile_new(&options, &profile) && !theseus_profile_new(NULL, &copy));
  must(!theseus_function_intern(profile, "", "main", 1, &f) && !theseus_stack_push(profile, 0, f, 0, &in_main));
  must(!theseus_function_intern(profile, "", "get", 1, &f) && !theseus_stack_push(profile, in_main, f, 0, &in_get));
  must(!theseus_function_intern(profile, "", "other", 1, &f) && !theseus_stack_push(profile, 0, f, 0, &in_other));
  must(!theseus_record(profile, in_main, 1, 100, THESEUS_SUCCESS) && !theseus_record(profile, in_get, 1, 30, 1));
  span.stack = in_main;
  must(!theseus_span_begin(profile, &span, &id));
  span.stack = in_other;
  span.flags = THESEUS_SPAN_DETACHED;
  must(!theseus_span_begin(profile, &span, &id));
  must(!theseus_span_end(profile, id, THESEUS_ABANDONED, 7));
  theseus_settle(profile, 7);
  must(!theseus_profile_totals(profile, &totals));
  is_uint(totals.operations, 4, "operations of all stacks");
  is_uint(totals.outermost, 3, "and those that are in no other");
  ok(totals.success == 1 && totals.failure == 1 && totals.cancelled == 0 && totals.abandoned == 1 &&
         totals.pending == 1,
     "by outcome");
  is_uint(totals.wait_ns, 144, "Wait");
  is_uint(totals.detached_ns, 7, "of which detached");
  is_int(theseus_profile_totals(NULL, &totals), THESEUS_EINVAL, "no profile");
  is_int(theseus_profile_totals(profile, NULL), THESEUS_EINVAL, "no place for the totals");
  totals.size = sizeof totals.size;
  is_int(theseus_profile_totals(profile, &totals), THESEUS_EINVAL, "totals of no members");
  totals.size = sizeof totals;
  memory.left = 0;
  is_int(theseus_profile_totals(profile, &totals), THESEUS_ENOMEM, "no memory");
  memory.left = -1;
  theseus_profile_clear(profile);
  must(!theseus_function_intern(profile, "", "no", 1, &f) && !theseus_profile_merge(copy, profile));
  memset(returning, 9, sizeof returning);
  must(!theseus_profile_returning(copy, returning, 4));
  ok(returning[0] == 1 && returning[1] == 1 && returning[2] == 1 && !returning[3],
     "clear and merge know where spans began");
  is_int(theseus_profile_returning(NULL, returning, 4), THESEUS_EINVAL, "no profile");
  is_int(theseus_profile_returning(copy, NULL, 4), THESEUS_EINVAL, "no place for the answers");
  is_int(theseus_profile_returning(copy, returning, 3), THESEUS_EINVAL, "another number of functions");
  must(!theseus_record(profile, in_main, 1, UINT64_MAX - 1, 0) && !theseus_record(profile, in_get, 1, 30, 1));
  is_int(theseus_profile_totals(profile, &totals), THESEUS_EOVERFLOW, "a sum that does not fit");
  theseus_profile_free(profile);
  theseus_profile_free(copy);
}

/* ---- another outcome ---- */

static void test_change_outcome(void) {
  theseus_profile *p = spans_profile(0);
  must(theseus_record(p, 1, 1, 1000, THESEUS_SUCCESS) == THESEUS_OK);
  must(theseus_record(p, 1, 1, 9, THESEUS_SUCCESS) == THESEUS_OK);
  is_int(theseus_change_outcome(p, 1, 1000, THESEUS_SUCCESS, THESEUS_CANCELLED), THESEUS_OK, "an outcome is changed");
  theseus_stack_info stack = stack_of(p, 1);
  ok(stack.success == 1 && stack.cancelled == 1 && stack.operations == 2, "one operation ended so, one otherwise");
  ok(stack.latency_ns == 1009 && stack.latency_min_ns == 9 && stack.latency_max_ns == 1000, "latencies stay");
  is_int(theseus_change_outcome(p, 1, 1000, THESEUS_SUCCESS, THESEUS_FAILURE), THESEUS_EINVAL, "none is left");
  is_int(theseus_change_outcome(p, 1, 1000, THESEUS_CANCELLED, THESEUS_SUCCESS), THESEUS_OK, "and back");
  stack = stack_of(p, 1);
  ok(stack.success == 2 && stack.cancelled == 0, "as before");
  theseus_profile_free(p);
}

int main(void) {
  test_buckets();
  test_percentiles();
  test_table();
  test_stacks();
  test_events();
  test_merge();
  test_new();
  test_totals();
  test_change_outcome();
  return done();
}
