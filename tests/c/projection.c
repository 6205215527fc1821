/* SPDX-License-Identifier: ISC */
/* A failure means that the graph of a profile is wrong.  It is compared with a graph that is built path by path, the
 * slow way, for random profiles with recursion and waits in odd places.  In every graph, each strongly connected
 * component must have self + outgoing = incoming. */
#include "memory.h"

enum {
  FUNCTIONS = 7,
  STACKS = 40,
  EVENTS = THESEUS_EVENTS + 1,
  NODES = FUNCTIONS + 2,
  MOST = 4000,
  ROOT = 0,
  DETACHED = 1
};

/* ---- the slow way ---- */

struct slow_cost {
  uint32_t function, line;
  uint64_t values[EVENTS];
};

struct slow_edge {
  uint32_t caller, line, callee;
  uint64_t values[EVENTS];
  bool stacks[STACKS + 1]; /* which are the callee's here */
};

struct slow {
  struct slow_cost costs[MOST];
  struct slow_edge edges[MOST];
  uint32_t cost_count, edge_count;
};

struct step { /* of a path */
  uint32_t node, call_line, stack;
};

static void add_cost(struct slow *slow, uint32_t function, uint32_t line, uint32_t event, uint64_t value) {
  uint32_t i = 0;
  while (i < slow->cost_count && (slow->costs[i].function != function || slow->costs[i].line != line))
    i++;
  must(i < MOST);
  if (i == slow->cost_count)
    slow->costs[slow->cost_count++] = (struct slow_cost){.function = function, .line = line};
  slow->costs[i].values[event] += value;
}

static void add_path(struct slow *slow, const struct step *path, uint32_t length, uint32_t event, uint64_t value) {
  for (uint32_t k = 1; k < length; k++) {
    uint32_t i = 0;
    bool again = false;
    while (i < slow->edge_count && (slow->edges[i].caller != path[k - 1].node ||
                                    slow->edges[i].line != path[k].call_line || slow->edges[i].callee != path[k].node))
      i++;
    must(i < MOST);
    if (i == slow->edge_count)
      slow->edges[slow->edge_count++] =
          (struct slow_edge){.caller = path[k - 1].node, .line = path[k].call_line, .callee = path[k].node};
    for (uint32_t j = 0; j < k; j++)
      again |= path[j].node == path[k].node;
    slow->edges[i].stacks[path[k].stack] = true;
    slow->edges[i].values[event] += again ? 0 : value;
  }
}

/* The frames of `stack` from above `base` on, outermost first, behind what there is. */
static uint32_t append(const theseus_profile *profile, uint32_t base, uint32_t stack, struct step *path,
                       uint32_t length) {
  uint32_t frames = 0;
  theseus_stack_info info = {.size = sizeof info};
  for (uint32_t s = stack; s != base; s = info.parent, frames++)
    must(theseus_stack_get(profile, s, &info) == THESEUS_OK);
  uint32_t at = length + frames;
  for (uint32_t s = stack; s != base; s = info.parent) {
    must(theseus_stack_get(profile, s, &info) == THESEUS_OK);
    path[--at] = (struct step){info.function + 2, info.parent ? info.call_line : 0, s};
  }
  return length + frames;
}

static bool is_below(const theseus_profile *profile, uint32_t base, uint32_t stack, bool properly) {
  theseus_stack_info info = {.size = sizeof info};
  for (uint32_t s = stack; s != THESEUS_ROOT; s = info.parent) {
    if (s == base && !(properly && s == stack))
      return true;
    must(theseus_stack_get(profile, s, &info) == THESEUS_OK);
  }
  return base == THESEUS_ROOT && !(properly && stack == THESEUS_ROOT);
}

/* Each function on a path has a line of its own, if only of zeros: where it begins. */
static void add_lines(struct slow *slow, const theseus_profile *profile, const struct step *path, uint32_t length) {
  for (uint32_t k = 1; k < length; k++) {
    theseus_function_info function = {.size = sizeof function};
    must(!theseus_function_get(profile, path[k].node - 2, &function));
    add_cost(slow, path[k].node, function.first_line, THESEUS_WAIT, 0);
  }
}

/* Whether folding may have made a stack that is above `stack` out of one that is on it. */
static bool is_full(const theseus_profile *profile, uint32_t stack) {
  theseus_profile_info limits = {.size = sizeof limits};
  theseus_stack_info info = {.size = sizeof info};
  uint32_t count = 0, function = 0;
  must(theseus_profile_info_get(profile, &limits) == THESEUS_OK);
  for (uint32_t s = stack; s != THESEUS_ROOT; s = info.parent) {
    must(theseus_stack_get(profile, s, &info) == THESEUS_OK);
    if (s == stack)
      function = info.function;
    count += info.function == function;
  }
  return count && limits.max_recursion && count >= limits.max_recursion;
}

static void add_cell(struct slow *slow, const theseus_profile *profile, const theseus_cell_info *cell) {
  struct step path[STACKS * 2] = {{ROOT, 0, 0}};
  uint32_t length = 1;
  theseus_stack_info info = {.size = sizeof info};
  theseus_function_info head = {.size = sizeof head};

  if (!cell->detached) {
    length = append(profile, THESEUS_ROOT, cell->stack, path, 1);
    add_cost(slow, path[length - 1].node, cell->stack ? cell->line : 0, cell->event, cell->value);
    add_lines(slow, profile, path, length);
  } else {
    must(theseus_stack_get(profile, cell->head, &info) == THESEUS_OK);
    must(theseus_function_get(profile, info.function, &head) == THESEUS_OK);
    path[length++] = (struct step){DETACHED, 0, STACKS}; /* no stack */
    path[length++] = (struct step){info.function + 2, 0, cell->head};
    uint32_t base = cell->head;
    if (!is_below(profile, base, cell->stack, false)) {
      for (base = info.parent; base && !is_below(profile, base, cell->stack, true); base = info.parent)
        must(theseus_stack_get(profile, base, &info) == THESEUS_OK);
    }
    if (base != cell->head && is_full(profile, base)) {
      must(theseus_stack_get(profile, base, &info) == THESEUS_OK);
      base = info.parent;
    }
    length = append(profile, base, cell->stack, path, length);
    if (length > 3 && base != cell->head)
      path[3].call_line = head.first_line;
    add_cost(slow, path[length - 1].node, cell->stack ? cell->line : 0, cell->event, cell->value);
    add_cost(slow, DETACHED, 0, THESEUS_WAIT, 0);
  }
  add_path(slow, path, length, cell->event, cell->value);
}

static void build(struct slow *slow, const theseus_profile *profile) {
  memset(slow, 0, sizeof *slow);
  add_cost(slow, ROOT, 0, THESEUS_WAIT, 0);
  for (uint32_t s = 1; s < theseus_stack_count(profile); s++) {
    struct step path[STACKS * 2] = {{ROOT, 0, 0}};
    theseus_stack_info info = {.size = sizeof info};
    theseus_function_info function = {.size = sizeof function};
    must(!theseus_stack_get(profile, s, &info) && !theseus_function_get(profile, info.function, &function));
    uint32_t length = append(profile, THESEUS_ROOT, s, path, 1);
    if (info.operations)
      add_lines(slow, profile, path, length);
    const uint64_t values[] = {0, info.latency_ns, info.operations, info.failure + info.cancelled, info.pending};
    for (uint32_t event = 1; event < THESEUS_EVENTS && info.operations; event++) {
      add_cost(slow, info.function + 2, function.first_line, event, values[event]);
      add_path(slow, path, length, event, values[event]);
    }
  }
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    must(theseus_cell_get(profile, i, &cell) == THESEUS_OK);
    if (cell.value)
      add_cell(slow, profile, &cell);
  }
}

/* ---- the comparison ---- */

/* The graph's function of each node, or UINT32_MAX. */
static void find_nodes(const theseus_graph *graph, const theseus_profile *profile, uint32_t *ids) {
  theseus_graph_info info = {.size = sizeof info};
  must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
  for (uint32_t node = 0; node < NODES; node++) {
    const char *pseudo = node == ROOT ? "(root)" : "[detached]";
    theseus_function_info function = {.size = sizeof function, .file = "", .name = pseudo};
    if (node > DETACHED)
      must(theseus_function_get(profile, node - 2, &function) == THESEUS_OK);
    ids[node] = UINT32_MAX;
    for (uint32_t i = 0; i < info.functions; i++) {
      theseus_graph_function found = {.size = sizeof found};
      must(theseus_graph_function_get(graph, i, &found) == THESEUS_OK);
      if (strcmp(found.name, function.name) == 0 &&
          strcmp(found.file, *function.file ? function.file : "(theseus)") == 0)
        ids[node] = i;
    }
  }
}

static bool same(const theseus_graph *graph, const theseus_profile *profile, const struct slow *slow) {
  theseus_graph_info info = {.size = sizeof info};
  uint32_t ids[NODES];
  bool good = true;
  must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
  find_nodes(graph, profile, ids);
  good &= info.costs == slow->cost_count && info.edges == slow->edge_count;
  for (uint32_t i = 0; i < slow->cost_count; i++) {
    const struct slow_cost *wanted = &slow->costs[i];
    bool found = false;
    for (uint32_t k = 0; k < info.costs; k++) {
      theseus_graph_cost cost = {.size = sizeof cost};
      must(theseus_graph_cost_get(graph, k, &cost) == THESEUS_OK);
      if (cost.function == ids[wanted->function] && cost.line == wanted->line)
        found = memcmp(cost.values, wanted->values, sizeof wanted->values) == 0;
    }
    good &= found;
  }
  for (uint32_t i = 0; i < slow->edge_count; i++) {
    const struct slow_edge *wanted = &slow->edges[i];
    uint64_t count = 0;
    bool found = false;
    for (uint32_t s = 0; s < theseus_stack_count(profile); s++) {
      theseus_stack_info stack = {.size = sizeof stack};
      must(theseus_stack_get(profile, s, &stack) == THESEUS_OK);
      count += wanted->stacks[s] ? stack.operations : 0;
    }
    for (uint32_t k = 0; k < info.edges; k++) {
      theseus_graph_edge edge = {.size = sizeof edge};
      must(theseus_graph_edge_get(graph, k, &edge) == THESEUS_OK);
      if (edge.caller == ids[wanted->caller] && edge.callee == ids[wanted->callee] && edge.line == wanted->line)
        found = edge.count == (count ? count : 1) && memcmp(edge.values, wanted->values, sizeof wanted->values) == 0;
    }
    good &= found;
  }
  return good;
}

/* Tarjan's components, by his algorithm with a stack of its own: component[f] for each function f. */
static void components(const theseus_graph *graph, uint32_t n, uint32_t edges, uint32_t *component) {
  uint32_t *index = calloc(n, sizeof *index), *low = calloc(n, sizeof *low), *next = calloc(n, sizeof *next);
  uint32_t *open = calloc(n, sizeof *open), *path = calloc(n, sizeof *path);
  bool *is_open = calloc(n, sizeof *is_open);
  uint32_t opened = 0, clock = 0;
  must(index && low && next && open && path && is_open);
  for (uint32_t start = 0; start < n; start++) {
    uint32_t length = 0;
    if (!index[start]) {
      path[length++] = start;
      index[start] = low[start] = ++clock;
      open[opened++] = start;
      is_open[start] = true;
    }
    while (length) {
      uint32_t f = path[length - 1];
      theseus_graph_edge edge = {.size = sizeof edge};
      if (next[f] < edges) {
        must(theseus_graph_edge_get(graph, next[f]++, &edge) == THESEUS_OK);
        uint32_t to = edge.callee;
        if (edge.caller != f)
          continue;
        if (!index[to]) {
          index[to] = low[to] = ++clock;
          open[opened++] = to;
          is_open[to] = true;
          path[length++] = to;
        } else if (is_open[to] && index[to] < low[f]) {
          low[f] = index[to];
        }
        continue;
      }
      length--;
      if (length && low[f] < low[path[length - 1]])
        low[path[length - 1]] = low[f];
      if (low[f] != index[f])
        continue;
      uint32_t member;
      do {
        member = open[--opened];
        is_open[member] = false;
        component[member] = f;
      } while (member != f);
    }
  }
  free(index), free(low), free(next), free(open), free(path), free(is_open);
}

static bool adds_up(const theseus_graph *graph) {
  theseus_graph_info info = {.size = sizeof info};
  must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
  uint32_t *component = calloc(info.functions, sizeof *component), root = UINT32_MAX;
  uint64_t *balance = calloc((size_t)info.functions * info.events, sizeof *balance);
  uint64_t *total = calloc(info.events, sizeof *total);
  bool good = true;
  must(component && balance && total);
  components(graph, info.functions, info.edges, component);
  for (uint32_t f = 0; f < info.functions; f++) {
    theseus_graph_function function = {.size = sizeof function};
    must(theseus_graph_function_get(graph, f, &function) == THESEUS_OK);
    if (strcmp(function.name, "(root)") == 0)
      root = f;
  }
  for (uint32_t i = 0; i < info.costs; i++) {
    theseus_graph_cost cost = {.size = sizeof cost};
    must(theseus_graph_cost_get(graph, i, &cost) == THESEUS_OK);
    for (uint32_t e = 0; e < info.events; e++) {
      balance[component[cost.function] * info.events + e] += cost.values[e];
      total[e] += cost.values[e];
    }
  }
  for (uint32_t i = 0; i < info.edges; i++) {
    theseus_graph_edge edge = {.size = sizeof edge};
    must(theseus_graph_edge_get(graph, i, &edge) == THESEUS_OK);
    good &= edge.callee != root && edge.count > 0;
    for (uint32_t e = 0; e < info.events && component[edge.caller] != component[edge.callee]; e++) {
      balance[component[edge.caller] * info.events + e] += edge.values[e];
      balance[component[edge.callee] * info.events + e] -= edge.values[e];
    }
  }
  must(root != UINT32_MAX);
  for (uint32_t f = 0; f < info.functions; f++)
    for (uint32_t e = 0; e < info.events && component[f] == f; e++)
      good &= balance[f * info.events + e] == (f == root ? total[e] : 0);
  free(component), free(balance), free(total);
  return good;
}

/* ---- random profiles ---- */

static uint32_t draw(uint64_t *state, uint32_t below) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*state >> 33) % below;
}

static theseus_profile *random_profile(uint64_t seed) {
  static const theseus_event_info extra = {sizeof extra, "Run", "Run time", "ns"};
  theseus_profile *profile;
  uint64_t state = seed * 977 + 1, open[30];
  uint32_t stacks = 1 + draw(&state, STACKS - 1), functions = 1 + draw(&state, FUNCTIONS), opened = 0, run;
  const theseus_profile_options options = {.size = sizeof options, .max_recursion = draw(&state, 4)};
  must(theseus_profile_new(&options, &profile) == THESEUS_OK);
  must(theseus_event_intern(profile, &extra, &run) == THESEUS_OK);
  for (uint32_t i = 0; i < FUNCTIONS; i++) {
    char name[20];
    uint32_t id;
    snprintf(name, sizeof name, "app.f%u", i);
    must(theseus_function_intern(profile, i % 3 ? "/srv/app.py" : "", name, 10 * i + 1, &id) == THESEUS_OK);
  }
  for (uint32_t tries = 0; tries < 200 && theseus_stack_count(profile) < stacks + 1; tries++) {
    uint32_t count = theseus_stack_count(profile), id;
    uint32_t parent = draw(&state, 3) ? count - 1 : draw(&state, count);
    must(!theseus_stack_push(profile, parent, draw(&state, functions), draw(&state, 4), &id));
  }
  stacks = theseus_stack_count(profile) - 1;
  for (uint64_t now = 1; now < 60; now++) {
    uint32_t stack = 1 + draw(&state, stacks);
    theseus_span_options begun = {.size = sizeof begun,
                                  .stack = stack,
                                  .flags = draw(&state, 2) ? THESEUS_SPAN_DETACHED : 0,
                                  .now_ns = now,
                                  .place_stack = draw(&state, 4) ? 1 + draw(&state, stacks) : 0,
                                  .line = draw(&state, 5)};
    switch (draw(&state, 4)) {
      case 0: must(!theseus_add_cost(profile, draw(&state, stacks + 1), draw(&state, 5), run, draw(&state, 9))); break;
      case 1: must(!theseus_record(profile, stack, draw(&state, 5), draw(&state, 99), (int)draw(&state, 3))); break;
      case 2:
        if (opened < 30)
          must(!theseus_span_begin(profile, &begun, &open[opened++]));
        break;
      case 3:
        if (opened)
          must(!theseus_span_end(profile, open[--opened], (int)draw(&state, 4), now));
        break;
    }
  }
  theseus_settle(profile, 70);
  return profile;
}

static theseus_graph *graph_of(const theseus_profile *profile) {
  theseus_graph *graph;
  must(theseus_graph_from_profile(profile, NULL, &graph) == THESEUS_OK);
  return graph;
}

static void test_random(void) {
  static struct slow slow;
  uint32_t wrong = 0, unbalanced = 0, edges = 0;
  for (uint64_t seed = 0; seed < 500; seed++) {
    theseus_profile *profile = random_profile(seed);
    theseus_graph *graph = graph_of(profile);
    build(&slow, profile);
    edges += slow.edge_count;
    wrong += !same(graph, profile, &slow);
    unbalanced += !adds_up(graph);
    theseus_graph_free(graph);
    theseus_profile_free(profile);
  }
  ok(edges > 5000, "there is something to compare");
  is_int(wrong, 0, "random profiles have the costs, calls and edges of all their paths");
  is_int(unbalanced, 0, "self + outgoing = incoming in every component of theirs");
}

/* ---- by hand ---- */

static void is_written(const theseus_profile *profile, const char *wanted, const char *what) {
  theseus_graph *graph = graph_of(profile);
  char *text = text_of(graph);
  char *body = strstr(text, "\nsummary");
  is_str(body, wanted, "%s", what);
  free(text);
  theseus_graph_free(graph);
}

/* main calls get, which forgets a background operation and waits for nothing else. */
static void test_detached(void) {
  theseus_profile *profile;
  uint32_t in_main, in_get, in_back, f;
  uint64_t get, back;
  must(theseus_profile_new(NULL, &profile) == THESEUS_OK);
  is_written(profile, "\nsummary: 0 0 0 0 0\n\nfl=(1) (theseus)\nfn=(1) (root)\n0 0 0 0 0 0\n\ntotals: 0 0 0 0 0\n",
             "an empty profile has a root");
  must(!theseus_function_intern(profile, "/srv/app.c", "main", 10, &f));
  must(!theseus_stack_push(profile, THESEUS_ROOT, f, 0, &in_main));
  must(!theseus_function_intern(profile, "/srv/app.c", "get", 42, &f));
  must(!theseus_stack_push(profile, in_main, f, 17, &in_get));
  must(!theseus_function_intern(profile, "", "back", 50, &f));
  must(!theseus_stack_push(profile, in_get, f, 43, &in_back));
  theseus_span_options options = {.size = sizeof options, .stack = in_get, .now_ns = 5, .line = 44};
  must(!theseus_span_begin(profile, &options, &get));
  options = (theseus_span_options){.size = sizeof options, .stack = in_back, .parent = get, .now_ns = 5, .line = 51};
  must(!theseus_span_begin(profile, &options, &back));
  must(!theseus_span_await(profile, get, NULL, 0, in_get, 44, 5));
  must(!theseus_span_end(profile, get, THESEUS_SUCCESS, 15));
  theseus_settle(profile, 25);
  is_written(profile,
             "\nsummary: 30 10 2 0 1\n"
             "\n"
             "fl=(1) (theseus)\n"
             "fn=(1) (root)\n"
             "0 0 0 0 0 0\n"
             "cfi=(1)\n"
             "cfn=(2) [detached]\n"
             "calls=1 0\n"
             "0 20 0 0 0 0\n"
             "cfi=(2) /srv/app.c\n"
             "cfn=(3) main\n"
             "calls=1 10\n"
             "0 10 10 2 0 1\n"
             "\n"
             "fl=(1)\n"
             "fn=(2)\n"
             "0 0 0 0 0 0\n"
             "cfi=(1)\n"
             "cfn=(4) back\n"
             "calls=1 50\n"
             "0 20 0 0 0 0\n"
             "\n"
             "fl=(1)\n"
             "fn=(4)\n"
             "50 0 0 1 0 1\n"
             "51 20 0 0 0 0\n"
             "\n"
             "fl=(2)\n"
             "fn=(5) get\n"
             "42 0 10 1 0 0\n"
             "44 10 0 0 0 0\n"
             "cfi=(1)\n"
             "cfn=(4)\n"
             "calls=1 50\n"
             "43 0 0 1 0 1\n"
             "\n"
             "fl=(2)\n"
             "fn=(3)\n"
             "10 0 0 0 0 0\n"
             "cfi=(2)\n"
             "cfn=(5)\n"
             "calls=1 42\n"
             "17 10 10 2 0 1\n"
             "\n"
             "totals: 30 10 2 0 1\n",
             "what nobody waits for is under [detached], and no part of the one that started it");
  theseus_profile_free(profile);
}

/* Two profiles that interned in different orders, and one that is their sum. */
static void test_order(void) {
  theseus_profile *all = random_profile(3), *other = random_profile(4), *one, *two;
  must(!theseus_profile_new(NULL, &one) && !theseus_profile_new(NULL, &two));
  must(!theseus_profile_merge(one, all) && !theseus_profile_merge(one, other));
  must(!theseus_profile_merge(two, other) && !theseus_profile_merge(two, all));
  theseus_graph *a = graph_of(one), *b = graph_of(two);
  char *x = text_of(a), *y = text_of(b);
  is_str(x, y, "the same measurements, interned in other orders: the same bytes");
  free(x), free(y);
  theseus_graph_free(a);
  theseus_graph_free(b);
  theseus_profile_free(all);
  theseus_profile_free(other);
  theseus_profile_free(one);
  theseus_profile_free(two);
}

/* A stack as deep as may be, many functions, and heads all along it. */
static void test_deep(void) {
  theseus_profile_options options = {.size = sizeof options, .max_depth = 20000};
  theseus_profile *profile;
  uint32_t f, stack = THESEUS_ROOT;
  must(!theseus_profile_new(&options, &profile) && !theseus_function_intern(profile, "/f", "f", 1, &f));
  for (int i = 0; i < 20000; i++)
    must(!theseus_stack_push(profile, stack, f, 1, &stack));
  must(!theseus_record(profile, stack, 2, 1000, THESEUS_SUCCESS));
  is_written(profile,
             "\nsummary: 1000 1000 1 0 0\n\nfl=(1) (theseus)\nfn=(1) (root)\n0 0 0 0 0 0\n"
             "cfi=(2) /f\ncfn=(2) f\ncalls=1 1\n0 1000 1000 1 0 0\n"
             "\nfl=(2)\nfn=(2)\n1 0 1000 1 0 0\n2 1000 0 0 0 0\ncfi=(2)\ncfn=(2)\ncalls=1 1\n1 0 0 0 0 0\n"
             "\ntotals: 1000 1000 1 0 0\n",
             "recursion 20000 deep: inclusive once");
  theseus_profile_free(profile);
}

static void test_out_of_memory(void) {
  theseus_profile *profile = random_profile(9);
  theseus_graph *whole = graph_of(profile), *graph = NULL;
  struct memory memory = {0};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_graph_options options = {.size = sizeof options, .allocator = &allocator};
  bool good = true;
  for (long nth = 0; !graph; nth++) {
    memory.left = nth;
    int status = theseus_graph_from_profile(profile, &options, &graph);
    good &= graph ? status == THESEUS_OK : status == THESEUS_ENOMEM && memory.blocks == 0;
  }
  memory.left = -1;
  ok(good && memory.failures > 20, "every allocation of a projection fails once: %ld", memory.failures);
  char *a = text_of(graph), *b = text_of(whole);
  is_str(a, b, "and then it is whole");
  free(a), free(b);
  theseus_graph_free(graph);
  is_int(memory.blocks, 0, "nothing is leaked");
  options = (theseus_graph_options){.size = sizeof options, .memory_limit = 8000};
  is_int(theseus_graph_from_profile(profile, &options, &graph), THESEUS_ELIMIT, "a limit holds for it too");
  theseus_graph_free(whole);
  theseus_profile_free(profile);
}

/* How many columns there are, which is the first, and the sum of the last one's self costs. */
static void columns_are(const theseus_profile *profile, uint32_t count, const char *first, uint64_t last) {
  theseus_graph *graph;
  theseus_graph_info info = {.size = sizeof info};
  theseus_event_info event = {.size = sizeof event};
  theseus_graph_cost cost = {.size = sizeof cost};
  uint64_t sum = 0;
  must(theseus_graph_from_profile(profile, NULL, &graph) == THESEUS_OK);
  must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
  must(theseus_graph_event_get(graph, 0, &event) == THESEUS_OK);
  is_uint(info.events, count, "%u columns", (unsigned)count);
  is_str(event.name, first, "the first is %s", first);
  for (uint32_t i = 0; i < info.costs; i++) {
    must(theseus_graph_cost_get(graph, i, &cost) == THESEUS_OK);
    sum += cost.values[info.events - 1];
  }
  is_uint(sum, last, "the last has what was measured");
  theseus_graph_free(graph);
}

static void test_columns(void) {
  static const theseus_event_info run = {sizeof run, "Run", "Run time", "ns"};
  theseus_profile *profile;
  uint32_t function, stack, event;
  must(theseus_profile_new(NULL, &profile) == THESEUS_OK);
  must(theseus_function_intern(profile, "/srv/app.c", "main", 1, &function) == THESEUS_OK);
  must(theseus_stack_push(profile, THESEUS_ROOT, function, 0, &stack) == THESEUS_OK);
  columns_are(profile, THESEUS_EVENTS, "Wait", 0);
  must(theseus_event_intern(profile, &run, &event) == THESEUS_OK);
  must(theseus_add_cost(profile, stack, 3, event, 77) == THESEUS_OK);
  columns_are(profile, 1, "Run", 77); /* of a host without operations, its own only */
  must(theseus_record(profile, stack, 3, 0, THESEUS_SUCCESS) == THESEUS_OK);
  columns_are(profile, THESEUS_EVENTS + 1, "Wait", 77);
  theseus_profile_free(profile);
}

int main(void) {
  test_detached();
  test_random();
  test_order();
  test_deep();
  test_columns();
  test_out_of_memory();
  return done();
}
