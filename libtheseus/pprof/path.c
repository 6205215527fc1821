/* SPDX-License-Identifier: ISC */
#include "pprof/path.h"

#include <string.h>

/* Returns the number of bytes that two blocks have in common at their ends. */
static uint32_t common_end(th_bytes a, th_bytes b) {
  size_t most = (size_t)(a.end - a.at), n = 0;
  if (most > (size_t)(b.end - b.at))
    most = (size_t)(b.end - b.at);
  for (uint64_t x, y; n + sizeof x <= most; n += sizeof x) {
    memcpy(&x, a.end - n - sizeof x, sizeof x);
    memcpy(&y, b.end - n - sizeof y, sizeof y);
    if (x != y)
      break;
  }
  while (n < most && a.end[-1 - (ptrdiff_t)n] == b.end[-1 - (ptrdiff_t)n])
    n++;
  return (uint32_t)n;
}

/* Goes back to where the locations equal those of the last sample.  Returns false if all do. */
static bool go_back(th_pprof_path *path, th_bytes locations) {
  uint32_t common = path->locations.at ? common_end(path->locations, locations) : 0;
  uint64_t size = (uint64_t)(locations.end - locations.at);

  if (common && common == size && common == (uint64_t)(path->locations.end - path->locations.at))
    return false;
  while (path->count && path->steps[path->count - 1].bytes > common)
    path->count--;
  if (path->count && path->steps[path->count - 1].bytes == common && common < size &&
      locations.end[-1 - (ptrdiff_t)common] >= 0x80) /* here the number continues */
    path->count--;
  return true;
}

/* Reads the number that ends at *end, and moves *end to its begin.  Returns false if it has more than 64 bits. */
static inline bool take_last(const unsigned char *begin, const unsigned char **end, uint64_t *out) {
  const unsigned char *at = *end - 1;
  uint64_t number = *at;

  if (at > begin && at[-1] >= 0x80) {
    const unsigned char *last = at;
    do {
      at--;
      if (last - at == TH_VARINT || (last - at == TH_VARINT - 1 && *last > 1))
        return false;
      number = number << 7 | (*at & 0x7f);
    } while (at > begin && at[-1] >= 0x80);
  }
  *end = at;
  *out = number;
  return true;
}

/* Pushes a frame, within max_depth: frames beyond it were skipped before. */
static inline int push_frame(theseus_profile *profile, struct th_step *step, uint32_t function, uint32_t line) {
  uint32_t call_line = step->stack == THESEUS_ROOT ? 0 : step->line;
  step->line = line;
  if (th_stacks_is_next(&profile->stacks, step->stack, function, call_line)) {
    step->stack++;
    return THESEUS_OK;
  }
  return th_stacks_push(&profile->stacks, &profile->alloc, step->stack, function, call_line, &step->stack);
}

/* Pushes the frames of a location, the last one first, without the outermost `skip`. */
static int push_location(const th_pprof_tables *tables, const struct th_pprof_location *location,
                         theseus_profile *profile, struct th_step *step, uint64_t skip) {
  int status = THESEUS_OK;
  for (uint32_t i = skip < location->frames ? location->frames - (uint32_t)skip : 0; !status && i-- > 0;) {
    const struct th_pprof_frame *frame = &tables->frames[location->first + i];
    status = push_frame(profile, step, (uint32_t)frame->id, frame->line);
  }
  return status;
}

/* Returns the number of frames of the locations.  A location that the file lacks counts as one; it is an error
 * later. */
static uint64_t count_frames(const th_pprof_tables *tables, th_bytes locations) {
  uint64_t frames = 0, id;
  while (locations.at != locations.end && th_wire_take(&locations, &id)) {
    uint32_t location = TH_NONE;
    if (id - 1 >= tables->place_count || tables->places[id - 1].function == TH_NONE)
      location = th_ids_find(&tables->location_ids, id);
    frames += location == TH_NONE ? 1 : tables->locations[location].frames;
  }
  return frames;
}

/* Returns the number of outermost frames to skip, so that the rest fits into max_depth. */
static uint64_t too_many(const th_pprof_tables *tables, const theseus_profile *profile, th_bytes locations) {
  if ((uint64_t)(locations.end - locations.at) * tables->most_frames <= profile->max_depth)
    return 0;
  uint64_t frames = count_frames(tables, locations);
  return frames > profile->max_depth ? frames - profile->max_depth : 0;
}

int th_pprof_path_follow(th_pprof_path *path, const th_pprof_tables *tables, theseus_profile *profile,
                         th_bytes locations, const unsigned char *at, uint64_t sample) {
  struct th_step step = {0, THESEUS_ROOT, 0};

  if ((uint64_t)(locations.end - locations.at) > UINT32_MAX)
    return THESEUS_EOVERFLOW;
  if (locations.at != locations.end && locations.end[-1] >= 0x80)
    return th_pprof_fail(tables, at, "sample %llu: a number that does not end", (unsigned long long)sample);
  if (!go_back(path, locations))
    return THESEUS_OK;
  uint64_t skip = too_many(tables, profile, locations);
  if (skip || path->skipped) /* it begins elsewhere than the last sample's */
    path->count = 0;
  path->skipped = skip;
  profile->info.truncated_pushes += skip;
  path->locations = locations;
  if (path->count)
    step = path->steps[path->count - 1];
  for (const unsigned char *end = locations.end - step.bytes; end != locations.at;) {
    uint64_t id, frames = 1;
    int status = THESEUS_OK;
    if (!take_last(locations.at, &end, &id))
      return th_pprof_fail(tables, at, "sample %llu: a number that does not end", (unsigned long long)sample);
    if (id - 1 < tables->place_count && tables->places[id - 1].function != TH_NONE) {
      const struct th_pprof_place *place = &tables->places[id - 1];
      if (!skip)
        status = push_frame(profile, &step, place->function, place->line);
    } else {
      uint32_t location = th_ids_find(&tables->location_ids, id);
      if (location == TH_NONE)
        return th_pprof_fail(tables, at, "sample %llu: location %llu is not in the file", (unsigned long long)sample,
                             (unsigned long long)id);
      frames = tables->locations[location].frames;
      if (skip < frames)
        status = push_location(tables, &tables->locations[location], profile, &step, skip);
    }
    skip -= skip < frames ? skip : frames;
    if (!status && path->count == path->capacity)
      status = th_alloc_grow(tables->alloc, &path->steps, &path->capacity, (uint64_t)path->count + 1, sizeof step);
    if (status)
      return status;
    step.bytes = (uint32_t)(locations.end - end);
    path->steps[path->count++] = step;
  }
  path->stack = step.stack;
  path->line = step.line;
  return THESEUS_OK;
}

void th_pprof_path_free(th_pprof_path *path, th_alloc *alloc) {
  th_alloc_free(alloc, path->steps, path->capacity, sizeof *path->steps);
}
