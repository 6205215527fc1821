/* SPDX-License-Identifier: ISC */
/* status - the library's version, and a sentence for each status. */
#include "base/alloc.h"
#include "base/version.h"

const char *theseus_version(void) { return THESEUS_VERSION; }

/* Objects begin with their allocator, which knows the last failure. */
const char *theseus_error(void *object) {
  return object ? th_failure_text(&((th_alloc *)object)->failure) : "the object is NULL";
}

const char *theseus_strerror(int status) {
  switch (status) {
    case THESEUS_OK: return "no error";
    case THESEUS_ENOMEM: return "out of memory";
    case THESEUS_EINVAL: return "an argument makes no sense";
    case THESEUS_ESTALE: return "the span has ended, or never was";
    case THESEUS_ECYCLE: return "the span would become its own ancestor";
    case THESEUS_EOVERFLOW: return "a sum does not fit into 64 bits, or there are too many of something";
    case THESEUS_EIO: return "the output could not be written";
    case THESEUS_EFORMAT: return "the input is not in the format that it should be in";
    case THESEUS_EVERSION: return "the input is of a version that is not supported";
    case THESEUS_EUNIT: return "the same event is known under another unit";
    case THESEUS_EPERIOD: return "the profiles sample different things: their period types differ";
    case THESEUS_ENEGATIVE: return "a value is negative, as in a difference of profiles";
    case THESEUS_ELIMIT: return "the memory limit is reached";
    default: return "unknown status";
  }
}
