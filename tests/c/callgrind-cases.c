/* SPDX-License-Identifier: ISC */
/* A failure means that the callgrind reader takes a habit of some producer for something else, or refuses a broken
 * file in the wrong way.  tests/data/callgrind has a folder for each case:
 *
 *     input      the file
 *     expect     what it means: the same as the library writes it, from `positions:` on
 *     warning    the first warning that it gets, after the file's name; without it there must be none
 *     error      instead of these two: the status, and the message after the file's name */
#include "callgrind.h"
#include "cases.h"

enum { PIECES = 9 };

static void no_line_end(struct text *text) {
  if (text->bytes)
    text->bytes[strcspn(text->bytes, "\n")] = '\0';
}

/* The same file, cut into pieces of each small size. */
static bool same_in_pieces(const struct text *input, const char *wanted) {
  bool same = true;
  for (size_t piece = 1; piece < PIECES; piece++) {
    theseus_graph *graph = new_graph(NULL);
    theseus_callgrind_reader *reader = new_reader(graph, 0);
    same &= read_pieces(reader, "in", input, piece) == THESEUS_OK;
    char *text = text_of(graph);
    same &= strcmp(text, wanted) == 0;
    free(text);
    theseus_callgrind_reader_free(reader);
    theseus_graph_free(graph);
  }
  return same;
}

/* The same file with comments behind it: a line is read by another way if it is far from the end. */
static struct text padded(const struct text *input) {
  struct text more = {NULL, 0};
  text_write(&more, input->bytes, input->size);
  for (int i = 0; i < 200; i++)
    text_print(&more, "# there is more to come, but nothing that counts ------------------\n");
  return more;
}

static bool ends_a_line(const struct text *input) { return input->size && input->bytes[input->size - 1] == '\n'; }

static void read_padded(const char *name, const struct text *input, const char *wanted) {
  struct text more = padded(input);
  theseus_graph *graph = new_graph(NULL);
  is_int(theseus_callgrind_read(graph, "in", more.bytes, more.size), THESEUS_OK, "%s: with more behind it", name);
  char *text = text_of(graph);
  is_str(text, wanted, "%s: it means the same", name);
  free(text);
  free(more.bytes);
  theseus_graph_free(graph);
}

static void read_again(const char *name, const char *text) {
  theseus_graph *graph = new_graph(NULL);
  is_int(theseus_callgrind_read(graph, "out", text, strlen(text)), THESEUS_OK, "%s: what was written is read", name);
  char *again = text_of(graph);
  is_str(again, text, "%s: and written as the same bytes", name);
  free(again);
  theseus_graph_free(graph);
}

static void read_strictly(const char *name, const struct text *input, const char *warning) {
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, THESEUS_STRICT);
  is_int(read_pieces(reader, "in", input, SIZE_MAX), warning ? THESEUS_EFORMAT : THESEUS_OK,
         "%s: when strict, a warning is an error", name);
  if (warning)
    is_str(info_of(reader).error + strlen("in:"), warning, "%s: the same one", name);
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
}

static void run_good(const char *name, const struct text *input, const char *wanted, const char *warning) {
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  char expected[300];
  const char *got = NULL;

  is_int(read_pieces(reader, "in", input, SIZE_MAX), THESEUS_OK, "%s: its status", name);
  if (warning) { /* of which the place is first */
    int place = (int)strcspn(warning, " ");
    snprintf(expected, sizeof expected, "in:%.*s warning:%s", place, warning, warning + place);
  }
  (void)theseus_callgrind_reader_warning_get(reader, 0, &got);
  is_str(got, warning ? expected : NULL, "%s: its warning", name);
  char *text = text_of(graph);
  is_str(strstr(text, "positions:"), wanted, "%s: what it means", name);
  ok(same_in_pieces(input, text), "%s: the same, however it is cut", name);
  if (ends_a_line(input))
    read_padded(name, input, text);
  read_again(name, text);
  read_strictly(name, input, warning);
  free(text);
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
}

static void run_bad(const char *name, const struct text *input, char *wanted) {
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  theseus_graph_info info = {.size = sizeof info};
  const char *message;
  int status = named_status(wanted, &message);

  is_int(read_pieces(reader, "in", input, 3), status, "%s: its status", name);
  is_str(info_of(reader).error + strlen("in:"), message, "%s: its message and place", name);
  is_int(feed_text(reader, "1 1\n"), status, "%s: the same status again", name);
  if (ends_a_line(input) && !strstr(message, " file ") &&
      !strstr(message, "not callgrind")) { /* else the end of the file is to blame */
    struct text more = padded(input);
    is_int(read_pieces(reader, "in", &more, SIZE_MAX), status, "%s: its status with more behind it", name);
    is_str(info_of(reader).error + strlen("in:"), message, "%s: and its message", name);
    free(more.bytes);
  }
  must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
  ok(!info.events && !info.functions && !info.costs && !info.edges && !info.positions && !info.inputs,
     "%s: nothing of it is in the graph", name);
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
}

static void run(const char *folder, const char *name) {
  char path[3000];
  must(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
  struct text input = load(path, "input"), expect = load(path, "expect"), warning = load(path, "warning"),
              error = load(path, "error");
  no_line_end(&warning);
  must(input.bytes && !expect.bytes != !error.bytes);
  if (error.bytes)
    run_bad(name, &input, error.bytes);
  else
    run_good(name, &input, expect.bytes, warning.bytes);
  free(input.bytes);
  free(expect.bytes);
  free(warning.bytes);
  free(error.bytes);
}

int main(void) {
  each_case("data/callgrind", 57, run);
  return done();
}
