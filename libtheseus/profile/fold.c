/* SPDX-License-Identifier: ISC */
/* fold - a profile without the frames that its reader does not know: those of the machinery.
 *
 * A stack has two folded forms, which grow with it frame by frame:
 *
 *     frames     main   react*   page   get*   _get*   tick         * machinery; get returns promises
 *     above      main            page                  tick         what stays of it below further program frames
 *     end        main            page   get                         what stays of it as a whole: up to _get*
 *
 * What is booked on a frame that goes is booked on the last one that stays, on the line of its call. */
#include "profile/profile.h"

/* A folded form. */
struct form {
  uint32_t stack; /* of the folded profile */
  uint32_t line;  /* gone: the line in its function that called the first frame that went */
  bool gone;      /* frames went after the last one that stayed */
};

/* Of a stack of the profile. */
struct fold {
  struct form above, end;
  uint32_t tail; /* the kind of the machinery that stays behind the last program frame; 0: none does yet */
  bool program;  /* it has a program frame */
  bool live;     /* something is measured of it, or of a stack above it */
};

struct folding {
  const theseus_profile *from;
  const uint8_t *kinds;
  theseus_profile *into;
  struct fold *folds; /* by stack */
};

/* ---- frames ---- */

/* The same function twice in a row is one frame. */
static int keep(struct folding *folding, struct form *form, const struct th_stack *frame) {
  uint32_t line = form->gone ? form->line : frame->call_line;
  int status = THESEUS_OK;
  form->gone = false;
  if (form->stack == THESEUS_ROOT || folding->into->stacks.items[form->stack].function != frame->function)
    status = th_profile_push(folding->into, form->stack, frame->function, line, &form->stack);
  return status;
}

static void drop(struct form *form, const struct th_stack *frame) {
  if (form->gone)
    return;
  form->gone = true;
  form->line = form->stack == THESEUS_ROOT ? 0 : frame->call_line;
}

/* A leaf, or machinery that returns promises. */
static int keep_in_tail(struct folding *folding, struct fold *fold, const struct th_stack *frame, uint32_t kind) {
  int status = THESEUS_OK;

  if (!fold->program)
    status = keep(folding, &fold->end, frame);
  else if (fold->tail == THESEUS_LEAF || fold->tail == kind)
    drop(&fold->end, frame);
  else {
    if (kind == THESEUS_LEAF)
      fold->end = fold->above;
    fold->tail = kind;
    status = keep(folding, &fold->end, frame);
  }
  drop(&fold->above, frame);
  return status;
}

/* `fold` is that of the parent, and becomes that of the stack. */
static int add_frame(struct folding *folding, struct fold *fold, const struct th_stack *frame) {
  uint32_t kind = folding->kinds[frame->function];
  int status;

  switch (kind) {
    case THESEUS_PROGRAM:
      status = keep(folding, &fold->above, frame);
      fold->end = fold->above;
      fold->program = true;
      fold->tail = 0;
      return status;
    case THESEUS_PSEUDO:
      status = keep(folding, &fold->above, frame);
      return status ? status : keep(folding, &fold->end, frame);
    case THESEUS_MACHINERY:
      drop(&fold->above, frame);
      drop(&fold->end, frame);
      return THESEUS_OK;
    default: return keep_in_tail(folding, fold, frame, kind);
  }
}

static int fold_stacks(struct folding *folding, uint64_t *hidden) {
  const th_stacks *stacks = &folding->from->stacks;
  int status = THESEUS_OK;

  for (uint32_t i = 1; i < stacks->count && !status; i++) {
    const struct th_stack *frame = &stacks->items[i];
    struct fold *fold = &folding->folds[i];
    if (!fold->live)
      continue;
    *fold = folding->folds[frame->parent];
    status = add_frame(folding, fold, frame);
    *hidden += fold->end.gone;
  }
  return status;
}

static void mark_live(struct folding *folding) {
  const theseus_profile *from = folding->from;

  for (uint32_t i = 0; i < from->cells.count; i++) {
    const struct th_cell_key *key = &from->cells.items[i].key;
    if (th_fixed_round(from->cells.items[i].value))
      folding->folds[key->head].live = folding->folds[key->stack].live = true;
  }
  for (uint32_t i = from->stacks.count - 1; i > 0; i--) {
    const struct th_stack *stack = &from->stacks.items[i];
    struct fold *fold = &folding->folds[i];
    fold->live = fold->live || (stack->stats != TH_NONE && from->stats[stack->stats].operations);
    folding->folds[stack->parent].live |= fold->live;
  }
  folding->folds[THESEUS_ROOT].live = true;
}

/* ---- what is measured ---- */

static int add_cell(struct folding *folding, const struct th_cell *cell) {
  const struct form *place = &folding->folds[cell->key.stack].end;
  theseus_profile *into = folding->into;
  uint64_t value = th_fixed_round(cell->value);
  struct th_cell_key key = cell->key;
  uint32_t id = 0;

  if (!value)
    return THESEUS_OK;
  key.head = folding->folds[key.head].end.stack;
  key.stack = place->stack;
  key.line = place->gone ? place->line : key.line;
  int status = th_labels_rename(&folding->from->labels, &folding->from->strings, cell->key.labels, &into->labels,
                                &into->strings, &into->alloc, &key.labels);
  if (!status)
    status = th_cells_intern(&into->cells, &into->alloc, &key, &id);
  if (status)
    return status;
  if (!th_fits(into->cells.items[id].value.ns, value))
    return THESEUS_EOVERFLOW;
  th_cells_add(&into->cells, id, value);
  return THESEUS_OK;
}

static int add_spans(struct folding *folding, const struct th_stats *more, uint32_t stack) {
  const th_histogram *histogram = &folding->from->histogram;
  theseus_profile *into = folding->into;
  struct th_stats *stats;
  int status = th_profile_stats(into, stack, &stats);

  if (status)
    return status;
  if (!th_fits(stats->operations, more->operations) || !th_fits(stats->latency_ns, more->latency_ns))
    return THESEUS_EOVERFLOW;
  th_profile_add_stats(stats, more);
  for (uint32_t i = more->buckets; i != TH_NONE && !status; i = histogram->items[i].next) {
    struct th_bucket bucket = histogram->items[i];
    bucket.stack = stack;
    status = th_histogram_add(&into->histogram, &into->alloc, &bucket, &stats->buckets);
  }
  return status;
}

/* Spans stay if their own frame does. */
static int add_measures(struct folding *folding) {
  const theseus_profile *from = folding->from;
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < from->cells.count && !status; i++)
    status = add_cell(folding, &from->cells.items[i]);
  for (uint32_t i = 0; i < from->stacks.count && !status; i++) {
    const struct fold *fold = &folding->folds[i];
    const struct th_stack *stack = &from->stacks.items[i];
    if (stack->stats != TH_NONE && fold->live && !fold->end.gone)
      status = add_spans(folding, &from->stats[stack->stats], fold->end.stack);
  }
  return status;
}

/* ---- the new profile ---- */

/* Creates a profile that has the names of `from`, under the same ids, and nothing that was measured: merging numbers
 * them in the same order. */
static int new_like(const theseus_profile *from, theseus_profile **out) {
  theseus_profile *into;
  theseus_profile_options options = {.size = sizeof options,
                                     .allocator = &from->alloc.user,
                                     .max_depth = from->max_depth,
                                     .max_nesting = from->max_nesting,
                                     .memory_limit = from->alloc.limit == UINT64_MAX ? 0 : from->alloc.limit};
  int status = theseus_profile_new(&options, &into);
  if (status)
    return status;
  status = theseus_profile_merge(into, from);
  if (status) {
    theseus_profile_free(into);
    return status;
  }
  theseus_profile_clear(into);
  into->info = from->info;
  into->generation = from->generation;
  *out = into;
  return THESEUS_OK;
}

static int check_kinds(const theseus_profile *profile, const uint8_t *kinds, uint32_t count) {
  if (!profile || count != profile->functions.count || (!kinds && count))
    return THESEUS_EINVAL;
  for (uint32_t i = 0; i < count; i++)
    if (kinds[i] > THESEUS_RETURNING)
      return THESEUS_EINVAL;
  return THESEUS_OK;
}

int theseus_profile_fold(const theseus_profile *profile, const uint8_t *kinds, uint32_t count, uint64_t *hidden,
                         theseus_profile **out) {
  if (!profile)
    return THESEUS_EINVAL;
  struct folding folding = {.from = profile, .kinds = kinds};
  uint64_t gone = 0;

  int status = out ? check_kinds(profile, kinds, count) : THESEUS_EINVAL;
  if (!status)
    status = new_like(profile, &folding.into);
  if (status)
    return status;
  th_alloc *alloc = &folding.into->alloc;
  folding.folds = th_alloc_zeroed(alloc, profile->stacks.count, sizeof *folding.folds);
  if (!folding.folds) {
    status = th_alloc_why(alloc);
  } else {
    mark_live(&folding);
    status = fold_stacks(&folding, &gone);
    if (!status)
      status = add_measures(&folding);
    th_alloc_free(alloc, folding.folds, profile->stacks.count, sizeof *folding.folds);
  }
  if (status) {
    theseus_profile_free(folding.into);
    return status;
  }
  if (hidden)
    *hidden = gone;
  *out = folding.into;
  return THESEUS_OK;
}
