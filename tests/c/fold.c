/* SPDX-License-Identifier: ISC */
/* A failure means that a folded profile shows other figures than the one that it was made of, or other frames than its
 * rules say. */
#include "digest.h"
#include "memory.h"
#include "random-profile.h"

enum {
  P = THESEUS_PROGRAM,
  PSEUDO = THESEUS_PSEUDO,
  LEAF = THESEUS_LEAF,
  M = THESEUS_MACHINERY,
  R = THESEUS_RETURNING
};

/* ---- texts to compare ---- */

struct line {
  char key[4000];
  uint64_t value;
};
struct lines {
  struct line items[900];
  uint32_t count;
};

static void add_line(struct lines *lines, const char *key, uint64_t value) {
  uint32_t i = 0;
  while (i < lines->count && strcmp(lines->items[i].key, key) != 0)
    i++;
  must(i < 900 && strlen(key) < sizeof lines->items[i].key);
  if (i == lines->count)
    strcpy(lines->items[lines->count++].key, key);
  lines->items[i].value += value;
}

static bool is_in(const struct lines *lines, const struct line *line) {
  for (uint32_t i = 0; i < lines->count; i++)
    if (!strcmp(lines->items[i].key, line->key))
      return lines->items[i].value == line->value;
  return false;
}

static bool same_lines(const struct lines *a, const struct lines *b) {
  bool same = a->count == b->count;
  for (uint32_t i = 0; i < a->count; i++)
    same &= is_in(b, &a->items[i]);
  return same;
}

/* ---- the rules, one stack at a time ---- */

struct frame {
  uint32_t function, call_line;
  bool kept;
};

static uint32_t frames_of(const theseus_profile *profile, uint32_t stack, struct frame *frames) {
  theseus_stack_info info = {.size = sizeof info};
  must(!theseus_stack_get(profile, stack, &info));
  uint32_t depth = info.depth;
  for (uint32_t i = depth; i-- > 0; stack = info.parent) {
    must(!theseus_stack_get(profile, stack, &info));
    frames[i] = (struct frame){info.function, info.call_line, false};
  }
  return depth;
}

static uint32_t find_kind(const struct frame *frames, uint32_t from, uint32_t n, const uint8_t *kinds, uint8_t kind) {
  while (from < n && kinds[frames[from].function] != kind)
    from++;
  return from;
}

static void choose(struct frame *frames, uint32_t n, const uint8_t *kinds) {
  uint32_t program = n; /* the innermost */
  for (uint32_t i = 0; i < n; i++) {
    uint8_t kind = kinds[frames[i].function];
    frames[i].kept = kind == P || kind == PSEUDO;
    program = kind == P ? i : program;
  }
  if (program < n) {
    uint32_t chosen = find_kind(frames, program + 1, n, kinds, LEAF);
    if (chosen == n)
      chosen = find_kind(frames, program + 1, n, kinds, R);
    if (chosen < n)
      frames[chosen].kept = true;
    return;
  }
  for (uint32_t i = 0; i < n; i++)
    frames[i].kept |= kinds[frames[i].function] == LEAF || kinds[frames[i].function] == R;
}

/* The folded stack as text, and the line of what is booked there.  Returns false if the stack's own frame goes. */
static bool describe(const theseus_profile *profile, uint32_t stack, const uint8_t *kinds, char *text, uint32_t *line) {
  struct frame frames[600];
  uint32_t n = frames_of(profile, stack, frames), last = UINT32_MAX, gone = 0;
  bool is_gone = false;
  choose(frames, n, kinds);
  *text = '\0';
  for (uint32_t i = 0; i < n; i++) {
    if (!frames[i].kept) {
      gone = is_gone ? gone : last == UINT32_MAX ? 0 : frames[i].call_line;
      is_gone = true;
      continue;
    }
    if (frames[i].function != last)
      text += sprintf(text, "%u:%u ", frames[i].function, is_gone ? gone : frames[i].call_line);
    last = frames[i].function;
    is_gone = false;
  }
  if (is_gone)
    *line = gone;
  return !is_gone;
}

/* Lines of all that is measured.  With the kind of every function P they are those of the profile as it is. */
static void list(const theseus_profile *profile, const uint8_t *kinds, struct lines *out) {
  static char text[4000], head[4000], key[9000];
  uint32_t line = 0, none;
  out->count = 0;
  memset(out->items, 0, sizeof out->items);
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    must(!theseus_cell_get(profile, i, &cell));
    line = cell.line;
    describe(profile, cell.stack, kinds, text, &line);
    describe(profile, cell.head, kinds, head, &none);
    snprintf(key, sizeof key, "%u %u|%s|%s|%u", cell.event, cell.detached, head, text, line);
    if (cell.value)
      add_line(out, key, cell.value);
  }
  for (uint32_t s = 0; s < theseus_stack_count(profile); s++) {
    theseus_stack_info info = {.size = sizeof info};
    uint64_t buckets[THESEUS_BUCKETS];
    must(!theseus_stack_get(profile, s, &info) && !theseus_histogram_get(profile, s, buckets));
    if (!info.operations || !describe(profile, s, kinds, text, &line))
      continue;
    const uint64_t values[] = {info.operations, info.success,   info.failure,   info.cancelled,
                               info.pending,    info.abandoned, info.latency_ns};
    for (uint32_t i = 0; i < sizeof values / sizeof *values; i++) {
      snprintf(key, sizeof key, "%s stats %u", text, i);
      add_line(out, key, values[i]);
    }
    for (uint32_t i = 0; i < THESEUS_BUCKETS; i++) {
      snprintf(key, sizeof key, "%s bucket %u", text, i);
      if (buckets[i])
        add_line(out, key, buckets[i]);
    }
  }
}

/* ---- random profiles ---- */

static struct text pprof_of(const theseus_profile *profile) {
  struct text text = {NULL, 0};
  theseus_sink sink = {text_write, &text};
  must(!theseus_pprof_write(profile, NULL, &sink));
  return text;
}

static bool same_file(const theseus_profile *a, const theseus_profile *b) {
  struct text x = pprof_of(a), y = pprof_of(b);
  bool same = x.size == y.size && !memcmp(x.bytes, y.bytes, x.size);
  free(x.bytes);
  free(y.bytes);
  return same;
}

/* Kinds by what functions are, not by their ids: the same in each profile. */
static void draw_kinds(const theseus_profile *profile, uint64_t seed, uint8_t *kinds) {
  must(theseus_function_count(profile) <= 100);
  for (uint32_t i = 0; i < theseus_function_count(profile); i++) {
    theseus_function_info info = {.size = sizeof info};
    must(!theseus_function_get(profile, i, &info));
    uint64_t hash = seed * 31 + info.first_line + (*info.file ? 7 : 0);
    for (const char *c = info.name; *c; c++)
      hash = hash * 131 + (unsigned char)*c;
    kinds[i] = (uint8_t)(draw(&hash, 50) % (seed % 4 ? 5 : 4));
  }
}

static theseus_profile *folded(const theseus_profile *profile, uint64_t seed, uint64_t *hidden) {
  uint8_t kinds[100];
  theseus_profile *out;
  draw_kinds(profile, seed, kinds);
  must(!theseus_profile_fold(profile, kinds, theseus_function_count(profile), hidden, &out));
  return out;
}

static uint64_t total(const theseus_profile *profile, uint32_t event) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    must(!theseus_cell_get(profile, i, &cell));
    sum += cell.event == event ? cell.value : 0;
  }
  return sum;
}

/* The Wait of all stacks that a function is on. */
static uint64_t inclusive(const theseus_profile *profile, uint32_t function) {
  struct frame frames[600];
  uint64_t sum = 0;
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    bool on = false;
    must(!theseus_cell_get(profile, i, &cell));
    for (uint32_t n = frames_of(profile, cell.stack, frames); n-- > 0;)
      on |= frames[n].function == function;
    sum += on && cell.event == THESEUS_WAIT ? cell.value : 0;
  }
  return sum;
}

static void test_random(void) {
  static struct lines wanted, found;
  static const uint8_t plain[100];
  uint8_t kinds[100];
  uint32_t wrong = 0, sums = 0, twice = 0, changed = 0, moved = 0;
  uint64_t hidden = 0, all_hidden = 0;
  for (uint64_t seed = 0; seed < 300; seed++) {
    theseus_profile *profile = random_profile(seed, NULL);
    uint64_t before = digest(profile, true);
    theseus_profile *once = folded(profile, seed, &hidden), *again = folded(once, seed, NULL);
    all_hidden += hidden;
    draw_kinds(profile, seed, kinds);
    list(profile, kinds, &wanted);
    list(once, plain, &found);
    wrong += !same_lines(&wanted, &found);
    for (uint32_t event = 0; event < theseus_event_count(profile); event++)
      sums += total(profile, event) != total(once, event);
    for (uint32_t i = 0; i < theseus_function_count(profile); i++)
      moved += kinds[i] <= PSEUDO && inclusive(profile, i) != inclusive(once, i);
    twice += !same_file(once, again);
    changed += digest(profile, true) != before;
    theseus_profile_free(profile);
    theseus_profile_free(once);
    theseus_profile_free(again);
  }
  ok(all_hidden > 500, "frames were folded");
  is_int(wrong, 0, "what is measured of a folded profile is what the rules say, stack by stack");
  is_int(sums, 0, "the sum of each event is unchanged");
  is_int(moved, 0, "so is the inclusive Wait of each function of the program");
  is_int(twice, 0, "folding twice is folding once");
  is_int(changed, 0, "the profile itself stays as it is");
}

static theseus_profile *sum(const theseus_profile *a, const theseus_profile *b) {
  theseus_profile *both;
  must(!theseus_profile_new(NULL, &both) && !theseus_profile_merge(both, a) && !theseus_profile_merge(both, b));
  return both;
}

static void test_merge(void) {
  uint32_t wrong = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    theseus_profile *a = random_profile(seed, NULL), *b = random_profile(seed + 1000, NULL);
    theseus_profile *both = sum(a, b), *left = folded(both, seed, NULL);
    theseus_profile *x = folded(a, seed, NULL), *y = folded(b, seed, NULL), *right = sum(x, y);
    wrong += !same_file(left, right);
    theseus_profile *const all[] = {a, b, both, left, x, y, right};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
      theseus_profile_free(all[i]);
  }
  is_int(wrong, 0, "folding a merged profile is merging folded ones");
}

/* ---- by hand ---- */

/* Folds one stack, `kinds`[i] being the kind of frame i, which is called on line i + 1, function `names`[i].  A span
 * of 5 ns pends on line 99.  Expects the folded stack `path`, the line of its Wait and the number of spans. */
static void is_folded(const char *names, const uint8_t *kinds, const char *path, uint32_t line, uint64_t spans) {
  theseus_profile *profile, *fold;
  uint32_t stack = THESEUS_ROOT, function = 0;
  uint8_t by_id[20];
  static char text[4000];
  must(!theseus_profile_new(NULL, &profile));
  for (uint32_t i = 0; names[i]; i++) {
    const char name[] = {names[i], '\0'};
    must(!theseus_function_intern(profile, "", name, 0, &function));
    by_id[function] = kinds[i];
    must(!theseus_stack_push(profile, stack, function, i + 1, &stack));
  }
  must(!theseus_record(profile, stack, 99, 5, THESEUS_SUCCESS));
  must(!theseus_profile_fold(profile, by_id, theseus_function_count(profile), NULL, &fold));
  uint64_t found = 0;
  theseus_cell_info cell = {.size = sizeof cell};
  must(theseus_cell_count(fold) == 1 && !theseus_cell_get(fold, 0, &cell));
  char *out = text;
  struct frame frames[20];
  for (uint32_t i = 0, n = frames_of(fold, cell.stack, frames); i < n; i++) {
    theseus_function_info info = {.size = sizeof info};
    must(!theseus_function_get(fold, frames[i].function, &info));
    out += sprintf(out, "%s%s%u", i ? " " : "", info.name, frames[i].call_line);
  }
  *out = '\0';
  for (uint32_t s = 0; s < theseus_stack_count(fold); s++) {
    theseus_stack_info info = {.size = sizeof info};
    must(!theseus_stack_get(fold, s, &info));
    found += info.operations;
  }
  is_str(text, path, "%s: the frames that stay", names);
  is_uint(cell.line, line, "%s: the line", names);
  is_uint(found, spans, "%s: the spans", names);
  is_uint(cell.value, 5, "%s: the Wait", names);
  theseus_profile_free(profile);
  theseus_profile_free(fold);
}

static void test_by_hand(void) {
  is_folded("ab", (uint8_t[]){P, P}, "a0 b2", 99, 1);
  is_folded("amb", (uint8_t[]){P, M, P}, "a0 b2", 99, 1);     /* on the line of a's call */
  is_folded("amnb", (uint8_t[]){P, M, R, P}, "a0 b2", 99, 1); /* nothing stays between program frames */
  is_folded("alb", (uint8_t[]){P, LEAF, P}, "a0 b2", 99, 1);  /* not even a leaf */
  is_folded("mna", (uint8_t[]){M, R, P}, "a0", 99, 1);        /* nor before them */
  is_folded("am", (uint8_t[]){P, M}, "a0", 2, 0);             /* its Wait goes to its caller's line */
  is_folded("amn", (uint8_t[]){P, M, M}, "a0", 2, 0);
  is_folded("amr", (uint8_t[]){P, M, R}, "a0 r2", 99, 1);          /* the first that returns */
  is_folded("amrs", (uint8_t[]){P, M, R, R}, "a0 r2", 4, 0);       /* and takes the Wait of what it calls */
  is_folded("arml", (uint8_t[]){P, R, M, LEAF}, "a0 l2", 99, 1);   /* a leaf comes first */
  is_folded("arlk", (uint8_t[]){P, R, LEAF, LEAF}, "a0 l2", 4, 0); /* the first leaf */
  is_folded("xmrsl", (uint8_t[]){PSEUDO, M, R, R, LEAF}, "x0 r2 s4 l5", 99,
            1); /* without a program frame, all that return */
  is_folded("xm", (uint8_t[]){PSEUDO, M}, "x0", 2, 0);
  is_folded("mn", (uint8_t[]){M, M}, "", 0, 0); /* nothing stays: the root */
  is_folded("xrma", (uint8_t[]){PSEUDO, R, M, P}, "x0 a2", 99, 1);
  is_folded("ama", (uint8_t[]){P, M, P}, "a0", 99, 1);        /* the same function again */
  is_folded("amab", (uint8_t[]){P, M, P, P}, "a0 b4", 99, 1); /* called from the inner one */
  is_folded("amamm", (uint8_t[]){P, M, P, M, M}, "a0", 4, 0);
  is_folded("axl", (uint8_t[]){P, PSEUDO, LEAF}, "a0 x2 l3", 99, 1);
  is_folded("arxl", (uint8_t[]){P, R, PSEUDO, LEAF}, "a0 x2 l4", 99, 1);
}

/* ---- errors ---- */

static void test_errors(void) {
  theseus_profile *profile, *out = NULL;
  uint32_t id, f, stack, inner;
  const uint8_t kinds[] = {P, M, 9};
  must(!theseus_profile_new(NULL, &profile));
  is_int(theseus_profile_fold(profile, NULL, 0, NULL, &out), THESEUS_OK, "an empty profile");
  theseus_profile_free(out);
  out = NULL;
  for (uint32_t i = 0; i < 3; i++)
    must(!theseus_function_intern(profile, "", i ? i == 1 ? "b" : "c" : "a", 0, &id));
  is_int(theseus_profile_fold(NULL, kinds, 3, NULL, &out), THESEUS_EINVAL, "no profile");
  is_int(theseus_profile_fold(profile, NULL, 3, NULL, &out), THESEUS_EINVAL, "no kinds");
  is_int(theseus_profile_fold(profile, kinds, 2, NULL, &out), THESEUS_EINVAL, "too few kinds");
  is_int(theseus_profile_fold(profile, kinds, 4, NULL, &out), THESEUS_EINVAL, "too many");
  is_int(theseus_profile_fold(profile, kinds, 3, NULL, &out), THESEUS_EINVAL, "an unknown kind");
  is_int(theseus_profile_fold(profile, (uint8_t[]){0, 0, 0}, 3, NULL, NULL), THESEUS_EINVAL, "no place for the result");
  must(!theseus_stack_push(profile, 0, 0, 0, &stack) && !theseus_record(profile, stack, 1, UINT64_MAX - 1, 0));
  must(!theseus_function_intern(profile, "", "b", 0, &f) && !theseus_stack_push(profile, stack, f, 1, &inner));
  must(!theseus_record(profile, inner, 1, UINT64_MAX - 1, 0));
  is_int(theseus_profile_fold(profile, (uint8_t[]){0, M, 0}, 3, NULL, &out), THESEUS_EOVERFLOW,
         "a sum that does not fit");
  must(!theseus_stack_push(profile, stack, 0, 1, &inner) && !theseus_record(profile, inner, 7, UINT64_MAX - 1, 0));
  is_int(theseus_profile_fold(profile, (uint8_t[]){0, 0, 0}, 3, NULL, &out), THESEUS_EOVERFLOW, "nor one of latencies");
  ok(out == NULL, "nothing is stored on failure");
  theseus_profile_free(profile);
}

static void test_memory(void) {
  struct memory memory = {-1, 0, 0, 0};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_profile_options options = {.size = sizeof options, .allocator = &allocator};
  theseus_profile *profile = random_profile(5, &options);
  uint8_t kinds[100];
  uint32_t wrong = 0;
  long attempts = 0, blocks = memory.blocks;
  must(!theseus_profile_set(profile, "cmd", "shop.py"));
  blocks = memory.blocks;
  draw_kinds(profile, 5, kinds);
  uint64_t before = digest(profile, true);
  do {
    theseus_profile *out = NULL;
    memory.left = attempts++;
    memory.failures = 0;
    int status = theseus_profile_fold(profile, kinds, theseus_function_count(profile), NULL, &out);
    wrong += status != (memory.failures ? THESEUS_ENOMEM : THESEUS_OK) || (out == NULL) != (status != THESEUS_OK);
    if (out)
      is_str(theseus_profile_get(out, "cmd"), "shop.py", "the folded profile has the facts of its origin");
    theseus_profile_free(out);
    wrong += memory.blocks != blocks || digest(profile, true) != before;
  } while (memory.failures);
  ok(attempts > 20 && !wrong, "whichever of %ld allocations fails, it is reported, and nothing is leaked", attempts);
  theseus_profile_free(profile);
  is_int(memory.blocks, 0, "nothing is left");
}

int main(void) {
  test_by_hand();
  test_random();
  test_merge();
  test_errors();
  test_memory();
  return done();
}
