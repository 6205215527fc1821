/* SPDX-License-Identifier: ISC */
#include "pprof/write-spans.h"
#include "base/sort.h"
#include "pprof/write-sample.h"

static bool mark_less(const void *owner, uint32_t a, uint32_t b) {
  const struct th_bucket *marks = owner;
  return marks[a].outcome != marks[b].outcome ? marks[a].outcome < marks[b].outcome : marks[a].mark < marks[b].mark;
}

static struct th_bucket *add_mark(th_pprof_writer *writer, const struct th_bucket *mark) {
  uint64_t needed = (uint64_t)writer->mark_count + 1;
  int status = th_alloc_grow(&writer->alloc, &writer->marks, &writer->marks_capacity, needed, sizeof *mark);
  if (!status)
    status = th_alloc_grow(&writer->alloc, &writer->order, &writer->order_capacity, 2 * needed, sizeof *writer->order);
  th_pprof_note(writer, status);
  if (status)
    return NULL;
  writer->marks[writer->mark_count] = *mark;
  return &writer->marks[writer->mark_count++];
}

/* Makes the lowest mark the minimum, and the highest one the maximum. */
static void mark_extremes(th_pprof_writer *writer, const struct th_stats *stats) {
  struct th_bucket *top = NULL;
  uint32_t lowest = 0;

  for (uint32_t i = 0; i < writer->mark_count; i++) {
    struct th_bucket *bucket = &writer->marks[i];
    if (bucket->mark < stats->latency_min_ns)
      bucket->mark = stats->latency_min_ns;
    lowest += bucket->mark == stats->latency_min_ns;
    if (!top || bucket->mark > top->mark || (bucket->mark == top->mark && bucket->outcome < top->outcome))
      top = bucket;
  }
  uint64_t max = stats->latency_max_ns;
  if (!top || top->mark >= max || theseus_latency_bucket(top->mark) != theseus_latency_bucket(max))
    return;
  if (top->mark != stats->latency_min_ns || lowest > 1) {
    top->mark = max;
  } else if (top->count > 1) { /* all are in one bucket: the longest latency gets a mark of its own */
    struct th_bucket slowest = *top;
    slowest.mark = max;
    slowest.count = 1;
    slowest.latency_ns = max < top->latency_ns ? max : top->latency_ns;
    top->count--;
    top->latency_ns -= slowest.latency_ns;
    add_mark(writer, &slowest);
  }
}

static void send_count(th_pprof_writer *writer, uint32_t stack, uint32_t outcome, uint64_t count, uint64_t latency_ns,
                       const uint64_t *mark) {
  if (!count && !latency_ns)
    return;
  const struct th_stack *leaf = &writer->profile->stacks.items[stack];
  uint32_t line = stack == THESEUS_ROOT ? 0 : writer->profile->functions.items[leaf->function].first_line;
  const struct th_pprof_label labels[] = {{.key = writer->outcome, .string = writer->outcomes[outcome]},
                                          {writer->latency, 0, mark ? *mark : 0, writer->nanoseconds}};
  if (latency_ns > INT64_MAX || count > INT64_MAX)
    th_pprof_note(writer, THESEUS_EOVERFLOW);
  writer->sample.values[TH_TYPE_LATENCY] = latency_ns;
  writer->sample.values[TH_TYPE_OPERATIONS] = count;
  th_pprof_sample_send(writer, stack, line, labels, mark ? 2 : 1);
}

/* For each outcome, the spans without a mark come first: abandoned and pending ones, latencies that the histogram has
 * lost, and all if the file has no marks. */
void th_pprof_spans_send(th_pprof_writer *writer, uint32_t stack) {
  const struct th_stats *stats = &writer->profile->stats[writer->profile->stacks.items[stack].stats];
  const th_histogram *histogram = &writer->profile->histogram;
  uint64_t counts[TH_PPROF_OUTCOMES] = {0}, latency_ns[TH_PPROF_OUTCOMES] = {0};
  uint64_t rest = stats->latency_ns, ended = 0;
  uint32_t k = 0;

  for (uint32_t i = 0; i < TH_OUTCOMES; i++) {
    counts[i] = stats->outcomes[i];
    ended += stats->outcomes[i];
  }
  counts[TH_OUTCOME_PENDING] = stats->operations - ended;
  writer->mark_count = 0;
  for (uint32_t i = stats->buckets; i != TH_NONE; i = histogram->items[i].next) {
    const struct th_bucket *bucket = &histogram->items[i];
    uint64_t share = bucket->latency_ns < rest ? bucket->latency_ns : rest;
    rest -= share;
    if (writer->detail == THESEUS_PPROF_FULL && bucket->mark != TH_NO_MARK) {
      counts[bucket->outcome] -= bucket->count;
      add_mark(writer, bucket);
    } else {
      latency_ns[bucket->outcome] += share;
    }
  }
  for (uint32_t i = 0; rest && i <= THESEUS_CANCELLED; i++)
    if (counts[i] || i == THESEUS_CANCELLED) {
      latency_ns[i] += rest;
      break;
    }
  mark_extremes(writer, stats);
  for (uint32_t i = 0; i < writer->mark_count; i++)
    writer->order[i] = i;
  if (writer->mark_count)
    th_sort(writer->order, writer->mark_count, writer->order + writer->mark_count, mark_less, writer->marks);
  for (uint32_t outcome = 0; outcome < TH_PPROF_OUTCOMES && !writer->output.status; outcome++) {
    send_count(writer, stack, outcome, counts[outcome], latency_ns[outcome], NULL);
    while (k < writer->mark_count && writer->marks[writer->order[k]].outcome == outcome) {
      struct th_bucket sum = writer->marks[writer->order[k++]];
      for (; k < writer->mark_count && writer->marks[writer->order[k]].outcome == outcome &&
             writer->marks[writer->order[k]].mark == sum.mark;
           k++) {
        sum.count += writer->marks[writer->order[k]].count;
        sum.latency_ns += writer->marks[writer->order[k]].latency_ns;
      }
      send_count(writer, stack, outcome, sum.count, sum.latency_ns, &sum.mark);
    }
  }
}

void th_pprof_spans_release(th_pprof_writer *writer) {
  th_alloc_free(&writer->alloc, writer->marks, writer->marks_capacity, sizeof *writer->marks);
  th_alloc_free(&writer->alloc, writer->order, writer->order_capacity, sizeof *writer->order);
}
