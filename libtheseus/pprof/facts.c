/* SPDX-License-Identifier: ISC */
#include "pprof/facts.h"
#include "pprof/format.h"

#include <string.h>

/* Returns the value of a comment about `key`; NULL: the comment is about something else. */
static const char *value_of(const struct th_text *comment, const char *key, size_t *length) {
  size_t n = strlen(key), middle = strlen(TH_WORD_FACT_MIDDLE);
  if (!comment || comment->length < n + middle || memcmp(comment->bytes, key, n) != 0 ||
      memcmp(comment->bytes + n, TH_WORD_FACT_MIDDLE, middle) != 0)
    return NULL;
  *length = comment->length - n - middle;
  return comment->bytes + n + middle;
}

bool th_pprof_is_fact(const struct th_text *comment, bool ours) {
  size_t length;
  for (int fact = 0; ours && fact < TH_FACTS; fact++)
    if (value_of(comment, th_fact_key(fact), &length))
      return true;
  return value_of(comment, TH_WORD_MAX_DEPTH, &length) || value_of(comment, TH_WORD_MAX_RECURSION, &length);
}

/* Joins all comments about one fact in `lines`, a line for each. */
static int join_lines(const th_pprof_tables *tables, int fact, th_wire *lines, bool *found) {
  *found = false;
  lines->used = 0;
  for (uint32_t i = 0; i < tables->comment_count; i++) {
    size_t length;
    const char *value = value_of(th_pprof_string(tables, tables->comments[i]), th_fact_key(fact), &length);
    if (!value)
      continue;
    int status = th_wire_reserve(lines, tables->alloc, (uint64_t)length + 1);
    if (status)
      return status;
    if (*found)
      lines->bytes[lines->used++] = '\n';
    memcpy(lines->bytes + lines->used, value, length);
    lines->used += (uint32_t)length;
    *found = true;
  }
  return THESEUS_OK;
}

/* The number in the comments about `key`; 0: there is none. */
static uint64_t number_of(const th_pprof_tables *tables, const char *key) {
  for (uint32_t i = 0; i < tables->comment_count; i++) {
    size_t length;
    uint64_t number = 0;
    const char *digits = value_of(th_pprof_string(tables, tables->comments[i]), key, &length);
    for (size_t k = 0; digits && k < length && digits[k] >= '0' && digits[k] <= '9' && number < UINT32_MAX; k++)
      number = 10 * number + (uint64_t)(digits[k] - '0');
    if (number && number <= UINT32_MAX)
      return number;
  }
  return 0;
}

void th_pprof_facts_read_bounds(const th_pprof_tables *tables, theseus_profile *profile) {
  profile->info.is_cut |= number_of(tables, TH_WORD_MAX_DEPTH) > 0;
  th_profile_add_recursion(profile, number_of(tables, TH_WORD_MAX_RECURSION));
}

int th_pprof_facts_read(const th_pprof_tables *tables, theseus_profile *profile, struct th_facts *out) {
  th_wire lines = {0};
  int status = THESEUS_OK;

  *out = th_no_facts();
  for (int fact = 0; !status && fact < TH_FACTS; fact++) {
    bool found;
    status = join_lines(tables, fact, &lines, &found);
    if (!status && found)
      status = th_fact_intern(&profile->strings, &profile->alloc, fact, (const char *)lines.bytes, lines.used,
                              &out->texts[fact]);
  }
  th_wire_free(&lines, tables->alloc);
  return status;
}
