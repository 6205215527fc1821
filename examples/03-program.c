/* SPDX-License-Identifier: ISC */
/* A program that knows nothing of being profiled: see 03-instrument.c. */
#include <stdio.h>

unsigned fibonacci(unsigned n);
unsigned long sum_of_squares(unsigned long n);
void report(void);

unsigned fibonacci(unsigned n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

unsigned long sum_of_squares(unsigned long n) {
  unsigned long sum = 0;
  for (volatile unsigned long i = 1; i <= n; i++)
    sum += i * i;
  return sum;
}

void report(void) {
  printf("fibonacci(15) is %u\n", fibonacci(15));
  printf("the squares up to 20000000 add up to %lu\n", sum_of_squares(20000000));
}

int main(void) {
  report();
  return 0;
}
