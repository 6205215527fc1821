/* SPDX-License-Identifier: ISC */
#include "merge/stats.h"

#include <stdio.h>
#include <sys/resource.h>

/* The most memory that the process has had, in bytes.  Linux keeps ru_maxrss across exec: it may be the parent's. */
static double peak_memory(void) {
  struct rusage usage;
  char line[200];
  unsigned long kilobytes = 0;
  FILE *status = fopen("/proc/self/status", "r");

  while (status && !kilobytes && fgets(line, sizeof line, status))
    (void)sscanf(line, "VmHWM: %lu kB", &kilobytes);
  if (status)
    fclose(status);
  if (!kilobytes && getrusage(RUSAGE_SELF, &usage) == 0)
    kilobytes = (unsigned long)usage.ru_maxrss;
  return (double)kilobytes * 1024;
}

void stats_print(const struct merged *merged, double seconds) {
  theseus_graph_info graph = {.size = sizeof graph};

  fprintf(stderr, "inputs     %zu merged, %zu skipped, %llu warnings\n", merged->merged, merged->skipped,
          (unsigned long long)merged->warnings);
  fprintf(stderr, "read       %.1f MB in %.2f s: %.0f MB/s\n", (double)merged->bytes / 1e6, seconds,
          (double)merged->bytes / 1e6 / (seconds > 0 ? seconds : 1e-9));
  if (merged->graph && !theseus_graph_info_get(merged->graph, &graph))
    fprintf(stderr, "graph      %u functions, %u costs, %u edges, %u events, %.1f MB\n", graph.functions, graph.costs,
            graph.edges, graph.events, (double)graph.memory / 1e6);
  if (merged->profile)
    fprintf(stderr, "profile    %u functions, %u stacks, %u events\n", theseus_function_count(merged->profile),
            theseus_stack_count(merged->profile), theseus_event_count(merged->profile));
  fprintf(stderr, "memory     %.1f MB at most\n", peak_memory() / 1e6);
}
