/* SPDX-License-Identifier: ISC */
/* A failure means that some file crashes or hangs the pprof reader, or is not read as promised.  A file that is refused
 * leaves the profile as it was, even if the error is in its last sample.  What has been read is written so that it
 * reads back the same, as pprof, as callgrind and as folded stacks. */
#include "theseus.h"

#include <stdlib.h>
#include <string.h>

struct text {
  char *bytes;
  size_t size;
};

#define MUST(condition) ((condition) ? (void)0 : abort())

static int keep(void *opaque, const void *bytes, size_t size) {
  struct text *text = opaque;
  text->bytes = realloc(text->bytes, text->size + size);
  MUST(text->bytes);
  memcpy(text->bytes + text->size, bytes, size);
  text->size += size;
  return 0;
}

static theseus_profile *new_profile(void) {
  theseus_profile_options options = {.size = sizeof options, .memory_limit = 200u << 20};
  theseus_profile *profile;
  MUST(theseus_profile_new(&options, &profile) == THESEUS_OK);
  return profile;
}

static int write_callgrind(const theseus_profile *profile, const theseus_sink *sink) {
  theseus_graph_options options = {.size = sizeof options, .memory_limit = 200u << 20};
  theseus_graph *graph;
  int status = theseus_graph_from_profile(profile, &options, &graph);
  if (status)
    return status;
  status = theseus_callgrind_write(graph, sink);
  theseus_graph_free(graph);
  return status;
}

/* In the forms that a profile has; false when a sum does not fit, or the memory limit is in the way. */
enum form { PPROF, CALLGRIND, FOLDED, FORMS };

static int write_text(const theseus_profile *profile, enum form form, struct text *text) {
  theseus_sink sink = {keep, text};
  *text = (struct text){NULL, 0};
  int status = form == PPROF       ? theseus_pprof_write(profile, NULL, &sink)
               : form == CALLGRIND ? write_callgrind(profile, &sink)
                                   : theseus_folded_write(profile, theseus_event_count(profile) - 1, &sink);
  MUST(status == THESEUS_OK || status == THESEUS_EOVERFLOW || status == THESEUS_ELIMIT || status == THESEUS_ENEGATIVE);
  if (status) {
    free(text->bytes);
    *text = (struct text){NULL, 0};
  }
  return status == THESEUS_OK;
}

static int same(const struct text *a, const struct text *b) {
  return a->size == b->size && (!a->size || memcmp(a->bytes, b->bytes, a->size) == 0);
}

static int read_into(theseus_profile *profile, const void *bytes, size_t size) {
  theseus_read_error error = {.size = sizeof error};
  int status = theseus_pprof_read(profile, bytes, size, &error);
  MUST(status == THESEUS_OK || status == THESEUS_EFORMAT || status == THESEUS_EOVERFLOW || status == THESEUS_EUNIT ||
       status == THESEUS_ELIMIT);
  MUST((status != THESEUS_OK) == (error.text[0] != '\0') && error.offset <= size);
  return status;
}

static void read_back(const theseus_profile *profile, const struct text *written) {
  theseus_profile *again = new_profile();
  int status = read_into(again, written->bytes, written->size);
  MUST(status == THESEUS_OK || status == THESEUS_ELIMIT);
  for (enum form form = PPROF; !status && form < FORMS; form++) {
    struct text before, after;
    if (write_text(profile, form, &before) && write_text(again, form, &after)) {
      MUST(same(&before, &after));
      free(after.bytes);
    }
    free(before.bytes);
  }
  theseus_profile_free(again);
}

/* The same once more, and then a sample that has no values. */
static void read_broken(theseus_profile *profile, const uint8_t *bytes, size_t size, const struct text *before) {
  uint8_t *broken = malloc(size + 2);
  uint32_t cells = theseus_cell_count(profile);
  struct text after;
  MUST(broken);
  memcpy(broken, bytes, size);
  memcpy(broken + size, "\x12", 2);
  MUST(read_into(profile, broken, size + 2) != THESEUS_OK && theseus_cell_count(profile) == cells);
  if (write_text(profile, PPROF, &after)) {
    MUST(same(before, &after));
    free(after.bytes);
  }
  free(broken);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  theseus_profile *profile = new_profile();
  struct text before, after;
  uint32_t function, stack;

  if (read_into(profile, bytes, size) == THESEUS_OK && write_text(profile, PPROF, &before)) {
    read_back(profile, &before);
    read_broken(profile, bytes, size, &before);
    free(before.bytes);
  }
  theseus_profile_free(profile);

  profile = new_profile();
  MUST(theseus_function_intern(profile, "f.c", "f", 1, &function) == THESEUS_OK);
  MUST(theseus_stack_push(profile, THESEUS_ROOT, function, 0, &stack) == THESEUS_OK);
  MUST(theseus_record(profile, stack, 2, 3, THESEUS_SUCCESS) == THESEUS_OK && write_text(profile, PPROF, &before));
  if (read_into(profile, bytes, size) != THESEUS_OK) {
    MUST(write_text(profile, PPROF, &after));
    MUST(same(&before, &after));
    free(after.bytes);
  }
  free(before.bytes);
  theseus_profile_free(profile);
  return 0;
}
