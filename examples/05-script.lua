-- SPDX-License-Identifier: ISC
-- A script for the profiler in 05-lua.c: tasks that sleep in virtual time, so that the figures are exact.
local theseus = require "theseus"

local now, sleeping, waiting = 0, {}, {}

function step(task, ...)
  local ok, what = coroutine.resume(task, ...)
  if not ok then
    print("a task failed: " .. what)
  end
  if coroutine.status(task) == "dead" then
    local waiter = waiting[task]
    if waiter then
      step(waiter)
    end
  elseif type(what) == "thread" then
    waiting[what] = task
  else
    table.insert(sleeping, { wake = what, task = task })
  end
end

function spawn(body, ...)
  local task = coroutine.create(body)
  step(task, ...)
  return task
end

function sleep(seconds)
  coroutine.yield(now + seconds)
end

function wait_for(task)
  if coroutine.status(task) ~= "dead" then
    coroutine.yield(task)
  end
end

function run()
  while #sleeping > 0 do
    table.sort(sleeping, function(a, b) return a.wake < b.wake end)
    local first = table.remove(sleeping, 1)
    now = first.wake
    step(first.task)
  end
end

-- What the program is about: a request asks for its user, 1 s, then for two pages at the same time, 2 s and 0.5 s.

function work(n)
  local sum = 0
  for i = 1, n do
    sum = sum + i % 7
  end
  return sum
end

function get_user()
  sleep(1)
end

function get_page(seconds)
  work(100000)
  sleep(seconds)
end

function request()
  get_user()
  local long, short = spawn(get_page, 2), spawn(get_page, 0.5)
  wait_for(long)
  wait_for(short)
end

function doomed()
  sleep(0.25)
  error("no such page", 0)
end

theseus.start(function() return now end)
spawn(request)
spawn(doomed)
run()
theseus.stop(arg[1] or "callgrind.out.lua")
print(string.format("all done after %.2f s", now))
