/* SPDX-License-Identifier: ISC */
#include "profile/span-table.h"

#include <string.h>

void th_span_table_init(th_span_table *table) { table->free_slot = TH_NONE; }

void th_span_table_free(th_span_table *table, th_alloc *alloc) {
  for (uint32_t i = 0; i < table->page_count; i++)
    th_alloc_free(alloc, table->pages[i], TH_SPAN_PAGE, sizeof **table->pages);
  th_alloc_free(alloc, table->pages, table->page_capacity, sizeof *table->pages);
  th_alloc_free(alloc, table->open, table->open_capacity, sizeof *table->open);
  memset(table, 0, sizeof *table);
}

static int add_page(th_span_table *table, th_alloc *alloc) {
  int status =
      th_alloc_grow(alloc, &table->pages, &table->page_capacity, (uint64_t)table->page_count + 1, sizeof *table->pages);
  if (status)
    return status;
  struct th_span *page = th_alloc_zeroed(alloc, TH_SPAN_PAGE, sizeof *page);
  if (!page)
    return th_alloc_why(alloc);
  table->pages[table->page_count++] = page;
  return THESEUS_OK;
}

int th_span_table_take(th_span_table *table, th_alloc *alloc, uint32_t *out) {
  int status = table->open_count < table->open_capacity
                   ? THESEUS_OK
                   : th_alloc_grow(alloc, &table->open, &table->open_capacity, (uint64_t)table->open_count + 1,
                                   sizeof *table->open);
  uint32_t slot = table->free_slot;

  if (!status && slot == TH_NONE) {
    if (table->slots / TH_SPAN_PAGE == table->page_count)
      status = add_page(table, alloc);
    if (!status && table->slots >= TH_NONE - TH_SPAN_PAGE)
      status = THESEUS_EOVERFLOW;
  }
  if (status)
    return status;
  if (slot == TH_NONE)
    slot = table->slots++;
  else
    table->free_slot = th_span_table_at(table, slot)->next;
  th_span_table_at(table, slot)->number = table->open_count;
  table->open[table->open_count++] = slot;
  *out = slot;
  return THESEUS_OK;
}

void th_span_table_give_back(th_span_table *table, uint32_t slot) {
  struct th_span *span = th_span_table_at(table, slot);
  uint32_t last = table->open[--table->open_count];

  table->open[span->number] = last;
  th_span_table_at(table, last)->number = span->number;
  span->number = TH_NONE;
  span->generation++;
  span->next = table->free_slot;
  table->free_slot = slot;
}
