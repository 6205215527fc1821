/* SPDX-License-Identifier: ISC */
/* A failure means that one of the small rooms in libtheseus/base does not keep what its header promises.  Each is
 * compared with a slow way of doing the same. */
#include "base/digits.h"
#include "base/fixed.h"
#include "base/output.h"
#include "base/sized.h"
#include "base/sort.h"
#include "base/strings.h"
#include "base/text.h"
#include "memory.h"

static uint64_t state = 1;

static uint32_t draw(uint32_t below) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(state >> 33) % below;
}

static th_alloc new_alloc(struct memory *memory, uint64_t limit) {
  th_alloc alloc;
  theseus_allocator allocator = memory_allocator(memory);
  must(th_alloc_init(&alloc, &allocator, limit) == THESEUS_OK);
  return alloc;
}

/* ---- alloc ---- */

static void test_alloc(void) {
  struct memory memory = {.left = -1};
  th_alloc alloc = new_alloc(&memory, 1000);
  uint64_t *array = NULL;
  uint32_t capacity = 0;
  theseus_allocator half = memory_allocator(&memory);
  half.realloc = NULL;
  is_int(th_alloc_init(&(th_alloc){.used = 0}, &half, 0), THESEUS_EINVAL, "alloc: an allocator lacks a function");
  is_int(th_alloc_grow(&alloc, &array, &capacity, 3, 8), THESEUS_OK, "alloc: an array grows");
  ok(capacity >= 3 && alloc.used == capacity * 8u && memory.bytes == alloc.used, "alloc: what it takes is counted");
  uint64_t *before = array;
  uint32_t room = capacity;
  is_int(th_alloc_grow(&alloc, &array, &capacity, room, 8), THESEUS_OK, "alloc: where there is room");
  ok(array == before && capacity == room, "alloc: it stays as it is");
  is_int(th_alloc_grow(&alloc, &array, &capacity, 1000, 8), THESEUS_ELIMIT, "alloc: a limit is kept");
  is_int(th_alloc_grow(&alloc, &array, &capacity, UINT32_MAX, 8), THESEUS_EOVERFLOW, "alloc: too many items");
  is_int(th_alloc_grow(&alloc, &array, &capacity, UINT32_MAX - 1, SIZE_MAX / 8), THESEUS_ENOMEM, "alloc: too large");
  ok(array == before && capacity == room && alloc.refused == 1, "alloc: a failure changes nothing");
  ok(th_alloc_zeroed(&alloc, SIZE_MAX / 2, 3) == NULL, "alloc: a product that does not fit");
  is_int(th_alloc_why(&alloc), THESEUS_ENOMEM, "alloc: is not the limit's fault");
  ok(th_alloc_zeroed(&alloc, 2000, 1) == NULL && th_alloc_why(&alloc) == THESEUS_ELIMIT, "alloc: what exceeds it is");
  memory.left = 0;
  ok(th_alloc_zeroed(&alloc, 1, 1) == NULL && th_alloc_why(&alloc) == THESEUS_ENOMEM, "alloc: no memory is neither");
  is_int(th_alloc_grow(&alloc, &array, &capacity, room + 1u, 8), THESEUS_ENOMEM, "alloc: nor for an array");
  th_alloc_free(&alloc, array, capacity, 8);
  th_alloc_free(&alloc, NULL, 7, 8);
  ok(alloc.used == 0 && memory.blocks == 0, "alloc: all is given back");

  must(th_alloc_init(&alloc, NULL, 0) == THESEUS_OK);
  array = NULL, capacity = 0;
  must(th_alloc_grow(&alloc, &array, &capacity, 10, 8) == THESEUS_OK);
  uint64_t *zeroed = th_alloc_zeroed(&alloc, 10, 8);
  ok(zeroed && !zeroed[0] && !zeroed[9], "alloc: without an allocator it is libc's");
  th_alloc_free(&alloc, zeroed, 10, 8);
  th_alloc_free(&alloc, array, capacity, 8);
}

/* ---- map ---- */

static bool same_number(const void *owner, uint32_t index, const void *key) {
  return ((const uint32_t *)owner)[index] == *(const uint32_t *)key;
}

/* Hashes that collide, and items that go while others stay: a search must not end at a hole. */
static void test_map(void) {
  enum { KEYS = 400, HASHES = 40, STEPS = 20000 };
  struct memory memory = {.left = -1};
  th_alloc alloc = new_alloc(&memory, 0);
  th_map map = {0};
  uint32_t owner[KEYS];
  bool there[KEYS] = {false}, good = true;
  uint32_t count = 0, key = 0;
  is_uint(th_map_find(&map, 5, same_number, owner, &key), TH_NONE, "map: an empty one has nothing");
  for (uint32_t i = 0; i < KEYS; i++)
    owner[i] = i;
  for (int step = 0; step < STEPS; step++) {
    key = draw(KEYS);
    uint32_t hash = key % HASHES * 7, found = th_map_find(&map, hash, same_number, owner, &key);
    good &= found == (there[key] ? key : TH_NONE) && map.count == count;
    if (there[key]) {
      th_map_remove(&map, hash, key);
    } else {
      must(th_map_reserve(&map, &alloc, count + 1u) == THESEUS_OK);
      th_map_add(&map, hash, key);
    }
    there[key] = !there[key];
    count += there[key] ? 1 : UINT32_MAX;
  }
  ok(good && count > 100, "map: it has what was added and not removed");
  th_map_clear(&map);
  for (key = 0; key < KEYS; key++)
    good &= th_map_find(&map, key % HASHES * 7, same_number, owner, &key) == TH_NONE;
  ok(good && map.count == 0, "map: a cleared one has nothing");
  is_int(th_map_reserve(&map, &alloc, UINT64_C(1) << 32), THESEUS_EOVERFLOW, "map: there is a bound");
  uint32_t *array = NULL, capacity = 0;
  memory.left = 1;
  is_int(th_map_append(&map, &alloc, 1, &array, &capacity, map.capacity, sizeof *array), THESEUS_OK, "map: an append");
  memory.left = 0;
  is_int(th_map_append(&map, &alloc, 1, &array, &capacity, capacity, sizeof *array), THESEUS_ENOMEM,
         "map: and one without memory");
  th_alloc_free(&alloc, array, capacity, sizeof *array);
  th_map_free(&map, &alloc);
  ok(memory.blocks == 0 && alloc.used == 0, "map: all is given back");
}

/* ---- strings and text ---- */

static void test_strings(void) {
  enum { TEXTS = 500 };
  struct memory memory = {.left = -1};
  th_alloc alloc = new_alloc(&memory, 0);
  th_strings strings = {0};
  const char *pointers[TEXTS];
  uint32_t ids[TEXTS], id;
  bool good = true;
  static char bytes[6000];
  for (uint32_t i = 0; i < TEXTS; i++) {
    int length = snprintf(bytes, sizeof bytes, "%u", i);
    size_t size = i % 50 == 7 ? sizeof bytes - 1 : (size_t)length; /* longer than a chunk */
    memset(bytes + length, 'x', sizeof bytes - (size_t)length);
    memory.left = 0;
    int status = th_strings_intern(&strings, &alloc, bytes, size, &ids[i]);
    memory.left = -1;
    good &= status == THESEUS_OK || status == THESEUS_ENOMEM;
    must(th_strings_intern(&strings, &alloc, bytes, size, &ids[i]) == THESEUS_OK);
    pointers[i] = th_strings_get(&strings, ids[i]);
    good &= ids[i] == i && strings.texts[i].length == size && memcmp(pointers[i], bytes, size) == 0;
    good &= pointers[i][size] == '\0';
  }
  ok(good, "strings: a new text has the next number, also after a failure");
  for (uint32_t i = 0; i < TEXTS; i++) {
    must(th_strings_intern(&strings, &alloc, pointers[i], strings.texts[i].length, &id) == THESEUS_OK);
    good &= id == ids[i] && th_strings_get(&strings, i) == pointers[i];
  }
  ok(good && strings.count == TEXTS, "strings: an old one has the one it had, and never moves");
  must(th_strings_intern(&strings, &alloc, "a\0b", 3, &id) == THESEUS_OK && id == TEXTS);
  must(th_strings_intern(&strings, &alloc, "a", 1, &id) == THESEUS_OK);
  is_uint(id, TEXTS + 1, "strings: a NUL does not end a text");
  must(th_strings_intern_clean(&strings, &alloc, "a\0b", 3, &id) == THESEUS_OK);
  is_str(th_strings_get(&strings, id), "a\\x00b", "strings: unless it is made clean");
  memory.left = 0;
  is_int(th_strings_intern_clean(&strings, &alloc, "\n", 1, &id), THESEUS_ENOMEM, "strings: which takes memory");
  is_int(th_strings_intern(&strings, &alloc, "", SIZE_MAX, &id), THESEUS_EOVERFLOW, "strings: no text of 4 GB");
  th_strings_free(&strings, &alloc);
  ok(memory.blocks == 0 && alloc.used == 0, "strings: all is given back");
}

/* The same by the grammar of RFC 3629, byte by byte. */
static size_t slow_sequence(const unsigned char *b, size_t n) {
  static const struct {
    unsigned char first[2], second[2];
    size_t length;
  } rows[] = {{{0x01, 0x7f}, {0, 0}, 1},       {{0xc2, 0xdf}, {0x80, 0xbf}, 2}, {{0xe0, 0xe0}, {0xa0, 0xbf}, 3},
              {{0xe1, 0xec}, {0x80, 0xbf}, 3}, {{0xed, 0xed}, {0x80, 0x9f}, 3}, {{0xee, 0xef}, {0x80, 0xbf}, 3},
              {{0xf0, 0xf0}, {0x90, 0xbf}, 4}, {{0xf1, 0xf3}, {0x80, 0xbf}, 4}, {{0xf4, 0xf4}, {0x80, 0x8f}, 4}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (b[0] < rows[i].first[0] || b[0] > rows[i].first[1] || rows[i].length > n)
      continue;
    bool good = rows[i].length == 1 || (b[1] >= rows[i].second[0] && b[1] <= rows[i].second[1]);
    for (size_t k = 2; k < rows[i].length; k++)
      good &= b[k] >= 0x80 && b[k] <= 0xbf;
    return good && b[0] != '\r' && b[0] != '\n' ? rows[i].length : 0;
  }
  return 0;
}

static void test_text(void) {
  static const unsigned char odd[] = {0,    '\t', '\n', '\r', ' ',  'a',  0x7f, 0x80, 0x8f, 0x90,
                                      0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
                                      0xee, 0xef, 0xf0, 0xf3, 0xf4, 0xf5, 0xff, 'b'};
  bool good = true;
  uint32_t clean_ones = 0;
  for (int round = 0; round < 200000; round++) {
    unsigned char bytes[24];
    char out[100], wanted[100];
    size_t n = draw(sizeof bytes), at = 0, size = 0;
    for (size_t i = 0; i < n; i++)
      bytes[i] = draw(3) ? (unsigned char)('c' + draw(9)) : odd[draw(sizeof odd)];
    while (at < n) {
      bool end = (at == 0 || at == n - 1) && (bytes[at] == ' ' || bytes[at] == '\t');
      size_t step = end ? 0 : slow_sequence(bytes + at, n - at);
      if (!step)
        size += (size_t)snprintf(wanted + size, sizeof wanted - size, "\\x%02x", bytes[at++]);
      for (; step > 0; step--)
        wanted[size++] = (char)bytes[at++];
    }
    bool clean = size == n && memcmp(wanted, bytes, n) == 0;
    clean_ones += clean;
    good &= th_text_is_clean((const char *)bytes, n) == clean;
    good &= th_text_clean((const char *)bytes, n, out) == size && memcmp(out, wanted, size) == 0;
  }
  ok(good && clean_ones > 1000, "text: what a line cannot hold is escaped, and nothing else");
}

/* ---- sort ---- */

static bool less(const void *owner, uint32_t a, uint32_t b) {
  return ((const uint32_t *)owner)[a] < ((const uint32_t *)owner)[b];
}

static void test_sort(void) {
  enum { MOST = 200 };
  uint32_t keys[MOST], ids[MOST], spare[MOST];
  bool good = true;
  for (uint32_t round = 0; round < 2000; round++) {
    uint32_t n = draw(MOST), kinds = 1 + draw(MOST), runs = draw(4);
    for (uint32_t i = 0; i < n; i++) {
      keys[i] = runs ? (runs == 1 ? i : runs == 2 ? n - i : i % 17) : draw(kinds);
      ids[i] = i;
    }
    th_sort(ids, n, spare, less, keys);
    for (uint32_t i = 1; i < n; i++)
      good &= keys[ids[i - 1]] < keys[ids[i]] || (keys[ids[i - 1]] == keys[ids[i]] && ids[i - 1] < ids[i]);
    for (uint32_t i = 0; i < n; i++)
      spare[ids[i]] = TH_NONE;
    for (uint32_t i = 0; i < n; i++)
      good &= spare[i] == TH_NONE;
  }
  ok(good, "sort: in order, equal ones in the order in which they were, none lost");
}

/* ---- sized ---- */

static void test_sized(void) {
  const struct theirs {
    size_t size;
    uint64_t a, b;
  } known = {sizeof known, 1, 2};
  struct newer {
    struct theirs old;
    uint64_t c;
  } newer = {{sizeof newer, 7, 8}, 9};
  struct theirs to = known;
  is_int(th_take(&to, sizeof to, NULL), THESEUS_OK, "sized: no struct leaves the defaults");
  ok(to.a == 1 && to.b == 2, "sized: as they are");
  is_int(th_take(&to, sizeof to, &newer), THESEUS_OK, "sized: a longer struct is taken");
  ok(to.a == 7 && to.b == 8, "sized: as far as it is known");
  const struct theirs shorter = {offsetof(struct theirs, b), 5, 6}, none = {sizeof none.size, 5, 6};
  is_int(th_take(&to, sizeof to, &shorter), THESEUS_OK, "sized: a shorter one, too");
  ok(to.a == 5 && to.b == 8, "sized: as far as it goes");
  is_int(th_take(&to, sizeof to, &none), THESEUS_EINVAL, "sized: one of nothing but a size is not");
  is_int(th_give(&newer, &known, sizeof known), THESEUS_OK, "sized: a longer struct is filled");
  ok(newer.old.size == sizeof newer && newer.old.a == 1 && newer.old.b == 2 && newer.c == 0,
     "sized: with zeros behind");
  to = shorter;
  is_int(th_give(&to, &known, sizeof known), THESEUS_OK, "sized: a shorter one, too");
  ok(to.size == shorter.size && to.a == 1 && to.b == 6, "sized: and nothing behind it changes");
  to.size = 0;
  is_int(th_give(&to, &known, sizeof known), THESEUS_EINVAL, "sized: one without a size is not");
  is_int(th_give(NULL, &known, sizeof known), THESEUS_EINVAL, "sized: nor is none");
}

/* ---- numbers and output ---- */

static void test_numbers(void) {
  bool good = true, written = true;
  for (int round = 0; round < 100000; round++) {
    uint64_t number = ((uint64_t)draw(UINT32_C(1) << 31) << 33 | draw(UINT32_C(1) << 31)) >> draw(64), read = 7;
    char text[64] = {0}, out[TH_DIGITS];
    int length = snprintf(text, sizeof text - TH_DIGITS_FIT, "%" PRIu64, number);
    size_t digits = th_decimal(number, out);
    text[length] = " \n,x/:"[draw(6)];
    const char *end = th_digits(text, &read);
    good &= length <= TH_DIGITS_FIT ? end == text + length && read == number : end == NULL;
    written &= digits == (size_t)length && memcmp(out, text, digits) == 0;
  }
  ok(good, "digits: numbers of up to 19 digits are read");
  ok(written, "output: and written");
  char text[64] = "x", out[TH_DIGITS];
  uint64_t number;
  ok(th_digits(text, &number) == NULL, "digits: no digit is no number");
  is_uint(th_decimal(UINT64_MAX, out), TH_DIGITS, "output: the greatest number has 20 digits");

  for (uint32_t k = 1; k < 2000; k = k * 3 + 1) { /* what is given to k parts is what there was */
    th_fixed sum = {0, 0}, all = {0, 0};
    uint32_t rest = 0;
    for (int i = 0; i < 1000; i++) {
      th_fixed a = {draw(1000000), 0}, part = th_fixed_divide(a, k, &rest);
      all = th_fixed_add(all, a);
      for (uint32_t n = 0; n < k; n++)
        sum = th_fixed_add(sum, part);
    }
    sum = th_fixed_add(sum, (th_fixed){0, rest});
    good &= sum.ns == all.ns && sum.fraction == all.fraction;
    sum = th_fixed_subtract(sum, all);
    good &= sum.ns == 0 && sum.fraction == 0;
  }
  ok(good, "fixed: nothing is lost in divisions");
}

struct sink {
  struct text text;
  int left; /* calls that are taken */
  size_t least, calls;
};

static int take(void *opaque, const void *bytes, size_t size) {
  struct sink *sink = opaque;
  sink->calls++;
  sink->least = size < sink->least ? size : sink->least;
  return sink->left-- > 0 ? text_write(&sink->text, bytes, size) : 1;
}

static void test_output(void) {
  struct memory memory = {.left = -1};
  th_alloc alloc = new_alloc(&memory, 0);
  th_output output;
  struct sink kept = {{NULL, 0}, 1000, SIZE_MAX, 0};
  const theseus_sink sink = {take, &kept};
  struct text wanted = {NULL, 0};
  static char long_piece[3 * TH_OUTPUT_SIZE];
  memset(long_piece, 'l', sizeof long_piece);
  is_int(th_output_init(&output, &alloc, NULL), THESEUS_EINVAL, "output: no sink");
  is_int(th_output_init(&output, &alloc, &(theseus_sink){NULL, NULL}), THESEUS_EINVAL,
         "output: one without a function");
  memory.left = 0;
  is_int(th_output_init(&output, &alloc, &sink), THESEUS_ENOMEM, "output: no memory");
  memory.left = -1;
  must(th_output_init(&output, &alloc, &sink) == THESEUS_OK);
  for (uint32_t i = 0; i < 60000; i++) {
    size_t n = i % 20000 == 5 ? sizeof long_piece : draw(9);
    th_output_bytes(&output, long_piece, n);
    th_output_byte(&output, '\n');
    th_output_number(&output, i);
    if (n)
      text_write(&wanted, long_piece, n);
    text_print(&wanted, "\n%u", i);
  }
  is_int(th_output_end(&output, &alloc, THESEUS_OK), THESEUS_OK, "output: it is handed over");
  ok(kept.text.size == wanted.size && memcmp(kept.text.bytes, wanted.bytes, wanted.size) == 0, "output: all of it");
  ok(kept.calls < 30 && kept.least > 0, "output: in large pieces, none of them empty");
  for (kept.left = 0; kept.left < 2; kept.left = 2) {
    must(th_output_init(&output, &alloc, &sink) == THESEUS_OK);
    th_output_bytes(&output, long_piece, sizeof long_piece);
    th_output_bytes(&output, long_piece, sizeof long_piece);
    is_int(th_output_end(&output, &alloc, THESEUS_EOVERFLOW), THESEUS_EIO, "output: the first failure is kept");
  }
  size_t calls = kept.calls;
  must(th_output_init(&output, &alloc, &sink) == THESEUS_OK);
  th_output_byte(&output, 'x');
  is_int(th_output_end(&output, &alloc, THESEUS_EOVERFLOW), THESEUS_EOVERFLOW, "output: a failure of the caller's");
  is_uint(kept.calls, calls, "output: hands nothing over");
  free(kept.text.bytes);
  free(wanted.bytes);
  is_int(memory.blocks, 0, "output: all is given back");
}

int main(void) {
  test_alloc();
  test_map();
  test_strings();
  test_text();
  test_sort();
  test_sized();
  test_numbers();
  test_output();
  return done();
}
