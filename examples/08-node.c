/* SPDX-License-Identifier: ISC */
/* 08-node - what do the promises of a Node.js program wait for?  An add-on for 08-node.js, which sees them.
 *
 *     cc -shared -fPIC -o theseus.node 08-node.c -I$(dirname $(which node))/../include/node \
 *         $(pkg-config --cflags --libs theseus)
 *     THESEUS_OUT=callgrind.out.node node -r ./08-node.js program.js
 *     callgrind_annotate --inclusive=yes callgrind.out.node
 *     THESEUS_OUT=node.pb node -r ./08-node.js program.js && go tool pprof -top -cum node.pb
 *
 * JavaScript sees functions, lines and promises, by async_hooks; this file has the profile and the clock.  A span is a
 * BigInt there, and 0n is none.  Errors of the library become exceptions. */
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <theseus-stdio.h>
#include <time.h>

enum { MOST = 8, CHILDREN = 1024, NAME = 1000 };

static theseus_profile *profile_of(napi_env env) {
  void *profile = NULL;
  napi_get_instance_data(env, &profile);
  return profile;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static bool failed(napi_env env, int status) {
  if (status)
    napi_throw_error(env, NULL, theseus_error(profile_of(env)));
  return status != THESEUS_OK;
}

/* ---- arguments ---- */

static void arguments(napi_env env, napi_callback_info info, napi_value out[MOST]) {
  size_t n = MOST;
  napi_get_cb_info(env, info, &n, out, NULL, NULL);
}

static uint32_t number(napi_env env, napi_value value) {
  uint32_t number = 0;
  napi_get_value_uint32(env, value, &number);
  return number;
}

static uint64_t span_in(napi_env env, napi_value value) {
  uint64_t span = THESEUS_NO_SPAN;
  bool lossless;
  napi_get_value_bigint_uint64(env, value, &span, &lossless);
  return span;
}

static void text(napi_env env, napi_value value, char out[NAME]) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, out, NAME, &length) != napi_ok)
    out[0] = '\0';
}

static napi_value number_out(napi_env env, uint32_t number) {
  napi_value value;
  return napi_create_uint32(env, number, &value) == napi_ok ? value : NULL;
}

/* ---- calls: the comment has what JavaScript passes ---- */

/* stack, name, file, first line, line of the call: a stack */
static napi_value push(napi_env env, napi_callback_info info) {
  napi_value argument[MOST];
  char name[NAME], file[NAME];
  uint32_t function, stack = 0;

  arguments(env, info, argument);
  text(env, argument[1], name);
  text(env, argument[2], file);
  theseus_profile *profile = profile_of(env);
  int status = theseus_function_intern(profile, file, name, number(env, argument[3]), &function);
  if (!status)
    status = theseus_stack_push(profile, number(env, argument[0]), function, number(env, argument[4]), &stack);
  return failed(env, status) ? NULL : number_out(env, stack);
}

/* stack, parent, line: a span */
static napi_value begin(napi_env env, napi_callback_info info) {
  napi_value argument[MOST], value;
  uint64_t span;

  arguments(env, info, argument);
  const theseus_span_options options = {.size = sizeof options,
                                        .stack = number(env, argument[0]),
                                        .parent = span_in(env, argument[1]),
                                        .line = number(env, argument[2]),
                                        .now_ns = now()};
  if (failed(env, theseus_span_begin(profile_of(env), &options, &span)))
    return NULL;
  return napi_create_bigint_uint64(env, span, &value) == napi_ok ? value : NULL;
}

/* span, array of children, stack of the place, line */
static napi_value await(napi_env env, napi_callback_info info) {
  napi_value argument[MOST], child;
  uint64_t children[CHILDREN];
  uint32_t n = 0;

  arguments(env, info, argument);
  napi_get_array_length(env, argument[1], &n);
  for (uint32_t i = 0; i < n && i < CHILDREN; i++)
    if (napi_get_element(env, argument[1], i, &child) == napi_ok)
      children[i] = span_in(env, child);
  failed(env, theseus_span_await(profile_of(env), span_in(env, argument[0]), children, n < CHILDREN ? n : CHILDREN,
                                 number(env, argument[2]), number(env, argument[3]), now()));
  return NULL;
}

/* span, parent */
static napi_value adopt(napi_env env, napi_callback_info info) {
  napi_value argument[MOST];
  arguments(env, info, argument);
  failed(env, theseus_span_adopt(profile_of(env), span_in(env, argument[0]), span_in(env, argument[1]), now()));
  return NULL;
}

/* span, outcome */
static napi_value end(napi_env env, napi_callback_info info) {
  napi_value argument[MOST];
  arguments(env, info, argument);
  failed(env, theseus_span_end(profile_of(env), span_in(env, argument[0]), (int)number(env, argument[1]), now()));
  return NULL;
}

/* path: pprof if it ends in .pb, else callgrind */
static napi_value write_file(napi_env env, napi_callback_info info) {
  napi_value argument[MOST];
  theseus_profile *profile = profile_of(env);
  theseus_graph *graph = NULL;
  char path[NAME];

  arguments(env, info, argument);
  text(env, argument[0], path);
  theseus_settle(profile, now());
  FILE *file = fopen(path, "wb");
  if (!file) {
    napi_throw_error(env, NULL, "the file cannot be written");
    return NULL;
  }
  const theseus_sink sink = theseus_file_sink(file);
  const char *end = strrchr(path, '.');
  int status;
  if (end && strcmp(end, ".pb") == 0) {
    status = theseus_pprof_write(profile, NULL, &sink);
  } else {
    status = theseus_graph_from_profile(profile, NULL, &graph);
    if (!status)
      status = theseus_callgrind_write(graph, &sink);
    theseus_graph_free(graph);
  }
  if (fclose(file) || status)
    napi_throw_error(env, NULL, theseus_strerror(status ? status : THESEUS_EIO));
  return NULL;
}

static void free_profile(napi_env env, void *profile, void *hint) {
  (void)env;
  (void)hint;
  theseus_profile_free(profile);
}

NAPI_MODULE_INIT(/* env, exports */) {
  static const struct {
    const char *name;
    napi_callback call;
  } calls[] = {{"push", push},   {"begin", begin}, {"await", await},
               {"adopt", adopt}, {"end", end},     {"write", write_file}};
  theseus_profile *profile;

  if (theseus_profile_new(NULL, &profile))
    return NULL;
  napi_set_instance_data(env, profile, free_profile, NULL);
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    napi_value function;
    if (napi_create_function(env, calls[i].name, NAPI_AUTO_LENGTH, calls[i].call, NULL, &function) == napi_ok)
      napi_set_named_property(env, exports, calls[i].name, function);
  }
  return exports;
}
