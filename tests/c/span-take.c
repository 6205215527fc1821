/* SPDX-License-Identifier: ISC */
/* A failure means that a span takes what it may not take, that weights go astray when one does, or that what was taken
 * does not come back when its taker ends. */
#include "digest.h"
#include "spans.h"

enum { LEG = THESEUS_SPAN_LEG, NONE = THESEUS_NO_SPAN };

static uint64_t parent_of(const theseus_profile *p, uint64_t span) { return span_of(p, span).parent; }
static uint32_t marks_of(const theseus_profile *p, uint64_t span) {
  return span_of(p, span).marks & ~(uint32_t)(THESEUS_SPAN_HAS_CHILDREN | THESEUS_SPAN_HAD_PARENT);
}

static void take(theseus_profile *p, uint64_t taker, uint64_t taken, uint64_t now_ns) {
  must(theseus_span_take(p, taker, taken, now_ns) == THESEUS_OK);
}

static bool is_taken(const theseus_profile *p, uint64_t taken, uint64_t taker) {
  return parent_of(p, taken) == taker && state_of(p, taken) == THESEUS_AWAITED &&
         marks_of(p, taken) & THESEUS_SPAN_IS_TAKEN;
}

static void test_errors(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t old = begin(p, 1, NONE, 0, 1), top = begin(p, 1, NONE, 0, 1), below = begin(p, 2, top, 0, 1),
           lowest = begin(p, 3, below, 0, 1), in_leg = begin(p, 4, top, LEG, 1);
  end(p, old, 2);
  uint64_t before = digest(p, true);
  is_int(theseus_span_take(p, old, top, 9), THESEUS_ESTALE, "a taker that has ended");
  is_int(theseus_span_take(p, top, old, 9), THESEUS_ESTALE, "a taken one that has ended");
  is_int(theseus_span_take(p, top, NONE, 9), THESEUS_ESTALE, "nothing taken");
  is_int(theseus_span_take(p, in_leg, below, 9), THESEUS_EINVAL, "a taker in its first leg");
  is_int(theseus_span_take(p, below, in_leg, 9), THESEUS_EINVAL, "a taken one in its first leg");
  is_int(theseus_span_take(p, top, top, 9), THESEUS_ECYCLE, "itself");
  is_int(theseus_span_take(p, lowest, top, 9), THESEUS_ECYCLE, "what is above it");
  is_int(theseus_span_resume(p, old, 9), THESEUS_ESTALE, "a leg of one that has ended");
  is_int(theseus_span_set_value(p, old, 9), THESEUS_ESTALE, "a value of one that has ended");
  ok(digest(p, true) == before && told_by(p).now_ns == 2, "none of them changes anything");
  theseus_profile_free(p);
}

/* An operation waits for a promise that two functions returned, one of which passes on what the other began. */
static void test_one_promise(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t operation = begin(p, 1, NONE, LEG, 0), get = begin(p, 2, operation, 0, 0),
           pass = begin(p, 3, operation, 0, 0);
  is_int(theseus_span_take(p, pass, get, 0), THESEUS_OK, "the later one takes the earlier one");
  ok(is_taken(p, get, pass) && !marks_of(p, pass), "which is its child, awaited, and says so");
  ok(span_of(p, pass).marks & THESEUS_SPAN_HAS_CHILDREN && !(span_of(p, get).marks & THESEUS_SPAN_HAS_CHILDREN),
     "and only one of them has children");
  await_one(p, operation, pass, 0);
  end(p, get, 1000);
  end(p, pass, 1000);
  end(p, operation, 1000);
  theseus_settle(p, 1000);
  is_uint(wait_at(p, 1, false, 2), 1000, "all of the Wait is the earlier one's");
  is_uint(all_wait(p), 1000, "nothing is anybody else's");
  is_uint(stack_of(p, 3).latency_ns, 1000, "the taker keeps its latency");
  theseus_profile_free(p);
}

static void test_weights(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t top = begin(p, 1, NONE, 0, 0), a = begin(p, 2, top, 0, 0), b = begin(p, 3, top, 0, 0),
           list = begin(p, 4, top, 0, 0), other = begin(p, 5, top, 0, 0);
  const uint64_t two[] = {list, other};
  take(p, list, a, 0);
  take(p, list, b, 0);
  must(theseus_span_await(p, top, two, 2, 0, 10, 0) == THESEUS_OK);
  theseus_settle(p, 1000);
  ok(wait_at(p, 1, false, 2) == 250 && wait_at(p, 1, false, 3) == 250 && wait_at(p, 1, false, 5) == 500,
     "two that were taken share the part of their taker");
  end(p, a, 1000);
  theseus_settle(p, 2000);
  is_uint(wait_at(p, 1, false, 3), 250 + 500, "one that ends leaves its part to the other");
  end(p, b, 2000);
  theseus_settle(p, 3000);
  is_uint(wait_at(p, 1, false, 4), 500, "then the taker has it");
  theseus_profile_free(p);
}

/* One that awaits all of its children, and those to come, awaits what it takes only. */
static void test_all_until_one_is_taken(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t top = begin(p, 1, NONE, 0, 0), maker = begin(p, 2, top, 0, 0), child = begin(p, 3, maker, 0, 0),
           fed = begin(p, 4, top, 0, 0);
  must(theseus_span_await(p, maker, NULL, THESEUS_ALL, 0, 20, 0) == THESEUS_OK);
  take(p, maker, fed, 10);
  is_int(state_of(p, child), THESEUS_IS_DETACHED, "the others are let go");
  uint64_t late = begin(p, 5, maker, 0, 10);
  must(theseus_span_release(p, late, 10) == THESEUS_OK);
  is_int(state_of(p, late), THESEUS_IS_DETACHED, "later ones too");
  take(p, maker, child, 20);
  ok(is_taken(p, child, maker) && span_of(p, maker).awaits == 2, "a child of its own can be taken");
  end(p, maker, 30);
  ok(parent_of(p, child) == top && parent_of(p, late) == NONE, "and goes on to the parent, which others do not");
  theseus_profile_free(p);
}

static void test_given_back(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t top = begin(p, 1, NONE, LEG, 0), request = begin(p, 2, top, 0, 0), guard = begin(p, 3, top, 0, 0);
  take(p, guard, request, 0);
  end(p, guard, 0);
  ok(parent_of(p, request) == top && state_of(p, request) == THESEUS_HELD && !marks_of(p, request),
     "held by a parent in its first leg");
  guard = begin(p, 3, top, 0, 0);
  take(p, guard, request, 0);
  await_one(p, top, guard, 0);
  end(p, guard, 100);
  ok(parent_of(p, request) == top && state_of(p, request) == THESEUS_IS_DETACHED,
     "detached while that one is suspended");
  is_int(theseus_span_resume(p, top, 150), THESEUS_OK, "which runs again");
  is_uint(marks_of(p, top), THESEUS_SPAN_RUNS, "and says so");
  is_int(state_of(p, request), THESEUS_IS_DETACHED, "nothing changes by it");
  guard = begin(p, 3, top, 0, 150);
  take(p, guard, request, 150);
  end(p, guard, 200);
  is_int(state_of(p, request), THESEUS_HELD, "held by a parent in a later leg");
  await_one(p, top, request, 200);
  is_uint(marks_of(p, top), 0, "whose end is the end of the mark");
  end(p, request, 300);
  end(p, top, 300);
  theseus_settle(p, 300);
  is_uint(wait_at(p, 1, false, 2), 100 + 100, "its Wait as a part of the operation");
  is_uint(wait_at(p, 2, true, 2), 50, "and alone");
  theseus_profile_free(p);
}

static void test_first_leg_does_not_run_again(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t top = begin(p, 1, NONE, LEG, 0);
  must(theseus_span_resume(p, top, 5) == THESEUS_OK);
  ok(marks_of(p, top) == 0 && told_by(p).now_ns == 5, "a first leg is no later one");
  await_one(p, top, NONE, 5);
  uint64_t get = begin(p, 2, top, 0, 6), pass = begin(p, 3, top, 0, 6);
  take(p, pass, get, 6);
  end(p, pass, 7);
  is_int(state_of(p, get), THESEUS_IS_DETACHED, "and is over when it is suspended");
  theseus_profile_free(p);
}

/* z took y, which had taken x. */
static void test_chains(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t top = begin(p, 1, NONE, 0, 0), x = begin(p, 2, top, 0, 0), y = begin(p, 3, top, 0, 0),
           z = begin(p, 4, top, 0, 0);
  take(p, y, x, 0);
  take(p, z, y, 0);
  await_one(p, top, z, 0);
  theseus_settle(p, 10);
  is_uint(wait_at(p, 1, false, 2), 10, "the first has all of the weight");
  end(p, y, 10);
  ok(parent_of(p, x) == z && state_of(p, x) == THESEUS_IS_DETACHED && !marks_of(p, x),
     "when the one between ends, the last has it, but did not take it");
  take(p, z, x, 10);
  y = begin(p, 3, z, 0, 10);
  take(p, y, x, 10);
  end(p, y, 15);
  ok(parent_of(p, x) == z && marks_of(p, x) & THESEUS_SPAN_IS_TAKEN, "what both took goes back to the one above");
  end(p, z, 20);
  ok(parent_of(p, x) == top && !marks_of(p, x), "and then on");
  y = begin(p, 3, top, 0, 20);
  take(p, y, x, 20);
  must(theseus_span_adopt(p, x, top, 20) == THESEUS_OK);
  ok(parent_of(p, x) == top && !marks_of(p, x), "adopting it undoes the taking");
  take(p, y, x, 20);
  end(p, top, 30);
  end(p, y, 40);
  ok(parent_of(p, x) == NONE && state_of(p, x) == THESEUS_IS_DETACHED && !marks_of(p, x),
     "without a parent it is alone");
  end(p, x, 50);
  theseus_profile_free(p);
}

static void test_roots(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t get = begin(p, 1, NONE, 0, 0), pass = begin(p, 2, NONE, 0, 0);
  take(p, pass, get, 0);
  theseus_settle(p, 10);
  ok(wait_at(p, 2, false, 1) == 10 && all_wait(p) == 10, "two roots are one head");
  end(p, pass, 10);
  is_int(state_of(p, get), THESEUS_IS_DETACHED, "what outlives its taker is detached");
  theseus_profile_free(p);
}

/* operation 1 > part 2, which takes what the operation has. */
static void test_parts(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t operation = begin(p, 1, NONE, LEG, 0), get = begin(p, 3, operation, 0, 0);
  await_one(p, operation, NONE, 0);
  uint64_t part = begin(p, 2, operation, THESEUS_SPAN_PART, 0);
  is_int(theseus_span_take(p, operation, part, 0), THESEUS_EINVAL, "a part is not taken");
  take(p, part, get, 0);
  ok(is_taken(p, get, part), "a part takes a child of its operation");
  uint64_t pass = begin(p, 4, part, 0, 5);
  take(p, pass, get, 5);
  must(theseus_span_resume(p, operation, 5) == THESEUS_OK);
  end(p, pass, 10);
  ok(parent_of(p, get) == part && state_of(p, get) == THESEUS_HELD,
     "a part gets it back, held while its operation runs");
  take(p, part, get, 10);
  end(p, part, 20);
  ok(parent_of(p, get) == operation && state_of(p, get) == THESEUS_HELD && !marks_of(p, get),
     "what a part took goes with its other children");
  end(p, operation, 30);
  is_uint(parent_of(p, get), NONE, "and stays behind when the operation ends");
  theseus_profile_free(p);
}

static void test_bound(void) {
  theseus_profile *p = spans_profile(2);
  uint64_t top = begin(p, 1, NONE, 0, 0), below = begin(p, 2, top, 0, 0), x = begin(p, 3, below, 0, 0),
           y = begin(p, 4, below, 0, 0);
  take(p, y, x, 0);
  ok(parent_of(p, x) == below && state_of(p, x) == THESEUS_AWAITED && !marks_of(p, x),
     "beyond the bound nothing is taken");
  end(p, y, 10);
  is_int(state_of(p, x), THESEUS_AWAITED, "the one at the bound awaits it for as long as it is open");
  theseus_profile_free(p);
}

static void test_values(void) {
  theseus_profile *p = spans_profile(0);
  theseus_span_options options = spans_options(1, NONE, 0, 0);
  uint64_t span;
  options.value = UINT64_MAX;
  must(theseus_span_begin(p, &options, &span) == THESEUS_OK);
  is_uint(span_of(p, span).value, UINT64_MAX, "a span has the value that it was begun with");
  is_int(theseus_span_set_value(p, span, 7), THESEUS_OK, "it can be set");
  is_uint(span_of(p, span).value, 7, "it is set");
  is_uint(span_of(p, begin(p, 1, NONE, 0, 0)).value, 0, "0 unless the host says otherwise");
  options.size = offsetof(theseus_span_options, value);
  must(theseus_span_begin(p, &options, &span) == THESEUS_OK);
  is_uint(span_of(p, span).value, 0, "a program that knows of no value has none");
  theseus_profile_free(p);
}

int main(void) {
  test_errors();
  test_one_promise();
  test_weights();
  test_all_until_one_is_taken();
  test_given_back();
  test_first_leg_does_not_run_again();
  test_chains();
  test_roots();
  test_parts();
  test_bound();
  test_values();
  return done();
}
