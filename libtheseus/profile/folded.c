/* SPDX-License-Identifier: ISC */
/* folded-write - one line for each distinct stack of names, `a;b;c 123`.
 * Stacks that differ only in lines or files are one line.  They are the same node in a trie of names: a th_stacks that
 * has the text of a name in place of a function. */
#include "base/output.h"
#include "base/sort.h"
#include "base/text.h"
#include "profile/profile.h"

#include <string.h>

/* Names besides those of functions: for values on the root, and for Wait of detached heads. */
enum { ROOT_NAME, DETACHED_NAME, EXTRA_NAMES };

struct folded {
  const theseus_profile *profile;
  th_alloc alloc;   /* a copy, as the profile is const */
  th_strings names; /* escaped */
  th_stacks nodes;  /* the trie */
  uint64_t *values; /* of the nodes */
  uint32_t values_capacity;
  uint32_t *functions; /* the number of each function's name, and of the extra ones after them */
  uint32_t *path;      /* room for one stack, an extra name included */
  uint32_t *lines;     /* the nodes that have a line, twice the room: for the sort too */
  uint32_t line_count, node_count;
};

/* ---- the trie ---- */

/* Escapes a name for a line, in which `;` separates frames. */
static int intern_name(struct folded *folded, const char *name, uint32_t *out) {
  size_t n = strlen(name), length = 0;
  if (n > SIZE_MAX / 8 - 1)
    return THESEUS_EOVERFLOW;
  char *clean = th_alloc_zeroed(&folded->alloc, n + 1, 8); /* cleaning may write 4 bytes for one, and escaping again */
  if (!clean)
    return th_alloc_why(&folded->alloc);
  char *escaped = clean + 4 * (n + 1);
  n = th_text_clean(name, n, clean);
  for (size_t i = 0; i < n; i++) {
    const char *bytes = clean[i] == ';' ? "\\x3b" : &clean[i];
    size_t step = clean[i] == ';' ? 4 : 1;
    memcpy(escaped + length, bytes, step);
    length += step;
  }
  int status = th_strings_intern(&folded->names, &folded->alloc, escaped, length, out);
  th_alloc_free(&folded->alloc, clean, strlen(name) + 1, 8);
  return status;
}

static int push(struct folded *folded, uint32_t parent, uint32_t name, uint32_t *out) {
  int status = th_stacks_push(&folded->nodes, &folded->alloc, parent, name, 0, out);
  if (!status)
    status = th_alloc_grow(&folded->alloc, &folded->values, &folded->values_capacity, folded->nodes.capacity,
                           sizeof *folded->values);
  while (!status && folded->node_count < folded->nodes.count)
    folded->values[folded->node_count++] = 0;
  return status;
}

static int add(struct folded *folded, uint32_t stack, bool detached, uint64_t value) {
  uint32_t length = 0, node = THESEUS_ROOT;
  int status = THESEUS_OK;

  if (!value)
    return THESEUS_OK;
  if (stack == THESEUS_ROOT)
    folded->path[length++] = folded->functions[folded->profile->functions.count + ROOT_NAME];
  for (; stack != THESEUS_ROOT; stack = folded->profile->stacks.items[stack].parent)
    folded->path[length++] = folded->functions[folded->profile->stacks.items[stack].function];
  if (detached)
    folded->path[length++] = folded->functions[folded->profile->functions.count + DETACHED_NAME];
  while (!status && length)
    status = push(folded, node, folded->path[--length], &node);
  if (!status && value > UINT64_MAX - folded->values[node])
    status = THESEUS_EOVERFLOW;
  if (!status)
    folded->values[node] += value;
  return status;
}

static uint64_t stats_value(const theseus_stack_info *stats, uint32_t event) {
  switch (event) {
    case THESEUS_LATENCY: return stats->latency_ns;
    case THESEUS_OPERATIONS: return stats->operations;
    case THESEUS_FAILED: return stats->failure + stats->cancelled;
    default: return stats->pending;
  }
}

static int add_all(struct folded *folded, uint32_t event) {
  const theseus_profile *profile = folded->profile;
  int status = THESEUS_OK;

  if (event == THESEUS_WAIT || event >= THESEUS_EVENTS) {
    for (uint32_t i = 0; !status && i < profile->cells.count; i++) {
      const struct th_cell *cell = &profile->cells.items[i];
      uint64_t value = 0;
      if (cell->key.event != event)
        continue;
      status = th_cells_net(&profile->cells, i, &value);
      if (!status)
        status = add(folded, cell->key.stack, cell->key.detached, value);
    }
    return status;
  }
  for (uint32_t i = 0; !status && i < profile->stacks.count; i++) {
    theseus_stack_info stats = {.size = sizeof stats};
    theseus_stack_get(profile, i, &stats);
    status = add(folded, i, false, stats_value(&stats, event));
  }
  return status;
}

/* ---- order ---- */

/* What follows the stack in a line, and what follows a frame. */
static size_t tail(const struct folded *folded, uint32_t node, bool goes_on, char *out) {
  out[0] = goes_on ? ';' : ' ';
  return goes_on ? 1 : 1 + th_decimal(folded->values[node], out + 1);
}

/* Orders siblings of the trie as the bytes of their lines are ordered. */
static bool less(const void *owner, uint32_t a, uint32_t b) {
  const struct folded *folded = owner;
  const struct th_stack *nodes = folded->nodes.items;
  char tails[2][TH_DIGITS + 1];
  uint32_t x = a, y = b;

  while (nodes[x].depth > nodes[y].depth)
    x = nodes[x].parent;
  while (nodes[y].depth > nodes[x].depth)
    y = nodes[y].parent;
  if (x == y) /* one name is a prefix of the other */
    return nodes[a].depth < nodes[b].depth;
  while (nodes[x].parent != nodes[y].parent) {
    x = nodes[x].parent;
    y = nodes[y].parent;
  }
  const struct th_text *m = &folded->names.texts[nodes[x].function], *n = &folded->names.texts[nodes[y].function];
  size_t shorter = m->length < n->length ? m->length : n->length;
  int order = memcmp(m->bytes, n->bytes, shorter);
  if (order)
    return order < 0;
  size_t lengths[] = {tail(folded, x, x != a, tails[0]), tail(folded, y, y != b, tails[1])};
  for (size_t i = 0;; i++) {
    unsigned char c = (unsigned char)(shorter + i < m->length                ? m->bytes[shorter + i]
                                      : shorter + i - m->length < lengths[0] ? tails[0][shorter + i - m->length]
                                                                             : '\0');
    unsigned char d = (unsigned char)(shorter + i < n->length                ? n->bytes[shorter + i]
                                      : shorter + i - n->length < lengths[1] ? tails[1][shorter + i - n->length]
                                                                             : '\0');
    if (c != d || !c)
      return c < d;
  }
}

static int sort_lines(struct folded *folded) {
  uint32_t n = 0;
  for (uint32_t node = 0; node < folded->node_count; node++)
    n += folded->values[node] != 0;
  if (!n)
    return THESEUS_OK;
  folded->lines = th_alloc_zeroed(&folded->alloc, 2 * (size_t)n, sizeof *folded->lines);
  if (!folded->lines)
    return th_alloc_why(&folded->alloc);
  for (uint32_t node = 0; node < folded->node_count; node++)
    if (folded->values[node])
      folded->lines[folded->line_count++] = node;
  th_sort(folded->lines, n, folded->lines + n, less, folded);
  return THESEUS_OK;
}

static void write_line(const struct folded *folded, th_output *output, uint32_t line) {
  uint32_t length = 0;
  for (uint32_t node = line; node != THESEUS_ROOT; node = folded->nodes.items[node].parent)
    folded->path[length++] = folded->nodes.items[node].function;
  while (length--) {
    const struct th_text *name = &folded->names.texts[folded->path[length]];
    th_output_bytes(output, name->bytes, name->length);
    th_output_bytes(output, length ? ";" : " ", 1);
  }
  th_output_number(output, folded->values[line]);
  th_output_bytes(output, "\n", 1);
}

/* ---- the call ---- */

static int prepare(struct folded *folded, uint32_t event) {
  const theseus_profile *profile = folded->profile;
  uint32_t functions = profile->functions.count;

  folded->functions = th_alloc_zeroed(&folded->alloc, (size_t)functions + EXTRA_NAMES, sizeof *folded->functions);
  folded->path = th_alloc_zeroed(&folded->alloc, (size_t)profile->max_depth + EXTRA_NAMES, sizeof *folded->path);
  if (!folded->functions || !folded->path)
    return th_alloc_why(&folded->alloc);
  int status = th_stacks_init(&folded->nodes, &folded->alloc);
  if (!status)
    status = intern_name(folded, "(root)", &folded->functions[functions + ROOT_NAME]);
  if (!status)
    status = intern_name(folded, "[detached]", &folded->functions[functions + DETACHED_NAME]);
  for (uint32_t i = 0; !status && i < functions; i++)
    status =
        intern_name(folded, th_strings_get(&profile->strings, profile->functions.items[i].name), &folded->functions[i]);
  if (!status)
    status = add_all(folded, event);
  return status ? status : sort_lines(folded);
}

int theseus_folded_write(const theseus_profile *profile, uint32_t event, const theseus_sink *sink) {
  if (!profile)
    return THESEUS_EINVAL;
  struct folded folded = {.profile = profile, .alloc = profile->alloc};
  th_output output;

  if (event >= profile->event_count)
    return THESEUS_EINVAL;
  int status = th_output_init(&output, &folded.alloc, sink);
  if (!status)
    status = prepare(&folded, event);
  for (uint32_t i = 0; !status && !output.status && i < folded.line_count; i++)
    write_line(&folded, &output, folded.lines[i]);
  status = th_output_end(&output, &folded.alloc, status);

  th_alloc_free(&folded.alloc, folded.lines, 2 * (size_t)folded.line_count, sizeof *folded.lines);
  th_alloc_free(&folded.alloc, folded.path, (size_t)profile->max_depth + EXTRA_NAMES, sizeof *folded.path);
  th_alloc_free(&folded.alloc, folded.functions, (size_t)profile->functions.count + EXTRA_NAMES,
                sizeof *folded.functions);
  th_alloc_free(&folded.alloc, folded.values, folded.values_capacity, sizeof *folded.values);
  th_stacks_free(&folded.nodes, &folded.alloc);
  th_strings_free(&folded.names, &folded.alloc);
  return status;
}
