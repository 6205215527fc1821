/* SPDX-License-Identifier: ISC */
/* A failure means that a call leaks, lies or spoils a measurement when memory runs out.
 *
 * Each call of the profile and span sections is made with its 1st, 2nd, 3rd… allocation failing.  It must return
 * ENOMEM and leave every measurement as it was, and the same call must succeed afterwards.  A whole program of such
 * calls must then have measured the same as one in which no allocation fails. */
#include "digest.h"
#include "memory.h"

enum { ROUNDS = 120, MANY = ROUNDS * 8, NEVER = -1 /* no allocation fails */ };

/* ---- a program of calls ------------------------------------------------------------------------------------------ */

struct host {
  struct memory memory;
  theseus_profile *profile, *other; /* `other` is what is merged from; its memory never fails */
  uint64_t now, heads_ns;           /* heads_ns: the time that heads were open */
  uint32_t functions[MANY], stacks[MANY], events[MANY];
  uint64_t roots[MANY], legs[MANY], leaves[MANY];
  uint32_t round;
};

static int intern_function(struct host *h) {
  char name[1200];
  int length = snprintf(name, sizeof name, "app.f%u", h->round);
  if (h->round % 16 == 3) /* and long ones, which a chunk of strings may not hold */
    memset(name + length, 'x', sizeof name - 1 - (size_t)length), name[sizeof name - 1] = '\0';
  return theseus_function_intern(h->profile, h->round % 2 ? "/srv/app.py" : "", name, h->round,
                                 &h->functions[h->round]);
}

static int set_object(struct host *h) {
  char object[40];
  snprintf(object, sizeof object, "/srv/lib/%u.so", h->round);
  return theseus_function_set_object(h->profile, h->functions[h->round], object);
}

static int push_stack(struct host *h) {
  uint32_t parent = h->round ? h->stacks[h->round / 2] : THESEUS_ROOT;
  return theseus_stack_push(h->profile, parent, h->functions[h->round], h->round, &h->stacks[h->round]);
}

static int intern_event(struct host *h) {
  char name[20];
  snprintf(name, sizeof name, "Event%u", h->round % 30);
  theseus_event_info event = {.size = sizeof event, .name = name, .long_name = "an event", .unit = "count"};
  return theseus_event_intern(h->profile, &event, &h->events[h->round]);
}

static int add_cost(struct host *h) {
  return theseus_add_cost(h->profile, h->stacks[h->round], h->round, h->events[h->round], 1 + h->round);
}

static int record(struct host *h) {
  return theseus_record(h->profile, h->stacks[h->round / 3], 1, (uint64_t)1 << (h->round % 50), (int)h->round % 3);
}

static int begin(struct host *h, uint32_t flags, uint64_t parent, uint64_t *out) {
  theseus_span_options options = {.size = sizeof options, .now_ns = h->now, .flags = flags, .parent = parent};
  options.stack = h->stacks[h->round];
  options.line = h->round;
  return theseus_span_begin(h->profile, &options, out);
}

static int begin_root(struct host *h) { return begin(h, 0, THESEUS_NO_SPAN, &h->roots[h->round]); }
static int begin_leg(struct host *h) { return begin(h, THESEUS_SPAN_LEG, h->roots[h->round], &h->legs[h->round]); }
static int begin_leaf(struct host *h) { return begin(h, 0, h->legs[h->round], &h->leaves[h->round]); }

static int await_leaf(struct host *h) {
  return theseus_span_await(h->profile, h->legs[h->round], &h->leaves[h->round], 1, h->stacks[h->round / 2], 70,
                            h->now);
}

static int await_leg(struct host *h) {
  bool all = h->round % 2;
  return theseus_span_await(h->profile, h->roots[h->round], all ? NULL : &h->legs[h->round], all ? THESEUS_ALL : 1,
                            h->stacks[h->round], 71, h->now);
}

static int begin_detached(struct host *h) { return begin(h, THESEUS_SPAN_DETACHED, 0, &h->leaves[ROUNDS + h->round]); }

static int adopt(struct host *h) {
  return theseus_span_adopt(h->profile, h->leaves[ROUNDS + h->round], h->roots[h->round / 2], h->now);
}

static int await_also(struct host *h) {
  return theseus_span_await_also(h->profile, h->roots[h->round / 2], h->leaves[ROUNDS + h->round], h->now);
}

static int begin_held(struct host *h) { return begin(h, 0, h->roots[h->round / 2], &h->legs[ROUNDS + h->round]); }
static int release(struct host *h) { return theseus_span_release(h->profile, h->legs[ROUNDS + h->round], h->now); }

static int await_again(struct host *h) { /* what was awaited gets another head */
  return theseus_span_await(h->profile, h->roots[h->round / 2], NULL, 0, h->stacks[h->round], 72, h->now);
}

static int begin_short(struct host *h) {
  return begin(h, THESEUS_SPAN_LEG, h->roots[h->round], &h->legs[2 * ROUNDS + h->round]);
}

static int begin_part(struct host *h) {
  return begin(h, THESEUS_SPAN_PART, h->roots[h->round], &h->legs[3 * ROUNDS + h->round]);
}

static int merge(struct host *h) {
  uint64_t before = digest(h->other, true);
  int status = theseus_profile_merge(h->profile, h->other);
  must(digest(h->other, true) == before);
  return status;
}

/* The leaf that was adopted takes its sister. */
static int take(struct host *h) {
  return theseus_span_take(h->profile, h->leaves[ROUNDS + h->round], h->legs[ROUNDS + h->round], h->now);
}

static const struct call {
  const char *name;
  int (*run)(struct host *);
} calls[] = {
    {"theseus_function_intern", intern_function},
    {"theseus_function_set_object", set_object},
    {"theseus_stack_push", push_stack},
    {"theseus_event_intern", intern_event},
    {"theseus_add_cost", add_cost},
    {"theseus_record", record},
    {"theseus_span_begin, a root", begin_root},
    {"theseus_span_begin, a leg", begin_leg},
    {"theseus_span_begin, a child", begin_leaf},
    {"theseus_span_await, a first leg's end", await_leaf},
    {"theseus_span_await, one child and all", await_leg},
    {"theseus_span_begin, detached", begin_detached},
    {"theseus_span_adopt", adopt},
    {"theseus_span_await_also", await_also},
    {"theseus_span_begin, held", begin_held},
    {"theseus_span_release", release},
    {"theseus_span_take", take},
    {"theseus_span_await, none any more", await_again},
    {"theseus_span_begin, a short one", begin_short},
    {"theseus_span_begin, a part", begin_part},
    {"theseus_profile_merge", merge},
};
enum { CALLS = sizeof calls / sizeof *calls };

static void pass_time(struct host *h, uint64_t ns) {
  for (uint32_t i = 0; i < theseus_open_span_count(h->profile); i++) {
    theseus_span_info span = {.size = sizeof span};
    must(theseus_open_span_get(h->profile, i, &span) == THESEUS_OK);
    h->heads_ns += span.state == THESEUS_IS_ROOT || span.state == THESEUS_IS_DETACHED ? ns : 0;
  }
  h->now += ns;
  theseus_settle(h->profile, h->now);
}

/* Calls that cannot fail, whatever the allocator does meanwhile. */
static void end_some(struct host *h) {
  uint64_t started = h->legs[2 * ROUNDS + h->round];
  if (h->round % 2)
    must(theseus_span_discard(h->profile, started, h->now) == THESEUS_OK);
  else
    must(theseus_span_end(h->profile, started, THESEUS_SUCCESS, h->now) == THESEUS_OK);
  if (h->round % 3 == 0)
    must(theseus_span_end(h->profile, h->leaves[h->round], THESEUS_FAILURE, h->now) == THESEUS_OK);
  if (h->round % 5 == 0)
    must(theseus_span_end(h->profile, h->legs[h->round], THESEUS_CANCELLED, h->now) == THESEUS_OK);
  if (h->round % 14 == 13) /* the last round that uses this root */
    must(theseus_span_end(h->profile, h->roots[h->round / 2], THESEUS_ABANDONED, h->now) == THESEUS_OK);
}

static theseus_profile *new_profile(struct memory *memory) {
  theseus_allocator allocator = memory_allocator(memory);
  theseus_profile_options options = {.size = sizeof options, .allocator = &allocator};
  theseus_profile *profile = NULL;
  int status = theseus_profile_new(&options, &profile);
  must(status == (memory->failures ? THESEUS_ENOMEM : THESEUS_OK));
  must((profile != NULL) == (status == THESEUS_OK));
  return profile;
}

static theseus_profile *small_profile(void) {
  theseus_profile *profile;
  must(theseus_profile_new(NULL, &profile) == THESEUS_OK);
  struct host host = {.profile = profile, .memory = {.left = NEVER}};
  for (; host.round < 6; host.round++) {
    for (int i = 0; i < CALLS - 1; i++)
      must(calls[i].run(&host) == THESEUS_OK);
    pass_time(&host, 5);
  }
  return profile;
}

struct verdict {
  long failed[CALLS]; /* allocations that were made to fail in each call */
  long broken[CALLS]; /* of those, where something changed, or the status was another one */
  uint64_t digest, cells_ns, heads_ns, lost_ns, fired, latencies, lost_latencies;
};

/* Runs the program.  `failing`: every call is tried with each of its allocations refused first.  `starved`: calls that
 * cannot fail get no memory at all. */
static struct verdict run(bool failing, bool starved) {
  struct verdict verdict = {.digest = 0};
  struct host *h = calloc(1, sizeof *h);
  must(h != NULL);
  h->memory.left = NEVER;
  h->profile = new_profile(&h->memory);
  h->other = small_profile();
  uint64_t recorded_ns = 0, merged_ns = 0;
  for (uint32_t i = 0; i < theseus_cell_count(h->other); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    must(theseus_cell_get(h->other, i, &cell) == THESEUS_OK);
    merged_ns += cell.event == THESEUS_WAIT ? cell.value : 0;
  }
  for (; h->round < ROUNDS; h->round++) {
    for (int i = 0; i < CALLS; i++) {
      if (calls[i].run == merge && h->round % 40 != 17)
        continue;
      uint64_t before = digest(h->profile, true);
      int status = THESEUS_ENOMEM;
      for (long failure = 0; failing && status != THESEUS_OK; failure++) {
        h->memory = (struct memory){failure, 0, h->memory.blocks, h->memory.bytes};
        status = calls[i].run(h);
        h->memory.left = NEVER;
        verdict.failed[i] += h->memory.failures;
        bool honest = status == (h->memory.failures ? THESEUS_ENOMEM : THESEUS_OK);
        if (!honest || (status != THESEUS_OK && digest(h->profile, true) != before)) {
          verdict.broken[i]++;
          printf("# %s, round %u, allocation %ld failing: %s\n", calls[i].name, h->round, failure + 1,
                 honest ? "something changed" : theseus_strerror(status));
        }
        must(failure < 1000);
      }
      if (!failing)
        must(calls[i].run(h) == THESEUS_OK);
      if (calls[i].run == record)
        recorded_ns += (uint64_t)1 << (h->round % 50);
      if (calls[i].run == merge)
        recorded_ns += merged_ns;
    }
    h->memory.left = starved ? 0 : NEVER;
    pass_time(h, 1 + h->round % 4);
    end_some(h);
    pass_time(h, h->round % 3);
    h->memory.left = NEVER;
    theseus_profile_info info = {.size = sizeof info};
    must(theseus_profile_info_get(h->profile, &info) == THESEUS_OK);
    must(info.memory == h->memory.bytes);
    verdict.lost_ns = info.lost_wait_ns;
    verdict.lost_latencies = info.lost_latencies;
  }
  verdict.digest = digest(h->profile, false);
  verdict.heads_ns = h->heads_ns + recorded_ns;
  for (uint32_t i = 0; i < theseus_cell_count(h->profile); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    must(theseus_cell_get(h->profile, i, &cell) == THESEUS_OK);
    verdict.cells_ns += cell.event == THESEUS_WAIT ? cell.value : 0;
  }
  for (uint32_t i = 0; i < theseus_stack_count(h->profile); i++) {
    theseus_stack_info stack = {.size = sizeof stack};
    uint64_t buckets[THESEUS_BUCKETS];
    must(theseus_stack_get(h->profile, i, &stack) == THESEUS_OK);
    must(theseus_histogram_get(h->profile, i, buckets) == THESEUS_OK);
    verdict.fired += stack.success + stack.failure + stack.cancelled;
    for (uint32_t bucket = 0; bucket < THESEUS_BUCKETS; bucket++)
      verdict.latencies += buckets[bucket];
  }
  h->memory.left = 0; /* clearing and freeing need none */
  theseus_profile_clear(h->profile);
  theseus_profile_free(h->profile);
  theseus_profile_free(h->other);
  is_int(h->memory.blocks, 0, "nothing is leaked");
  is_uint(h->memory.bytes, 0, "nor a byte of it");
  free(h);
  return verdict;
}

static void check_sums(const struct verdict *verdict, const char *how) {
  int64_t missing = (int64_t)(verdict->heads_ns - verdict->cells_ns - verdict->lost_ns);
  ok(missing < 2000 && missing > -2000,
     "%s: Wait and lost Wait are the time that heads were open, but for rounding (%" PRId64 ")", how, missing);
  is_uint(verdict->latencies + verdict->lost_latencies, verdict->fired, "%s: each latency is in a histogram or counted",
          how);
}

int main(void) {
  struct memory memory = {0, 0, 0, 0};
  long attempts = 0;
  for (theseus_profile *profile = NULL; profile == NULL; attempts++) {
    memory = (struct memory){attempts, 0, 0, 0};
    profile = new_profile(&memory);
    must(profile != NULL || memory.blocks == 0);
    theseus_profile_free(profile);
  }
  ok(attempts > 1 && memory.blocks == 0, "theseus_profile_new leaks nothing whichever allocation fails");

  struct verdict calm = run(false, false), failing = run(true, false), starved = run(false, true);
  for (int i = 0; i < CALLS; i++)
    is_int(failing.broken[i], 0, "%s: %ld allocations failed, and nothing changed", calls[i].name, failing.failed[i]);
  ok(failing.failed[0] > 0 && failing.failed[1] > 0 && failing.failed[5] > 0 && failing.failed[CALLS - 1] > 0,
     "names, stacks, spans and merging did meet failures");
  ok(calm.digest == failing.digest, "in the end all is measured as though nothing had failed");
  is_uint(calm.lost_ns + calm.lost_latencies, 0, "nothing is lost while there is memory");
  check_sums(&calm, "with memory");
  check_sums(&failing, "with failures");
  check_sums(&starved, "without memory for what cannot fail");
  return done();
}
