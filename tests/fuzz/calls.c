/* SPDX-License-Identifier: ISC */
/* A failure means that some order of calls on a profile breaks what theseus.h promises of all of them.
 *
 * The bytes are a program: each call takes a byte for its kind and a few for its arguments, which need not make sense.
 * After each call the status must be the one that the arguments ask for, or ENOMEM if an allocation failed; a call
 * that fails must change nothing; the self waits must have grown, together, at the number of heads; and the open spans
 * must agree with each other.  At the end the profile is written as pprof, read back, and must be the same graph. */
#include "digest.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { STACKS = 30, SLOTS = 40, HOST_EVENTS = 3, MAX_NESTING = 4, MAX_DEPTH = 6 };

#define MUST(condition) ((condition) ? (void)0 : broken(#condition, __LINE__))

static void broken(const char *what, int line) {
  fprintf(stderr, "calls.c:%d: broken: %s\n", line, what);
  abort();
}

struct world {
  const uint8_t *at, *end;
  struct memory memory;
  theseus_profile *profile;
  theseus_profile *other; /* which is merged in; it never changes */
  uint64_t other_wait;    /* its Wait */
  uint64_t spans[SLOTS];  /* ids that were given, open or not */
  bool parts[SLOTS];      /* … with THESEUS_SPAN_PART */
  uint64_t wait;          /* what the self waits must be, together */
  uint64_t roundings;     /* how many nanoseconds they may be off */
};

static uint32_t take(struct world *w, uint32_t below) { return w->at == w->end ? 0 : *w->at++ % below; }

/* ---- what is asked of the profile ---- */

static theseus_profile_info told(const struct world *w) {
  theseus_profile_info info = {.size = sizeof info};
  MUST(theseus_profile_info_get(w->profile, &info) == THESEUS_OK);
  return info;
}

static uint64_t cells_wait(const theseus_profile *profile) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    MUST(theseus_cell_get(profile, i, &cell) == THESEUS_OK);
    sum += cell.event == THESEUS_WAIT ? cell.value : 0;
  }
  return sum;
}

static bool is_open(const struct world *w, uint64_t span, theseus_span_info *info) {
  *info = (theseus_span_info){.size = sizeof *info};
  int status = theseus_span_get(w->profile, span, info);
  MUST(status == THESEUS_OK || status == THESEUS_ESTALE);
  return status == THESEUS_OK;
}

static uint64_t count_heads(const struct world *w) {
  uint64_t heads = 0;
  for (uint32_t i = 0; i < theseus_open_span_count(w->profile); i++) {
    theseus_span_info info = {.size = sizeof info};
    MUST(theseus_open_span_get(w->profile, i, &info) == THESEUS_OK);
    heads += info.state == THESEUS_IS_ROOT || info.state == THESEUS_IS_DETACHED;
  }
  return heads;
}

/* Whether `above` is `span`, or encloses it. */
static bool encloses(const struct world *w, uint64_t above, uint64_t span) {
  theseus_span_info info;
  for (; span != THESEUS_NO_SPAN && span != above; span = info.parent)
    MUST(is_open(w, span, &info));
  return span == above;
}

static bool is_part(const struct world *w, uint64_t span) {
  bool found = false;
  for (uint32_t i = 0; i < SLOTS; i++)
    found |= w->spans[i] == span && w->parts[i];
  return found;
}

/* Each open span has a parent that is open, and is awaited by it or not as both say; none is nested too deep. */
static void check_tree(const struct world *w) {
  uint64_t counted[THESEUS_IS_NOTIFICATION + 1] = {0};
  for (uint32_t i = 0; i < theseus_open_span_count(w->profile); i++) {
    theseus_span_info one = {.size = sizeof one}, two = {.size = sizeof two};
    uint32_t awaits = 0, nesting = 0;
    bool children = false;
    MUST(theseus_open_span_get(w->profile, i, &one) == THESEUS_OK && one.state <= THESEUS_IS_NOTIFICATION);
    MUST(one.parent != THESEUS_NO_SPAN || (one.state != THESEUS_HELD && one.state != THESEUS_AWAITED));
    MUST(one.parent == THESEUS_NO_SPAN || one.state != THESEUS_IS_ROOT);
    MUST(one.parent != THESEUS_NO_SPAN || !(one.marks & THESEUS_SPAN_IS_TAKEN));
    MUST(one.state != THESEUS_IN_LEG ||
         !(one.marks & ~(uint32_t)(THESEUS_SPAN_HAD_PARENT | THESEUS_SPAN_HAS_CHILDREN)));
    for (uint32_t k = 0; k < theseus_open_span_count(w->profile); k++) {
      MUST(theseus_open_span_get(w->profile, k, &two) == THESEUS_OK && (i == k || one.span != two.span));
      awaits += two.parent == one.span && two.state == THESEUS_AWAITED;
      children |= two.parent == one.span;
    }
    MUST(children == ((one.marks & THESEUS_SPAN_HAS_CHILDREN) != 0));
    MUST(one.began_ns <= told(w).now_ns);
    /* What a notification awaits are heads. */
    MUST(one.state == THESEUS_IS_NOTIFICATION ? awaits == 0 : awaits == one.awaits);
    for (uint64_t up = one.span; up != THESEUS_NO_SPAN; up = two.parent, nesting++)
      MUST(is_open(w, up, &two));
    /* A parent that is no part is the operation; that of a part is its parent's, too. */
    MUST(one.operation == one.parent || (is_open(w, one.parent, &two) && one.operation == two.operation));
    MUST(!is_part(w, one.parent) || one.operation != one.parent);
    MUST(!is_part(w, one.span) || one.state == THESEUS_AWAITED || one.state == THESEUS_IS_NOTIFICATION);
    MUST(nesting <= MAX_NESTING + 1);
    counted[one.state]++;
  }
  MUST(counted[THESEUS_IS_ROOT] + counted[THESEUS_IS_DETACHED] == count_heads(w));
}

/* Spans that began are spans that ended and spans that are open; each latency is in a bucket, or is counted as lost. */
static void check_counts(const struct world *w) {
  uint64_t fired = 0, kept = 0, pending = 0, open = 0;
  for (uint32_t stack = 0; stack < theseus_stack_count(w->profile); stack++) {
    theseus_stack_info info = {.size = sizeof info};
    uint64_t buckets[THESEUS_BUCKETS], last = 0;
    MUST(theseus_stack_get(w->profile, stack, &info) == THESEUS_OK && info.depth <= MAX_DEPTH);
    MUST(info.operations == info.success + info.failure + info.cancelled + info.abandoned + info.pending);
    MUST(theseus_histogram_get(w->profile, stack, buckets) == THESEUS_OK);
    for (uint32_t bucket = 0; bucket < THESEUS_BUCKETS; bucket++)
      kept += buckets[bucket];
    for (int percent = 0; percent <= 100; percent += 25) {
      uint64_t latency;
      MUST(theseus_percentile(w->profile, stack, percent / 100.0, &latency) == THESEUS_OK);
      MUST(latency >= last && latency <= info.latency_max_ns);
      last = latency;
    }
    fired += info.success + info.failure + info.cancelled;
    pending += info.pending;
  }
  for (uint32_t i = 0; i < theseus_open_span_count(w->profile); i++) {
    theseus_span_info info = {.size = sizeof info};
    MUST(theseus_open_span_get(w->profile, i, &info) == THESEUS_OK);
    open += info.state != THESEUS_IN_LEG;
  }
  MUST(kept + told(w).lost_latencies == fired && pending >= open);
}

static void check_wait(struct world *w) {
  uint64_t found = cells_wait(w->profile) + told(w).lost_wait_ns;
  w->roundings += told(w).lost_wait_ns > 0;
  uint64_t slack = theseus_cell_count(w->profile) + w->roundings;
  MUST(found + slack >= w->wait && found <= w->wait + slack);
}

/* ---- calls ---- */

static uint64_t any_time(struct world *w) {
  static const uint64_t steps[] = {0, 1, 1, 7, 1000, 999983, 3};
  uint64_t now = told(w).now_ns;
  uint32_t step = take(w, 8);
  return step < 7 ? now + steps[step] : now - now / 3; /* and now and then one that is over */
}

/* A stack, or now and then the number behind the last. */
static uint32_t any_stack(struct world *w) { return take(w, theseus_stack_count(w->profile) + 1); }

static uint64_t any_span(struct world *w) { return w->spans[take(w, SLOTS)]; }

/* The number of spans on the way from the root of its tree to this one. */
static uint32_t nesting_of(const struct world *w, uint64_t span) {
  theseus_span_info info;
  uint32_t nesting = 0;
  for (; span != THESEUS_NO_SPAN; span = info.parent, nesting++)
    MUST(is_open(w, span, &info));
  return nesting;
}

static int call_begin(struct world *w, int *wanted) {
  theseus_span_options options = {.size = sizeof options, .stack = any_stack(w)};
  options.flags = take(w, 3) ? take(w, 8) : THESEUS_SPAN_PART | take(w, 8);
  uint32_t slot = take(w, SLOTS);
  uint64_t *into = &w->spans[slot], before = *into;
  bool part = options.flags & THESEUS_SPAN_PART;
  theseus_span_info parent;
  options.parent = take(w, 3) ? any_span(w) : THESEUS_NO_SPAN;
  options.place_stack = take(w, 2) ? any_stack(w) : 0;
  options.line = take(w, 5);
  options.now_ns = any_time(w);
  uint32_t stacks = theseus_stack_count(w->profile);
  if (options.stack >= stacks || options.place_stack >= stacks ||
      (part && (options.parent == THESEUS_NO_SPAN || options.flags & (THESEUS_SPAN_LEG | THESEUS_SPAN_NOTIFICATION))))
    *wanted = THESEUS_EINVAL;
  else if (options.parent != THESEUS_NO_SPAN && !is_open(w, options.parent, &parent))
    *wanted = THESEUS_ESTALE;
  else if (options.parent != THESEUS_NO_SPAN && options.flags & THESEUS_SPAN_DETACHED)
    *wanted = THESEUS_EINVAL;
  else if (part && nesting_of(w, options.parent) + 1 >= MAX_NESTING)
    *wanted = THESEUS_EINVAL;
  int status = theseus_span_begin(w->profile, &options, into);
  MUST(status == THESEUS_OK || *into == before);
  if (!status)
    w->parts[slot] = part;
  return status;
}

static int call_await(struct world *w, int *wanted) {
  uint64_t span = any_span(w), children[4];
  uint32_t place = any_stack(w), n = take(w, 5);
  theseus_span_info info;
  bool all = n == 4 && take(w, 2), known = is_open(w, span, &info);
  for (uint32_t i = 0; i < 4; i++)
    children[i] = any_span(w);
  if (!known)
    *wanted = THESEUS_ESTALE;
  else if (place >= theseus_stack_count(w->profile))
    *wanted = THESEUS_EINVAL;
  for (uint32_t i = 0; i < n && !all && *wanted == THESEUS_OK; i++)
    if (!is_open(w, children[i], &info))
      *wanted = THESEUS_ESTALE;
    else if (info.parent != span || info.state == THESEUS_IN_LEG)
      *wanted = THESEUS_EINVAL;
  return theseus_span_await(w->profile, span, children, all ? THESEUS_ALL : n, place, take(w, 4), any_time(w));
}

static int call_await_also(struct world *w, int *wanted) {
  uint64_t span = any_span(w), child = any_span(w);
  theseus_span_info one, two;
  if (!is_open(w, span, &one) || !is_open(w, child, &two))
    *wanted = THESEUS_ESTALE;
  else if (two.parent != span || two.state == THESEUS_IN_LEG)
    *wanted = THESEUS_EINVAL;
  return theseus_span_await_also(w->profile, span, child, any_time(w));
}

static int call_release(struct world *w, int *wanted) {
  uint64_t span = any_span(w);
  theseus_span_info info;
  if (!is_open(w, span, &info))
    *wanted = THESEUS_ESTALE;
  return theseus_span_release(w->profile, span, any_time(w));
}

static int call_adopt(struct world *w, int *wanted) {
  uint64_t span = any_span(w), parent = take(w, 20) ? any_span(w) : THESEUS_NO_SPAN;
  theseus_span_info info;
  if (parent == THESEUS_NO_SPAN)
    *wanted = THESEUS_EINVAL;
  else if (!is_open(w, span, &info) || !is_open(w, parent, &info))
    *wanted = THESEUS_ESTALE;
  else if (is_part(w, span))
    *wanted = THESEUS_EINVAL;
  else if (encloses(w, span, parent))
    *wanted = THESEUS_ECYCLE;
  return theseus_span_adopt(w->profile, span, parent, any_time(w));
}

static int call_take(struct world *w, int *wanted) {
  uint64_t taker = any_span(w), taken = any_span(w);
  theseus_span_info one, two;
  if (!is_open(w, taker, &one) || !is_open(w, taken, &two))
    *wanted = THESEUS_ESTALE;
  else if (one.state == THESEUS_IN_LEG || two.state == THESEUS_IN_LEG || is_part(w, taken))
    *wanted = THESEUS_EINVAL;
  else if (encloses(w, taken, taker))
    *wanted = THESEUS_ECYCLE;
  int status = theseus_span_take(w->profile, taker, taken, any_time(w));
  MUST(status || (is_open(w, taken, &two) && (two.state == THESEUS_AWAITED || two.state == THESEUS_IS_NOTIFICATION ||
                                              one.state == THESEUS_IS_NOTIFICATION)));
  return status;
}

static int call_resume(struct world *w, int *wanted) {
  uint64_t span = any_span(w);
  theseus_span_info info;
  if (!is_open(w, span, &info))
    *wanted = THESEUS_ESTALE;
  int status = theseus_span_resume(w->profile, span, any_time(w));
  MUST(status || (is_open(w, span, &info) && (info.state == THESEUS_IN_LEG || info.marks & THESEUS_SPAN_RUNS)));
  return status;
}

static int call_end(struct world *w, int *wanted) {
  uint64_t span = any_span(w);
  int outcome = (int)take(w, 6) - 1;
  theseus_span_info info;
  if (!is_open(w, span, &info))
    *wanted = THESEUS_ESTALE;
  else if (outcome < THESEUS_SUCCESS || outcome > THESEUS_ABANDONED)
    *wanted = THESEUS_EINVAL;
  return theseus_span_end(w->profile, span, outcome, any_time(w));
}

static int call_set_outcome(struct world *w, int *wanted) {
  uint64_t span = any_span(w);
  int outcome = (int)take(w, 6) - 1;
  theseus_span_info info;
  if (!is_open(w, span, &info))
    *wanted = THESEUS_ESTALE;
  else if (!is_part(w, span) || (outcome != THESEUS_SUCCESS && outcome != THESEUS_FAILURE))
    *wanted = THESEUS_EINVAL;
  return theseus_span_set_outcome(w->profile, span, outcome);
}

static int call_discard(struct world *w, int *wanted) {
  uint64_t span = any_span(w);
  theseus_span_info info;
  if (!is_open(w, span, &info))
    *wanted = THESEUS_ESTALE;
  else if (info.state != THESEUS_IN_LEG)
    *wanted = THESEUS_EINVAL;
  return theseus_span_discard(w->profile, span, any_time(w));
}

static int call_record(struct world *w, int *wanted) {
  uint32_t stack = any_stack(w);
  int outcome = (int)take(w, 5) - 1;
  uint64_t latency = UINT64_C(1) << take(w, 40);
  if (stack >= theseus_stack_count(w->profile) || outcome < THESEUS_SUCCESS || outcome >= THESEUS_ABANDONED)
    *wanted = THESEUS_EINVAL;
  int status = theseus_record(w->profile, stack, take(w, 4), latency, outcome);
  w->wait += status ? 0 : latency;
  return status;
}

static int call_add_cost(struct world *w, int *wanted) {
  uint32_t stack = any_stack(w), event = take(w, THESEUS_EVENTS + HOST_EVENTS + 1);
  if (stack >= theseus_stack_count(w->profile) || event < THESEUS_EVENTS || event >= theseus_event_count(w->profile))
    *wanted = THESEUS_EINVAL;
  return theseus_add_cost(w->profile, stack, take(w, 4), event, take(w, 200));
}

static int call_push(struct world *w, int *wanted) {
  uint32_t parent = any_stack(w), function, stack;
  char name[20];
  snprintf(name, sizeof name, "f%u", (unsigned)take(w, 7));
  int status = theseus_function_intern(w->profile, "/f", name, 1, &function);
  if (status || theseus_stack_count(w->profile) >= STACKS)
    return status;
  if (parent >= theseus_stack_count(w->profile))
    *wanted = THESEUS_EINVAL;
  return theseus_stack_push(w->profile, parent, function, take(w, 3), &stack);
}

static int call_event(struct world *w, int *wanted) {
  static const char *const names[] = {"Run", "Samples", "Bytes", "not a name"};
  uint32_t n = take(w, 4), id;
  theseus_event_info event = {sizeof event, names[n], NULL, take(w, 2) ? "ns" : NULL};
  if (n == HOST_EVENTS)
    *wanted = THESEUS_EINVAL;
  int status = theseus_event_intern(w->profile, &event, &id);
  return status == THESEUS_EUNIT ? THESEUS_OK : status;
}

static int call_merge(struct world *w, int *wanted) {
  (void)wanted;
  if (take(w, 8)) /* rarely, or nothing else is left of the profile */
    return THESEUS_OK;
  uint64_t before = digest(w->other, true);
  int status = theseus_profile_merge(w->profile, w->other);
  MUST(digest(w->other, true) == before);
  w->wait += status ? 0 : w->other_wait;
  return status;
}

static int call_settle(struct world *w, int *wanted) {
  (void)wanted;
  theseus_settle(w->profile, any_time(w));
  return THESEUS_OK;
}

static int call_clear(struct world *w, int *wanted) {
  (void)wanted;
  if (take(w, 8))
    return THESEUS_OK;
  theseus_profile_clear(w->profile);
  MUST(cells_wait(w->profile) == 0 && told(w).lost_wait_ns == 0);
  w->wait = 0;
  return THESEUS_OK;
}

static const struct call {
  int (*run)(struct world *w, int *wanted);
  bool can_fail; /* for want of memory */
} calls[] = {{call_begin, true},   {call_begin, true},       {call_begin, true},        {call_await, true},
             {call_await, true},   {call_await_also, false}, {call_release, false},     {call_adopt, true},
             {call_end, false},    {call_discard, false},    {call_record, true},       {call_add_cost, true},
             {call_push, true},    {call_event, true},       {call_merge, true},        {call_settle, false},
             {call_settle, false}, {call_clear, false},      {call_set_outcome, false}, {call_take, true},
             {call_take, true},    {call_resume, false}};

static void run_call(struct world *w) {
  const struct call *call = &calls[take(w, sizeof calls / sizeof *calls)];
  uint32_t failing = take(w, 8);
  uint64_t heads = count_heads(w), from = told(w).now_ns, before = digest(w->profile, true);
  long failures = w->memory.failures;
  int wanted = THESEUS_OK;

  w->memory.left = failing < 4 ? (long)failing : -1;
  int status = call->run(w, &wanted);
  w->memory.left = -1;
  bool starved = w->memory.failures > failures;
  MUST(status == wanted || (status == THESEUS_ENOMEM && starved && call->can_fail));
  if (status) {
    MUST(digest(w->profile, true) == before && told(w).now_ns == from);
  } else {
    w->roundings += starved;
    w->wait += heads * (told(w).now_ns - from) * (call->run != call_clear);
  }
  MUST(told(w).memory == w->memory.bytes);
}

/* ---- the program ---- */

static theseus_profile *new_profile(struct memory *memory) {
  theseus_allocator allocator = memory_allocator(memory);
  theseus_profile_options options = {
      .size = sizeof options, .allocator = &allocator, .max_depth = MAX_DEPTH, .max_nesting = MAX_NESTING};
  theseus_profile *profile;
  MUST(theseus_profile_new(&options, &profile) == THESEUS_OK);
  return profile;
}

static theseus_profile *other_profile(struct memory *memory) {
  theseus_profile *profile = new_profile(memory);
  uint32_t function, stack = THESEUS_ROOT;
  for (uint32_t i = 0; i < 3; i++) {
    MUST(theseus_function_intern(profile, "/f", i ? "f1" : "other", 1, &function) == THESEUS_OK);
    MUST(theseus_stack_push(profile, stack, function, i, &stack) == THESEUS_OK);
    MUST(theseus_record(profile, stack, i, 100 + i, (int)i) == THESEUS_OK);
  }
  return profile;
}

static char *graph_text(const theseus_profile *profile) {
  theseus_graph *graph;
  MUST(theseus_graph_from_profile(profile, NULL, &graph) == THESEUS_OK);
  char *text = text_of(graph);
  theseus_graph_free(graph);
  return text;
}

static void check_files(const struct world *w) {
  struct memory memory = {.left = -1};
  struct text file = {NULL, 0};
  const theseus_sink sink = {text_write, &file};
  theseus_profile *again = new_profile(&memory);
  MUST(theseus_pprof_write(w->profile, NULL, &sink) == THESEUS_OK);
  MUST(theseus_pprof_read(again, file.bytes, file.size, NULL) == THESEUS_OK);
  char *one = graph_text(w->profile), *two = graph_text(again);
  MUST(strcmp(one, two) == 0);
  free(one), free(two), free(file.bytes);
  theseus_profile_free(again);
  MUST(memory.blocks == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  struct memory memory = {.left = -1};
  struct world world = {.at = bytes, .end = bytes + size, .memory = {.left = -1}}, *w = &world;
  w->profile = new_profile(&w->memory);
  w->other = other_profile(&memory);
  w->other_wait = cells_wait(w->other);
  for (uint32_t i = 1; i <= 4; i++) {
    uint32_t function, stack;
    MUST(theseus_function_intern(w->profile, "/f", "f1", i, &function) == THESEUS_OK);
    MUST(theseus_stack_push(w->profile, i / 2, function, i, &stack) == THESEUS_OK);
  }
  for (uint32_t i = 1; w->at != w->end; i++) {
    run_call(w);
    check_tree(w);
    if (i % 16 == 0)
      check_counts(w);
  }
  theseus_settle(w->profile, told(w).now_ns);
  check_wait(w);
  check_counts(w);
  check_files(w);
  theseus_profile_free(w->profile);
  theseus_profile_free(w->other);
  MUST(w->memory.blocks == 0 && memory.blocks == 0);
  return 0;
}
