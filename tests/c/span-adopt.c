/* SPDX-License-Identifier: ISC */
/* A failure means that an adopted span, or what is below it, ends up under the wrong parent or in the wrong state, or
 * that a span is nested beyond max_nesting. */
#include "digest.h"
#include "spans.h"

enum { LEG = THESEUS_SPAN_LEG, NONE = THESEUS_NO_SPAN };

static uint64_t parent_of(const theseus_profile *p, uint64_t span) { return span_of(p, span).parent; }

static void test_errors(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t old = begin(p, 1, NONE, 0, 1), top = begin(p, 1, NONE, 0, 1), below = begin(p, 2, top, 0, 1),
           lowest = begin(p, 3, below, LEG, 1);
  end(p, old, 2);
  uint64_t before = digest(p, true);
  is_int(theseus_span_adopt(p, top, NONE, 9), THESEUS_EINVAL, "no parent");
  is_int(theseus_span_adopt(p, old, top, 9), THESEUS_ESTALE, "a span that has ended");
  is_int(theseus_span_adopt(p, top, old, 9), THESEUS_ESTALE, "a parent that has ended");
  is_int(theseus_span_adopt(p, top, top, 9), THESEUS_ECYCLE, "its own parent");
  is_int(theseus_span_adopt(p, top, below, 9), THESEUS_ECYCLE, "its child's child");
  is_int(theseus_span_adopt(p, top, lowest, 9), THESEUS_ECYCLE, "its grandchild's child");
  is_int(theseus_span_adopt(p, below, top, 9), THESEUS_OK, "a child of its parent already");
  ok(digest(p, true) == before && told_by(p).now_ns == 2, "none of them changes anything");
  theseus_profile_free(p);
}

static void test_states(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t parent = begin(p, 1, NONE, 0, 0), root = begin(p, 2, NONE, 0, 0), below = begin(p, 3, root, 0, 0),
           in_leg = begin(p, 4, NONE, LEG, 0), other = begin(p, 5, NONE, 0, 0);
  await_one(p, root, below, 0);
  is_int(theseus_span_adopt(p, root, parent, 100), THESEUS_OK, "a root is adopted");
  ok(parent_of(p, root) == parent && state_of(p, root) == THESEUS_HELD, "and is held from now on");
  ok(parent_of(p, below) == root && state_of(p, below) == THESEUS_AWAITED, "what it awaits comes with it");
  is_int(theseus_span_adopt(p, in_leg, parent, 100), THESEUS_OK, "one in its first leg is adopted");
  ok(parent_of(p, in_leg) == parent && state_of(p, in_leg) == THESEUS_IN_LEG, "and goes on with it");
  theseus_settle(p, 150);
  is_uint(wait_at(p, 2, false, 3), 100, "the Wait of before stays with the head of before");
  await_one(p, parent, root, 150);
  theseus_settle(p, 160);
  is_uint(wait_at(p, 1, false, 3), 10, "then it is the new parent's");
  is_int(theseus_span_adopt(p, root, other, 200), THESEUS_OK, "one that is awaited is adopted by another");
  ok(state_of(p, root) == THESEUS_HELD && span_of(p, parent).awaits == 0, "which takes it from the first");
  theseus_settle(p, 210);
  is_uint(wait_at(p, 1, false, 1), 150 + 10, "who waits for itself then");
  await_one(p, in_leg, NONE, 210);
  is_int(state_of(p, in_leg), THESEUS_HELD, "a leg that ends is held by its new parent");
  end(p, other, 220);
  is_int(state_of(p, root), THESEUS_IS_DETACHED, "a root that was adopted is detached when it is alone again");
  theseus_profile_free(p);
}

/* A line of spans, each the parent of the next. */
static void line(theseus_profile *p, uint64_t *spans, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    spans[i] = begin(p, 1 + i, i ? spans[i - 1] : NONE, 0, 0);
}

/* With a bound of 3, the fourth is a child of the third; so is the fifth, which would be the fourth's, and all after
 * it. */
static void test_begin_beyond(void) {
  theseus_profile *p = spans_profile(3);
  uint64_t spans[6];
  line(p, spans, 6);
  ok(parent_of(p, spans[2]) == spans[1] && parent_of(p, spans[3]) == spans[2], "up to the bound as they were begun");
  ok(parent_of(p, spans[4]) == spans[2] && parent_of(p, spans[5]) == spans[2], "beyond it children of the one at it");
  ok(state_of(p, spans[3]) == THESEUS_AWAITED && state_of(p, spans[5]) == THESEUS_AWAITED, "which awaits them at once");
  is_uint(told_by(p).flattened_spans, 3, "and counts them");
  await_one(p, spans[2], NONE, 5);
  is_uint(span_of(p, spans[2]).awaits, 3, "it cannot let them go");
  const uint64_t named = spans[4];
  must(theseus_span_await(p, spans[2], NULL, THESEUS_ALL, 0, 30, 5) == THESEUS_OK);
  must(theseus_span_await_also(p, spans[2], named, 5) == THESEUS_OK);
  is_uint(span_of(p, spans[2]).awaits, 3, "for another one neither");
  uint64_t in_leg = begin(p, 9, spans[5], LEG, 5);
  ok(parent_of(p, in_leg) == spans[2] && state_of(p, in_leg) == THESEUS_IN_LEG, "one with a leg has its leg first");
  await_one(p, in_leg, NONE, 6);
  is_int(state_of(p, in_leg), THESEUS_AWAITED, "and is awaited after it");
  theseus_profile_free(p);
}

static void test_adopt_beyond(void) {
  theseus_profile *p = spans_profile(4);
  uint64_t top[4], low[4];
  line(p, top, 4);
  for (uint32_t i = 0; i < 4; i++)
    low[i] = begin(p, 5 + i, i ? low[i - 1] : NONE, 0, 0);
  uint64_t in_leg = begin(p, 9, low[2], LEG, 0), side = begin(p, 10, low[1], 0, 0);
  must(theseus_span_release(p, side, 0) == THESEUS_OK);
  is_int(theseus_span_adopt(p, low[0], top[1], 5), THESEUS_OK, "four go below the second of four");
  ok(parent_of(p, low[0]) == top[1] && parent_of(p, low[1]) == low[0], "two of them are within the bound");
  ok(parent_of(p, low[2]) == low[1], "the third is the first one beyond it");
  ok(parent_of(p, low[3]) == low[1] && state_of(p, low[3]) == THESEUS_AWAITED, "the fourth is its sister, and awaited");
  ok(parent_of(p, in_leg) == low[1] && state_of(p, in_leg) == THESEUS_IN_LEG, "so is one in its leg, which goes on");
  ok(parent_of(p, side) == low[1] && state_of(p, side) == THESEUS_IS_DETACHED, "a detached one stays what it was");
  is_uint(told_by(p).flattened_spans, 2, "what went elsewhere is counted");
  await_one(p, in_leg, NONE, 6);
  is_int(state_of(p, in_leg), THESEUS_AWAITED, "and is awaited after its leg");
  theseus_profile_free(p);

  p = spans_profile(4);
  line(p, top, 4);
  for (uint32_t i = 0; i < 3; i++)
    low[i] = begin(p, 5 + i, i ? low[i - 1] : NONE, 0, 0);
  uint64_t beyond = begin(p, 8, top[3], 0, 0);
  is_int(theseus_span_adopt(p, low[0], beyond, 5), THESEUS_OK, "three go below one that is beyond the bound");
  bool all = true;
  for (uint32_t i = 0; i < 3; i++)
    all &= parent_of(p, low[i]) == top[3] && state_of(p, low[i]) == THESEUS_AWAITED;
  ok(all, "all of them are children of the one at the bound, which awaits them");
  is_int(theseus_span_adopt(p, low[1], top[0], 6), THESEUS_OK, "one of them goes up again");
  ok(parent_of(p, low[1]) == top[0] && state_of(p, low[1]) == THESEUS_HELD, "and is held as any other");
  await_one(p, top[0], NONE, 7);
  is_int(state_of(p, low[1]), THESEUS_IS_DETACHED, "and let go as any other");
  theseus_profile_free(p);
}

/* However a tower of spans is put together, it is no higher than the bound, and its head's time is its Wait. */
static void test_towers(void) {
  enum { TALL = 60, BOUND = 5 };
  theseus_profile *p = spans_profile(BOUND);
  uint64_t spans[TALL];
  for (uint32_t i = 0; i < TALL; i++)
    spans[i] = begin(p, 1 + i % SPANS_STACKS, NONE, 0, 0);
  for (uint32_t i = TALL; --i > 0;) { /* from the leaf: what is adopted is a tower already */
    must(theseus_span_adopt(p, spans[i], spans[i - 1], 10) == THESEUS_OK);
    await_one(p, spans[i - 1], spans[i], 10);
  }
  uint32_t highest = 0;
  for (uint32_t i = 0; i < TALL; i++) {
    uint32_t height = 0;
    for (uint64_t up = spans[i]; up != NONE; up = parent_of(p, up))
      height++;
    highest = height > highest ? height : highest;
  }
  is_uint(highest, BOUND + 1, "a tower is as high as the bound, and one more");
  uint64_t before = all_wait(p);
  theseus_settle(p, 1010);
  ok(all_wait(p) - before + TALL > 1000 && all_wait(p) - before < 1000 + TALL, "its Wait is the time of its one head");
  for (uint32_t i = 0; i < TALL; i++)
    end(p, spans[i], 2000);
  is_uint(theseus_open_span_count(p), 0, "it comes down again");
  theseus_profile_free(p);
}

static void test_out_of_memory(void) {
  struct memory memory = {.left = -1};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_profile_options options = {.size = sizeof options, .allocator = &allocator, .max_nesting = 2};
  theseus_profile *p;
  uint32_t function, stack;
  must(theseus_profile_new(&options, &p) == THESEUS_OK);
  must(theseus_function_intern(p, "f", "f", 1, &function) == THESEUS_OK);
  must(theseus_stack_push(p, THESEUS_ROOT, function, 0, &stack) == THESEUS_OK);
  uint64_t top = begin(p, stack, NONE, 0, 0), below = begin(p, stack, top, 0, 0), tower = begin(p, stack, NONE, 0, 0);
  for (int i = 0; i < 100; i++)
    (void)begin(p, stack, tower, 0, 0);
  bool good = true;
  int status = THESEUS_ENOMEM;
  for (long nth = 0; status; nth++) {
    uint64_t before = digest(p, true);
    memory.left = nth;
    status = theseus_span_adopt(p, tower, below, 5);
    memory.left = -1;
    good &= !status || (status == THESEUS_ENOMEM && digest(p, true) == before && told_by(p).now_ns == 0);
  }
  ok(good && memory.failures > 1, "without memory for what moves nothing moves");
  is_uint(span_of(p, below).awaits, 101, "with it the tower and its children go to the one at the bound");
  theseus_profile_free(p);
  is_int(memory.blocks, 0, "nothing is leaked");
}

int main(void) {
  test_errors();
  test_states();
  test_begin_beyond();
  test_adopt_beyond();
  test_towers();
  test_out_of_memory();
  return done();
}
