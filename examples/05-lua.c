/* SPDX-License-Identifier: ISC */
/* 05-lua - a profiler for Lua 5.4, as a module that is loaded.
 *
 *     cc -shared -fPIC -o theseus.so 05-lua.c $(pkg-config --cflags lua5.4) $(pkg-config --cflags --libs theseus)
 *     lua5.4 05-script.lua && callgrind_annotate --inclusive=yes callgrind.out.lua
 *
 *     local theseus = require "theseus"
 *     theseus.start()                     -- or with a clock: a function that gives seconds
 *     …
 *     theseus.stop("callgrind.out.lua")
 *
 * Two things are measured.  Each coroutine is a span: it begins when it is first resumed, pends where it yields, and
 * awaits the coroutines that it has started.  And every 1000th instruction of the virtual machine is booked where it
 * ran, as an event of our own.  A coroutine's stack goes on from where it was first resumed. */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <theseus-stdio.h>
#include <time.h>

enum { EVERY = 1000 };

/* The registry has our state under the address of `key`, and tables under those of the others. */
static char key, operations, functions;

struct state {
  theseus_profile *profile;
  uint32_t instructions; /* an event */
  int clock;             /* a reference; LUA_NOREF: the monotonic clock */
};

struct operation { /* of a coroutine, its key in a table that does not keep it alive */
  uint64_t span;
  uint32_t base, line; /* where it was first resumed */
};

static void check(lua_State *L, int status) {
  if (status)
    luaL_error(L, "theseus: %s", theseus_strerror(status));
}

static struct state *state_of(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
  struct state *state = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return state && state->profile ? state : NULL;
}

static uint64_t now(lua_State *L, struct state *state) {
  if (state->clock == LUA_NOREF) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->clock);
  lua_call(L, 0, 1);
  lua_Number seconds = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return seconds > 0 ? (uint64_t)(seconds * 1e9 + 0.5) : 0;
}

/* ---- stacks ---- */

/* Of the function at the top of L: the global that it is, what it was called as, or where it stands. */
static void name_of(lua_State *L, const lua_Debug *frame, char *out, size_t size) {
  int function = lua_gettop(L);
  if (*frame->what == 'm')
    snprintf(out, size, "main chunk");
  else if (frame->name)
    snprintf(out, size, "%s", frame->name);
  else
    snprintf(out, size, "function <%s:%d>", frame->short_src, frame->linedefined);
  lua_pushglobaltable(L);
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
    if (lua_type(L, -2) == LUA_TSTRING && lua_rawequal(L, -1, function))
      snprintf(out, size, "%s", lua_tostring(L, -2));
  lua_pop(L, 1);
}

/* The number of the function of a frame of the coroutine `of`, which is known by where it is defined. */
static uint32_t function_of(lua_State *L, lua_State *of, struct state *state, lua_Debug *frame) {
  uint32_t id = 0;
  int top = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &functions);
  lua_pushfstring(L, "%s:%d", frame->source, frame->linedefined);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, top + 1) == LUA_TNUMBER) {
    id = (uint32_t)lua_tointeger(L, -1);
  } else {
    char name[128];
    lua_getinfo(of, "nf", frame);
    lua_xmove(of, L, 1);
    name_of(L, frame, name, sizeof name);
    check(L, theseus_function_intern(state->profile, *frame->source == '@' ? frame->source + 1 : "", name,
                                     frame->linedefined < 0 ? 0 : (uint32_t)frame->linedefined, &id));
    lua_pushvalue(L, top + 2);
    lua_pushinteger(L, id);
    lua_rawset(L, top + 1);
  }
  lua_settop(L, top);
  return id;
}

static struct operation *operation_of(lua_State *L, lua_State *of) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &operations);
  lua_pushthread(of);
  lua_xmove(of, L, 1);
  lua_rawget(L, -2);
  struct operation *found = lua_touserdata(L, -1);
  lua_pop(L, 2);
  return found;
}

/* The stack of a coroutine, and the line that its innermost function is at.  Functions in C are left out: they are the
 * machinery. */
static uint32_t walk(lua_State *L, lua_State *of, struct state *state, uint32_t *line) {
  const struct operation *operation = operation_of(L, of);
  uint32_t stack = operation ? operation->base : THESEUS_ROOT;
  lua_Debug frame;
  int level = 0;

  luaL_checkstack(of, 4, NULL);
  *line = operation ? operation->line : 0;
  while (lua_getstack(of, level, &frame))
    level++;
  while (level-- > 0) {
    lua_getstack(of, level, &frame);
    lua_getinfo(of, "Sl", &frame);
    if (*frame.what == 'C')
      continue;
    check(L, theseus_stack_push(state->profile, stack, function_of(L, of, state, &frame), *line, &stack));
    *line = frame.currentline < 0 ? 0 : (uint32_t)frame.currentline;
  }
  return stack;
}

/* ---- what runs ---- */

static void count(lua_State *L, lua_Debug *unused) {
  struct state *state = state_of(L);
  uint32_t line;
  (void)unused;
  if (state) {
    uint32_t stack = walk(L, L, state, &line);
    check(L, theseus_add_cost(state->profile, stack, line, state->instructions, EVERY));
  }
}

/* ---- what pends ---- */

/* The operation of a coroutine, which begins now if there is none. */
static struct operation *begin(lua_State *L, lua_State *co, struct state *state) {
  struct operation *found = operation_of(L, co), *outer = operation_of(L, L);
  theseus_span_options options = {.size = sizeof options, .flags = THESEUS_SPAN_LEG, .now_ns = now(L, state)};
  lua_Debug frame;

  if (found)
    return found;
  struct operation operation = {.base = walk(L, L, state, &operation.line)};
  if (outer)
    options.parent = outer->span;
  lua_pushvalue(co, 1); /* its function, not yet called */
  lua_getinfo(co, ">S", &frame);
  lua_pushvalue(co, 1);
  lua_xmove(co, L, 1);
  char name[128];
  frame.name = NULL;
  name_of(L, &frame, name, sizeof name);
  lua_pop(L, 1);
  uint32_t function;
  check(L, theseus_function_intern(state->profile, *frame.source == '@' ? frame.source + 1 : "", name,
                                   frame.linedefined < 0 ? 0 : (uint32_t)frame.linedefined, &function));
  check(L, theseus_stack_push(state->profile, operation.base, function, operation.line, &options.stack));
  lua_rawgetp(L, LUA_REGISTRYINDEX, &operations);
  lua_pushthread(co);
  lua_xmove(co, L, 1);
  found = lua_newuserdatauv(L, sizeof *found, 0);
  check(L, theseus_span_begin(state->profile, &options, &operation.span));
  *found = operation;
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return found;
}

/* coroutine.resume, with the real one as upvalue: what a coroutine does is known when it has come back. */
static int resume(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  struct state *state = state_of(L);
  struct operation *operation = NULL;

  if (co && state && (lua_status(co) == LUA_YIELD || lua_gettop(co) == 1))
    operation = begin(L, co, state);
  lua_pushvalue(L, 1); /* kept, for as long as we look at it */
  lua_insert(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 2);
  lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
  state = state_of(L);
  if (operation && state && lua_status(co) == LUA_YIELD) {
    uint32_t line, stack = walk(L, co, state, &line);
    check(L, theseus_span_await(state->profile, operation->span, NULL, THESEUS_ALL, stack, line, now(L, state)));
  } else if (operation && state) {
    int outcome = lua_status(co) == LUA_OK ? THESEUS_SUCCESS : THESEUS_FAILURE;
    check(L, theseus_span_end(state->profile, operation->span, outcome, now(L, state)));
  }
  return lua_gettop(L) - 1;
}

/* ---- the module ---- */

static int start(lua_State *L) {
  const theseus_event_info event = {sizeof event, "Instructions", "Instructions of the virtual machine", "count"};
  if (state_of(L))
    return luaL_error(L, "theseus: started already");
  struct state *state = lua_newuserdatauv(L, sizeof *state, 0);
  *state = (struct state){.clock = LUA_NOREF};
  check(L, theseus_profile_new(NULL, &state->profile));
  check(L, theseus_event_intern(state->profile, &event, &state->instructions));
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
  if (lua_isfunction(L, 1)) {
    lua_pushvalue(L, 1);
    state->clock = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &functions);
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode"); /* a coroutine that nobody has any more is forgotten */
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &operations);

  lua_getglobal(L, "coroutine");
  lua_getfield(L, -1, "resume");
  lua_pushcclosure(L, resume, 1);
  lua_setfield(L, -2, "resume");
  lua_sethook(L, count, LUA_MASKCOUNT, EVERY); /* coroutines made from now on inherit it */
  return 0;
}

static int stop(lua_State *L) {
  const char *path = luaL_optstring(L, 1, "callgrind.out.lua");
  struct state *state = state_of(L);
  theseus_graph *graph;

  if (!state)
    return luaL_error(L, "theseus: not started");
  theseus_settle(state->profile, now(L, state)); /* what still pends has waited until now */
  theseus_profile *profile = state->profile;
  state->profile = NULL;
  lua_sethook(L, NULL, 0, 0);
  lua_getglobal(L, "coroutine");
  lua_getfield(L, -1, "resume");
  lua_getupvalue(L, -1, 1); /* the real one */
  lua_setfield(L, -3, "resume");

  FILE *file = fopen(path, "wb");
  int status = theseus_graph_from_profile(profile, NULL, &graph);
  if (!status) {
    const theseus_sink sink = theseus_file_sink(file);
    if (file)
      status = theseus_callgrind_write(graph, &sink);
    theseus_graph_free(graph);
  }
  theseus_profile_free(profile);
  if (!file || fclose(file))
    return luaL_fileresult(L, 0, path);
  check(L, status);
  return 0;
}

int luaopen_theseus(lua_State *L);
int luaopen_theseus(lua_State *L) {
  const luaL_Reg module[] = {{"start", start}, {"stop", stop}, {NULL, NULL}};
  luaL_newlib(L, module);
  return 1;
}
