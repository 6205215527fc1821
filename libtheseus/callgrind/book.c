/* SPDX-License-Identifier: ISC */
#include "callgrind/book.h"

void th_book_reset(theseus_callgrind_reader *reader) {
  reader->object = reader->own_file = reader->file = reader->graph->empty;
  reader->function = reader->place = reader->callee = reader->callee_id = TH_NONE;
  reader->callee_object = reader->callee_file = TH_NONE;
  reader->next = TH_SELF;
  reader->address = reader->line = 0;
  reader->in_body = reader->totalled = false;
}

int th_book_function(theseus_callgrind_reader *reader, uint32_t name, uint32_t id, uint32_t object, uint32_t file,
                     uint32_t *out) {
  const struct th_graph_function key = {.object = object, .file = file, .name = name};
  th_name *entry;

  if (id == TH_NONE)
    return th_graph_function(reader->graph, &key, out);
  int status = th_names_at(&reader->functions, &reader->graph->alloc, id, &entry);
  if (status)
    return status;
  if (entry->text != name) /* the id is not defined, or has been defined again since */
    return th_graph_function(reader->graph, &key, out);
  if (entry->function == TH_NONE || entry->object != object || entry->file != file) {
    uint32_t found;
    status = th_graph_function(reader->graph, &key, &found);
    if (status)
      return status;
    entry->function = found;
    entry->object = object;
    entry->file = file;
  }
  *out = entry->function;
  return THESEUS_OK;
}

int th_book_place(theseus_callgrind_reader *reader, uint64_t address) {
  theseus_graph *graph = reader->graph;
  struct th_graph_function *function = &graph->functions[reader->function];
  const th_row key = {.function = reader->function, .file = reader->file, .callee = TH_NONE, .address = address};
  bool own = function->file == reader->file;

  reader->high = (uint32_t)(address >> 32);
  if (own && function->place != TH_NONE && function->high == reader->high) {
    reader->place = function->place;
    return THESEUS_OK;
  }
  int status = th_rows_place(&graph->costs, &graph->alloc, &key, &reader->place);
  if (own && !status) {
    function->place = reader->place;
    function->high = reader->high;
  }
  return status;
}

static int add_cost(theseus_callgrind_reader *reader, uint64_t address, uint32_t n) {
  theseus_graph *graph = reader->graph;
  uint32_t row = 0;
  int status = THESEUS_OK;
  if (!th_book_is_placed(reader, address))
    status = th_book_place(reader, address);
  if (!status)
    status = th_rows_in(&graph->costs, &graph->alloc, reader->place, th_row_key(address, (uint32_t)reader->line), &row);
  if (!status)
    status = th_rows_touch(&graph->costs, &graph->alloc, row);
  if (status)
    return status;
  uint64_t *sum = th_rows_values(&graph->costs, row);
  bool fits = true;
  for (uint32_t i = 0; i < n; i++)
    fits &= th_add(&sum[reader->event_columns[i]], reader->values[i]);
  return fits ? THESEUS_OK : THESEUS_EOVERFLOW;
}

static int add_call(theseus_callgrind_reader *reader, uint64_t address, uint32_t n) {
  th_row key = {.function = reader->function, .file = reader->file, .line = (uint32_t)reader->line, .address = address};
  uint32_t object = reader->callee_object != TH_NONE ? reader->callee_object : reader->object;
  uint32_t file = reader->callee_file != TH_NONE ? reader->callee_file : reader->file;
  int status = th_book_function(reader, reader->callee, reader->callee_id, object, file, &key.callee);

  reader->callee = reader->callee_object = reader->callee_file =
      TH_NONE; /* cfn=, cob= and cfi= are for one call only */
  if (status)
    return status;
  if (!(reader->graph_positions & THESEUS_ADDRESSES))
    reader->call[TH_EDGE_ADDRESS] = 0;
  return th_graph_add_edge(reader->graph, &key, reader->call, reader->values, reader->event_columns, n);
}

int th_book_add(theseus_callgrind_reader *reader, uint32_t n) {
  uint64_t address = reader->graph_positions & THESEUS_ADDRESSES ? reader->address : 0;
  enum th_next owner = reader->next;

  reader->next = TH_SELF;
  if (owner == TH_SELF)
    return add_cost(reader, address, n);
  return owner == TH_CALL ? add_call(reader, address, n) : THESEUS_OK; /* a graph has no jumps */
}
