/* SPDX-License-Identifier: ISC */
/* links - the Deferreds to which a Deferred hands its result, and those that it is made of. */
#ifndef SHIM_LINKS_H
#define SHIM_LINKS_H

#include "core.h"

typedef struct shim_link {
  PyObject *deferred; /* owned */
  bool by_hand;       /* made by addCallback(d.callback) */
} shim_link;
typedef struct shim_links {
  shim_link *items;
  size_t count, capacity;
  shim_link few[SHIM_FEW]; /* `items` at first */
} shim_links;

/* Adds a Deferred.  -1: no memory. */
int shim_add_link(shim_links *links, PyObject *deferred, bool by_hand);
/* Adds the Deferred that an entry of `feeding` hands its result to, if it does: as machinery.fed_by().  -1: error. */
int shim_add_fed(shim_core *core, PyObject *feeding, PyObject *entry, shim_links *links);
/* Adds the members of a DeferredList or a race.  -1: error. */
int shim_add_members(shim_core *core, PyObject *deferred, shim_links *links);
void shim_free_links(shim_links *links);

#endif
