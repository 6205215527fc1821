/* SPDX-License-Identifier: ISC */
/* pprof-facts - the facts of a profile, read from the comments of a pprof file. */
#ifndef TH_PPROF_FACTS_H
#define TH_PPROF_FACTS_H

#include "pprof/tables.h"

/* Returns true if a comment is a fact, which only files of ours have, or a bound. */
bool th_pprof_is_fact(const struct th_text *comment, bool ours);

/* Interns the facts among the texts of `profile`.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_pprof_facts_read(const th_pprof_tables *tables, theseus_profile *profile, struct th_facts *out);

/* Notes in the profile's info whether its stacks were cut, and at which recursion they may have been folded. */
void th_pprof_facts_read_bounds(const th_pprof_tables *tables, theseus_profile *profile);

#endif
