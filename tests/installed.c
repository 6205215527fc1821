/* SPDX-License-Identifier: ISC */
/* A program of somebody who has installed libtheseus: make installcheck builds it with what pkg-config says. */
#include <stdio.h>
#include <theseus.h>

int main(void) {
  theseus_profile *profile;
  uint32_t function, stack;
  uint64_t median;

  if (theseus_profile_new(NULL, &profile) || theseus_function_intern(profile, "/srv/app.c", "get", 42, &function) ||
      theseus_stack_push(profile, THESEUS_ROOT, function, 0, &stack) ||
      theseus_record(profile, stack, 45, 2000000000, THESEUS_SUCCESS) ||
      theseus_percentile(profile, stack, 0.5, &median))
    return 1;
  printf("libtheseus %s: the median of one latency of 2000000000 ns is %llu ns\n", theseus_version(),
         (unsigned long long)median);
  theseus_profile_free(profile);
  return median == 2000000000 ? 0 : 1;
}
