/* SPDX-License-Identifier: ISC */
/* A failure means that a part of a span is not awaited, outlives that span, takes its children along, or ends
 * otherwise than it was told to. */
#include "digest.h"
#include "spans.h"

enum { PART = THESEUS_SPAN_PART, LEG = THESEUS_SPAN_LEG, NONE = THESEUS_NO_SPAN };

static uint64_t parent_of(const theseus_profile *p, uint64_t span) { return span_of(p, span).parent; }

static void test_errors(void) {
  theseus_profile *p = spans_profile(4);
  uint64_t top = begin(p, 1, NONE, 0, 1), part = begin(p, 2, top, PART, 1), old = begin(p, 3, top, PART, 1), span = 0;
  end(p, old, 2);
  uint64_t before = digest(p, true);
  theseus_span_options options = spans_options(4, NONE, PART, 9);
  is_int(theseus_span_begin(p, &options, &span), THESEUS_EINVAL, "a part of nothing");
  options = spans_options(4, top, PART | LEG, 9);
  is_int(theseus_span_begin(p, &options, &span), THESEUS_EINVAL, "a part with a leg");
  options = spans_options(4, top, PART | THESEUS_SPAN_DETACHED, 9);
  is_int(theseus_span_begin(p, &options, &span), THESEUS_EINVAL, "a part that is detached");
  options = spans_options(4, old, PART, 9);
  is_int(theseus_span_begin(p, &options, &span), THESEUS_ESTALE, "a part of what has ended");
  is_int(theseus_span_adopt(p, part, top, 9), THESEUS_EINVAL, "a part is not adopted");
  is_int(theseus_span_set_outcome(p, old, THESEUS_FAILURE), THESEUS_ESTALE, "the outcome of a part that has ended");
  is_int(theseus_span_set_outcome(p, top, THESEUS_FAILURE), THESEUS_EINVAL, "the outcome of what is no part");
  is_int(theseus_span_set_outcome(p, part, THESEUS_CANCELLED), THESEUS_EINVAL, "another outcome");
  is_int(theseus_span_set_outcome(p, part, -1), THESEUS_EINVAL, "no outcome");
  ok(digest(p, true) == before && told_by(p).now_ns == 2, "none of them changes anything");

  uint64_t second = begin(p, 3, part, PART, 3);
  options = spans_options(4, second, PART, 3);
  is_int(theseus_span_begin(p, &options, &span), THESEUS_EINVAL, "a part at the bound of nesting");
  uint64_t child = begin(p, 5, second, 0, 3);
  await_one(p, second, NONE, 3);
  is_int(state_of(p, child), THESEUS_IS_DETACHED, "so that parts' children are within it");
  theseus_profile_free(p);
}

/* operation 1 > part 2 > part 3 > child 4, with 10 ns of each. */
static void test_flow(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t operation = begin(p, 1, NONE, LEG, 0), early = begin(p, 6, operation, 0, 0),
           outer = begin(p, 2, operation, PART, 0);
  await_one(p, operation, NONE, 0);
  ok(state_of(p, outer) == THESEUS_AWAITED && span_of(p, operation).awaits == 1, "a part is awaited, named or not");
  is_int(state_of(p, early), THESEUS_IS_DETACHED, "other children are not");
  uint64_t inner = begin(p, 3, outer, PART, 10), child = begin(p, 4, inner, 0, 10);
  ok(span_of(p, child).operation == operation && span_of(p, inner).operation == operation &&
         span_of(p, outer).operation == operation && span_of(p, operation).operation == NONE,
     "the operation of all of them is known");
  await_one(p, inner, child, 10);
  theseus_settle(p, 20);
  is_uint(wait_at(p, 1, false, 2), 10, "the first 10 ns are those of the one part");
  is_uint(wait_at(p, 1, false, 4), 10, "the others go to the child, through both");
  uint64_t other = begin(p, 5, operation, 0, 20);
  must(theseus_span_await(p, operation, NULL, THESEUS_ALL, 0, 0, 20) == THESEUS_OK);
  must(theseus_span_await_also(p, operation, other, 20) == THESEUS_OK);
  is_uint(span_of(p, operation).awaits, 2, "when one child is known, a part stays");
  end(p, other, 20);
  is_int(theseus_span_release(p, outer, 20), THESEUS_OK, "a part is not held");
  is_int(state_of(p, outer), THESEUS_AWAITED, "and goes on being awaited");

  uint64_t held = begin(p, 7, inner, 0, 20), in_leg = begin(p, 8, inner, LEG, 20), free_one = begin(p, 9, inner, 0, 20);
  must(theseus_span_release(p, free_one, 20) == THESEUS_OK);
  must(theseus_span_end(p, inner, THESEUS_FAILURE, 20) == THESEUS_OK);
  ok(parent_of(p, child) == outer && state_of(p, child) == THESEUS_HELD, "what a part awaited is held by its parent");
  ok(parent_of(p, held) == outer && state_of(p, held) == THESEUS_HELD, "so is what it held");
  ok(parent_of(p, in_leg) == outer && state_of(p, in_leg) == THESEUS_IN_LEG, "what is in its first leg stays there");
  ok(parent_of(p, free_one) == outer && state_of(p, free_one) == THESEUS_IS_DETACHED, "what was detached, too");
  ok(stack_of(p, 3).failure == 1 && stack_of(p, 3).latency_ns == 10, "a part is counted and timed");
  theseus_profile_free(p);
}

/* An operation with three parts, one in the other, and a child of the innermost. */
static void tower(theseus_profile *p, uint64_t spans[5]) {
  spans[0] = begin(p, 1, NONE, 0, 0);
  for (uint32_t i = 1; i < 4; i++)
    spans[i] = begin(p, 1 + i, spans[i - 1], PART, 10 * i);
  spans[4] = begin(p, 5, spans[3], 0, 30);
  await_one(p, spans[3], spans[4], 30);
  must(theseus_span_set_outcome(p, spans[1], THESEUS_FAILURE) == THESEUS_OK);
  must(theseus_span_set_outcome(p, spans[2], THESEUS_FAILURE) == THESEUS_OK);
  must(theseus_span_set_outcome(p, spans[2], THESEUS_SUCCESS) == THESEUS_OK);
}

static void test_ends(void) {
  uint64_t spans[5];
  theseus_profile *p = spans_profile(0);
  tower(p, spans);
  must(theseus_span_end(p, spans[0], THESEUS_CANCELLED, 100) == THESEUS_OK);
  is_uint(theseus_open_span_count(p), 1, "the parts end with the operation");
  ok(stack_of(p, 1).cancelled == 1 && stack_of(p, 2).failure == 1 && stack_of(p, 3).success == 1 &&
         stack_of(p, 4).success == 1,
     "as each was told to");
  ok(stack_of(p, 2).latency_ns == 90 && stack_of(p, 3).latency_ns == 80 && stack_of(p, 4).latency_ns == 70,
     "with their latencies");
  ok(parent_of(p, spans[4]) == NONE && state_of(p, spans[4]) == THESEUS_IS_DETACHED, "the child is detached");
  is_uint(all_wait(p), 100, "the Wait of all is the operation's latency");
  theseus_profile_free(p);

  p = spans_profile(0);
  tower(p, spans);
  must(theseus_span_end(p, spans[0], THESEUS_ABANDONED, 100) == THESEUS_OK);
  ok(stack_of(p, 2).abandoned == 1 && stack_of(p, 3).abandoned == 1 && stack_of(p, 4).abandoned == 1,
     "the parts of what is abandoned are abandoned");
  theseus_profile_free(p);

  p = spans_profile(0);
  tower(p, spans);
  end(p, spans[1], 100);
  is_uint(theseus_open_span_count(p), 2, "a part's parts end with it");
  ok(parent_of(p, spans[4]) == spans[0] && state_of(p, spans[4]) == THESEUS_HELD,
     "and their children go all the way up");
  ok(stack_of(p, 2).success == 1, "an outcome that is given counts");
  theseus_profile_free(p);

  p = spans_profile(0);
  uint64_t operation = begin(p, 1, NONE, LEG, 0), part = begin(p, 2, operation, PART, 5),
           child = begin(p, 3, part, 0, 6);
  must(theseus_span_discard(p, operation, 7) == THESEUS_OK);
  ok(theseus_open_span_count(p) == 1 && stack_of(p, 2).latency_ns == 2, "a part ends with what is discarded");
  ok(parent_of(p, child) == NONE && state_of(p, child) == THESEUS_IS_ROOT, "and the child is as if it had none");
  must(theseus_span_get(p, part, NULL) == THESEUS_ESTALE);
  theseus_profile_free(p);
}

/* Adoption moves what is too deep up; parts as well. */
static void test_adopt_beyond(void) {
  theseus_profile *p = spans_profile(3);
  uint64_t top = begin(p, 1, NONE, 0, 0), middle = begin(p, 2, top, 0, 0), operation = begin(p, 3, NONE, 0, 0),
           part = begin(p, 4, operation, PART, 0), child = begin(p, 5, part, 0, 0);
  await_one(p, part, child, 0);
  must(theseus_span_adopt(p, operation, middle, 5) == THESEUS_OK);
  ok(parent_of(p, part) == operation && state_of(p, part) == THESEUS_AWAITED, "a part stays below its operation");
  is_int(state_of(p, child), THESEUS_AWAITED, "and what it awaits is awaited");
  end(p, operation, 10);
  must(theseus_span_get(p, part, NULL) == THESEUS_ESTALE);
  theseus_profile_free(p);
}

int main(void) {
  test_errors();
  test_flow();
  test_ends();
  test_adopt_beyond();
  return done();
}
