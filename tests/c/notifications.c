/* SPDX-License-Identifier: ISC */
/* A failure means that a notification, a span that nobody waits for, has weight; or has none although it is awaited. */
#include "digest.h"
#include "spans.h"

enum { LEG = THESEUS_SPAN_LEG, QUIET = THESEUS_SPAN_NOTIFICATION, NONE = THESEUS_NO_SPAN };

static void test_alone(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t span = begin(p, 1, NONE, QUIET, 100);
  is_int(state_of(p, span), THESEUS_IS_NOTIFICATION, "nobody awaits it");
  is_uint(span_of(p, span).marks, 0, "and it never had a parent");
  is_uint(theseus_open_span_count(p), 1, "it is listed");
  theseus_settle(p, 150);
  ok(stack_of(p, 1).operations == 1 && stack_of(p, 1).pending == 1, "it is counted");
  is_int(theseus_span_await(p, span, NULL, THESEUS_ALL, 0, 3, 160), THESEUS_OK, "it may wait for all of no children");
  is_int(theseus_span_release(p, span, 170), THESEUS_OK, "a release does nothing");
  is_int(state_of(p, span), THESEUS_IS_NOTIFICATION, "it stays what it is");
  must(theseus_span_end(p, span, THESEUS_CANCELLED, 200) == THESEUS_OK);
  ok(stack_of(p, 1).cancelled == 1 && stack_of(p, 1).latency_ns == 100, "it has an outcome and a latency");
  is_uint(all_wait(p), 0, "but no Wait");
  theseus_profile_free(p);
}

/* Ten requests of 1 s, each with two notifications of its end. */
static void test_requests(void) {
  enum { SECOND = 1000000000 };
  theseus_profile *p = spans_profile(0);
  for (uint64_t now = 0; now < 10; now++) {
    uint64_t one = begin(p, 1, NONE, QUIET, now * SECOND), two = begin(p, 1, NONE, QUIET, now * SECOND);
    uint64_t request = begin(p, 2, NONE, 0, now * SECOND);
    end(p, one, (now + 1) * SECOND);
    end(p, two, (now + 1) * SECOND);
    end(p, request, (now + 1) * SECOND);
  }
  is_uint(all_wait(p), UINT64_C(10) * SECOND, "the requests have all the Wait");
  is_uint(stack_of(p, 1).operations, 20, "the notifications are counted");
  is_uint(stack_of(p, 1).latency_ns, UINT64_C(20) * SECOND, "and have their latencies");
  theseus_profile_free(p);
}

static void test_awaited(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t parent = begin(p, 1, NONE, LEG, 0), span = begin(p, 2, parent, QUIET, 0);
  is_int(state_of(p, span), THESEUS_HELD, "a child is held first");
  await_one(p, parent, NONE, 10);
  is_int(state_of(p, span), THESEUS_IS_NOTIFICATION, "its parent does not wait for it");
  is_uint(span_of(p, span).marks, THESEUS_SPAN_HAD_PARENT, "it has one");
  await_one(p, parent, span, 30);
  is_int(state_of(p, span), THESEUS_AWAITED, "later it does");
  await_one(p, parent, NONE, 70);
  is_int(state_of(p, span), THESEUS_IS_DETACHED, "from then on it is an ordinary span");
  end(p, parent, 80);
  end(p, span, 100);
  is_uint(wait_at(p, 1, false, 1), 20 + 10, "the parent waits for itself before and after");
  is_uint(wait_at(p, 1, false, 2), 40, "for the span in between");
  is_uint(wait_at(p, 2, true, 2), 30, "which is detached then");
  is_uint(stack_of(p, 2).latency_ns, 100, "its latency is whole");
  theseus_profile_free(p);
}

static void test_awaited_also(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t parent = begin(p, 1, NONE, 0, 0), span = begin(p, 2, parent, QUIET, 0);
  await_one(p, parent, NONE, 0);
  must(theseus_span_await_also(p, parent, span, 10) == THESEUS_OK);
  theseus_settle(p, 30);
  is_uint(wait_at(p, 1, false, 1), 10, "until it is known nothing is awaited");
  is_uint(wait_at(p, 1, false, 2), 20, "then the notification is");
  theseus_profile_free(p);
}

/* Nobody asked for it: neither a parent that awaits all, nor the bound of nesting. */
static void test_unasked(void) {
  theseus_profile *p = spans_profile(2);
  uint64_t parent = begin(p, 1, NONE, 0, 0), before = begin(p, 2, parent, QUIET, 0),
           head = begin(p, 3, parent, QUIET, 0);
  must(theseus_span_release(p, head, 0) == THESEUS_OK);
  must(theseus_span_await(p, parent, NULL, THESEUS_ALL, 0, 10, 0) == THESEUS_OK);
  uint64_t after = begin(p, 4, parent, QUIET, 0);
  must(theseus_span_release(p, after, 0) == THESEUS_OK);
  ok(state_of(p, before) == THESEUS_IS_NOTIFICATION && state_of(p, head) == THESEUS_IS_NOTIFICATION &&
         state_of(p, after) == THESEUS_IS_NOTIFICATION,
     "THESEUS_ALL does not name notifications");
  uint64_t inner = begin(p, 5, begin(p, 6, NONE, QUIET, 0), 0, 0), deep = begin(p, 7, inner, QUIET, 0);
  ok(state_of(p, deep) == THESEUS_IS_NOTIFICATION, "one beyond max_nesting is not awaited by its ancestor");
  uint64_t tower = begin(p, 8, NONE, QUIET, 0), below = begin(p, 9, tower, QUIET, 0);
  must(theseus_span_adopt(p, tower, inner, 0) == THESEUS_OK);
  ok(state_of(p, tower) == THESEUS_IS_NOTIFICATION && state_of(p, below) == THESEUS_IS_NOTIFICATION,
     "nor one that is adopted there, or below");
  theseus_settle(p, 50);
  is_uint(wait_at(p, 1, false, 1), 50, "the parent has all its Wait");
  is_uint(all_wait(p), 50, "and nobody else has any: the one in the tower is held");
  theseus_profile_free(p);
}

/* A loop that calls a function: what it waits for is work that nobody waits for. */
static void test_children(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t loop = begin(p, 1, NONE, QUIET, 0), turn = begin(p, 2, loop, 0, 0), fetch = begin(p, 3, turn, 0, 0);
  await_one(p, turn, fetch, 0);
  await_one(p, loop, turn, 0);
  is_int(state_of(p, turn), THESEUS_IS_DETACHED, "what a notification awaits is a detached head");
  is_uint(span_of(p, turn).parent, loop, "and its child still");
  is_int(state_of(p, fetch), THESEUS_AWAITED, "what that one awaits is awaited");
  end(p, fetch, 20);
  uint64_t other = begin(p, 4, loop, 0, 20);
  must(theseus_span_await_also(p, loop, other, 20) == THESEUS_OK);
  end(p, turn, 30);
  end(p, loop, 50);
  is_int(state_of(p, other), THESEUS_IS_DETACHED, "it outlives the notification");
  end(p, other, 60);
  is_uint(wait_at(p, 2, true, 3), 20, "the head is the child, not the notification");
  is_uint(wait_at(p, 2, true, 2), 10, "with its self wait");
  is_uint(wait_at(p, 4, true, 4), 40, "each child has the weight of a head");
  is_uint(all_wait(p), 70, "and that is all");
  theseus_profile_free(p);
}

/* While it is held it has no weight to hand on; once it is awaited, it hands it on as others do. */
static void test_children_of_awaited(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t root = begin(p, 1, NONE, LEG, 0), loop = begin(p, 2, root, QUIET, 0), turn = begin(p, 3, loop, 0, 0);
  await_one(p, loop, turn, 0);
  is_int(state_of(p, turn), THESEUS_AWAITED, "below one that is held it is awaited");
  await_one(p, root, NONE, 10);
  is_int(state_of(p, turn), THESEUS_IS_DETACHED, "below one that is not awaited it is a head");
  await_one(p, root, loop, 30);
  is_int(state_of(p, turn), THESEUS_AWAITED, "and when that one is, it is awaited again");
  end(p, turn, 70);
  end(p, loop, 75);
  end(p, root, 80);
  is_uint(wait_at(p, 3, true, 3), 20, "20 ns are its own");
  is_uint(wait_at(p, 1, false, 3), 40, "40 ns the root's");
  is_uint(wait_at(p, 1, false, 2), 5, "the notification has Wait, too, now");
  is_uint(wait_at(p, 1, false, 1), 20 + 5, "and the root has the rest");
  theseus_profile_free(p);
}

/* A function that returns the notification of another: on the list too, or not. */
static void test_of_notifications(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t inner = begin(p, 1, NONE, QUIET, 0), outer = begin(p, 2, NONE, QUIET, 0), turn = begin(p, 3, inner, 0, 0);
  await_one(p, inner, turn, 0);
  must(theseus_span_adopt(p, inner, outer, 0) == THESEUS_OK);
  await_one(p, outer, inner, 0);
  ok(state_of(p, inner) == THESEUS_IS_NOTIFICATION && state_of(p, outer) == THESEUS_IS_NOTIFICATION,
     "one notification awaits another: neither has weight");
  is_int(state_of(p, turn), THESEUS_IS_DETACHED, "what the inner one awaits is a head");
  theseus_settle(p, 10);
  uint64_t wrapper = begin(p, 4, NONE, 0, 10);
  must(theseus_span_adopt(p, outer, wrapper, 10) == THESEUS_OK);
  ok(state_of(p, inner) == THESEUS_AWAITED && state_of(p, turn) == THESEUS_AWAITED, "they are adopted, and held");
  await_one(p, wrapper, outer, 10);
  ok(state_of(p, outer) == THESEUS_AWAITED && state_of(p, inner) == THESEUS_AWAITED, "awaited, both are ordinary");
  end(p, turn, 30);
  await_one(p, wrapper, NONE, 40);
  is_int(state_of(p, outer), THESEUS_IS_DETACHED, "for good");
  is_int(state_of(p, inner), THESEUS_AWAITED, "and still the one awaits the other");
  theseus_settle(p, 50);
  is_uint(wait_at(p, 3, true, 3), 10, "first the turn was a head");
  is_uint(wait_at(p, 4, false, 3), 20, "then a part of the wrapper's wait");
  is_uint(wait_at(p, 4, false, 1), 10, "as the inner one was");
  is_uint(wait_at(p, 2, true, 1), 10, "which is a part of the outer one's now");
  end(p, outer, 60);
  is_int(state_of(p, inner), THESEUS_IS_DETACHED, "and last a head");
  theseus_profile_free(p);
}

static void test_in_its_leg(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t root = begin(p, 1, NONE, QUIET | LEG, 0), child = begin(p, 2, root, QUIET | LEG, 5);
  is_int(state_of(p, root), THESEUS_IN_LEG, "it may begin with a leg");
  await_one(p, child, NONE, 10);
  is_int(state_of(p, child), THESEUS_HELD, "and is held then");
  await_one(p, root, NONE, 20);
  ok(state_of(p, root) == THESEUS_IS_NOTIFICATION && state_of(p, child) == THESEUS_IS_NOTIFICATION, "or forgotten");
  uint64_t before = digest(p, true);
  theseus_settle(p, 20);
  ok(digest(p, true) == before, "there is nothing to settle");
  end(p, root, 40);
  is_int(state_of(p, child), THESEUS_IS_NOTIFICATION, "without its parent it is one still");
  is_uint(span_of(p, child).marks, THESEUS_SPAN_HAD_PARENT, "that had a parent");
  end(p, child, 50);
  ok(stack_of(p, 1).latency_ns == 20 && stack_of(p, 2).latency_ns == 40, "the time runs from the end of the leg");
  uint64_t orphan = begin(p, 3, NONE, QUIET | THESEUS_SPAN_DETACHED, 50);
  is_uint(span_of(p, orphan).marks, THESEUS_SPAN_HAD_PARENT,
          "an operation whose parent has ended begins as if it had one");
  is_uint(all_wait(p), 0, "no Wait");
  theseus_profile_free(p);
}

/* A part is a step of its parent: neither has weight. */
static void test_parts(void) {
  theseus_profile *p = spans_profile(0);
  uint64_t span = begin(p, 1, NONE, QUIET, 0), part = begin(p, 2, span, THESEUS_SPAN_PART, 0);
  uint64_t inner = begin(p, 3, part, THESEUS_SPAN_PART, 0), child = begin(p, 4, inner, 0, 0);
  await_one(p, inner, child, 0);
  ok(state_of(p, part) == THESEUS_IS_NOTIFICATION && state_of(p, inner) == THESEUS_IS_NOTIFICATION, "so are its parts");
  is_int(state_of(p, child), THESEUS_IS_DETACHED, "what the innermost awaits is a head");
  end(p, child, 10);
  end(p, inner, 15);
  is_uint(all_wait(p), 10, "which alone has Wait");
  uint64_t parent = begin(p, 5, NONE, 0, 15);
  must(theseus_span_take(p, parent, span, 15) == THESEUS_OK);
  ok(state_of(p, span) == THESEUS_AWAITED && state_of(p, part) == THESEUS_AWAITED, "one that is taken is ordinary");
  end(p, span, 35);
  end(p, parent, 40);
  is_uint(wait_at(p, 5, false, 2), 20, "and its part has the Wait");
  is_uint(wait_at(p, 5, false, 5), 5, "the rest is the taker's");
  theseus_span_options options = spans_options(1, begin(p, 1, NONE, 0, 50), THESEUS_SPAN_PART | QUIET, 50);
  is_int(theseus_span_begin(p, &options, &span), THESEUS_EINVAL, "a part does not begin as a notification");
  theseus_profile_free(p);
}

int main(void) {
  test_alone();
  test_requests();
  test_awaited();
  test_awaited_also();
  test_unasked();
  test_children();
  test_children_of_awaited();
  test_of_notifications();
  test_in_its_leg();
  test_parts();
  return done();
}
