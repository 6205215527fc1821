/* SPDX-License-Identifier: ISC */
/* facts - where a profile or a graph came from: the texts for the header of a file. */
#ifndef TH_FACTS_H
#define TH_FACTS_H

#include "base/strings.h"

/* In the order of a callgrind file's header. */
enum th_fact { TH_PID, TH_CMD, TH_PART, TH_THREAD, TH_DESC, TH_FACTS };

/* Ids of texts; TH_NONE: the fact is unknown.  TH_DESC may have several lines, separated by LF. */
struct th_facts {
  uint32_t texts[TH_FACTS];
};

static inline struct th_facts th_no_facts(void) {
  return (struct th_facts){{TH_NONE, TH_NONE, TH_NONE, TH_NONE, TH_NONE}};
}

/* Returns the key of a fact, such as "pid". */
const char *th_fact_key(int fact);

/* Returns the fact with a key; -1: no such fact. */
int th_fact_of(const char *key);

/* Interns the value of a fact: each line is cleaned (see text.h).  ENOMEM, ELIMIT, EOVERFLOW. */
int th_fact_intern(th_strings *strings, th_alloc *alloc, int fact, const char *value, size_t length, uint32_t *out);

/* Keeps the facts that are equal in both.  The ids must be of the same table of strings. */
void th_facts_join(struct th_facts *facts, const struct th_facts *others);

#endif
