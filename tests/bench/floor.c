/* SPDX-License-Identifier: ISC */
/* The floor of a callgrind reader: maps each file, tells lines of costs from others, reads the integers of the former,
 * and keeps nothing but sums.  Whatever makes a model of it takes longer. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct sums {
  uint64_t numbers, lines, calls, others;
};

static const char *read_costs(const char *at, const char *end, struct sums *sums) {
  while (at < end && *at != '\n') {
    uint64_t number = 0;
    if (*at < '0' || *at > '9') {
      at++;
      continue;
    }
    if (at + 1 < end && at[0] == '0' && at[1] == 'x') {
      for (at += 2; at < end; at++) {
        unsigned digit = (unsigned)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
        if (digit > 15)
          break;
        number = number * 16 + digit;
      }
    } else {
      while (at < end && *at >= '0' && *at <= '9')
        number = number * 10 + (uint64_t)(*at++ - '0');
    }
    sums->numbers += number;
  }
  return at < end ? at + 1 : end;
}

static void read_lines(const char *at, const char *end, struct sums *sums) {
  while (at < end) {
    sums->lines++;
    if ((*at >= '0' && *at <= '9') || *at == '+' || *at == '-' || *at == '*') {
      at = read_costs(at, end, sums);
      continue;
    }
    sums->calls += end - at > 6 && memcmp(at, "calls=", 6) == 0;
    sums->others++;
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    at = line_end ? line_end + 1 : end;
  }
}

int main(int argc, char **argv) {
  struct sums sums = {0, 0, 0, 0};
  for (int i = 1; i < argc; i++) {
    struct stat status;
    int file = open(argv[i], O_RDONLY);
    if (file < 0 || fstat(file, &status))
      return perror(argv[i]), 1;
    size_t size = (size_t)status.st_size;
    const char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED)
      return perror(argv[i]), 1;
    read_lines(bytes, bytes + size, &sums);
    munmap((void *)(uintptr_t)bytes, size);
    close(file);
  }
  printf("%llu %llu %llu %llu\n", (unsigned long long)sums.numbers, (unsigned long long)sums.lines,
         (unsigned long long)sums.calls, (unsigned long long)sums.others);
  return 0;
}
