/* SPDX-License-Identifier: ISC */
/* book - finds the place in the graph for the costs of a line.
 *
 * Lines before it name the place: ob=, fl=, fn= and their kin for self costs; cob=, cfi=, cfn= for the costs of a
 * call. */
#ifndef TH_CALLGRIND_BOOK_H
#define TH_CALLGRIND_BOOK_H

#include "callgrind/reader.h"

/* Forgets the place, because a file or a part begins. */
void th_book_reset(theseus_callgrind_reader *reader);

/* Finds the function of the graph that has these texts as its name, object and file, or adds it.  `id` is the id of
 * the name, or TH_NONE.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_book_function(theseus_callgrind_reader *reader, uint32_t name, uint32_t id, uint32_t object, uint32_t file,
                     uint32_t *out);

/* Makes this function of the graph the one that the next costs belong to. */
static inline void th_book_enter(theseus_callgrind_reader *reader, uint32_t function) {
  reader->file = reader->own_file;
  reader->callee = reader->place = TH_NONE;
  reader->function = function;
}

/* Returns true if reader->place is the place for self costs at this address. */
static inline bool th_book_is_placed(const theseus_callgrind_reader *reader, uint64_t address) {
  return reader->place != TH_NONE && reader->high == address >> 32;
}

/* Finds the place for self costs at this address, and stores it in reader->place.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_book_place(theseus_callgrind_reader *reader, uint64_t address);

/* Adds a line of costs: the first n of reader->values.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_book_add(theseus_callgrind_reader *reader, uint32_t n);

#endif
