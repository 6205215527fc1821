/* SPDX-License-Identifier: ISC */
/* A failure means that the pprof reader takes a file of some producer for something else, or refuses a broken one in
 * the wrong way.  tests/data/pprof has a folder for each case:
 *
 *     input      the file, or
 *     input.txt  the file as a text, which proto.h explains
 *     expect     what it means: its time, if it has one, and its graph as callgrind, from `positions:` on
 *     error      instead of that: the status, the byte, and the message */
#include "cases.h"
#include "proto.h"

static theseus_profile *new_profile(void) {
  theseus_profile *profile;
  must(theseus_profile_new(NULL, &profile) == THESEUS_OK);
  return profile;
}

/* A profile that has something to be spoilt. */
static theseus_profile *filled(void) {
  theseus_profile *profile = new_profile();
  const theseus_event_info event = {sizeof event, "Bytes", "", "bytes"};
  uint32_t function, stack, id;
  must(theseus_function_intern(profile, "/srv/app.c", "main", 10, &function) == THESEUS_OK);
  must(theseus_stack_push(profile, THESEUS_ROOT, function, 0, &stack) == THESEUS_OK);
  must(theseus_event_intern(profile, &event, &id) == THESEUS_OK);
  must(theseus_add_cost(profile, stack, 12, id, 7) == THESEUS_OK);
  for (uint64_t latency = 1; latency < 1000; latency *= 3)
    must(theseus_record(profile, stack, 11, latency, THESEUS_FAILURE) == THESEUS_OK);
  return profile;
}

static struct text as_pprof(const theseus_profile *profile) {
  struct text text = {NULL, 0};
  const theseus_sink sink = {text_write, &text};
  must(theseus_pprof_write(profile, NULL, &sink) == THESEUS_OK);
  return text;
}

/* What a profile holds, in the form of `expect`. */
static struct text meaning(const theseus_profile *profile) {
  theseus_profile_info info = {.size = sizeof info};
  struct text text = {NULL, 0};
  theseus_graph *graph;
  must(theseus_profile_info_get(profile, &info) == THESEUS_OK);
  if (info.time_ns || info.duration_ns)
    text_print(&text, "time: %" PRIu64 " duration: %" PRIu64 "\n", info.time_ns, info.duration_ns);
  must(theseus_graph_from_profile(profile, NULL, &graph) == THESEUS_OK);
  char *whole = text_of(graph), *body = strstr(whole, "positions:");
  must(body != NULL);
  text_write(&text, body, strlen(body));
  free(whole);
  theseus_graph_free(graph);
  return text;
}

static bool same(const struct text *a, const struct text *b) {
  return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* Reads bytes, and tells whether a failure says where, and leaves a profile that has something as it was. */
static bool honest(const struct text *input, size_t size, int wanted) {
  theseus_profile *profile = filled();
  theseus_read_error error = {.size = sizeof error};
  struct text before = as_pprof(profile);
  int status = theseus_pprof_read(profile, input->bytes, size, &error);
  bool good = wanted <= THESEUS_OK ? status == wanted : status != THESEUS_ENOMEM && status != THESEUS_EINVAL;
  if (status) {
    struct text after = as_pprof(profile);
    good &= same(&before, &after) && error.offset <= size && error.text[0];
    free(after.bytes);
  }
  free(before.bytes);
  theseus_profile_free(profile);
  return good;
}

static void run_good(const char *name, const struct text *input, const char *wanted) {
  theseus_profile *profile = new_profile(), *again = new_profile();
  bool good = true;
  is_int(theseus_pprof_read(profile, input->bytes, input->size, NULL), THESEUS_OK, "%s: it is read", name);
  struct text found = meaning(profile), written = as_pprof(profile);
  is_str(found.bytes, wanted, "%s: its meaning", name);
  is_int(theseus_pprof_read(again, written.bytes, written.size, NULL), THESEUS_OK, "%s: written, it is read", name);
  struct text more = meaning(again), twice = as_pprof(again);
  is_str(more.bytes, wanted, "%s: and means the same", name);
  ok(same(&written, &twice), "%s: and is written as the same bytes", name);
  for (size_t size = 0; size < input->size; size++)
    good &= honest(input, size, 1);
  ok(good, "%s: cut short at any byte, it is read, or refused without a change", name);
  free(found.bytes), free(written.bytes), free(more.bytes), free(twice.bytes);
  theseus_profile_free(profile);
  theseus_profile_free(again);
}

static void run_bad(const char *name, const struct text *input, char *wanted) {
  theseus_profile *profile = new_profile();
  theseus_read_error error = {.size = sizeof error};
  const char *message;
  char said[300];
  int status = named_status(wanted, &message);
  is_int(theseus_pprof_read(profile, input->bytes, input->size, &error), status, "%s: its status", name);
  snprintf(said, sizeof said, "%" PRIu64 ": %s", error.offset, error.text);
  is_str(said, message, "%s: its place and message", name);
  ok(theseus_cell_count(profile) == 0 && theseus_event_count(profile) == THESEUS_EVENTS, "%s: it adds nothing", name);
  is_int(theseus_pprof_read(profile, input->bytes, input->size, NULL), status, "%s: also without an error", name);
  ok(honest(input, input->size, status), "%s: it changes nothing", name);
  theseus_profile_free(profile);
}

static void run(const char *folder, const char *name) {
  char path[3000];
  must(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
  struct text input = load(path, "input"), source = load(path, "input.txt"), expect = load(path, "expect"),
              error = load(path, "error");
  must(!input.bytes != !source.bytes && !expect.bytes != !error.bytes);
  if (source.bytes)
    input = proto_file(source.bytes);
  if (error.bytes)
    run_bad(name, &input, error.bytes);
  else
    run_good(name, &input, expect.bytes);
  free(input.bytes), free(source.bytes), free(expect.bytes), free(error.bytes);
}

int main(void) {
  each_case("data/pprof", 30, run);
  return done();
}
