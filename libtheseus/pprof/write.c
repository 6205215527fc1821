/* SPDX-License-Identifier: ISC */
/* write - a profile as a pprof file: the order of things.
 *
 * Samples go to the sink as they come.  The tables that they refer to follow them, and the strings come last. */
#include "base/sized.h"
#include "pprof/write-cells.h"
#include "pprof/write-header.h"
#include "pprof/write-labels.h"
#include "pprof/write-locations.h"
#include "pprof/write-sample.h"
#include "pprof/write-spans.h"
#include "pprof/write-tables.h"
#include "profile/events.h"

static void intern_words(th_pprof_writer *writer) {
  static const char *const outcomes[] = TH_OUTCOME_NAMES;

  th_pprof_text(writer, ""); /* the first of the table */
  writer->latency = th_pprof_text(writer, TH_WORD_LATENCY);
  writer->nanoseconds = th_pprof_text(writer, TH_WORD_NANOSECONDS);
  writer->outcome = th_pprof_text(writer, TH_WORD_OUTCOME);
  writer->detached = th_pprof_text(writer, TH_WORD_DETACHED);
  writer->head = th_pprof_text(writer, TH_WORD_HEAD);
  writer->head_unit = th_pprof_text(writer, TH_WORD_HEAD_UNIT);
  writer->head_path = th_pprof_text(writer, TH_WORD_HEAD_PATH);
  for (uint32_t i = 0; i < TH_PPROF_OUTCOMES; i++)
    writer->outcomes[i] = th_pprof_text(writer, outcomes[i]);
}

static void send_samples(th_pprof_writer *writer) {
  th_pprof_note(writer, th_pprof_cells_sort(writer));
  for (uint32_t i = 0; i < writer->stacks.count && !writer->output.status; i++) {
    uint32_t stack = writer->stacks.order[i];
    th_pprof_cells_send(writer, i);
    if (writer->has_spans && writer->profile->stacks.items[stack].stats != TH_NONE)
      th_pprof_spans_send(writer, stack);
  }
}

static int prepare(th_pprof_writer *writer) {
  theseus_event_info names[THESEUS_EVENTS];
  uint32_t hosts = writer->profile->event_count - THESEUS_EVENTS;

  writer->has_spans = !hosts || th_events_chosen(writer->profile, names);
  writer->types = th_pprof_host_type(writer) + hosts;
  int status = th_pprof_tables_init(writer);
  if (!status)
    status = th_pprof_locations_init(writer);
  if (!status)
    status = th_preorder_init(&writer->stacks, &writer->alloc, writer->profile);
  if (!status)
    status = th_pprof_labels_sort(writer);
  return status ? status : th_pprof_sample_init(writer);
}

static void release(th_pprof_writer *writer) {
  th_wire_free(&writer->message, &writer->alloc);
  th_wire_free(&writer->part, &writer->alloc);
  th_pprof_cells_release(writer);
  th_pprof_spans_release(writer);
  th_pprof_labels_release(writer);
  th_pprof_sample_release(writer);
  th_pprof_locations_release(writer);
  th_pprof_tables_release(writer);
  th_strings_free(&writer->strings, &writer->alloc);
  th_preorder_free(&writer->stacks, &writer->alloc);
}

static void send_all(th_pprof_writer *writer) {
  const theseus_profile_info *info = &writer->profile->info;

  intern_words(writer);
  th_pprof_send_types(writer);
  send_samples(writer);
  th_pprof_number_functions(writer);
  th_pprof_send_tables(writer);
  th_pprof_send_number(writer, TH_PROFILE_TIME, info->time_ns);
  th_pprof_send_number(writer, TH_PROFILE_DURATION, info->duration_ns);
  th_pprof_send_period(writer);
  th_pprof_send_comments(writer);
  th_pprof_send_view(writer);
  th_pprof_send_strings(writer);
}

int theseus_pprof_write(const theseus_profile *profile, const theseus_pprof_options *options,
                        const theseus_sink *sink) {
  if (!profile)
    return THESEUS_EINVAL;
  theseus_pprof_options chosen = {.size = sizeof chosen};
  th_pprof_writer writer = {.profile = profile, .alloc = profile->alloc};

  if (th_take(&chosen, sizeof chosen, options) || chosen.detail > THESEUS_PPROF_NO_BUCKETS)
    return THESEUS_EINVAL;
  writer.detail = chosen.detail;
  int status = th_output_init(&writer.output, &writer.alloc, sink);
  if (!status)
    status = prepare(&writer);
  if (!status)
    send_all(&writer);
  status = th_output_end(&writer.output, &writer.alloc, status);
  release(&writer);
  return status;
}
