/* SPDX-License-Identifier: ISC */
/* origin - where a profile came from: its facts, and what was sampled. */
#include "base/sized.h"
#include "profile/profile.h"

#include <string.h>

int theseus_profile_set(theseus_profile *profile, const char *key, const char *value) {
  if (!profile)
    return THESEUS_EINVAL;
  int fact = th_fact_of(key);
  uint32_t id = TH_NONE;

  if (fact < 0)
    return th_fail_name(profile, THESEUS_EINVAL, "the key \"$\" is unknown", key ? key : "(NULL)");
  int status = value ? th_fact_intern(&profile->strings, &profile->alloc, fact, value, strlen(value), &id) : THESEUS_OK;
  if (status)
    return status;
  profile->facts.texts[fact] = id;
  profile->blank_stacks = 0;
  return THESEUS_OK;
}

const char *theseus_profile_get(const theseus_profile *profile, const char *key) {
  if (!profile)
    return NULL;
  int fact = th_fact_of(key);
  if (fact < 0 || profile->facts.texts[fact] == TH_NONE)
    return NULL;
  return th_strings_get(&profile->strings, profile->facts.texts[fact]);
}

int th_profile_name_facts(theseus_profile *into, const theseus_profile *from, struct th_facts *out) {
  int status = THESEUS_OK;
  *out = th_no_facts();
  for (int i = 0; !status && i < TH_FACTS; i++)
    status = th_strings_copy(&from->strings, from->facts.texts[i], &into->strings, &into->alloc, &out->texts[i]);
  return status;
}

bool th_profile_is_blank(const theseus_profile *profile) {
  return profile->stacks.count == profile->blank_stacks && !profile->cells.count;
}

void th_profile_stay_blank(theseus_profile *profile, bool was_blank) {
  if (was_blank)
    profile->blank_stacks = profile->stacks.count;
}

void th_profile_add_facts(theseus_profile *profile, bool was_blank, const struct th_facts *facts) {
  if (was_blank)
    profile->facts = *facts;
  else
    th_facts_join(&profile->facts, facts);
  profile->blank_stacks = 0;
}

/* ---- sampling ---- */

static const char *sampling_text(const theseus_profile *profile, enum th_sampling_text which) {
  uint32_t text = profile->sampling.texts[which];
  return text == TH_NONE ? "" : th_strings_get(&profile->strings, text);
}

int theseus_sampling_get(const theseus_profile *profile, theseus_sampling_info *out) {
  if (!profile)
    return THESEUS_EINVAL;
  theseus_sampling_info info = {.size = sizeof info,
                                .period_type = sampling_text(profile, TH_PERIOD_TYPE),
                                .period_unit = sampling_text(profile, TH_PERIOD_UNIT),
                                .period = profile->sampling.period,
                                .default_type = sampling_text(profile, TH_DEFAULT_TYPE),
                                .drop_frames = sampling_text(profile, TH_DROP_FRAMES),
                                .keep_frames = sampling_text(profile, TH_KEEP_FRAMES),
                                .comments = profile->sampling.comment_count,
                                .dropped = profile->sampling.dropped};
  return th_give(out, &info, sizeof info);
}

int theseus_sampling_set(theseus_profile *profile, const theseus_sampling_info *sampling) {
  if (!profile)
    return THESEUS_EINVAL;
  theseus_sampling_info chosen = {.size = sizeof chosen};
  uint32_t ids[TH_SAMPLING_TEXTS];

  if (!sampling || th_take(&chosen, sizeof chosen, sampling))
    return th_fail(profile, THESEUS_EINVAL, "sampling is NULL, or its size is not set", 0, 0);
  const char *const texts[] = {chosen.period_type, chosen.period_unit, chosen.default_type, chosen.drop_frames,
                               chosen.keep_frames};
  for (int i = 0; i < TH_SAMPLING_TEXTS; i++) {
    ids[i] = TH_NONE;
    if (!texts[i] || !*texts[i])
      continue;
    int status = th_strings_intern_clean(&profile->strings, &profile->alloc, texts[i], strlen(texts[i]), &ids[i]);
    if (status)
      return status;
  }
  memcpy(profile->sampling.texts, ids, sizeof ids);
  profile->sampling.period = chosen.period;
  return THESEUS_OK;
}

int theseus_comment_get(const theseus_profile *profile, uint32_t number, const char **out) {
  if (!profile)
    return THESEUS_EINVAL;
  if (number >= profile->sampling.comment_count || !out)
    return THESEUS_EINVAL;
  *out = th_strings_get(&profile->strings, profile->sampling.comments[number]);
  return THESEUS_OK;
}
