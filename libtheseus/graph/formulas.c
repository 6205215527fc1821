/* SPDX-License-Identifier: ISC */
/* formulas - the formulas of a graph.  Joining those of several inputs gives the same in any order. */
#include "graph/graph.h"

#include <string.h>

static const char *skip_blanks(const char *at) {
  while (*at == ' ' || *at == '\t')
    at++;
  return at;
}

/* Returns true if two formulas compute the same.  Blanks and long names do not matter. */
static bool same_formula(const char *a, const char *b) {
  for (a = skip_blanks(a), b = skip_blanks(b); *a && *a != ':' && *a == *b;
       a = skip_blanks(a + 1), b = skip_blanks(b + 1))
    continue;
  return (!*a || *a == ':') && (!*b || *b == ':');
}

/* Returns true if `a` is kept, of two formulas that compute the same.  The one with a long name is kept; if both have
 * one, or none, the one that sorts first (bytewise). */
static bool is_better(const char *a, const char *b) {
  bool named = strchr(a, ':') != NULL;
  return named == (strchr(b, ':') != NULL) ? strcmp(a, b) < 0 : named;
}

static void join_formula(const theseus_graph *graph, struct th_graph_formula *known, uint32_t text, bool *clash) {
  const th_strings *strings = &graph->strings;
  const char *now = text == TH_NONE ? NULL : th_strings_get(strings, text);

  if (clash && now && known->told != TH_NONE)
    *clash |= !same_formula(th_strings_get(strings, known->told), now);
  known->told = text;
  if (known->text == TH_NONE)
    return;
  const char *before = th_strings_get(strings, known->text);
  if (!now || !same_formula(before, now))
    known->text = TH_NONE;
  else if (is_better(now, before))
    known->text = text;
}

int th_graph_formula(theseus_graph *graph, uint32_t name, uint32_t text, bool *clash) {
  for (uint32_t i = 0; i < graph->formula_count; i++)
    if (graph->formulas[i].name == name) {
      join_formula(graph, &graph->formulas[i], text, clash);
      return THESEUS_OK;
    }
  int status = th_alloc_grow(&graph->alloc, &graph->formulas, &graph->formula_capacity,
                             (uint64_t)graph->formula_count + 1, sizeof *graph->formulas);
  if (!status)
    graph->formulas[graph->formula_count++] = (struct th_graph_formula){name, text, text};
  return status;
}
