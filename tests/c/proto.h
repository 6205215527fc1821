/* SPDX-License-Identifier: ISC */
/* proto - for tests: makes a pprof file out of a text that people can read.
 *
 *     sample_type { type: "cpu" unit: "nanoseconds" }
 *     sample { location_id: [1] value: [5] label { key: "outcome" str: "failure" } }   # a comment
 *     location { id: 1 line { function_id: 1 line: 10 } }
 *     function { id: 1 name: "main" }
 *
 * The names are those of profile.proto, or numbers of fields.  `[…]` is a packed array, `64:` and `32:` before a
 * number fix its size, and `% 12 00;` is two bytes.  A text stands for its number in the string table, which comes at
 * the end unless there is a `string_table:`.  In a text \xHH is a byte. */
#ifndef PROTO_H
#define PROTO_H

#include "memory.h"

enum proto_kind { PROTO_NUMBER, PROTO_TEXT, PROTO_BYTES, PROTO_MESSAGE };

static const struct proto_field {
  const char *name;
  unsigned number;
  enum proto_kind kind;
} proto_fields[] = {
    {"sample_type", 1, PROTO_MESSAGE},
    {"sample", 2, PROTO_MESSAGE},
    {"mapping", 3, PROTO_MESSAGE},
    {"location", 4, PROTO_MESSAGE},
    {"function", 5, PROTO_MESSAGE},
    {"string_table", 6, PROTO_BYTES},
    {"drop_frames", 7, PROTO_TEXT},
    {"keep_frames", 8, PROTO_TEXT},
    {"time_nanos", 9, PROTO_NUMBER},
    {"duration_nanos", 10, PROTO_NUMBER},
    {"period_type", 11, PROTO_MESSAGE},
    {"period", 12, PROTO_NUMBER},
    {"comment", 13, PROTO_TEXT},
    {"default_sample_type", 14, PROTO_TEXT},
    {"type", 1, PROTO_TEXT},
    {"unit", 2, PROTO_TEXT},
    {"location_id", 1, PROTO_NUMBER},
    {"value", 2, PROTO_NUMBER},
    {"label", 3, PROTO_MESSAGE},
    {"key", 1, PROTO_TEXT},
    {"str", 2, PROTO_TEXT},
    {"num", 3, PROTO_NUMBER},
    {"num_unit", 4, PROTO_TEXT},
    {"id", 1, PROTO_NUMBER},
    {"memory_start", 2, PROTO_NUMBER},
    {"memory_limit", 3, PROTO_NUMBER},
    {"file_offset", 4, PROTO_NUMBER},
    {"file", 5, PROTO_TEXT},
    {"build_id", 6, PROTO_TEXT},
    {"has_functions", 7, PROTO_NUMBER},
    {"mapping_id", 2, PROTO_NUMBER},
    {"address", 3, PROTO_NUMBER},
    {"line", 4, PROTO_MESSAGE},
    {"function_id", 1, PROTO_NUMBER},
    {"line", 2, PROTO_NUMBER},
    {"name", 2, PROTO_TEXT},
    {"system_name", 3, PROTO_TEXT},
    {"filename", 4, PROTO_TEXT},
    {"start_line", 5, PROTO_NUMBER},
};

struct proto {
  const char *at;
  struct text strings[64]; /* the string table */
  uint64_t string_count;
  bool own_strings; /* the file has a table of its own */
};

/* Whether the text goes on with this mark, which is then behind it. */
static inline bool proto_mark(struct proto *proto, const char *mark) {
  for (; *proto->at && strchr(" \n#", *proto->at); proto->at++)
    if (*proto->at == '#')
      proto->at += strcspn(proto->at, "\n") - 1;
  bool there = *mark ? strncmp(proto->at, mark, strlen(mark)) == 0 : !*proto->at;
  proto->at += there ? strlen(mark) : 0;
  return there;
}

static inline void proto_put(struct text *out, uint64_t number) {
  do {
    char byte = (char)((number & 0x7f) | (number > 0x7f ? 0x80 : 0));
    text_write(out, &byte, 1);
  } while (number >>= 7);
}

static inline void proto_block(struct text *out, unsigned field, const struct text *block) {
  proto_put(out, field << 3 | 2);
  proto_put(out, block->size);
  if (block->size)
    text_write(out, block->bytes, block->size);
}

static inline uint64_t proto_number(struct proto *proto) {
  char *end;
  (void)proto_mark(proto, " ");
  uint64_t number = *proto->at == '-' ? (uint64_t)strtoll(proto->at, &end, 0) : strtoull(proto->at, &end, 0);
  must(end != proto->at);
  proto->at = end;
  return number;
}

static inline struct text proto_text(struct proto *proto) {
  struct text text = {NULL, 0};
  must(proto_mark(proto, "\""));
  for (; *proto->at != '"'; proto->at++) {
    char byte = *proto->at;
    if (byte == '\\') {
      byte = (char)strtoul((char[]){proto->at[2], proto->at[3], '\0'}, NULL, 16);
      proto->at += 3;
    }
    text_write(&text, &byte, 1);
  }
  proto->at++;
  return text;
}

/* The number of the text that follows; the first one of a table is empty. */
static inline uint64_t proto_string(struct proto *proto) {
  struct text text = proto_text(proto);
  uint64_t i = 0;
  while (i < proto->string_count && (proto->strings[i].size != text.size ||
                                     (text.size && memcmp(proto->strings[i].bytes, text.bytes, text.size) != 0)))
    i++;
  must(i < sizeof proto->strings / sizeof *proto->strings);
  if (i < proto->string_count)
    free(text.bytes);
  else
    proto->strings[proto->string_count++] = text;
  return i;
}

static inline struct proto_field proto_name(struct proto *proto) {
  char name[40] = "";
  (void)proto_mark(proto, " ");
  size_t length = strcspn(proto->at, " :{\n");
  must(length > 0 && length < sizeof name);
  memcpy(name, proto->at, length);
  proto->at += length;
  bool message = proto_mark(proto, "{");
  for (size_t i = 0; i < sizeof proto_fields / sizeof *proto_fields; i++)
    if (strcmp(proto_fields[i].name, name) == 0 && (proto_fields[i].kind == PROTO_MESSAGE) == message)
      return proto_fields[i];
  return (struct proto_field){"", (unsigned)strtoul(name, NULL, 10), message ? PROTO_MESSAGE : PROTO_NUMBER};
}

static inline struct text proto_message(struct proto *proto, const char *end);

static inline void proto_field(struct proto *proto, struct text *out) {
  struct proto_field field = proto_name(proto);
  struct text block = {NULL, 0};
  if (field.kind == PROTO_MESSAGE) {
    block = proto_message(proto, "}");
    proto_block(out, field.number, &block);
  } else if (must(proto_mark(proto, ":")), proto_mark(proto, "[")) {
    while (!proto_mark(proto, "]"))
      proto_put(&block, field.kind == PROTO_TEXT ? proto_string(proto) : proto_number(proto));
    proto_block(out, field.number, &block);
  } else if (proto_mark(proto, "64:") || proto_mark(proto, "32:")) {
    uint64_t size = proto->at[-3] == '6' ? 8 : 4;
    proto_put(out, field.number << 3 | (size == 8 ? 1 : 5));
    uint64_t number = proto_number(proto);
    for (; size--; number >>= 8)
      text_write(out, &(char){(char)number}, 1);
  } else if (field.kind == PROTO_BYTES) {
    block = proto_text(proto);
    proto->own_strings = true;
    proto_block(out, field.number, &block);
  } else {
    proto_put(out, field.number << 3);
    bool text = field.kind == PROTO_TEXT && *(proto->at + strspn(proto->at, " ")) == '"';
    proto_put(out, text ? proto_string(proto) : proto_number(proto));
  }
  free(block.bytes);
}

static inline struct text proto_message(struct proto *proto, const char *end) {
  struct text out = {NULL, 0};
  while (!proto_mark(proto, end))
    if (proto_mark(proto, "%"))
      while (!proto_mark(proto, ";")) {
        char *next;
        text_write(&out, &(char){(char)strtoul(proto->at, &next, 16)}, 1);
        must(next != proto->at);
        proto->at = next;
      }
    else
      proto_field(proto, &out);
  return out;
}

/* The file; to be freed. */
static inline struct text proto_file(const char *text) {
  struct proto proto = {.at = text, .strings = {{NULL, 0}}, .string_count = 1};
  struct text out = proto_message(&proto, "");
  for (uint64_t i = 0; i < proto.string_count; i++) {
    if (!proto.own_strings)
      proto_block(&out, 6, &proto.strings[i]);
    free(proto.strings[i].bytes);
  }
  return out;
}

#endif
