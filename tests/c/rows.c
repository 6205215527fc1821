/* SPDX-License-Identifier: ISC */
/* A failure means that a graph's rows are lost, mixed up or not taken back: the table is compared with a list that is
 * searched from end to end. */
#include "graph/rows.h"
#include "memory.h"

enum { MOST = 3000, STRIDE = 3, WIDE = 5 };

struct slow {
  th_row keys[MOST];
  uint64_t values[MOST][WIDE];
  uint32_t count;
};

static uint64_t state = 1;

static uint32_t draw(uint32_t below) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(state >> 33) % below;
}

static th_alloc new_alloc(struct memory *memory) {
  th_alloc alloc;
  theseus_allocator allocator = memory_allocator(memory);
  must(th_alloc_init(&alloc, &allocator, 0) == THESEUS_OK);
  return alloc;
}

static bool same_key(const th_row *a, const th_row *b) {
  return a->function == b->function && a->file == b->file && a->line == b->line && a->callee == b->callee &&
         a->address == b->address;
}

static uint32_t slow_find(struct slow *slow, const th_row *key) {
  uint32_t i = 0;
  while (i < slow->count && !same_key(&slow->keys[i], key))
    i++;
  if (i == slow->count) {
    must(slow->count < MOST);
    slow->keys[slow->count] = *key;
    memset(slow->values[slow->count++], 0, sizeof *slow->values);
  }
  return i;
}

static bool same(const th_rows *rows, const struct slow *slow) {
  bool good = rows->count == slow->count;
  for (uint32_t i = 0; good && i < slow->count; i++) {
    th_row key = th_rows_key(rows, i);
    good = same_key(&key, &slow->keys[i]) &&
           memcmp(th_rows_values(rows, i), slow->values[i], rows->stride * sizeof **slow->values) == 0;
  }
  return good;
}

/* A key; half of the time the one behind `last`, as files go on from line to line. */
static th_row any_key(const th_row *last, uint32_t kinds) {
  th_row key = *last;
  if (draw(2)) {
    key.line++;
    key.address += draw(3) * 4;
    return key;
  }
  key = (th_row){draw(kinds), draw(3), draw(40), draw(2) ? draw(kinds) : TH_NONE, 0};
  if (draw(2))
    key.address = (uint64_t)draw(3) << 32 | draw(50);
  return key;
}

/* Adds `n` numbers to rows and list, or stops at the first failure. */
static int add(th_rows *rows, th_alloc *alloc, struct slow *slow, uint32_t n, uint32_t kinds) {
  th_row key = {0, 0, 0, TH_NONE, 0};
  uint32_t row;
  while (n-- > 0) {
    key = any_key(&key, kinds);
    int status = th_rows_at(rows, alloc, &key, &row);
    if (!status)
      status = th_rows_touch(rows, alloc, row);
    if (status)
      return status;
    uint32_t wanted = slow_find(slow, &key), column = draw(rows->stride);
    must(row == wanted);
    th_rows_values(rows, row)[column] += n + 1;
    slow->values[row][column] += n + 1;
  }
  return THESEUS_OK;
}

/* Transactions that are kept and such that are not, each with new rows and old ones. */
static void test_transactions(bool undo) {
  static struct slow slow, before;
  struct memory memory = {.left = -1};
  th_alloc alloc = new_alloc(&memory);
  th_rows rows;
  bool good = true;
  slow.count = 0;
  th_rows_init(&rows, STRIDE);
  for (uint32_t round = 0; round < 60; round++) {
    uint32_t kinds = 1 + round / 10;
    if (round == 20) {
      must(th_rows_widen(&rows, &alloc, WIDE) == THESEUS_OK);
      ok(same(&rows, &slow), "wider rows have what they had, and zeros");
    }
    before = slow;
    must(th_rows_begin(&rows, &alloc, undo) == THESEUS_OK);
    must(add(&rows, &alloc, &slow, 10 + draw(40), kinds) == THESEUS_OK);
    good &= same(&rows, &slow);
    if (undo && round % 3 == 1) {
      th_rows_rollback(&rows);
      slow = before;
    } else {
      th_rows_commit(&rows);
    }
    good &= same(&rows, &slow);
    if (round % 7 == 0)
      th_rows_forget(&rows, &alloc);
    must(add(&rows, &alloc, &slow, draw(20), kinds) == THESEUS_OK); /* outside of one */
  }
  ok(good && same(&rows, &slow) && slow.count > 500, "%s: each row is found again, and has its numbers",
     undo ? "with a way back" : "without one");
  th_rows_free(&rows, &alloc);
  ok(memory.blocks == 0 && alloc.used == 0, "all is given back");
}

static void test_out_of_memory(void) {
  static struct slow slow, before;
  struct memory memory = {.left = -1};
  th_alloc alloc = new_alloc(&memory);
  th_rows rows;
  bool good = true;
  slow.count = 0;
  th_rows_init(&rows, STRIDE);
  must(add(&rows, &alloc, &slow, 100, 3) == THESEUS_OK);
  int status = THESEUS_ENOMEM;
  for (long nth = 0; status; nth++) {
    before = slow;
    memory.left = nth;
    status = th_rows_begin(&rows, &alloc, true);
    if (!status) {
      status = add(&rows, &alloc, &slow, 400, 9);
      if (!status)
        status = th_rows_widen(&rows, &alloc, WIDE);
      if (status)
        th_rows_rollback(&rows);
      else
        th_rows_commit(&rows);
    }
    memory.left = -1;
    if (status)
      slow = before;
    good &= (!status || status == THESEUS_ENOMEM) && same(&rows, &slow);
  }
  ok(good && memory.failures > 5, "each of %ld allocations fails once, and is taken back", memory.failures);
  th_rows_free(&rows, &alloc);
  is_int(memory.blocks, 0, "nothing is leaked");
}

int main(void) {
  test_transactions(true);
  test_transactions(false);
  test_out_of_memory();
  return done();
}
