/* SPDX-License-Identifier: ISC */
/* quick - lines of the usual form: `+3 0 1`, `cfn=(12)`, `calls=1 +4`.
 *
 * Each byte is read once.  A line of another form is left to the rooms that know the whole format.  They read it again,
 * and report what is wrong with it. */
#include "base/digits.h"
#include "callgrind/book.h"
#include "callgrind/lines.h"
#include "callgrind/messages.h"

#include <string.h>

/* The most bytes that one look at a line reads ahead: numbers of 20 digits with their signs and blanks. */
enum { POSITIONS = 2 * 24, COST = 21, AHEAD = 48 };

/* Prefetch distance, in rows: far enough for the memory to have arrived. */
enum { SOON = 8 };

static inline unsigned digit_of(char c) { return (unsigned)(unsigned char)c - '0'; }

/* ---- costs ---- */

static const char *hexadecimal(const char *at, uint64_t *out) {
  const char *start = at;
  uint64_t number = 0;
  for (;; at++) {
    unsigned digit = digit_of(*at);
    if (digit > 9) {
      digit = (unsigned)(unsigned char)*at - 'a';
      if (digit > 5)
        break;
      digit += 10;
    }
    number = number << 4 | digit;
    if (at - start == 16)
      return NULL;
  }
  *out = number;
  return at > start ? at : NULL;
}

/* Reads a position, usually a step of less than 10, or one digit.  Returns its end, or NULL. */
TH_INLINE const char *position(const char *at, uint64_t *last, uint64_t most) {
  char sign = *at;
  uint64_t number, base = 0;

  if (sign == '+' && at[2] == ' ' && digit_of(at[1]) <= 9) {
    if (digit_of(at[1]) > most - *last)
      return NULL;
    *last += digit_of(at[1]);
    return at + 2;
  }
  if (at[1] == ' ') {
    if (digit_of(sign) <= 9)
      *last = digit_of(sign);
    return digit_of(sign) <= 9 || sign == '*' ? at + 1 : NULL;
  }
  if (sign == '+' || sign == '-') {
    base = *last;
    at++;
  }
  at = at[0] == '0' && at[1] == 'x' ? hexadecimal(at + 2, &number) : th_digits(at, &number);
  if (!at || (sign == '-' ? number > base : number > most - base))
    return NULL;
  *last = sign == '-' ? base - number : base + number;
  return at;
}

/* A local copy of the row table's members, so that the compiler can keep them in registers. */
struct view {
  uint64_t *cells;
  size_t width;
  uint32_t count, last, kept;
};

static struct view view_of(const th_rows *rows) {
  return (struct view){rows->cells, (size_t)rows->stride + TH_ROW_VALUES, rows->count, rows->last, rows->kept};
}

/* Returns true if the row has this key. */
TH_INLINE bool is(const struct view *view, uint32_t row, uint32_t place, uint64_t key) {
  if (row >= view->count)
    return false;
  const uint64_t *cells = view->cells + row * view->width;
  return cells[TH_ROW_KEY] == key && th_cells_place(cells) == place;
}

/* th_rows_guess(), but not for rows whose values must be kept first.  Moves view->last to the row. */
TH_INLINE bool guess(struct view *view, const th_rows *rows, uint32_t place, uint64_t key) {
  uint32_t row = view->last + 1;
  if (!is(view, row, place, key)) {
    if (view->last >= view->count)
      return false;
    row = th_cells_follow(view->cells + view->last * view->width);
    if (!is(view, row, place, key))
      return false;
  }
  if (row < view->kept && !th_rows_is_kept(rows, row))
    return false;
  uint32_t soon = row + SOON < view->count ? row + SOON : row; /* a row that an earlier prefetch brought */
  th_prefetch(view->cells + ((size_t)row + 4 * SOON) * view->width);
  th_prefetch(view->cells + th_cells_follow(view->cells + soon * view->width) * view->width);
  view->last = row;
  return true;
}

/* Finds the row if guess() did not, creating it if necessary. */
static int search(struct view *view, theseus_callgrind_reader *reader, uint64_t key) {
  th_rows *rows = &reader->graph->costs;
  uint32_t row;
  int status = THESEUS_OK;
  rows->last = view->last;
  if (rows->kept && (row = th_rows_guess(rows, reader->place, key)) != TH_NONE) /* only its values must be kept */
    rows->last = row;
  else
    status = th_rows_search(rows, &reader->graph->alloc, reader->place, key, &row);
  if (!status)
    status = th_rows_touch(rows, &reader->graph->alloc, row);
  *view = view_of(rows);
  return status;
}

/* Finds the row for the first costs in a place. */
static int enter(struct view *view, theseus_callgrind_reader *reader, uint64_t address, uint64_t key) {
  th_rows *rows = &reader->graph->costs;
  int status;
  rows->last = view->last;
  status = th_book_place(reader, address);
  if (status || guess(view, rows, reader->place, key))
    return status;
  uint32_t *home = &reader->graph->functions[reader->function].home;
  if (is(view, *home, reader->place, key) && th_rows_is_kept(rows, *home))
    view->last = *home;
  else
    status = search(view, reader, key);
  *home = view->last;
  return status;
}

/* Adds lines of self costs.  The first line may be the costs of a call. */
static int costs(theseus_callgrind_reader *reader, const char **from, const char *limit) {
  th_rows *rows = &reader->graph->costs;
  struct view view = view_of(rows);
  const char *at = *from, *next;
  uint64_t line = reader->line, address = reader->address, lines = 0;
  const uint64_t mask = reader->graph_positions & THESEUS_ADDRESSES ? UINT64_MAX : 0;
  const uint32_t most = reader->event_count;
  const bool with_address = reader->positions & THESEUS_ADDRESSES, with_line = reader->positions & THESEUS_LINES;
  bool self = reader->next == TH_SELF;
  int status = THESEUS_OK;

  for (; at <= limit; at = next + 1) {
    uint64_t this_line = line, this_address = address, value;
    next = at;
    if (with_address && (!(next = position(next, &this_address, UINT64_MAX)) || *next++ != ' '))
      break;
    if (with_line && (!(next = position(next, &this_line, UINT32_MAX)) || *next++ != ' '))
      break;
    if (!(next = th_digits(next, &value)))
      break;
    uint32_t n = 1;
    for (; n < most && *next == ' ' && (next = th_digits(next + 1, &reader->values[n])) != NULL; n++)
      continue;
    if (!next || *next != '\n')
      break;
    line = this_line;
    address = this_address;
    lines++;
    if (self) {
      const uint64_t key = th_row_key(address & mask, (uint32_t)line);
      if (!th_book_is_placed(reader, address & mask))
        status = enter(&view, reader, address & mask, key);
      else if (!guess(&view, rows, reader->place, key))
        status = search(&view, reader, key);
      if (!status) {
        uint64_t *sum = view.cells + view.last * view.width + TH_ROW_VALUES;
        bool fits = th_add(&sum[reader->event_columns[0]], value);
        for (uint32_t i = 1; i < n; i++)
          fits &= th_add(&sum[reader->event_columns[i]], reader->values[i]);
        status = fits ? THESEUS_OK : THESEUS_EOVERFLOW;
      }
    } else {
      reader->values[0] = value;
      reader->line = line;
      reader->address = address;
      status = th_book_add(reader, n);
      self = true;
    }
    if (status)
      break;
  }
  rows->last = view.last;
  reader->line = line;
  reader->address = address;
  reader->lines += lines;
  *from = at;
  if (!status)
    return THESEUS_OK;
  reader->line_start = at;
  return th_callgrind_fail_sum(reader, status);
}

/* ---- names and calls ---- */

/* Reads `(12)` and nothing else, a defined id.  Returns the next line; NULL: it is something else. */
static inline const char *defined(const th_names *names, const char *at, uint32_t *id, const th_name **out) {
  uint64_t word, number;
  if (*at != '(')
    return NULL;
  word = th_word(at + 1);
  unsigned n = th_word_digits(word);
  if (!n || n == 8 || at[n + 1] != ')' || at[n + 2] != '\n')
    return NULL;
  number = th_word_number(word, n);
  *out = th_names_find(names, (uint32_t)number);
  if (!*out || (*out)->text == TH_NONE)
    return NULL;
  *id = (uint32_t)number;
  return at + n + 3;
}

static const char *function(theseus_callgrind_reader *reader, const char *at) {
  const th_name *name;
  uint32_t id;
  at = defined(&reader->functions, at, &id, &name);
  if (!at || name->function == TH_NONE || name->object != reader->object || name->file != reader->own_file)
    return NULL;
  th_book_enter(reader, name->function);
  return at;
}

/* Reads the id of a file or an object. */
static const char *text(const th_names *names, const char *at, uint32_t *out) {
  const th_name *name;
  uint32_t id;
  at = defined(names, at, &id, &name);
  if (at)
    *out = name->text;
  return at;
}

static const char *file(theseus_callgrind_reader *reader, const char *at) {
  reader->place = TH_NONE;
  return text(&reader->files, at, &reader->file);
}

static const char *callee(theseus_callgrind_reader *reader, const char *at) {
  const th_name *name;
  uint32_t id;
  at = defined(&reader->functions, at, &id, &name);
  if (at) {
    reader->callee = name->text;
    reader->callee_id = id;
  }
  return at;
}

/* Reads `1 0x80 12`, after which valgrind writes blanks. */
static const char *calls(theseus_callgrind_reader *reader, const char *at) {
  uint64_t count, line = reader->line, address = reader->address;

  if (reader->callee == TH_NONE || !(at = th_digits(at, &count)))
    return NULL;
  if (reader->positions & THESEUS_ADDRESSES && (*at != ' ' || !(at = position(at + 1, &address, UINT64_MAX))))
    return NULL;
  if (reader->positions & THESEUS_LINES && (*at != ' ' || !(at = position(at + 1, &line, UINT32_MAX))))
    return NULL;
  at += *at == ' ';
  if (*at != '\n')
    return NULL;
  reader->call[TH_EDGE_COUNT] = count;
  reader->call[TH_EDGE_ADDRESS] = reader->positions & THESEUS_ADDRESSES ? address : 0;
  reader->call[TH_EDGE_LINE] = reader->positions & THESEUS_LINES ? line : 0;
  reader->next = TH_CALL;
  return at + 1;
}

#define IS(text) (memcmp(at, text, sizeof(text) - 1) == 0)

/* Reads a line with a known key.  Returns the next line; NULL: it is something else. */
static const char *keyed(theseus_callgrind_reader *reader, const char *at) {
  if (*at == 'c') {
    if (IS("cfn="))
      return callee(reader, at + 4);
    if (IS("calls="))
      return calls(reader, at + 6);
    if (IS("cfi=") || IS("cfl="))
      return text(&reader->files, at + 4, &reader->callee_file);
    if (IS("cob="))
      return text(&reader->objects, at + 4, &reader->callee_object);
  } else if (*at == 'f') {
    if (IS("fn="))
      return function(reader, at + 3);
    if (IS("fi=") || IS("fe="))
      return file(reader, at + 3);
    if (IS("fl=") && (at = file(reader, at + 3)) != NULL) {
      reader->own_file = reader->file;
      return at;
    }
  } else if (IS("ob=")) {
    return text(&reader->objects, at + 3, &reader->object);
  }
  return NULL;
}

int th_callgrind_quick(theseus_callgrind_reader *reader, const char **from, const char *end) {
  size_t ahead = POSITIONS + AHEAD + (size_t)COST * reader->event_count;
  const char *at = *from, *next;
  int status = THESEUS_OK;

  if (!reader->graph_positions || !reader->quick || (size_t)(end - at) < ahead)
    return THESEUS_OK;
  for (const char *limit = end - ahead; at <= limit && !status; at = next) {
    next = at;
    if (th_begins_costs(*at)) {
      if (reader->function != TH_NONE && reader->next != TH_JUMP)
        status = costs(reader, &next, limit);
      if (next == at)
        break;
      continue;
    }
    if (reader->next != TH_SELF)
      break;
    next = *at == '\n' ? at + 1 : keyed(reader, at);
    if (!next)
      break;
    reader->lines++;
  }
  *from = at;
  return status;
}
