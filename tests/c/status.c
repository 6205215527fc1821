/* SPDX-License-Identifier: ISC */
/* A failure means that a status has no sentence of its own, or that the version is not that of base/version.h. */
#include "base/version.h"
#include "tap.h"
#include "theseus.h"

int main(void) {
  is_str(theseus_version(), THESEUS_VERSION, "the library tells the version that it was built as");
  is_str(theseus_strerror(THESEUS_OK), "no error", "success has words");
  is_str(theseus_strerror(1), "unknown status", "a number that is no status");
  is_str(theseus_strerror(THESEUS_ENEGATIVE - 1), "unknown status", "a number below all of them");

  for (int status = THESEUS_ENEGATIVE; status <= THESEUS_OK; status++) {
    bool distinct = strcmp(theseus_strerror(status), "unknown status") != 0;
    for (int other = THESEUS_ENEGATIVE; other < status; other++)
      distinct = distinct && strcmp(theseus_strerror(status), theseus_strerror(other)) != 0;
    ok(distinct, "status %d has words of its own: %s", status, theseus_strerror(status));
  }
  return done();
}
