/* SPDX-License-Identifier: ISC */
/* links - the Deferreds to which a Deferred hands its result, and the Deferreds that it waits for. */
#ifndef SHIM_LINKS_H
#define SHIM_LINKS_H

#include "core.h"

typedef struct shim_link {
  PyObject *deferred; /* owned */
  bool by_hand;       /* the link was made by addCallback(d.callback) */
} shim_link;
typedef struct shim_links {
  shim_link *items;
  size_t count, capacity;
  shim_link few[SHIM_FEW]; /* `items` at first */
} shim_links;

/* Adds a Deferred.  Returns -1 if there is no memory. */
int shim_add_link(shim_links *links, PyObject *deferred, bool by_hand);
/* Adds the Deferred that an entry of `feeding` hands its result to, if any, like machinery.fed_by().  Returns -1 after
 * an error. */
int shim_add_fed(shim_core *core, PyObject *feeding, PyObject *entry, shim_links *links);
/* Adds the Deferreds that an entry fires by hand, like machinery.fired_by().  Returns -1 if there is no memory. */
int shim_add_fired(shim_core *core, PyObject *entry, shim_links *links);
/* Adds the Deferreds that a Deferred waits for: its members, and the Deferred that it is chained to.  Returns -1 after
 * an error. */
int shim_add_near(shim_core *core, PyObject *deferred, shim_links *links);
/* Returns 1 if one Deferred feeds another, else 0: any number of lists and chains, and then one step by hand.  Returns
 * -1 after an error. */
int shim_feeds(shim_core *core, PyObject *source, PyObject *deferred);
void shim_free_links(shim_links *links);

static inline void shim_begin_links(shim_links *links) {
  links->items = NULL;
  links->count = 0;
}
static inline void shim_begin_seen(shim_seen *seen) {
  seen->count = 0;
  seen->many = (shim_table){NULL, 0, 0};
}

#endif
