/* SPDX-License-Identifier: ISC */
#include "base/facts.h"

#include <string.h>

static const char *const keys[TH_FACTS] = {"pid", "cmd", "part", "thread", "desc"};

const char *th_fact_key(int fact) { return keys[fact]; }

int th_fact_of(const char *key) {
  for (int i = 0; key && i < TH_FACTS; i++)
    if (strcmp(key, keys[i]) == 0)
      return i;
  return -1;
}

/* Interns a description, each line cleaned by itself. */
static int intern_lines(th_strings *strings, th_alloc *alloc, const char *value, size_t n, uint32_t *out) {
  size_t length = 0;
  uint32_t id;
  int status = THESEUS_OK;

  if (n > (SIZE_MAX - 1) / 4)
    return THESEUS_ENOMEM;
  char *joined = th_alloc_zeroed(alloc, n + 1, 4);
  if (!joined)
    return th_alloc_why(alloc);
  for (const char *line = value, *end = value + n; !status;) {
    const char *lf = memchr(line, '\n', (size_t)(end - line));
    status = th_strings_intern_clean(strings, alloc, line, (size_t)((lf ? lf : end) - line), &id);
    if (status)
      break;
    memcpy(joined + length, strings->texts[id].bytes, strings->texts[id].length);
    length += strings->texts[id].length;
    if (!lf)
      break;
    joined[length++] = '\n';
    line = lf + 1;
  }
  if (!status)
    status = th_strings_intern(strings, alloc, joined, length, out);
  th_alloc_free(alloc, joined, n + 1, 4);
  return status;
}

int th_fact_intern(th_strings *strings, th_alloc *alloc, int fact, const char *value, size_t length, uint32_t *out) {
  return fact == TH_DESC ? intern_lines(strings, alloc, value, length, out)
                         : th_strings_intern_clean(strings, alloc, value, length, out);
}

void th_facts_join(struct th_facts *facts, const struct th_facts *others) {
  for (int i = 0; i < TH_FACTS; i++)
    if (facts->texts[i] != others->texts[i])
      facts->texts[i] = TH_NONE;
}
