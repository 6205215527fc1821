/* SPDX-License-Identifier: ISC */
/* A failure means that the tree of a profile has other figures than its stacks and cells. */
#include "memory.h"
#include "random-profile.h"

struct entry {
  char path[2000];
  uint64_t own, operations, latency_ns, buckets[THESEUS_BUCKETS];
  bool stacks[100]; /* whose spans it has */
  bool live;
};
struct model {
  struct entry items[300];
  uint32_t count;
};

static struct entry *entry_of(struct model *model, const char *path) {
  uint32_t i = 0;
  while (i < model->count && strcmp(model->items[i].path, path) != 0)
    i++;
  must(i < 300 && strlen(path) < sizeof model->items[i].path);
  if (i == model->count)
    strcpy(model->items[model->count++].path, path);
  return &model->items[i];
}

static theseus_stack_info stack_at(const theseus_profile *profile, uint32_t stack) {
  theseus_stack_info info = {.size = sizeof info};
  must(!theseus_stack_get(profile, stack, &info));
  return info;
}

static bool is_above(const theseus_profile *profile, uint32_t above, uint32_t below) {
  while (below != above && below != THESEUS_ROOT)
    below = stack_at(profile, below).parent;
  return below == above;
}

static void append_frame(char *path, uint32_t function, uint32_t line, const uint8_t *by_line) {
  sprintf(path + strlen(path), "/%u:%u", function, by_line[function] ? line : 0);
}

static void add_stack(struct model *model, const theseus_profile *profile, const char *path, uint32_t stack) {
  struct entry *entry = entry_of(model, path);
  uint64_t buckets[THESEUS_BUCKETS];
  theseus_stack_info info = stack_at(profile, stack);
  must(stack < 100 && !theseus_histogram_get(profile, stack, buckets));
  entry->live = true;
  if (entry->stacks[stack])
    return;
  entry->stacks[stack] = true;
  entry->operations += info.operations;
  entry->latency_ns += info.latency_ns;
  for (uint32_t i = 0; i < THESEUS_BUCKETS; i++)
    entry->buckets[i] += buckets[i];
}

/* The frames below `base` up to `stack`, behind what `path` has; each stack on the way is added. */
static void add_path(struct model *model, const theseus_profile *profile, uint32_t base, uint32_t stack, char *path,
                     const uint8_t *by_line) {
  uint32_t stacks[100], n = 0;
  for (uint32_t at = stack; at != base; at = stack_at(profile, at).parent)
    stacks[n++] = at;
  while (n--) {
    theseus_stack_info info = stack_at(profile, stacks[n]);
    append_frame(path, info.function, info.call_line, by_line);
    add_stack(model, profile, path, stacks[n]);
  }
}

static void add_cell(struct model *model, const theseus_profile *profile, const theseus_cell_info *cell,
                     const uint8_t *by_line) {
  char path[2000] = "";
  uint32_t base = THESEUS_ROOT;
  if (cell->detached) {
    strcpy(path, "/detached");
    entry_of(model, path)->live = true;
    base = cell->head;
    if (!is_above(profile, base, cell->stack)) {
      base = stack_at(profile, base).parent;
      while (base != THESEUS_ROOT && (base == cell->stack || !is_above(profile, base, cell->stack)))
        base = stack_at(profile, base).parent;
    }
    if (cell->head != THESEUS_ROOT) {
      append_frame(path, stack_at(profile, cell->head).function, 0, by_line);
      add_stack(model, profile, path, cell->head);
    }
  }
  add_path(model, profile, base, cell->stack, path, by_line);
  entry_of(model, path)->own += cell->value;
}

static void build(struct model *model, const theseus_profile *profile, uint32_t event, const uint8_t *by_line) {
  memset(model, 0, sizeof *model);
  add_stack(model, profile, "", THESEUS_ROOT);
  for (uint32_t s = 1; s < theseus_stack_count(profile); s++) {
    char path[2000] = "";
    if (stack_at(profile, s).operations)
      add_path(model, profile, THESEUS_ROOT, s, path, by_line);
  }
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    must(!theseus_cell_get(profile, i, &cell));
    if (cell.event == event && cell.value)
      add_cell(model, profile, &cell, by_line);
  }
}

/* ---- the comparison ---- */

static void path_of(const theseus_tree *tree, uint32_t node, char *path) {
  theseus_tree_node stack[100], info = {.size = sizeof info};
  uint32_t n = 0;
  for (; node; node = info.parent) {
    must(!theseus_tree_get(tree, node, &info));
    stack[n++] = info;
  }
  *path = '\0';
  while (n--)
    if (stack[n].function == UINT32_MAX)
      strcat(path, "/detached");
    else
      sprintf(path + strlen(path), "/%u:%u", stack[n].function, stack[n].call_line);
}

static bool agrees(struct model *model, const theseus_tree *tree, uint32_t node) {
  char path[2000];
  uint64_t inclusive = 0, counts[THESEUS_BUCKETS];
  theseus_tree_node info = {.size = sizeof info};
  path_of(tree, node, path);
  must(!theseus_tree_get(tree, node, &info) && !theseus_tree_histogram(tree, node, counts));
  const struct entry *entry = entry_of(model, path);
  for (uint32_t i = 0; i < model->count; i++) {
    const char *other = model->items[i].path;
    size_t n = strlen(path);
    inclusive += !strncmp(other, path, n) && (!other[n] || other[n] == '/') ? model->items[i].own : 0;
  }
  return entry->live && info.own == entry->own && info.inclusive == inclusive &&
         info.success + info.failure + info.cancelled + info.abandoned + info.pending == entry->operations &&
         info.latency_ns == entry->latency_ns && !memcmp(counts, entry->buckets, sizeof counts);
}

/* Is each node behind its parent's other children that are larger, and one deeper than its parent? */
static bool in_order(const theseus_tree *tree) {
  uint64_t last[100];
  uint32_t ends[100] = {theseus_tree_count(tree) - 1};
  theseus_tree_node info = {.size = sizeof info}, parent = {.size = sizeof parent};
  uint32_t depth = 0;
  bool good = true;
  for (uint32_t i = 1; i < theseus_tree_count(tree); i++) {
    must(!theseus_tree_get(tree, i, &info) && !theseus_tree_get(tree, info.parent, &parent) && info.depth < 100);
    good &= info.parent < i && info.depth == parent.depth + 1 && info.depth <= depth + 1;
    good &= info.depth > depth || info.inclusive <= last[info.depth];
    good &= i <= ends[info.depth - 1];
    ends[info.depth] = i + info.below;
    good &= ends[info.depth] <= ends[info.depth - 1];
    last[info.depth] = info.inclusive;
    depth = info.depth;
  }
  return good;
}

static void test_random(void) {
  static struct model model;
  uint32_t wrong = 0, nodes = 0, order = 0;
  for (uint64_t seed = 0; seed < 300; seed++) {
    theseus_profile *profile = random_profile(seed, NULL);
    uint8_t by_line[100];
    uint32_t event = seed % 3 ? THESEUS_WAIT : THESEUS_EVENTS, count = theseus_function_count(profile);
    theseus_tree *tree;
    must(count < 100);
    for (uint32_t i = 0; i < count; i++)
      by_line[i] = (seed + i) % 2;
    build(&model, profile, event, by_line);
    must(!theseus_profile_tree(profile, event, by_line, count, &tree));
    theseus_profile_free(profile); /* a tree does not need it */
    nodes += theseus_tree_count(tree);
    for (uint32_t i = 0; i < theseus_tree_count(tree); i++)
      wrong += !agrees(&model, tree, i);
    order += !in_order(tree) || model.count != theseus_tree_count(tree);
    theseus_tree_free(tree);
  }
  ok(nodes > 2000, "there are nodes to compare");
  is_int(wrong, 0, "each node of random profiles has the sums of its stacks and cells");
  is_int(order, 0, "each node comes once, in order");
}

/* main > job > next > job > next, the head, and main > job > next > job > fetch, the place: next called job again. */
static void test_towers(void) {
  theseus_profile_options options = {.size = sizeof options, .max_recursion = 2};
  theseus_profile *profile;
  theseus_tree *tree;
  const uint8_t by_line[4] = {0};
  uint32_t functions[4], stack = THESEUS_ROOT, job = 0, head = 0, place;
  uint64_t span;
  char path[2000] = "";
  must(!theseus_profile_new(&options, &profile));
  for (uint32_t i = 0; i < 4; i++) {
    const char name[] = {"mjnf"[i], '\0'};
    must(!theseus_function_intern(profile, "", name, 0, &functions[i]));
  }
  for (uint32_t i = 0; i < 5; i++) {
    must(!theseus_stack_push(profile, stack, functions[i ? 2 - i % 2 : 0], 1, &stack));
    job = i == 3 ? stack : job;
    head = stack;
  }
  must(!theseus_stack_push(profile, job, functions[3], 1, &place));
  theseus_span_options begin_options = {
      .size = sizeof begin_options, .stack = head, .flags = THESEUS_SPAN_DETACHED, .place_stack = place};
  must(!theseus_span_begin(profile, &begin_options, &span) && !theseus_span_end(profile, span, 0, 9));
  must(!theseus_profile_tree(profile, THESEUS_WAIT, by_line, 4, &tree));
  for (uint32_t i = 0; i < theseus_tree_count(tree); i++) {
    theseus_tree_node info = {.size = sizeof info};
    must(!theseus_tree_get(tree, i, &info));
    if (info.own)
      path_of(tree, i, path);
  }
  is_str(path, "/detached/2:0/1:0/3:0", "a function whose push was folded hangs under the head, too");
  theseus_tree_free(tree);
  theseus_profile_free(profile);
}

static void test_errors(void) {
  theseus_profile *profile = random_profile(3, NULL);
  uint32_t count = theseus_function_count(profile);
  const uint8_t by_line[100] = {0};
  uint64_t counts[THESEUS_BUCKETS];
  theseus_tree_node info = {.size = sizeof info};
  theseus_tree *tree = NULL;
  is_int(theseus_profile_tree(NULL, 0, by_line, count, &tree), THESEUS_EINVAL, "no profile");
  is_int(theseus_profile_tree(profile, 0, NULL, count, &tree), THESEUS_EINVAL, "no by_line");
  is_int(theseus_profile_tree(profile, 0, by_line, count - 1, &tree), THESEUS_EINVAL, "another number of functions");
  is_int(theseus_profile_tree(profile, 0, by_line, count, NULL), THESEUS_EINVAL, "no place for the tree");
  is_int(theseus_profile_tree(profile, THESEUS_LATENCY, by_line, count, &tree), THESEUS_EINVAL,
         "an event without cells");
  is_int(theseus_profile_tree(profile, 99, by_line, count, &tree), THESEUS_EINVAL, "no such event");
  ok(tree == NULL, "nothing is stored on failure");
  must(!theseus_profile_tree(profile, 0, by_line, count, &tree));
  is_int(theseus_tree_get(tree, theseus_tree_count(tree), &info), THESEUS_EINVAL, "no such node");
  is_int(theseus_tree_get(tree, 0, NULL), THESEUS_EINVAL, "no place for the node");
  is_int(theseus_tree_histogram(tree, theseus_tree_count(tree), counts), THESEUS_EINVAL, "no such histogram");
  is_int(theseus_tree_histogram(tree, 0, NULL), THESEUS_EINVAL, "no place for the histogram");
  theseus_tree_free(tree);
  theseus_tree_free(NULL);
  theseus_profile_free(profile);
}

static void test_overflow(void) {
  theseus_profile *profile = spans_profile(0);
  const uint8_t by_line[SPANS_STACKS] = {0};
  theseus_tree *tree = NULL;
  must(!theseus_record(profile, 1, 1, UINT64_MAX - 1, 0) && !theseus_record(profile, 2, 1, UINT64_MAX - 1, 0));
  is_int(theseus_profile_tree(profile, 0, by_line, SPANS_STACKS, &tree), THESEUS_EOVERFLOW, "a sum that does not fit");
  theseus_profile_free(profile);
}

static void test_memory(void) {
  struct memory memory = {-1, 0, 0, 0};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_profile_options options = {.size = sizeof options, .allocator = &allocator};
  theseus_profile *profile = random_profile(5, &options);
  const uint8_t by_line[100] = {0};
  uint32_t wrong = 0;
  long attempts = 0, blocks = memory.blocks;
  do {
    theseus_tree *tree = NULL;
    memory.left = attempts++;
    memory.failures = 0;
    int status = theseus_profile_tree(profile, 0, by_line, theseus_function_count(profile), &tree);
    wrong += status != (memory.failures ? THESEUS_ENOMEM : THESEUS_OK) || (tree == NULL) != (status != THESEUS_OK);
    theseus_tree_free(tree);
    wrong += memory.blocks != blocks;
  } while (memory.failures);
  ok(attempts > 10 && !wrong, "whichever of %ld allocations fails, it is reported, and nothing is leaked", attempts);
  theseus_profile_free(profile);
  is_int(memory.blocks, 0, "nothing is left");
}

int main(void) {
  test_random();
  test_towers();
  test_errors();
  test_overflow();
  test_memory();
  return done();
}
