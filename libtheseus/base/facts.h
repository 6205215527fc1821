/* SPDX-License-Identifier: ISC */
/* facts - what a profile or a graph says of its origin: the texts of a file's header. */
#ifndef TH_FACTS_H
#define TH_FACTS_H

#include "base/strings.h"

/* In the order of a callgrind file's header. */
enum th_fact { TH_PID, TH_CMD, TH_PART, TH_THREAD, TH_DESC, TH_FACTS };

/* Texts of a table of strings; TH_NONE: the fact is not known.  Of TH_DESC, lines with LF between. */
struct th_facts {
  uint32_t texts[TH_FACTS];
};

static inline struct th_facts th_no_facts(void) {
  return (struct th_facts){{TH_NONE, TH_NONE, TH_NONE, TH_NONE, TH_NONE}};
}

/* The key of a fact, such as "pid". */
const char *th_fact_key(int fact);

/* The fact of a key; -1: there is no such fact. */
int th_fact_of(const char *key);

/* Interns the value of a fact: each line is cleaned (see text.h).  ENOMEM, ELIMIT, EOVERFLOW. */
int th_fact_intern(th_strings *strings, th_alloc *alloc, int fact, const char *value, size_t length, uint32_t *out);

/* Keeps the facts that are the same in both.  Both are texts of one table. */
void th_facts_join(struct th_facts *facts, const struct th_facts *others);

#endif
