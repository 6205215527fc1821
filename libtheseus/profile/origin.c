/* SPDX-License-Identifier: ISC */
/* origin - the facts that a profile has about its origin. */
#include "profile/profile.h"

#include <string.h>

int theseus_profile_set(theseus_profile *profile, const char *key, const char *value) {
  int fact = th_fact_of(key);
  uint32_t id = TH_NONE;

  if (!profile || fact < 0)
    return THESEUS_EINVAL;
  int status = value ? th_fact_intern(&profile->strings, &profile->alloc, fact, value, strlen(value), &id) : THESEUS_OK;
  if (status)
    return status;
  profile->facts.texts[fact] = id;
  profile->has_facts = true;
  return THESEUS_OK;
}

const char *theseus_profile_get(const theseus_profile *profile, const char *key) {
  int fact = th_fact_of(key);
  if (!profile || fact < 0 || profile->facts.texts[fact] == TH_NONE)
    return NULL;
  return th_strings_get(&profile->strings, profile->facts.texts[fact]);
}

int th_profile_name_facts(theseus_profile *into, const theseus_profile *from, struct th_facts *out) {
  int status = THESEUS_OK;
  *out = th_no_facts();
  for (int i = 0; !status && i < TH_FACTS; i++) {
    if (from->facts.texts[i] == TH_NONE)
      continue;
    const struct th_text *text = &from->strings.texts[from->facts.texts[i]];
    status = th_strings_intern(&into->strings, &into->alloc, text->bytes, text->length, &out->texts[i]);
  }
  return status;
}

bool th_profile_is_blank(const theseus_profile *profile) { return !profile->has_facts && profile->stacks.count == 1; }

void th_profile_add_facts(theseus_profile *profile, bool was_blank, const struct th_facts *facts) {
  if (was_blank)
    profile->facts = *facts;
  else
    th_facts_join(&profile->facts, facts);
  profile->has_facts = true;
}
