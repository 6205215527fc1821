/* SPDX-License-Identifier: ISC */
/* A failure means that a function which is on the stack max_recursion times already is not folded, or that something
 * else is. */
#include "memory.h"

enum { JOB, NEXT, FETCH, FUNCTIONS };

static theseus_profile *profile_with(const theseus_profile_options *options) {
  theseus_profile *p;
  must(theseus_profile_new(options, &p) == THESEUS_OK);
  for (uint32_t i = 0; i < FUNCTIONS; i++) {
    static const char *const names[FUNCTIONS] = {"job", "next", "fetch"};
    uint32_t id;
    must(theseus_function_intern(p, "/srv/app.c", names[i], 10 * (i + 1), &id) == THESEUS_OK && id == i);
  }
  return p;
}

static theseus_profile *limited(uint32_t max_recursion) {
  theseus_profile_options options = {.size = sizeof options, .max_recursion = max_recursion};
  return profile_with(&options);
}

static uint32_t push(theseus_profile *p, uint32_t stack, uint32_t function, uint32_t line) {
  uint32_t out = UINT32_MAX;
  must(theseus_stack_push(p, stack, function, line, &out) == THESEUS_OK);
  return out;
}

static uint32_t depth_of(const theseus_profile *p, uint32_t stack) {
  theseus_stack_info info = {.size = sizeof info};
  must(theseus_stack_get(p, stack, &info) == THESEUS_OK);
  return info.depth;
}

static theseus_profile_info told_by(const theseus_profile *p) {
  theseus_profile_info info = {.size = sizeof info};
  must(theseus_profile_info_get(p, &info) == THESEUS_OK);
  return info;
}

/* The stack of `storeys` jobs, each of which is started by the one before it; the last one has not called next(). */
static uint32_t tower(theseus_profile *p, uint32_t storeys) {
  uint32_t stack = push(p, THESEUS_ROOT, JOB, 0);
  while (--storeys)
    stack = push(p, push(p, stack, NEXT, 11), JOB, 21);
  return stack;
}

static void test_tower(void) {
  theseus_profile *p = limited(3);
  uint32_t third = tower(p, 3), fetch = push(p, third, FETCH, 12);
  ok(depth_of(p, third) == 5 && depth_of(p, fetch) == 6, "three are on the stack");
  is_uint(told_by(p).folded_pushes, 0, "nothing is folded");
  is_uint(told_by(p).max_recursion, 3, "though it could be");
  uint32_t next = push(p, third, NEXT, 11), stacks = theseus_stack_count(p);
  is_uint(push(p, next, JOB, 21), third, "the fourth is the third again");
  is_uint(push(p, next, JOB, 21), third, "and again");
  is_uint(push(p, next, JOB, 99), third, "whatever line it is called on");
  is_uint(push(p, push(p, fetch, NEXT, 31), JOB, 32), third, "and whatever is between");
  is_uint(push(p, fetch, JOB, 32), third, "also if it is on no other stack's path yet");
  is_uint(push(p, fetch, FETCH, 32) == fetch, false, "another function is pushed");
  is_uint(theseus_stack_count(p), stacks + 2, "aliases are no stacks");
  ok(told_by(p).folded_pushes == 5 && told_by(p).max_recursion == 3, "they are counted");
  is_uint(tower(p, 1000), third, "a tower of 1,000 storeys is one of three");
  is_uint(theseus_stack_count(p), stacks + 2, "on the same stacks");
  theseus_profile_clear(p);
  is_uint(push(p, next, JOB, 21), third, "after clear() too");
  ok(told_by(p).folded_pushes == 1 && told_by(p).max_recursion == 3, "which begins to count again");
  theseus_profile_free(p);
}

static void test_limits(void) {
  theseus_profile *p = limited(0);
  is_uint(depth_of(p, tower(p, 200)), 399, "without a limit nothing is folded");
  is_uint(told_by(p).folded_pushes, 0, "nor counted");
  theseus_profile_free(p);
  p = limited(1);
  uint32_t job = push(p, THESEUS_ROOT, JOB, 0);
  is_uint(push(p, job, JOB, 12), job, "a limit of 1 folds what calls itself");
  is_uint(push(p, push(p, job, NEXT, 11), JOB, 21), job, "and what comes back");
  is_uint(push(p, THESEUS_ROOT, JOB, 5), job, "but a push on the root is a push on the root");
  theseus_profile_free(p);
  theseus_profile_options options = {.size = sizeof options, .max_depth = 5, .max_recursion = 3};
  p = profile_with(&options);
  uint32_t third = tower(p, 3);
  is_uint(push(p, third, JOB, 12), third, "at max_depth recursion is folded still");
  ok(told_by(p).folded_pushes == 1 && told_by(p).truncated_pushes == 0, "and that is no loss");
  is_uint(push(p, third, NEXT, 12), third, "what is no recursion is cut");
  is_uint(told_by(p).truncated_pushes, 1, "which is counted");
  theseus_profile_free(p);
}

/* Programs that were compiled before there was the option have none. */
static void test_old_programs(void) {
  theseus_profile_options options = {.size = offsetof(theseus_profile_options, max_recursion), .max_recursion = 1};
  theseus_profile *p = profile_with(&options);
  is_uint(depth_of(p, tower(p, 9)), 17, "beyond the size of the options nothing is read");
  theseus_profile_free(p);
}

/* ---- what comes by merging and reading ---- */

static theseus_profile *deep_profile(void) {
  theseus_profile *p = limited(0);
  must(theseus_record(p, tower(p, 6), 12, 100, THESEUS_SUCCESS) == THESEUS_OK);
  return p;
}

static uint32_t deepest(const theseus_profile *p) {
  uint32_t depth = 0;
  for (uint32_t i = 0; i < theseus_stack_count(p); i++)
    depth = depth_of(p, i) > depth ? depth_of(p, i) : depth;
  return depth;
}

static struct text written(const theseus_profile *p) {
  struct text text = {0};
  theseus_sink sink = {text_write, &text};
  must(theseus_pprof_write(p, NULL, &sink) == THESEUS_OK);
  return text;
}

static void test_merging(void) {
  theseus_profile *deep = deep_profile(), *p = limited(3);
  must(theseus_profile_merge(p, deep) == THESEUS_OK);
  is_uint(deepest(p), 11, "merging does not fold");
  is_uint(told_by(p).folded_pushes, 0, "nor count");
  is_uint(depth_of(p, tower(p, 6)), 5, "measuring does, although the deep stack is there");
  is_uint(depth_of(p, tower(p, 2)), 3, "a shallow one is found");
  uint64_t folded = told_by(p).folded_pushes;
  is_uint(folded, 3, "each push is counted");
  theseus_profile *sum = limited(0);
  must(theseus_profile_merge(sum, p) == THESEUS_OK);
  ok(told_by(sum).folded_pushes == folded && told_by(sum).max_recursion == 3, "a sum knows of what was folded");
  theseus_profile *other = limited(2);
  (void)tower(other, 9);
  must(theseus_profile_merge(sum, other) == THESEUS_OK);
  is_uint(told_by(sum).max_recursion, 2, "the least of both limits");
  must(theseus_profile_merge(sum, p) == THESEUS_OK && theseus_profile_merge(sum, deep) == THESEUS_OK);
  is_uint(told_by(sum).max_recursion, 2, "in any order");
  theseus_profile_free(deep), theseus_profile_free(p), theseus_profile_free(sum), theseus_profile_free(other);
}

static void test_reading(void) {
  theseus_profile *deep = deep_profile(), *p = limited(3), *again = limited(0);
  struct text file = written(deep);
  must(theseus_pprof_read(p, file.bytes, file.size, NULL) == THESEUS_OK);
  is_uint(deepest(p), 11, "reading does not fold");
  is_uint(told_by(p).max_recursion, 3, "the file says nothing of it, the profile does");
  free(file.bytes);
  must(theseus_record(p, tower(p, 6), 12, 7, THESEUS_SUCCESS) == THESEUS_OK);
  file = written(p);
  must(theseus_pprof_read(again, file.bytes, file.size, NULL) == THESEUS_OK);
  ok(told_by(again).max_recursion == 3 && told_by(again).folded_pushes == 0,
     "a file says at which recursion it may have been folded");
  struct text twice = written(again);
  ok(twice.size == file.size && memcmp(twice.bytes, file.bytes, file.size) == 0, "and is written as the same bytes");
  free(file.bytes), free(twice.bytes);
  theseus_profile_free(deep), theseus_profile_free(p), theseus_profile_free(again);
}

static void test_cut_is_said(void) {
  theseus_profile_options options = {.size = sizeof options, .max_depth = 4};
  theseus_profile *p = profile_with(&options), *again = limited(0);
  must(theseus_record(p, tower(p, 2), 12, 7, THESEUS_SUCCESS) == THESEUS_OK);
  for (int i = 0; i < 2; i++) {
    theseus_graph *graph;
    must(theseus_graph_from_profile(p, NULL, &graph) == THESEUS_OK);
    const char *said = theseus_graph_get(graph, "desc");
    is_str(said ? said : "", i ? "Mine\nTheseus: some stacks were too deep: they lack frames" : "", "%s",
           i ? "a graph says that stacks lack frames" : "if they do");
    theseus_graph_free(graph);
    must(theseus_profile_set(p, "desc", "Mine") == THESEUS_OK);
    (void)tower(p, 4);
  }
  struct text file = written(p);
  must(theseus_pprof_read(again, file.bytes, file.size, NULL) == THESEUS_OK);
  ok(told_by(again).is_cut && !told_by(again).truncated_pushes, "so does a pprof file");
  is_str(theseus_profile_get(again, "desc"), "Mine", "beside the description");
  free(file.bytes);
  theseus_profile_free(p), theseus_profile_free(again);
}

/* ---- without memory ---- */

static void test_out_of_memory(void) {
  struct memory memory = {.left = -1};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_profile_options options = {.size = sizeof options, .allocator = &allocator, .max_recursion = 3};
  theseus_profile *p = profile_with(&options);
  uint32_t third = tower(p, 3), next = push(p, third, NEXT, 11), out = 0;
  bool good = true;
  for (long nth = 0; nth < 5; nth++) {
    memory.left = nth;
    good &= theseus_stack_push(p, next, JOB, 21, &out) == THESEUS_OK && out == third;
  }
  memory.left = -1;
  ok(good && memory.failures > 0, "folding needs no memory");
  is_uint(told_by(p).folded_pushes, 5, "and is counted");
  theseus_profile_free(p);
  is_int(memory.blocks, 0, "nothing is leaked");

  options = (theseus_profile_options){.size = sizeof options, .memory_limit = 65536, .max_recursion = 1};
  p = profile_with(&options);
  uint32_t job = push(p, THESEUS_ROOT, JOB, 0), stack = job, before;
  for (uint32_t line = 1; told_by(p).truncated_pushes == 0; line++)
    stack = push(p, job, NEXT, line);
  good = true;
  before = theseus_stack_count(p);
  for (uint32_t i = 2; i < before; i++)
    good &= push(p, i, JOB, 21) == (depth_of(p, i) > 1 ? job : i);
  ok(good, "nor at the memory limit");
  is_uint(told_by(p).refusals, 0, "which it does not touch");
  (void)stack;
  theseus_profile_free(p);
}

int main(void) {
  test_tower();
  test_limits();
  test_old_programs();
  test_merging();
  test_reading();
  test_cut_is_said();
  test_out_of_memory();
  return done();
}
