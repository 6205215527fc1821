/* SPDX-License-Identifier: ISC */
/* events - the columns of a profile: names, long names and units.
 *
 * The first THESEUS_EVENTS are built in.  Their names belong to the profile: the caller may have chosen them, a file
 * may have brought them, or they are the neutral ones.  If profiles or files with different names are added, the result
 * does not depend on the order:
 *
 *     names not chosen, nothing measured yet    become those of the other
 *     the same names                            stay
 *     names that differ                         become the neutral ones */
#ifndef TH_EVENTS_H
#define TH_EVENTS_H

#include "profile/profile.h"

enum { TH_EVENT_NAME = 256 }; /* the size of a name that is made of a sample type */

/* The neutral names of the built-in events. */
extern const theseus_event_info th_neutral_names[THESEUS_EVENTS];
/* The names in profiles of Twisted programs, in which an operation is a Deferred. */
extern const theseus_event_info th_deferred_names[THESEUS_EVENTS];

/* Returns true for the names that the event THESEUS_OPERATIONS may have: Operations and Deferreds. */
bool th_is_operations(const char *name);

/* True if both are default long names of one event, `neutral` the neutral one and `other` the one in Twisted's
 * profiles. */
bool th_is_neutral_name_of(const char *neutral, const char *other);

/* A name that an event can have, made of the name of a sample type: each other character becomes `_`.  Writes at most
 * `size` bytes, the NUL included, and returns the length.  size > 2. */
size_t th_event_name(const char *type, size_t length, char *out, size_t size);

/* True if `name` was made of `type` in this way, and differs from it. */
bool th_is_name_of_type(const char *name, const char *type);

/* Returns the defaults of a profile whose event THESEUS_OPERATIONS is called `name`: one of the tables above. */
const theseus_event_info *th_default_names(const char *name);

/* Adds the built-in events to a new profile.  `names`: as in theseus_profile_options.  EINVAL, ENOMEM, EOVERFLOW. */
int th_events_init(theseus_profile *profile, const theseus_event_info *names);

/* The names of the built-in events of a profile, if it has chosen any, or has measured something under them.  Else
 * returns false, and does not fill `out`.  O(what is measured). */
bool th_events_chosen(const theseus_profile *profile, theseus_event_info out[THESEUS_EVENTS]);

/* Interns in `out` the names that the built-in events of `into` have after names meet.  ENOMEM, EOVERFLOW. */
int th_events_join(theseus_profile *into, const theseus_event_info names[THESEUS_EVENTS],
                   struct th_event out[THESEUS_EVENTS]);

/* Gives the built-in events the names of th_events_join().  Cannot fail. */
void th_events_rename(theseus_profile *into, const struct th_event names[THESEUS_EVENTS]);

#endif
