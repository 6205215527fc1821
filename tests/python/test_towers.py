# SPDX-License-Identifier: ISC
"""A failure means that programs whose jobs start the next job give huge files, or lose functions, counts or Wait."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock

from callgrind_parse import check_laws, parse
from scenarios import SECOND, sleep
from theseus import Profile, load
from theseus.profile import new_handle
from tracing import HOOKS, traced, written

every_hook = pytest.mark.parametrize("hook", HOOKS)
JOBS = 1000


def downloader(clock: Clock) -> None:
    queue = [None] * JOBS

    def fetch() -> Deferred[Any]:
        return sleep(clock, 1)

    def parse() -> Deferred[Any]:
        return sleep(clock, 1)

    async def job() -> None:
        await fetch()
        await parse()
        start_next()

    def start_next() -> None:
        if queue:
            queue.pop()
            ensureDeferred(job())

    start_next()
    clock.pump([1] * 2 * JOBS)


def successors(clock: Clock) -> None:
    """more() returns the Deferred of the job that it starts."""
    queue = [None] * JOBS

    async def job() -> None:
        queue.pop()
        await sleep(clock, 2)
        if queue:
            more()

    def more() -> Deferred[Any]:
        return ensureDeferred(job())

    ensureDeferred(job())
    clock.pump([1] * 2 * JOBS)


@every_hook
def test_a_thousand_jobs_are_on_a_few_stacks(hook: str) -> None:
    profile = traced(downloader, hook, Clock())
    sums: dict[str, list[int]] = {}
    for stack in profile:
        found = sums.setdefault(stack.frames[-1].name.rsplit(".", 1)[-1], [0, 0])
        found[0] += stack.deferreds
        found[1] += stack.latency
    assert sums["fetch"] == sums["parse"] == [JOBS, JOBS * SECOND]
    assert sums["job"] == [JOBS, 2 * JOBS * SECOND]
    assert sum(stack.wait for stack in profile) == 2 * JOBS * SECOND
    assert len(list(profile)) < 40
    assert not profile.is_cut and b"too deep" not in written(profile)
    assert len(written(profile, "folded")) < 10_000
    check_laws(parse(written(profile)))


@every_hook
@pytest.mark.parametrize("program", [downloader, successors])
def test_no_job_is_missing_below_detached(hook: str, program: Callable[..., None]) -> None:
    profile = traced(program, hook, Clock())
    rows = {row.name.rsplit(".", 1)[-1]: row for row in profile.rows(folded=False)}
    assert rows["job"].inclusive == 2 * JOBS * SECOND
    assert rows["job"].deferreds == JOBS
    check_laws(parse(written(profile)))


@every_hook
@pytest.mark.parametrize("program", [downloader, successors])
def test_pprof_keeps_what_folding_means(hook: str, program: Callable[..., None]) -> None:
    profile = traced(program, hook, Clock())
    data = written(profile, "pprof")
    again = load(io.BytesIO(data))
    assert isinstance(again, Profile)
    assert written(again) == written(profile) and written(again, "pprof") == data
    both = Profile()
    both.merge(again)
    both.merge(profile)
    assert sum(stack.wait for stack in both) == 4 * JOBS * SECOND


def test_all_hooks_give_the_same_bytes() -> None:
    for program in (downloader, successors):
        assert len({written(traced(program, hook, Clock()), "pprof") for hook in HOOKS}) == 1


# -- what is not recursive -----------------------------------------------------------------------------------------


def deep(clock: Clock) -> None:
    """600 functions, each of which calls the next one."""
    names: dict[str, Any] = {"__name__": "deep", "sleep": lambda: sleep(clock, 1)}
    text = "".join(f"def f{number}(): return f{number + 1}()\n" for number in range(600))
    exec(compile(text + "def f600(): return sleep()\n", "<deep>", "exec"), names)
    names["f0"]()
    clock.advance(1)


@every_hook
def test_what_was_cut_is_said(hook: str, tmp_path: Path) -> None:
    profile = traced(deep, hook, Clock())
    assert profile.is_cut
    assert max(len(stack.frames) for stack in profile) == 512
    assert "Some stacks were too deep: they lack frames." in str(profile)
    header = b"\ndesc: Theseus: some stacks were too deep: they lack frames\n"
    assert header in written(profile)
    profile.write(tmp_path / "deep.pb.gz", format="pprof")
    for view in ("--tree", "--table"):
        command = [sys.executable, "-m", "theseus", "report", view, str(tmp_path / "deep.pb.gz")]
        assert "\n    Some stacks were too deep: they lack frames.\n" in subprocess.check_output(command, text=True)
    again = load(io.BytesIO(written(profile, "pprof")))
    assert isinstance(again, Profile) and again.is_cut and header in written(again)
    whole = Profile()
    assert not whole.is_cut and header not in written(whole) and "too deep" not in str(whole)
    whole.merge(profile)
    assert whole.is_cut


def test_only_the_tracer_folds() -> None:
    from theseus._cffi import ffi, lib

    info = ffi.new("theseus_profile_info *")
    info.size = ffi.sizeof(info[0])
    for handle, limit in ((new_handle(), 0), (new_handle(max_recursion=3), 3)):
        assert not lib.theseus_profile_info_get(handle, info)
        assert info.max_recursion == limit
        lib.theseus_profile_free(handle)
