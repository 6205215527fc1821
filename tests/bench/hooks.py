# SPDX-License-Identifier: ISC
"""What observing costs: each workload without a hook, with one that does nothing, with each of ours, and with cProfile.

    python hooks.py [--rounds 15] [--block 60] [--json FILE] [--workload NAME]... [--variant NAME]...

Each workload has a process of its own.  There all variants run in turn, round after round, in blocks of equal work that
last some 60 ms without a hook, after a warm-up of a tenth.  A round gives each variant's ratio to the round with
no hook; the table has the medians of these, so that what else the machine does, and how fast it runs at the moment,
cancels out.  The time is the CPU's that the process used, not the clock's on the wall; that is in the JSON too.
"""

from __future__ import annotations

import argparse
import cProfile
import ctypes
import gc
import json
import math
import os
import platform
import shlex
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIANTS = ("no hook", "no-op", "monitoring", "profile", "portable", "cProfile")
SLOW = {"portable": 4}  # these get a fraction of the work


def noop_library(folder: str) -> str:
    """Compiles the hook that does nothing for this interpreter."""
    source, library = Path(__file__).with_name("noop-hook.c"), os.path.join(folder, "noop-hook.so")
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    include = sysconfig.get_path("include")
    subprocess.run([*compiler, "-O2", "-fPIC", "-shared", f"-I{include}", "-o", library, str(source)], check=True)
    return library


# ---- one workload, in a process of its own ----

Switch = Callable[[], Any]


def switches(name: str, noop: str) -> tuple[Switch, Switch]:
    """What turns a variant on, and off."""
    if name == "no hook":
        return (lambda: None), (lambda: None)
    if name == "no-op":
        library = ctypes.PyDLL(noop)
        return library.noop_install, library.noop_uninstall
    if name == "cProfile":
        profile = cProfile.Profile()
        return profile.enable, profile.disable
    from theseus import Tracer

    tracer = Tracer(hook=name)
    return tracer.install, tracer.uninstall


class Blocks:
    """Runs block after block, each begun by the reactor's main loop, as a server's work is."""

    def __init__(self, reactor: Any, arguments: argparse.Namespace) -> None:
        from workloads import WORKLOADS

        self.reactor, self.block, self.noop = reactor, arguments.block * 1e6, arguments.noop
        self.run = WORKLOADS[arguments.workload[0]](reactor)
        self.times = 1
        variants = arguments.variant
        self.todo: list[str] = []
        for i in range(arguments.rounds):  # each begins with another
            self.todo += variants[i % len(variants) :] + variants[: i % len(variants)]
        self.measured: dict[str, list[tuple[float, float]]] = {v: [] for v in variants}
        self.failure: Any = None

    def timed(self, times: int, then: Callable[[int, int], Any]) -> None:
        """Runs the operation so often, and goes on with the CPU and the wall time that it took, in ns."""
        cpu, wall = time.process_time_ns(), time.monotonic_ns()

        def done(_: Any = None) -> None:
            used = time.process_time_ns() - cpu, time.monotonic_ns() - wall
            self.reactor.callLater(0, then, *used)

        waiting = self.run(times)
        if waiting is None:
            done()
        else:
            waiting.addCallbacks(done, self.fail)

    def fail(self, failure: Any) -> None:
        self.failure = failure
        self.reactor.stop()

    def calibrate(self, cpu: int = 0, wall: int = 0) -> None:
        if cpu < self.block / 2:
            self.times *= 2 if cpu else 1
            self.timed(self.times, self.calibrate)
        else:
            self.times = max(1, round(self.times * self.block / cpu))
            self.next()

    def next(self) -> None:
        if not self.todo:
            self.reactor.stop()
            return
        variant = self.todo.pop(0)
        on, off = switches(variant, self.noop)
        times = max(1, self.times // SLOW.get(variant, 1))

        def warmed(cpu: int, wall: int) -> None:
            self.timed(times, measured)

        def measured(cpu: int, wall: int) -> None:
            off()
            self.measured[variant].append((cpu / times, wall / times))
            self.reactor.callLater(0, self.next)

        gc.collect()
        on()
        self.timed(max(1, times // 10), warmed)


def run_workload(arguments: argparse.Namespace) -> None:
    from twisted.internet import reactor

    blocks = Blocks(reactor, arguments)
    reactor.callWhenRunning(blocks.calibrate)  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]
    if blocks.failure is not None:
        raise SystemExit(blocks.failure.getTraceback())
    json.dump({"times": blocks.times, "measured": blocks.measured}, sys.stdout)


# ---- all of them ----


def summary(raw: dict[str, Any]) -> dict[str, Any]:
    """Medians of a workload: time per operation, ns, and ratios to no hook, of CPU and of wall time."""
    found: dict[str, Any] = {}
    base = raw["measured"]["no hook"]
    for variant, blocks in raw["measured"].items():
        ratios = sorted(cpu / base_cpu for (cpu, _), (base_cpu, _) in zip(blocks, base))
        found[variant] = {
            "cpu_ns": statistics.median(cpu for cpu, _ in blocks),
            "wall_ns": statistics.median(wall for _, wall in blocks),
            "cpu_ratio": statistics.median(ratios),
            "cpu_ratio_quartiles": [ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]],
            "wall_ratio": statistics.median(wall / base_wall for (_, wall), (_, base_wall) in zip(blocks, base)),
        }
    if {"profile", "no-op"} <= set(found):
        pairs = zip(raw["measured"]["profile"], raw["measured"]["no-op"])
        found["profile"]["cpu_ratio_to_noop"] = statistics.median(one[0] / other[0] for one, other in pairs)
    return {"operations_per_block": raw["times"], "variants": found}


def geometric_mean(values: list[float]) -> float:
    return math.exp(statistics.fmean(math.log(value) for value in values))


def time_text(ns: float) -> str:
    return f"{ns / 1e6:.2f} ms" if ns >= 1e6 else f"{ns / 1e3:.1f} us"


def print_table(title: str, results: dict[str, Any], variants: list[str]) -> None:
    print(f"\n{title}\n")
    row = f"{'':18}{'no hook':>12}" + "".join(f"{variant:>12}" for variant in variants[1:])
    print(row + (f"{'profile:no-op':>16}" if {"profile", "no-op"} <= set(variants) else ""))
    for workload, result in results.items():
        found = result["variants"]
        row = f"{workload:18}{time_text(found['no hook']['cpu_ns']):>12}"
        row += "".join(f"{found[variant]['cpu_ratio']:12.2f}" for variant in variants[1:])
        ratio = found.get("profile", {}).get("cpu_ratio_to_noop")
        print(row + (f"{ratio:16.2f}" if ratio else ""))
    twisted = [result["variants"] for workload, result in results.items() if workload != "fib(23)"]
    if len(twisted) > 1:
        row = f"{'Twisted (geom.)':18}{'':12}"
        for variant in variants[1:]:
            row += f"{geometric_mean([found[variant]['cpu_ratio'] for found in twisted]):12.2f}"
        if {"profile", "no-op"} <= set(variants):
            row += f"{geometric_mean([found['profile']['cpu_ratio_to_noop'] for found in twisted]):16.2f}"
        print(row)


def main() -> None:
    parser = argparse.ArgumentParser(description="What the hooks cost, as ratios of CPU time to no hook.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--block", type=float, default=60, help="ms that a block lasts without a hook")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--workload", action="append", default=[])
    parser.add_argument("--variant", action="append", default=[], choices=VARIANTS)
    parser.add_argument("--noop", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.noop:
        return run_workload(arguments)

    import twisted
    from workloads import WORKLOADS

    from theseus.hooks import available

    wanted = {"no hook", *(arguments.variant or VARIANTS)} & {"no hook", "no-op", "cProfile", *available()}
    variants = [variant for variant in VARIANTS if variant in wanted]
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        noop = noop_library(folder)
        for workload in arguments.workload or WORKLOADS:
            command = [sys.executable, __file__, f"--noop={noop}", f"--rounds={arguments.rounds}"]
            command += [f"--block={arguments.block}", f"--workload={workload}"]
            command += [f"--variant={variant}" for variant in variants]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            results[workload] = summary(json.loads(done.stdout))
    title = f"{platform.python_implementation()} {platform.python_version()}, Twisted {twisted.__version__}"
    title += f": CPU time an operation, and ratios to it, medians of {arguments.rounds} rounds"
    print_table(title, results, variants)
    if arguments.json:
        figures: dict[str, Any] = {"python": platform.python_version(), "twisted": twisted.__version__}
        figures |= {"rounds": arguments.rounds, "workloads": results}
        Path(arguments.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
