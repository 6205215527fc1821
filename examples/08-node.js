// SPDX-License-Identifier: ISC
// 08-node - the promises of a program, for the add-on 08-node.c, which says how both are used.
//
// A promise that code of the program makes is an operation: an async function's, or one of `new Promise`.  `await p` and
// `p.then()` make a promise, too, whose trigger is p: that is how an await is seen.
"use strict";
const { createHook, executionAsyncId } = require("node:async_hooks");
const path = require("node:path");
const theseus = require(process.env.THESEUS_NODE || "./theseus.node");

const operations = new Map(); // by id of a promise: {id, span, stack, parent, native}
const running = new Map(); // by id of what await made: the operation that runs again in it
const same = new Map(); // by id of what await or then made: the promise that it was made of
let first = []; // async functions on the physical stack that have not awaited yet: {operation, depth}, innermost last
let resumed = null; // the operation that runs again
let thens = []; // operations that somebody waits for, since the last promise that native code made

// Frames of the program, the outermost first, and whether native code, such as `new Promise`, is above them.
function frames() {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  Error.prepareStackTrace = (_, sites) => sites;
  const sites = new Error().stack.filter((site) => !site.isAsync());
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  const above = sites.filter((site) => site.getFileName() !== __filename && !/^node:/.test(site.getFileName() || ""));
  const native = above.length > 0 && !path.isAbsolute(above[0].getFileName() || "");
  return { native, sites: above.filter((site) => path.isAbsolute(site.getFileName() || "")).reverse() };
}

// The frames pushed on a stack.  The function that was resumed is on the stack of its operation already.
function place(sites) {
  let stack = resumed ? resumed.stack : 0;
  let line = resumed && sites.length ? sites[0].getLineNumber() : 0;
  for (const site of resumed ? sites.slice(1) : sites) {
    stack = theseus.push(stack, site.getFunctionName() || "(program)", site.getFileName(), 0, line);
    line = site.getLineNumber();
  }
  return { stack, line };
}

// Returns the operation whose code runs, functions deeper than `depth` having returned.
function current(depth) {
  while (first.length && first[first.length - 1].depth > depth) first.pop();
  return first.length ? first[first.length - 1].operation : resumed;
}

// The operation of a promise, also if the promise is one that then() made of it.
function known(promise) {
  while (same.has(promise)) promise = same.get(promise);
  return operations.get(promise);
}

// An operation begins: an async function is entered, or native code makes a promise.
function begin(id) {
  const { native, sites } = frames();
  if (!sites.length) return;
  const parent = current(native ? sites.length : sites.length - 1);
  const { stack, line } = place(sites);
  const span = theseus.begin(stack, parent && operations.has(parent.id) ? parent.span : 0n, line);
  const operation = { id, span, stack, parent, native };
  operations.set(id, operation);
  if (native) thens = [];
  else first.push({ operation, depth: sites.length });
}

// The function that runs waits for a promise.
function wait(id, promise) {
  same.set(id, promise);
  const { sites } = frames();
  const operation = current(sites.length);
  const child = known(promise);
  if (!operation || !operations.has(operation.id)) return;
  running.set(id, operation);
  if (child && child.native) gather(child);
  if (child) thens.push(child);
  const { stack, line } = place(sites);
  theseus.await(operation.span, child && child.parent === operation ? [child.span] : [], stack, line);
}

// Promise.all() and its kin call then() of each member, before anybody waits for their own promise.
function gather(list) {
  const members = thens.filter((each) => each !== list && each.parent === list.parent && operations.has(each.id));
  for (const each of members) theseus.adopt(each.span, list.span);
  if (members.length) theseus.await(list.span, members.map((each) => each.span), 0, 0);
  thens = [];
}

function end(id) {
  const operation = operations.get(id);
  if (!operation) return;
  operations.delete(id);
  theseus.end(operation.span, 0);
}

createHook({
  init(id, type, trigger) {
    if (type !== "PROMISE") return;
    if (trigger === executionAsyncId()) begin(id);
    else wait(id, trigger);
  },
  before(id) {
    first = [];
    thens = [];
    resumed = running.get(id) || null;
  },
  after(id) {
    running.delete(id);
    resumed = null;
    first = [];
  },
  promiseResolve: end,
  destroy(id) {
    same.delete(id);
  },
}).enable();

process.on("exit", () => theseus.write(process.env.THESEUS_OUT || "callgrind.out.node"));
