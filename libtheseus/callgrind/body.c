/* SPDX-License-Identifier: ISC */
/* body - lines with a key: names, calls, jumps. */
#include "callgrind/book.h"
#include "callgrind/lines.h"
#include "callgrind/messages.h"
#include "callgrind/number.h"

#include <string.h>

/* ---- names ---- */

/* Reads the id in front of a name, `(12)`.  Returns false if there is none. */
static bool take_id(struct th_piece *piece, uint64_t *id) {
  const char *at = piece->bytes;
  if (at == piece->end || *at++ != '(')
    return false;
  const char *digits = at;
  for (*id = 0; at < piece->end && *at >= '0' && *at <= '9'; at++)
    *id = *id > UINT32_MAX ? *id : *id * 10 + (uint64_t)(*at - '0');
  if (at == digits || at == piece->end || *at != ')')
    return false;
  piece->bytes = at + 1;
  return true;
}

/* Finds the text of a name, and its id; TH_NONE: it has none. */
static int name(theseus_callgrind_reader *reader, th_names *names, struct th_piece piece, uint32_t *text,
                uint32_t *id) {
  th_alloc *alloc = &reader->graph->alloc;
  uint64_t number;
  th_name *entry;

  while (piece.bytes < piece.end && th_is_blank(*piece.bytes))
    piece.bytes++;
  const char *where = piece.bytes;
  *id = TH_NONE;
  if (!take_id(&piece, &number)) {
    piece = th_trim(piece);
    return th_graph_text(reader->graph, piece.bytes, (size_t)(piece.end - piece.bytes), text);
  }
  if (number >= TH_NONE)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, where, "the number of a name does not fit into 32 bits");
  *id = (uint32_t)number;
  int status = th_names_at(names, alloc, *id, &entry);
  if (status)
    return status;
  piece = th_trim(piece);
  if (piece.bytes == piece.end) {
    *text = entry->text;
    if (*text != TH_NONE)
      return THESEUS_OK;
    *text = reader->unknown;
    return th_callgrind_warn(reader, where, "this number of a name has not been defined");
  }
  status = th_graph_text(reader->graph, piece.bytes, (size_t)(piece.end - piece.bytes), text);
  if (status)
    return status;
  bool again = entry->text != TH_NONE && entry->text != *text && entry->top == reader->tops;
  entry->text = *text;
  entry->function = TH_NONE;
  entry->top = reader->tops;
  return again ? th_callgrind_warn(reader, where, "this number of a name had another text before") : THESEUS_OK;
}

/* ---- lines with a key ---- */

static int begin_function(theseus_callgrind_reader *reader, struct th_piece value) {
  uint32_t text, id, found = 0;
  int status = name(reader, &reader->functions, value, &text, &id);
  if (!status)
    status = th_book_function(reader, text, id, reader->object, reader->own_file, &found);
  if (!status)
    th_book_enter(reader, found);
  return status;
}

/* Reads the position of a callee: `12`, `+3`, `*`.  No tool uses it, so a position that makes no sense becomes 0. */
static const char *target(const theseus_callgrind_reader *reader, const char *at, uint32_t column, uint64_t *out) {
  uint64_t last = column == THESEUS_LINES ? reader->line : reader->address, number;
  char sign = *at;

  *out = 0;
  if (sign == '*') {
    *out = last;
    return at + 1;
  }
  const char *end = th_callgrind_number(at + (sign == '+' || sign == '-'), &number);
  if (!end)
    return at;
  if (sign == '+')
    *out = number <= UINT64_MAX - last ? last + number : 0;
  else if (sign == '-')
    *out = number <= last ? last - number : 0;
  else
    *out = number;
  return end;
}

static void targets(theseus_callgrind_reader *reader, const char *at) {
  reader->call[TH_EDGE_LINE] = reader->call[TH_EDGE_ADDRESS] = 0;
  for (uint32_t i = 0;; i++) {
    while (th_is_blank(*at))
      at++;
    if (*at == '\n' || i == reader->column_count)
      return;
    bool line = reader->columns[i] == THESEUS_LINES;
    at = target(reader, at, reader->columns[i], &reader->call[line ? TH_EDGE_LINE : TH_EDGE_ADDRESS]);
    if (reader->call[TH_EDGE_LINE] > UINT32_MAX)
      reader->call[TH_EDGE_LINE] = 0;
  }
}

static int begin_call(theseus_callgrind_reader *reader, struct th_piece value) {
  const char *at = th_trim(value).bytes;
  uint64_t number;
  int status = THESEUS_OK;

  if (at == value.end)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, at, "a call without a number of calls");
  const char *end = th_callgrind_number(at, &number);
  if (!end)
    return th_callgrind_fail_number(reader, at, number, "the number of calls is no number");
  reader->call[TH_EDGE_COUNT] = number;
  targets(reader, end);
  if (reader->callee == TH_NONE) {
    reader->callee = reader->unknown;
    reader->callee_id = TH_NONE;
    status = th_callgrind_warn(reader, value.bytes, "a call without a callee: there is no `cfn=` before it");
  }
  reader->next = TH_CALL;
  return status;
}

#define KEY(text) (length == sizeof(text) - 1 && memcmp(line.bytes, text, sizeof(text) - 1) == 0)

int th_callgrind_body(theseus_callgrind_reader *reader, struct th_piece line, bool *known) {
  size_t length = 0, most = (size_t)(line.end - line.bytes);
  uint32_t text, id;
  int status;

  while (length < most && length < 7 && line.bytes[length] != '=')
    length++;
  *known = length >= 2 && length < most && line.bytes[length] == '=';
  if (!*known)
    return THESEUS_OK;
  struct th_piece value = {line.bytes + length + 1, line.end};
  if (KEY("fn")) {
    status = begin_function(reader, value);
  } else if (KEY("cfn")) {
    status = name(reader, &reader->functions, value, &reader->callee, &reader->callee_id);
  } else if (KEY("calls") || KEY("rcalls")) {
    status = begin_call(reader, value);
  } else if (KEY("fl")) {
    status = name(reader, &reader->files, value, &reader->own_file, &id);
    reader->file = reader->own_file;
    reader->place = TH_NONE;
  } else if (KEY("fi") || KEY("fe")) {
    status = name(reader, &reader->files, value, &reader->file, &id);
    reader->place = TH_NONE;
  } else if (KEY("cfi") || KEY("cfl")) {
    status = name(reader, &reader->files, value, &reader->callee_file, &id);
  } else if (KEY("ob")) {
    status = name(reader, &reader->objects, value, &reader->object, &id);
  } else if (KEY("cob")) {
    status = name(reader, &reader->objects, value, &reader->callee_object, &id);
  } else if (KEY("jump") || KEY("jcnd")) {
    reader->next = TH_JUMP;
    status = THESEUS_OK;
  } else if (KEY("jfi")) {
    status = name(reader, &reader->files, value, &text, &id);
  } else if (KEY("jfn")) {
    status = name(reader, &reader->functions, value, &text, &id);
  } else if (KEY("job")) {
    status = name(reader, &reader->objects, value, &text, &id);
  } else {
    *known = false;
    return THESEUS_OK;
  }
  reader->in_body = true;
  return status;
}
