/* SPDX-License-Identifier: ISC */
/* A failure means that the difference of two profiles is not what was measured between them. */
#include "digest.h"
#include "memory.h"
#include "random-profile.h"

static theseus_profile *copy_of(const theseus_profile *profile, const theseus_profile_options *options) {
  theseus_profile *copy;
  must(!theseus_profile_new(options, &copy) && !theseus_profile_merge(copy, profile));
  return copy;
}

/* All figures that a difference must have, as it would have without minima and maxima. */
static uint64_t figures(const theseus_profile *profile) {
  uint64_t all = 0;
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++)
    all += digest_cell(profile, i);
  for (uint32_t i = 0; i < theseus_stack_count(profile); i++) {
    theseus_stack_info stack = {.size = sizeof stack};
    uint64_t buckets[THESEUS_BUCKETS];
    must(!theseus_stack_get(profile, i, &stack) && !theseus_histogram_get(profile, i, buckets));
    if (stack.operations)
      all += DIGEST(i, stack.operations, stack.success, stack.failure, stack.cancelled, stack.abandoned, stack.pending,
                    stack.latency_ns, digest_numbers(buckets, THESEUS_BUCKETS));
  }
  return all;
}

/* Is each minimum and maximum a bound of what it was? */
static bool bounds_hold(const theseus_profile *difference, const theseus_profile *wanted) {
  bool good = true;
  for (uint32_t i = 0; i < theseus_stack_count(wanted); i++) {
    theseus_stack_info is = {.size = sizeof is}, was = {.size = sizeof was};
    must(!theseus_stack_get(difference, i, &is) && !theseus_stack_get(wanted, i, &was));
    if (was.success + was.failure + was.cancelled)
      good &= is.latency_min_ns <= was.latency_min_ns && is.latency_max_ns >= was.latency_max_ns &&
              theseus_latency_bucket(is.latency_min_ns) == theseus_latency_bucket(was.latency_min_ns) &&
              theseus_latency_bucket(is.latency_max_ns) == theseus_latency_bucket(was.latency_max_ns);
    else
      good &= is.latency_min_ns == 0 && is.latency_max_ns == 0;
  }
  return good;
}

/* A profile has no open spans if it is a copy: only those that ended are compared. */
static void test_random(void) {
  uint32_t wrong = 0, bounds = 0, changed = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    theseus_profile *first = random_profile(seed, NULL), *since = random_profile(seed + 5000, NULL);
    theseus_profile *earlier = copy_of(first, NULL), *wanted = copy_of(earlier, NULL);
    must(!theseus_profile_subtract(wanted, earlier)); /* the names of `earlier`, in its order */
    changed += figures(wanted) != figures(earlier);
    theseus_profile *sum = copy_of(earlier, NULL);
    must(!theseus_profile_merge(sum, since) && !theseus_profile_merge(wanted, since));
    must(!theseus_profile_subtract(sum, earlier));
    /* what pended earlier still does */
    theseus_profile *const all[] = {first, since, earlier, wanted, sum};
    wrong += figures(sum) != figures(wanted);
    bounds += !bounds_hold(sum, wanted);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
      theseus_profile_free(all[i]);
  }
  is_int(wrong, 0, "(a + b) - a is b, for random profiles");
  is_int(bounds, 0, "minima and maxima are within a bucket");
  ok(changed > 150, "there was something to subtract");
}

/* One operation pends, one ends in between. */
static void test_pending(void) {
  theseus_profile *profile = spans_profile(0);
  begin(profile, 1, THESEUS_NO_SPAN, 0, 0);
  uint64_t second = begin(profile, 2, THESEUS_NO_SPAN, 0, 0);
  theseus_profile_set_time(profile, 1000, 50);
  theseus_settle(profile, 50);
  theseus_profile *earlier = copy_of(profile, NULL);
  must(!theseus_span_end(profile, second, THESEUS_SUCCESS, 70));
  theseus_settle(profile, 80);
  theseus_profile_set_time(profile, 1000, 80);
  theseus_profile *later = copy_of(profile, NULL), *same = copy_of(profile, NULL);
  theseus_stack_info info = {.size = sizeof info};
  theseus_totals totals = {.size = sizeof totals};
  theseus_profile_info times = {.size = sizeof times};
  is_int(theseus_profile_subtract(profile, earlier), THESEUS_EINVAL, "a profile with open spans");
  is_int(theseus_profile_subtract(later, earlier), THESEUS_OK, "a copy without");
  must(!theseus_stack_get(later, 1, &info));
  ok(info.operations == 1 && info.pending == 1, "what pends still does");
  must(!theseus_stack_get(later, 2, &info));
  ok(info.operations == 1 && info.success == 1 && info.latency_ns == 70, "what ended has its whole latency");
  must(!theseus_profile_totals(later, &totals) && !theseus_profile_info_get(later, &times));
  is_uint(totals.wait_ns, 50, "the Wait of both since then");
  ok(times.time_ns == 1050 && times.duration_ns == 30, "it began when the earlier one was taken");
  is_int(theseus_profile_subtract(earlier, same), THESEUS_EINVAL, "a later one is not earlier");
  theseus_profile_clear(profile);
  theseus_settle(profile, 500);
  theseus_profile *cleared = copy_of(profile, NULL);
  is_int(theseus_profile_subtract(cleared, same), THESEUS_EINVAL, "nothing is earlier than a clear");
  theseus_profile *const all[] = {profile, earlier, later, same, cleared};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    theseus_profile_free(all[i]);
}

/* Each is refused, and changes nothing. */
static void test_refused(void) {
  for (int i = 0; i < 5; i++) {
    theseus_profile *later = spans_profile(0), *earlier = spans_profile(0);
    static const theseus_event_info runs = {sizeof runs, "Run", NULL, "ns"}, counts = {sizeof counts, "Run", NULL, "x"};
    uint32_t run, other;
    must(!theseus_event_intern(later, &runs, &run));
    must(!theseus_event_intern(earlier, i == 4 ? &counts : &runs, &other));
    must(!theseus_record(later, 1, 10, 1000, THESEUS_SUCCESS) && !theseus_add_cost(later, 1, 3, run, 5));
    if (i == 0)
      must(!theseus_add_cost(earlier, 1, 3, other, 6));
    if (i == 1)
      must(!theseus_record(earlier, 1, 10, 1000, THESEUS_FAILURE));
    if (i == 2)
      must(!theseus_record(earlier, 2, 10, 5, THESEUS_SUCCESS));
    if (i == 3)
      must(!theseus_record(earlier, 1, 10, 500, THESEUS_SUCCESS));
    uint64_t before = digest(later, true);
    is_int(theseus_profile_subtract(later, earlier), i == 4 ? THESEUS_EUNIT : THESEUS_EINVAL, "refused, case %d", i);
    ok(digest(later, true) == before, "and nothing has changed");
    theseus_profile_free(later);
    theseus_profile_free(earlier);
  }
  theseus_profile *profile = spans_profile(0);
  is_int(theseus_profile_subtract(profile, profile), THESEUS_EINVAL, "a profile from itself");
  is_int(theseus_profile_subtract(NULL, profile), THESEUS_EINVAL, "no profile");
  is_int(theseus_profile_subtract(profile, NULL), THESEUS_EINVAL, "no earlier one");
  theseus_profile_options shallow = {.size = sizeof shallow, .max_depth = 1};
  theseus_profile *flat;
  uint32_t f, stack;
  must(!theseus_profile_new(&shallow, &flat) && !theseus_function_intern(profile, "", "deep", 0, &f));
  must(!theseus_stack_push(profile, 1, f, 0, &stack));
  is_int(theseus_profile_subtract(flat, profile), THESEUS_EINVAL, "an earlier one that is deeper than max_depth");
  theseus_profile_free(flat);
  theseus_profile_free(profile);
}

static void test_memory(void) {
  struct memory memory = {-1, 0, 0, 0};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_profile_options options = {.size = sizeof options, .allocator = &allocator};
  theseus_profile *first = random_profile(7, NULL), *since = random_profile(8, NULL);
  uint32_t wrong = 0;
  long attempts = 0;
  do {
    memory.left = -1;
    theseus_profile *earlier = copy_of(first, NULL), *later = copy_of(since, &options);
    must(!theseus_profile_merge(later, earlier));
    uint64_t before = digest(later, true);
    memory.left = attempts++;
    memory.failures = 0;
    int status = theseus_profile_subtract(later, earlier);
    wrong += status != (memory.failures ? THESEUS_ENOMEM : THESEUS_OK);
    wrong += status && digest(later, true) != before;
    memory.left = -1;
    theseus_profile_free(earlier);
    theseus_profile_free(later);
    wrong += memory.blocks != 0;
  } while (memory.failures);
  ok(attempts > 5 && !wrong, "whichever of %ld allocations fails, it is reported, and nothing has changed", attempts);
  theseus_profile_free(first);
  theseus_profile_free(since);
}

int main(void) {
  test_random();
  test_pending();
  test_refused();
  test_memory();
  return done();
}
