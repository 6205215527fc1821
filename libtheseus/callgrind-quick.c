/* SPDX-License-Identifier: ISC */
/* Lines as nearly all of them are: `+3 0 1`, `cfn=(12)`, `calls=1 +4`.  Nothing is looked at twice here, and nothing is
 * said: a line that is not quite so is left to the rooms that know all of the format. */
#include "callgrind-read.h"
#include "digits.h"

#include <string.h>

/* What a line may have ahead of where it is looked at: numbers of 20 digits with their signs and blanks. */
enum { POSITIONS = 2 * 24, COST = 21, AHEAD = 32 };

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

/* A position with a blank behind it, or NULL.  Most are a step of less than 10, or one digit. */
TH_INLINE const char *position(const char *at, uint64_t *last, uint64_t most) {
  char sign = *at;
  uint64_t number, base = 0;

  if (sign == '+' && at[2] == ' ' && digit_of(at[1]) <= 9) {
    if (digit_of(at[1]) > most - *last)
      return NULL;
    *last += digit_of(at[1]);
    return at + 3;
  }
  if (at[1] == ' ') {
    if (digit_of(sign) <= 9)
      *last = digit_of(sign);
    return digit_of(sign) <= 9 || sign == '*' ? at + 2 : NULL;
  }
  if (sign == '+' || sign == '-') {
    base = *last;
    at++;
  }
  at = at[0] == '0' && at[1] == 'x' ? hexadecimal(at + 2, &number) : th_digits(at, &number);
  if (!at || *at != ' ' || (sign == '-' ? number > base : number > most - base))
    return NULL;
  *last = sign == '-' ? base - number : base + number;
  return at + 1;
}

/* Adds `n` costs to those of a row that is there; false if it is another's, or has to be kept first. */
TH_INLINE bool quick_add(theseus_callgrind_reader *reader, uint64_t address, uint64_t where, uint32_t n, bool *fits) {
  th_rows *rows = &reader->graph->costs;
  uint32_t row = th_rows_guess(rows, address, where);
  if (row == TH_NONE || !th_rows_is_kept(rows, row))
    return false;
  uint64_t *sum = th_rows_values(rows, row);
  rows->last = row;
  th_prefetch(&rows->follow[row]);
  *fits = true;
  for (uint32_t i = 0; i < n; i++)
    *fits &= th_add(&sum[reader->event_columns[i]], reader->values[i]);
  return true;
}

/* Adds self costs, line after line, of which the first may be a call's. */
static int costs(theseus_callgrind_reader *reader, const char **from, const char *limit) {
  const char *at = *from;
  uint64_t line = reader->line, address = reader->address, lines = 0;
  const uint64_t mask = reader->keep & THESEUS_ADDRESSES ? UINT64_MAX : 0;
  const uint32_t most = reader->event_count;
  const bool with_address = reader->positions & THESEUS_ADDRESSES, with_line = reader->positions & THESEUS_LINES;
  const uint64_t where = th_row_where(reader->place, 0);

  while (at <= limit && th_begins_costs(*at)) {
    uint64_t this_line = line, this_address = address;
    const char *next = at;
    uint32_t n = 0;
    bool fits;
    if (with_address && !(next = position(next, &this_address, UINT64_MAX)))
      break;
    if (with_line && !(next = position(next, &this_line, UINT32_MAX)))
      break;
    while ((next = th_digits(next, &reader->values[n])) != NULL && ++n < most && *next == ' ')
      next++;
    if (!next || *next != '\n')
      break;
    line = this_line;
    address = this_address;
    lines++;
    int status = THESEUS_OK;
    if (reader->next == TH_SELF && quick_add(reader, address & mask, where | line, n, &fits)) {
      status = fits ? THESEUS_OK : THESEUS_EOVERFLOW;
    } else {
      reader->line = line;
      reader->address = address;
      status = th_callgrind_add(reader, n);
    }
    if (status) {
      reader->line_start = at;
      reader->lines += lines;
      return th_callgrind_fail_sum(reader, status);
    }
    at = next + 1;
  }
  reader->line = line;
  reader->address = address;
  reader->lines += lines;
  *from = at;
  return THESEUS_OK;
}

/* ---- names and calls ---- */

/* `(12)` and nothing else, which is defined: gives the next line.  Else NULL. */
static inline const char *defined(const th_names *names, const char *at, uint32_t *id, const th_name **out) {
  uint64_t word, number;
  if (*at != '(')
    return NULL;
  word = th_word(at + 1);
  unsigned n = th_word_digits(word);
  if (!n || n == 8 || at[n + 1] != ')' || at[n + 2] != '\n')
    return NULL;
  number = th_word_number(word, n);
  if (number >= names->dense_count || names->dense[number].text == TH_NONE)
    return NULL;
  *id = (uint32_t)number;
  *out = &names->dense[number];
  return at + n + 3;
}

static const char *function(theseus_callgrind_reader *reader, const char *at) {
  const th_name *name;
  uint32_t id;
  at = defined(&reader->functions, at, &id, &name);
  if (!at || name->function == TH_NONE || name->object != reader->object || name->file != reader->own_file)
    return NULL;
  th_callgrind_enter(reader, name->function);
  return at;
}

/* A file or an object. */
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

static const char *calls(theseus_callgrind_reader *reader, const char *at) {
  if (reader->callee == TH_NONE || !(at = th_digits(at, &reader->call[TH_EDGE_COUNT])))
    return NULL;
  at = th_callgrind_targets(reader, at);
  if (*at != '\n')
    return NULL;
  reader->next = TH_CALL;
  return at + 1;
}

#define IS(text) (memcmp(at, text, sizeof(text) - 1) == 0)

/* A line with a key, which is known: gives the next one. */
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

  if (!reader->keep || !reader->quick || (size_t)(end - at) < ahead)
    return THESEUS_OK;
  for (const char *limit = end - ahead; at <= limit && !status; at = next) {
    next = at;
    if (th_begins_costs(*at)) {
      if (reader->function != TH_NONE && reader->next != TH_JUMP)
        status = th_callgrind_place(reader);
      if (!status && reader->place != TH_NONE)
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
