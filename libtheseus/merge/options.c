/* SPDX-License-Identifier: ISC */
#include "merge/options.h"

#include "merge/say.h"
#include "theseus.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] = "Usage: theseus-merge [-o FILE] [OPTION]... FILE|DIR|@LIST|-...\n"
                           "Add profiles up: many files become one.  Reads callgrind and pprof files, also\n"
                           "compressed by gzip or zstd.\n"
                           "\n"
                           "  -o, --output=FILE      write to FILE, which appears when it is complete\n"
                           "                         (default: standard output)\n"
                           "  -f, --force            replace FILE even if it is one of the inputs\n"
                           "      --format=FORMAT    write callgrind, pprof or folded; the last two from pprof\n"
                           "                         files only (default: pprof if FILE ends in .pb.gz, folded\n"
                           "                         if in .folded, else callgrind)\n"
                           "      --events=NAME,...  write these columns only, in this order; for folded, the\n"
                           "                         one to write (default: the first of the profile)\n"
                           "  -j, --jobs=N           use N threads (default: one for each processor)\n"
                           "      --memory-limit=SIZE\n"
                           "                         give up if the profiles need more memory than SIZE,\n"
                           "                         such as 500M or 2G (default: a file may unpack to 512M,\n"
                           "                         and a thread's profile may take 2G)\n"
                           "      --max-depth=N      keep the innermost N frames of a stack of a pprof file\n"
                           "                         (default: 512)\n"
                           "      --strict           treat warnings as errors\n"
                           "      --ignore-errors    skip inputs that cannot be read or merged, and exit with 1\n"
                           "      --progress=WHEN    show a bar: auto (default: on a terminal, after a second),\n"
                           "                         always, never\n"
                           "      --stats            print on standard error what was merged, and how fast\n"
                           "  -h, --help             print this help and exit\n"
                           "  -V, --version          print the version and exit\n"
                           "\n"
                           "Instead of a FILE, name a DIR for all files in it and below it, except hidden\n"
                           "ones; @LIST for the files that LIST names, one per line; or - for standard\n"
                           "input.  A file that is named twice counts twice.\n"
                           "\n"
                           "Exit status: 0 all inputs are merged; 1 some inputs were skipped; 2 wrong usage;\n"
                           "3 an input could not be read or merged; 4 the output could not be written;\n"
                           "5 out of memory.  With 2 to 5 the output file stays as it was.\n";

static _Noreturn void refuse(const char *option, const char *value, const char *wanted) {
  complain("%s: '%s' is not %s", option, value, wanted);
  exit(EXIT_USAGE);
}

/* Returns the number of `value` among the words. */
static int choose(const char *option, const char *value, const char *const *words, const char *wanted) {
  for (int i = 0; words[i]; i++)
    if (strcmp(value, words[i]) == 0)
      return i;
  refuse(option, value, wanted);
}

static uint64_t read_size(const char *value) {
  static const char wanted[] = "a size, such as 1000000, 500M or 2G";
  char *end;
  unsigned shift = 0;
  unsigned long long number = strtoull(value, &end, 10);
  if (!isdigit((unsigned char)*value) || !number)
    refuse("--memory-limit", value, wanted);
  switch (*end) {
    case 'k':
    case 'K': shift = 10; break;
    case 'M': shift = 20; break;
    case 'G': shift = 30; break;
    case 'T': shift = 40; break;
  }
  if (end[shift > 0] || number > UINT64_MAX >> shift)
    refuse("--memory-limit", value, wanted);
  return (uint64_t)number << shift;
}

/* A number from 1 to `most`, which `wanted` says. */
static unsigned read_number(const char *option, const char *value, unsigned long most, const char *wanted) {
  char *end;
  unsigned long number = strtoul(value, &end, 10);
  if (!isdigit((unsigned char)*value) || *end || number < 1 || number > most)
    refuse(option, value, wanted);
  return (unsigned)number;
}

/* Splits names that are separated by commas, none of them empty. */
static void read_names(char *value, struct options *options) {
  size_t length = strlen(value);
  char *rest = value;

  if (!length || *value == ',' || value[length - 1] == ',' || strstr(value, ",,"))
    refuse("--events", value, "a list of names, such as Wait,Latency");
  options->events = realloc_or_exit(options->events, length, sizeof *options->events);
  options->event_count = 0;
  for (char *name = strtok_r(value, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
    options->events[options->event_count++] = name;
}

static unsigned processors(void) {
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online < 1 ? 1 : online > 64 ? 64 : (unsigned)online;
}

/* Ends the program after --help or --version. */
static _Noreturn void finish(void) {
  if (fflush(stdout) == 0)
    exit(EXIT_DONE);
  complain("standard output: %s", strerror(errno));
  exit(EXIT_OUTPUT);
}

/* Ends the program because of what getopt_long() has found. */
static _Noreturn void refuse_option(int found, const char *short_options, char **argv) {
  char letter[] = {'-', (char)optopt, '\0'};
  /* An unknown letter may stand in a group, such as -fz.  Everything else is the latest argument. */
  bool is_letter = found == '?' && optopt > 0 && optopt < 256 && !strchr(short_options, optopt);

  complain("%s %s", is_letter ? letter : argv[optind - 1],
           found == ':'           ? "needs a value"
           : is_letter || !optopt ? "is not an option"
                                  : "takes no value");
  fputs("Try 'theseus-merge --help'.\n", stderr);
  exit(EXIT_USAGE);
}

static bool ends_in(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length > tail && strcmp(text + length - tail, end) == 0;
}

/* The format that the output's name asks for. */
static enum format format_of(const char *output) {
  static const struct {
    const char *end;
    enum format format;
  } ends[] = {{".pb.gz", FORMAT_PPROF}, {".folded", FORMAT_FOLDED}};
  const char *slash = output ? strrchr(output, '/') : NULL, *name = slash ? slash + 1 : output;

  if (name && strncmp(name, "callgrind.out", strlen("callgrind.out")) == 0)
    return FORMAT_CALLGRIND;
  for (size_t i = 0; name && i < sizeof ends / sizeof *ends; i++)
    if (ends_in(name, ends[i].end))
      return ends[i].format;
  return FORMAT_CALLGRIND;
}

struct options options_read(int argc, char **argv) {
  enum { FORMAT = 256, EVENTS, LIMIT, DEPTH, STRICT, IGNORE, PROGRESS, STATS };
  static const struct option known[] = {
      {"output", required_argument, NULL, 'o'},      {"force", no_argument, NULL, 'f'},
      {"format", required_argument, NULL, FORMAT},   {"events", required_argument, NULL, EVENTS},
      {"jobs", required_argument, NULL, 'j'},        {"memory-limit", required_argument, NULL, LIMIT},
      {"max-depth", required_argument, NULL, DEPTH}, {"strict", no_argument, NULL, STRICT},
      {"ignore-errors", no_argument, NULL, IGNORE},  {"progress", required_argument, NULL, PROGRESS},
      {"stats", no_argument, NULL, STATS},           {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},           {NULL, 0, NULL, 0}};
  static const char short_options[] = ":o:fj:hV";
  static const char *const formats[] = {"callgrind", "pprof", "folded", NULL};
  static const char *const whens[] = {"auto", "always", "never", NULL};
  struct options options = {.jobs = processors(), .format = FORMAT_BY_NAME};
  int option;

  opterr = 0; /* getopt's own messages would print the argument as it is */
  while ((option = getopt_long(argc, argv, short_options, known, NULL)) != -1) {
    switch (option) {
      case 'o': options.output = strcmp(optarg, "-") == 0 ? NULL : optarg; break;
      case 'f': options.force = true; break;
      case 'j': options.jobs = read_number("--jobs", optarg, 1024, "a number from 1 to 1024"); break;
      case FORMAT:
        options.format = (enum format)choose("--format", optarg, formats, "callgrind, pprof or folded");
        break;
      case EVENTS: read_names(optarg, &options); break;
      case DEPTH: options.max_depth = read_number("--max-depth", optarg, 65535, "a number from 1 to 65535"); break;
      case LIMIT: options.memory_limit = read_size(optarg); break;
      case STRICT: options.strict = true; break;
      case IGNORE: options.ignore_errors = true; break;
      case PROGRESS:
        options.progress = (enum progress)choose("--progress", optarg, whens, "auto, always or never");
        break;
      case STATS: options.stats = true; break;
      case 'h': fputs(help, stdout); finish();
      case 'V': printf("theseus-merge %s\n", theseus_version()); finish();
      default: refuse_option(option, short_options, argv);
    }
  }
  if (options.format == FORMAT_BY_NAME)
    options.format = format_of(options.output);
  options.arguments = argv + optind;
  if (!*options.arguments) {
    complain("there is nothing to merge");
    fputs("Try 'theseus-merge --help'.\n", stderr);
    exit(EXIT_USAGE);
  }
  if (options.format == FORMAT_PPROF && options.events) {
    complain("--events: a pprof file always holds all events");
    exit(EXIT_USAGE);
  }
  return options;
}
