/* SPDX-License-Identifier: ISC */
#include "base/others.h"

#include <stdbool.h>
#include <string.h>

#define UTF_16 "text in UTF-16: convert it with `iconv -f UTF-16 -t UTF-8`"
#define UTF_32 "text in UTF-32: convert it with `iconv -f UTF-32 -t UTF-8`"
#define LEGACY "a legacy profile of gperftools or Go: convert it with `go tool pprof -proto`"
#define PSTATS "a profile of cProfile: convert it with pyprof2calltree"
#define MAGIC(bytes, what)                                                                                             \
  { bytes, sizeof(bytes) - 1, what }

static const struct {
  const char *bytes;
  size_t size;
  const char *what;
} formats[] = {
    MAGIC("\xff\xfe\0\0", UTF_32),
    MAGIC("\0\0\xfe\xff", UTF_32),
    MAGIC("\xff\xfe", UTF_16),
    MAGIC("\xfe\xff", UTF_16),
    MAGIC("heap profile:", LEGACY),
    MAGIC("heap_v2/", LEGACY),
    MAGIC("heap_v2 ", LEGACY),
    MAGIC("growthz profile", LEGACY),
    MAGIC("goroutine profile: total", LEGACY),
    MAGIC("threadcreate profile: total", LEGACY),
    MAGIC("--- contention", LEGACY),
    MAGIC("--- heap", LEGACY),
    MAGIC("--- growth", LEGACY),
    MAGIC("--- mutex", LEGACY),
    MAGIC("--- symbol", LEGACY),
    MAGIC("--- thread", LEGACY),
    MAGIC("--- Thread", LEGACY),
    MAGIC("--- profile", LEGACY),
    MAGIC("cycles/second", LEGACY),
    MAGIC("\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", LEGACY), /* the CPU profile, with words of 64 bits, or of 32 */
    MAGIC("\0\0\0\0\3\0\0\0\0\0\0\0", LEGACY),
    MAGIC("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3", LEGACY),
    MAGIC("\0\0\0\0\0\0\0\3\0\0\0\0", LEGACY),
    MAGIC("{(\2\0\0\0", PSTATS),
    MAGIC("{(\3\0\0\0", PSTATS),
    MAGIC("{)\3", PSTATS),
    MAGIC("{\xa9\3", PSTATS),
    MAGIC("\xfb(\3\0\0\0", PSTATS),
    MAGIC("\xfb)\3", PSTATS),
    MAGIC("\xfb\xa9\3", PSTATS),
    MAGIC("{", "JSON, not a profile that can be merged"),
    MAGIC("[", "JSON, not a profile that can be merged"),
    MAGIC("<", "XML or HTML, not a profile"),
    MAGIC("%PDF", "a PDF, not a profile"),
    MAGIC("PERFILE2", "a recording of perf, not a profile that can be merged"),
    MAGIC("SQLite format 3", "an SQLite database, not a profile"),
    MAGIC("\x7f"
          "ELF",
          "a program (ELF), not a profile"),
    MAGIC("MZ", "a program of Windows, not a profile"),
    MAGIC("PK\3\4", "a zip archive: unpack it first"),
    MAGIC("\xfd"
          "7zXZ\0",
          "compressed by xz: unpack it first"),
    MAGIC("BZh", "compressed by bzip2: unpack it first"),
    MAGIC("\x04\x22\x4d\x18", "compressed by lz4: unpack it first"),
    MAGIC("\x28\xb5\x2f\xfd", "compressed by zstd: unpack it first"),
};

/* Returns true if the first bytes look like ASCII in UTF-16: every other byte is NUL, and the rest is text. */
static bool is_utf_16(const unsigned char *bytes, size_t size) {
  enum { LOOK = 8 };
  size_t zero = bytes[0] ? 1 : 0;
  if (size < LOOK)
    return false;
  for (size_t i = 0; i < LOOK; i++) {
    unsigned char c = bytes[i];
    bool text = (c >= ' ' && c <= '~') || (c >= '\t' && c <= '\r');
    if (i % 2 == zero ? c != 0 : !text)
      return false;
  }
  return true;
}

const char *th_other_format(const void *bytes, size_t size) {
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    if (size >= formats[i].size && memcmp(bytes, formats[i].bytes, formats[i].size) == 0)
      return formats[i].what;
  return is_utf_16(bytes, size) ? UTF_16 : NULL;
}
