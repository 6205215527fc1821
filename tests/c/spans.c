/* SPDX-License-Identifier: ISC */
/* A failure means that a call on spans breaks its promise in theseus.h: who awaits whom, whose time it is, and each
 * error.  Times are exact.  random-calls.c makes the same calls at random. */
#include "spans.h"
#include "digest.h"

enum { LEG = THESEUS_SPAN_LEG, NONE = THESEUS_NO_SPAN };

/* ---- begin ---- */

static void test_root(void) {
  theseus_profile *p = spans_profile(0);
  theseus_span_options options = spans_options(1, NONE, 0, 100);
  uint64_t span;
  options.place_stack = 2;
  options.line = 7;
  is_int(theseus_span_begin(p, &options, &span), THESEUS_OK, "a root begins");
  is_int(state_of(p, span), THESEUS_IS_ROOT, "and is one");
  is_uint(stack_of(p, 1).operations, 1, "it counts from the beginning");
  is_uint(stack_of(p, 1).pending, 1, "and is pending");
  theseus_settle(p, 130);
  is_uint(wait_at(p, 1, false, 2), 30, "its Wait is where it is suspended, under its own stack as the head");
  theseus_settle(p, 130);
  is_uint(wait_at(p, 1, false, 2), 30, "settling again books nothing");
  theseus_cell_info cell = {.size = sizeof cell};
  must(theseus_cell_get(p, 0, &cell) == THESEUS_OK);
  is_uint(cell.line, 7, "the line is the one that was given");
  is_int(theseus_span_end(p, span, THESEUS_FAILURE, 150), THESEUS_OK, "it ends");
  theseus_stack_info stack = stack_of(p, 1);
  ok(stack.failure == 1 && stack.success == 0 && stack.pending == 0, "as it was told");
  ok(stack.latency_ns == 50 && stack.latency_min_ns == 50 && stack.latency_max_ns == 50, "after 50 ns");
  is_uint(wait_at(p, 1, false, 2), 50, "which are all Wait");
  theseus_profile_free(p);
}

/* Programs that were compiled with an older theseus.h pass a shorter struct. */
static void test_sizes(void) {
  theseus_profile *p = spans_profile(0);
  theseus_span_options options = spans_options(3, NONE, 0, 5);
  uint64_t span = NONE;
  options.size = offsetof(theseus_span_options, place_stack);
  options.line = 99;
  is_int(theseus_span_begin(p, &options, &span), THESEUS_OK, "the first members are enough");
  is_uint(span_of(p, span).line, 0, "what is beyond the size is not read");
  options.size = sizeof options.size;
  is_int(theseus_span_begin(p, &options, &span), THESEUS_EINVAL, "a size of nothing else is not");
  theseus_span_info info = {.size = offsetof(theseus_span_info, began_ns), .began_ns = 77};
  is_int(theseus_span_get(p, span, &info), THESEUS_OK, "a short struct is filled");
  ok(info.span == span && info.began_ns == 77, "as far as it goes");
  info.size = 0;
  is_int(theseus_span_get(p, span, &info), THESEUS_EINVAL, "one without a size is not");
  is_int(theseus_open_span_get(p, 0, &info), THESEUS_EINVAL, "here neither");
  is_int(theseus_span_get(p, span, NULL), THESEUS_OK, "no struct asks whether the span is open");
  theseus_profile_free(p);
}

static void test_begin_errors(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t old = begin(p, 1, NONE, 0, 1), open = begin(p, 1, NONE, 0, 1), span = 42;
  end(p, old, 2);
  const struct {
    const char *what;
    theseus_span_options options;
    int status;
  } cases[] = {
      {"no such stack", spans_options(SPANS_STACKS + 1, NONE, 0, 9), THESEUS_EINVAL},
      {"no such place", {sizeof(theseus_span_options), 1, 0, NONE, 9, SPANS_STACKS + 1, 1, 0}, THESEUS_EINVAL},
      {"an unknown flag", spans_options(1, NONE, UINT32_C(1) << 31, 9), THESEUS_EINVAL},
      {"a parent that has ended", spans_options(1, old, 0, 9), THESEUS_ESTALE},
      {"a parent that never was", spans_options(1, UINT64_MAX, 0, 9), THESEUS_ESTALE},
      {"detached, with a parent", spans_options(1, open, THESEUS_SPAN_DETACHED, 9), THESEUS_EINVAL},
  };
  uint64_t before = digest(p, true);
  is_int(theseus_span_begin(p, NULL, &span), THESEUS_EINVAL, "no options");
  is_int(theseus_span_begin(p, &cases[0].options, NULL), THESEUS_EINVAL, "nowhere to put the id");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    is_int(theseus_span_begin(p, &cases[i].options, &span), cases[i].status, "%s", cases[i].what);
  ok(span == 42 && digest(p, true) == before, "none of them changes anything");
  is_uint(told_by(p).now_ns, 2, "the time neither");
  theseus_profile_free(p);
}

static void test_ids(void) {
  enum { MANY = 300 };
  theseus_profile *p = spans_profile(0);
  uint64_t spans[MANY];
  bool fresh = true;
  uint64_t first = begin(p, 1, NONE, 0, 1);
  end(p, first, 2);
  uint64_t second = begin(p, 1, NONE, 0, 3);
  ok(first != second, "an id is not used again at once");
  is_int(theseus_span_get(p, first, NULL), THESEUS_ESTALE, "the old one is stale");
  is_int(theseus_span_get(p, NONE, NULL), THESEUS_ESTALE, "THESEUS_NO_SPAN is no span");
  is_int(theseus_span_get(p, second + 1, NULL), THESEUS_ESTALE, "an id that was never given is none");
  is_int(theseus_span_get(p, second ^ UINT64_C(1) << 63, NULL), THESEUS_ESTALE, "nor is another generation's");
  end(p, second, 4);
  for (uint32_t i = 0; i < MANY; i++)
    spans[i] = begin(p, 1 + i % 5, i ? spans[i / 2] : NONE, 0, 5);
  is_uint(theseus_open_span_count(p), MANY, "all are open");
  for (uint32_t i = 0; i < MANY; i++) {
    theseus_span_info info = {.size = sizeof info};
    must(theseus_open_span_get(p, i, &info) == THESEUS_OK);
    for (uint32_t k = 0; k < i; k++)
      fresh &= spans[i] != spans[k];
    fresh &= theseus_span_get(p, info.span, NULL) == THESEUS_OK;
  }
  ok(fresh, "each under an id of its own");
  theseus_span_info info = {.size = sizeof info};
  is_int(theseus_open_span_get(p, MANY, &info), THESEUS_EINVAL, "there is no other");
  for (uint32_t i = 0; i < MANY; i++)
    end(p, spans[i * 7 % MANY], 6);
  is_uint(theseus_open_span_count(p), 0, "they end in any order");
  theseus_profile_free(p);
}

/* ---- the first leg ---- */

static void test_leg(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t span = begin(p, 1, NONE, LEG, 10), child = begin(p, 2, span, 0, 20);
  is_int(state_of(p, span), THESEUS_IN_LEG, "it begins with a leg");
  theseus_settle(p, 50);
  ok(all_wait(p) == 0 && stack_of(p, 1).operations == 0, "in which it has no weight, and does not count");
  is_int(state_of(p, child), THESEUS_HELD, "a child that begins meanwhile is held");
  await_one(p, span, child, 60);
  ok(stack_of(p, 1).operations == 1 && span_of(p, span).began_ns == 60, "it counts, and runs, from its first await");
  theseus_settle(p, 70);
  is_uint(wait_at(p, 1, false, 2), 10, "its weight is its child's");
  end(p, child, 80);
  theseus_settle(p, 85);
  is_uint(wait_at(p, 1, false, 1), 5, "a later leg is at the line where it was suspended");
  end(p, span, 100);
  is_uint(stack_of(p, 1).latency_ns, 40, "its latency is from the await");
  is_uint(wait_at(p, 1, false, 1) + wait_at(p, 1, false, 2), 40, "and so is its Wait");
  theseus_profile_free(p);
}

/* One that is over before anybody could wait for it is a span of no time.  Its children are its parent's, as they
 * are. */
static void test_over_in_its_leg(void) {
  for (int discarded = 0; discarded < 2; discarded++) {
    theseus_profile *p = spans_profile(0);
    uint64_t parent = begin(p, 1, NONE, 0, 0), span = begin(p, 2, parent, LEG, 10);
    uint64_t held = begin(p, 3, span, 0, 10), in_leg = begin(p, 4, span, LEG, 10), alone = begin(p, 5, NONE, LEG, 10),
             of_alone = begin(p, 6, alone, 0, 10), leg_of_alone = begin(p, 7, alone, LEG, 10);
    int (*over)(theseus_profile *, uint64_t, uint64_t) = theseus_span_discard;
    for (int i = 0; i < 2; i++) {
      uint64_t which = i ? alone : span;
      int status = discarded ? over(p, which, 30) : theseus_span_end(p, which, THESEUS_SUCCESS, 30);
      is_int(status, THESEUS_OK, "%s %s", i ? "a root" : "a child", discarded ? "is forgotten" : "is over in its leg");
    }
    ok(span_of(p, held).parent == parent && state_of(p, held) == THESEUS_HELD, "a held child is held by its parent");
    ok(span_of(p, in_leg).parent == parent && state_of(p, in_leg) == THESEUS_IN_LEG, "one in its leg goes on");
    is_int(state_of(p, of_alone), THESEUS_IS_ROOT, "a child of a root is a root");
    is_int(state_of(p, leg_of_alone), THESEUS_IN_LEG, "unless it is in its leg");
    await_one(p, leg_of_alone, NONE, 40);
    is_int(state_of(p, leg_of_alone), THESEUS_IS_ROOT, "after which it is one");
    theseus_stack_info stack = stack_of(p, 2);
    ok(stack.operations == !discarded && stack.success == !discarded, "it counts unless it is forgotten");
    ok(stack.latency_ns == 0 && stack.latency_max_ns == 0, "with a latency of 0");
    theseus_profile_free(p);
  }
  theseus_profile *p = spans_profile(0);
  uint64_t detached = begin(p, 1, NONE, LEG | THESEUS_SPAN_DETACHED, 10), child = begin(p, 2, detached, 0, 10);
  end(p, detached, 20);
  is_int(state_of(p, child), THESEUS_IS_DETACHED, "a child of one that was detached is detached");
  uint64_t before = digest(p, true);
  is_int(theseus_span_discard(p, detached, 30), THESEUS_ESTALE, "one that has ended cannot be forgotten");
  is_int(theseus_span_discard(p, child, 30), THESEUS_EINVAL, "nor one that is out of its leg");
  ok(digest(p, true) == before && told_by(p).now_ns == 20, "and nothing changes");
  theseus_profile_free(p);
}

/* ---- await ---- */

static void test_shares(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t parent = begin(p, 1, NONE, LEG, 0), spans[] = {begin(p, 2, parent, 0, 0), begin(p, 3, parent, 0, 0),
                                                          begin(p, 4, parent, 0, 0), begin(p, 5, parent, LEG, 0)};
  const uint64_t named[] = {spans[0], spans[1], spans[0]};
  is_int(theseus_span_await(p, parent, named, 3, 6, 66, 0), THESEUS_OK, "two of four children are awaited");
  is_uint(span_of(p, parent).awaits, 2, "each once, however often it is named");
  ok(span_of(p, parent).place_stack == 6 && span_of(p, parent).line == 66, "the place is the one that was given");
  is_int(state_of(p, spans[2]), THESEUS_IS_DETACHED, "the third is detached");
  is_int(state_of(p, spans[3]), THESEUS_IN_LEG, "one in its leg is left alone");
  theseus_settle(p, 101);
  ok(wait_at(p, 1, false, 2) == 51 && wait_at(p, 1, false, 3) == 51, "two halves of 101 ns, each rounded");
  is_uint(wait_at(p, 4, true, 4), 101, "the detached one has a weight of its own");
  theseus_settle(p, 102);
  ok(wait_at(p, 1, false, 2) == 51 && wait_at(p, 1, false, 3) == 51, "51 + 51 are 102 without a fraction");
  end(p, spans[0], 102);
  theseus_settle(p, 112);
  is_uint(wait_at(p, 1, false, 3), 61, "the one that is left has all of it");
  end(p, spans[1], 112);
  theseus_settle(p, 120);
  is_uint(wait_at(p, 1, false, 6), 8, "then the parent has it, at its place");
  await_one(p, parent, spans[2], 120);
  is_int(state_of(p, spans[2]), THESEUS_AWAITED, "a detached child can be awaited");
  await_one(p, parent, NONE, 130);
  is_int(state_of(p, spans[2]), THESEUS_IS_DETACHED, "and let go again");
  theseus_settle(p, 135);
  ok(wait_at(p, 1, false, 4) == 10 && wait_at(p, 4, true, 4) == 125, "its Wait is whose head it has");
  theseus_profile_free(p);
}

/* A change of head reaches all that is awaited below, and only that. */
static void test_heads(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t a = begin(p, 1, NONE, 0, 0), b = begin(p, 2, a, 0, 0), c = begin(p, 3, b, 0, 0), d = begin(p, 4, c, 0, 0),
           e = begin(p, 5, c, 0, 0), f = begin(p, 6, e, 0, 0);
  const uint64_t both[] = {d, e};
  await_one(p, e, f, 0);
  must(theseus_span_await(p, c, both, 2, 0, 30, 0) == THESEUS_OK);
  await_one(p, b, c, 0);
  await_one(p, a, b, 0);
  theseus_settle(p, 100);
  ok(wait_at(p, 1, false, 4) == 50 && wait_at(p, 1, false, 6) == 50, "the root's weight is at the two leaves");
  await_one(p, a, NONE, 100);
  theseus_settle(p, 200);
  ok(wait_at(p, 2, true, 4) == 50 && wait_at(p, 2, true, 6) == 50, "its child is their head when it is let go");
  is_uint(wait_at(p, 1, false, 1), 100, "and the root waits for itself");
  end(p, c, 200);
  theseus_settle(p, 300);
  ok(wait_at(p, 4, true, 4) == 100 && wait_at(p, 5, true, 6) == 100, "children that outlive their parent are heads");
  ok(span_of(p, d).parent == NONE && span_of(p, f).parent == e, "without a parent; what they await is theirs");
  is_uint(wait_at(p, 2, true, 2), 100, "the grandparent waits for itself");
  is_uint(all_wait(p), 100 + 200 + 400, "one, then two, then four heads");
  theseus_profile_free(p);
}

static void test_all(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t parent = begin(p, 1, NONE, 0, 0), head = begin(p, 2, parent, 0, 0), in_leg = begin(p, 3, parent, LEG, 0);
  await_one(p, parent, NONE, 0);
  uint64_t held = begin(p, 4, parent, 0, 0);
  is_int(theseus_span_await(p, parent, NULL, THESEUS_ALL, 0, 10, 10), THESEUS_OK, "all are awaited");
  ok(state_of(p, head) == THESEUS_AWAITED && state_of(p, held) == THESEUS_AWAITED, "a detached and a held child too");
  is_int(state_of(p, in_leg), THESEUS_IN_LEG, "one in its leg is not");
  is_uint(span_of(p, parent).awaits, 2, "which makes two");
  uint64_t later = begin(p, 5, parent, 0, 10), other = begin(p, 6, parent, 0, 10);
  is_int(state_of(p, later), THESEUS_HELD, "a later child is held");
  is_int(theseus_span_release(p, later, 10), THESEUS_OK, "until its hold ends");
  is_int(state_of(p, later), THESEUS_AWAITED, "then it is awaited");
  is_int(theseus_span_await_also(p, parent, other, 20), THESEUS_OK, "one is named");
  ok(state_of(p, other) == THESEUS_AWAITED && span_of(p, parent).awaits == 1, "from then on it is the only one");
  is_int(state_of(p, later), THESEUS_IS_DETACHED, "the others are let go");
  uint64_t last = begin(p, 7, parent, 0, 20);
  is_int(theseus_span_release(p, last, 20), THESEUS_OK, "a child that comes after that");
  is_int(state_of(p, last), THESEUS_IS_DETACHED, "is not awaited");
  is_int(theseus_span_await_also(p, parent, later, 30), THESEUS_OK, "another one is named");
  is_uint(span_of(p, parent).awaits, 2, "beside the first");
  is_int(theseus_span_await_also(p, parent, later, 30), THESEUS_OK, "naming it again");
  is_uint(span_of(p, parent).awaits, 2, "does nothing");
  must(theseus_span_await(p, parent, NULL, THESEUS_ALL, 0, 10, 40) == THESEUS_OK);
  is_int(theseus_span_await_also(p, parent, later, 40), THESEUS_OK, "one that is awaited with all the others");
  ok(span_of(p, parent).awaits == 1 && state_of(p, later) == THESEUS_AWAITED, "can be named, too");
  theseus_profile_free(p);
}

static void test_release(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t parent = begin(p, 1, NONE, 0, 0), child = begin(p, 2, parent, 0, 0);
  theseus_settle(p, 10);
  is_uint(wait_at(p, 1, false, 1), 10, "a held child takes nothing from its parent");
  is_int(theseus_span_release(p, child, 10), THESEUS_OK, "its hold ends");
  is_int(state_of(p, child), THESEUS_IS_DETACHED, "without its parent waiting for it");
  is_int(theseus_span_release(p, child, 20), THESEUS_OK, "it is not held any more");
  is_int(theseus_span_release(p, parent, 20), THESEUS_OK, "a root never was");
  theseus_settle(p, 30);
  ok(wait_at(p, 1, false, 1) == 30 && wait_at(p, 2, true, 2) == 20, "both are heads");
  theseus_profile_free(p);
}

static void test_await_errors(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t old = begin(p, 1, NONE, 0, 1), span = begin(p, 1, NONE, 0, 1), child = begin(p, 2, span, 0, 1),
           in_leg = begin(p, 3, span, LEG, 1), other = begin(p, 4, NONE, 0, 1);
  end(p, old, 2);
  const uint64_t stale[] = {child, old}, foreign[] = {child, other}, early[] = {child, in_leg};
  uint64_t before = digest(p, true);
  is_int(theseus_span_await(p, old, NULL, 0, 0, 1, 9), THESEUS_ESTALE, "await: a span that has ended");
  is_int(theseus_span_await(p, span, stale, 2, 0, 1, 9), THESEUS_ESTALE, "await: a child that has ended");
  is_int(theseus_span_await(p, span, foreign, 2, 0, 1, 9), THESEUS_EINVAL, "await: another span's child");
  is_int(theseus_span_await(p, span, early, 2, 0, 1, 9), THESEUS_EINVAL, "await: a child in its first leg");
  is_int(theseus_span_await(p, span, &child, 1, SPANS_STACKS + 1, 1, 9), THESEUS_EINVAL, "await: no such stack");
  is_int(theseus_span_await(p, span, NULL, 1, 0, 1, 9), THESEUS_EINVAL, "await: no array, but a number");
  is_int(theseus_span_await_also(p, old, child, 9), THESEUS_ESTALE, "await_also: a span that has ended");
  is_int(theseus_span_await_also(p, span, old, 9), THESEUS_ESTALE, "await_also: a child that has ended");
  is_int(theseus_span_await_also(p, span, other, 9), THESEUS_EINVAL, "await_also: another span's child");
  is_int(theseus_span_await_also(p, span, in_leg, 9), THESEUS_EINVAL, "await_also: a child in its first leg");
  is_int(theseus_span_release(p, old, 9), THESEUS_ESTALE, "release: a span that has ended");
  is_int(theseus_span_end(p, old, THESEUS_SUCCESS, 9), THESEUS_ESTALE, "end: a span that has ended");
  is_int(theseus_span_end(p, span, THESEUS_ABANDONED + 1, 9), THESEUS_EINVAL, "end: no such outcome");
  is_int(theseus_span_end(p, span, -1, 9), THESEUS_EINVAL, "end: none below it either");
  ok(digest(p, true) == before, "none of them changes anything");
  is_uint(told_by(p).now_ns, 2, "the time neither");
  theseus_profile_free(p);
}

/* ---- end, time, clear ---- */

static void test_outcomes(void) {
  theseus_profile *p = spans_profile(0);
  for (int outcome = THESEUS_SUCCESS; outcome <= THESEUS_ABANDONED; outcome++) {
    uint64_t span = begin(p, 1, NONE, 0, (uint64_t)outcome * 100);
    must(theseus_span_end(p, span, outcome, (uint64_t)outcome * 100 + 10 + (uint64_t)outcome) == THESEUS_OK);
  }
  theseus_stack_info stack = stack_of(p, 1);
  ok(stack.success == 1 && stack.failure == 1 && stack.cancelled == 1 && stack.abandoned == 1, "one of each outcome");
  ok(stack.operations == 4 && stack.pending == 0, "and none is left");
  ok(stack.latency_ns == 33 && stack.latency_min_ns == 10 && stack.latency_max_ns == 12,
     "one that is abandoned has no latency");
  is_uint(wait_at(p, 1, false, 1), 10 + 11 + 12 + 13, "but it has Wait");
  theseus_profile_free(p);
}

static void test_backwards(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t span = begin(p, 1, NONE, 0, 100);
  theseus_settle(p, 90);
  ok(told_by(p).now_ns == 100 && told_by(p).clock_reversals == 1, "an earlier time is the latest one, and counted");
  uint64_t child = begin(p, 2, span, 0, 50);
  is_uint(span_of(p, child).began_ns, 100, "for a span that begins too");
  await_one(p, span, child, 0);
  end(p, child, 99);
  is_uint(told_by(p).clock_reversals, 4, "and whatever else is told a time");
  is_uint(stack_of(p, 2).latency_ns, 0, "no latency is negative");
  end(p, span, UINT64_MAX);
  is_uint(wait_at(p, 1, false, 1), UINT64_MAX - 100, "the last time of all is a time");
  theseus_profile_free(p);
}

static void test_clear(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t parent = begin(p, 1, NONE, 0, 10), child = begin(p, 2, parent, 0, 10), in_leg = begin(p, 3, NONE, LEG, 10);
  await_one(p, parent, child, 10);
  theseus_settle(p, 50);
  theseus_profile_clear(p);
  is_uint(all_wait(p), 0, "clearing drops the Wait");
  ok(stack_of(p, 1).operations == 1 && stack_of(p, 2).pending == 1, "open spans count as begun again");
  is_uint(stack_of(p, 3).operations, 0, "but not one in its first leg");
  theseus_settle(p, 70);
  is_uint(wait_at(p, 1, false, 2), 20, "their Wait starts again");
  end(p, child, 80);
  is_uint(stack_of(p, 2).latency_ns, 70, "their latency is whole");
  must(theseus_span_discard(p, in_leg, 80) == THESEUS_OK);
  theseus_profile_free(p);
}

/* A chain of legs, each of which awaits the next: beyond the bound, too, all of the time is found. */
static void test_awaits_beyond_the_bound(void) {
  for (uint32_t depth = 1; depth < 12; depth++) {
    theseus_profile *profile = spans_profile(4);
    uint64_t chain[12], total = 0;
    for (uint32_t i = 0; i < depth; i++)
      chain[i] = begin(profile, i + 1, i ? chain[i - 1] : THESEUS_NO_SPAN, i + 1 < depth ? THESEUS_SPAN_LEG : 0, 0);
    for (uint32_t i = depth - 1; i-- > 0;)
      await_one(profile, chain[i], chain[i + 1], 0);
    for (uint32_t i = depth; i-- > 0;)
      end(profile, chain[i], 1000);
    for (uint32_t i = 0; i < theseus_cell_count(profile); i++) {
      theseus_cell_info cell = {.size = sizeof cell};
      must(theseus_cell_get(profile, i, &cell) == THESEUS_OK);
      total += cell.value;
    }
    ok(total + depth >= 1000 && total <= 1000 + depth, "%" PRIu32 " operations in a line of at most 4: %" PRIu64 " ns",
       depth, total); /* each cell is rounded */
    theseus_profile_free(profile);
  }
}

int main(void) {
  test_root();
  test_sizes();
  test_begin_errors();
  test_ids();
  test_leg();
  test_over_in_its_leg();
  test_shares();
  test_heads();
  test_all();
  test_release();
  test_await_errors();
  test_outcomes();
  test_backwards();
  test_clear();
  test_awaits_beyond_the_bound();
  return done();
}
