#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs test suites of others without a tracer and with each hook, and compares the result of every test, by its name.

    python tests/python/suites.py                         the suites of Twisted that are listed below
    python tests/python/suites.py twisted.test.test_defer treq,klein
    PYTHONPATH=… python tests/python/suites.py tests.http            for what is not installed
    python tests/python/suites.py --pytest path/to/tests             for what is run by pytest
    python tests/python/suites.py --hooks none treq                  without a tracer, twice

Each run is a process of its own, with the tracer installed around it.  When results differ, the suite is run again,
with and without: a test that did not do the same both times is unsteady, and named.  What is alive at the end is
compared as well.  Exits 1 when something differed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
from types import CoroutineType, GeneratorType
from typing import Any

SUITES = """
twisted.test.test_defer twisted.test.test_defgen twisted.internet.test.test_inlinecb twisted.test.test_task
twisted.test.test_threads twisted.test.test_threadpool twisted.test.test_cooperator
twisted.internet.test.test_base twisted.internet.test.test_core twisted.internet.test.test_default
twisted.internet.test.test_endpoints twisted.internet.test.test_asyncioreactor
twisted.internet.test.test_threads twisted.internet.test.test_time twisted.test.test_internet
twisted.test.test_process twisted.test.test_tcp twisted.test.test_ssl twisted.test.test_policies
twisted.test.test_protocols twisted.test.test_pb twisted.test.test_amp twisted.test.test_ftp
twisted.test.test_failure twisted.test.test_adbapi twisted.application twisted.cred twisted.web twisted.names
twisted.mail twisted.words twisted.logger twisted.protocols twisted.spread twisted.positioning twisted.trial
twisted.conch twisted.python.test
""".split()

Results = dict[str, list[str]]  # name of the test -> [result, why]


# ---- in the process that runs a suite ----


def alive() -> dict[str, int]:
    """How many there are of what a tracer that keeps things alive would keep."""
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    kinds = [type(thing) for thing in gc.get_objects()]
    wanted = (Deferred, Failure, GeneratorType, CoroutineType)
    return {kind.__name__: sum(issubclass(one, kind) for one in kinds) for kind in wanted}


class Run:
    """The suite's process: the tracer, and what became of each test."""

    def __init__(self, hook: str) -> None:
        self.results: Results = {}
        self.tracer: Any = None
        if hook != "none":
            from theseus import Tracer

            self.tracer = Tracer(hook=hook)

    def begin(self) -> None:
        if self.tracer is not None:
            self.tracer.install()

    def end(self, output: str) -> None:
        told: dict[str, Any] = {"results": self.results}
        if self.tracer is not None:
            told["installed"] = self.tracer.installed
            self.tracer.uninstall()
        gc.collect()
        told["alive"] = alive()
        if self.tracer is not None:
            told["deferreds"] = sum(stack.deferreds for stack in self.tracer.snapshot())
            told["kept"] = self.tracer._core.kept()
        with open(output, "w", encoding="utf-8") as file:
            json.dump(told, file)


def run_trial(run: Run, names: list[str], output: str, patience: float | None) -> int:
    from twisted.trial import reporter, runner, util

    if patience is not None:
        util.DEFAULT_TIMEOUT_DURATION = patience

    class Noting(reporter.Reporter):  # type: ignore[misc]
        def note(self, test: Any, result: str, why: object = "") -> None:
            run.results.setdefault(test.id(), [result, str(why)[-2000:]])

        def addSuccess(self, test: Any) -> None:
            super().addSuccess(test)
            self.note(test, "ok")

        def addFailure(self, test: Any, why: Any) -> None:
            super().addFailure(test, why)
            self.note(test, "fail", getattr(why, "value", why))

        def addError(self, test: Any, why: Any) -> None:
            super().addError(test, why)
            self.note(test, "error", getattr(why, "value", why))

        def addSkip(self, test: Any, why: Any) -> None:
            super().addSkip(test, why)
            self.note(test, "skip", why)

        def addExpectedFailure(self, test: Any, why: Any, todo: Any = None) -> None:
            super().addExpectedFailure(test, why, todo)
            self.note(test, "todo")

        def addUnexpectedSuccess(self, test: Any, todo: Any = None) -> None:
            super().addUnexpectedSuccess(test, todo)
            self.note(test, "success despite todo")

        def _printSummary(self) -> None:
            self._write(f"{self.testsRun} tests\n")

    suite = runner.TestLoader().loadByNames(names, recurse=True)
    trial = runner.TrialRunner(Noting, workingDirectory=os.path.join(os.getcwd(), "_trial_temp"))
    run.begin()
    try:
        trial.run(suite)
    finally:
        run.end(output)
    return 0


class Plugin:
    """Of pytest: notes the results."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def pytest_sessionstart(self) -> None:
        self.run.begin()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            result = "ok" if report.outcome == "passed" else f"{report.outcome} in {report.when}"
            self.run.results[report.nodeid] = [result, str(getattr(report, "longrepr", ""))[-2000:]]


def run_pytest(run: Run, names: list[str], output: str) -> int:
    import pytest

    try:
        return int(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:randomly", *names], plugins=[Plugin(run)]))
    finally:
        run.end(output)


# ---- in the process that compares ----


def results_of(suite: str, hook: str, options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "results.json")
        command = [sys.executable, os.path.abspath(__file__), "--run", hook, "--output", output]
        names = suite.split(",")
        if options.patience is not None:
            command += ["--patience", str(options.patience)]
        if options.pytest:
            command.append("--pytest")
            names = [os.path.abspath(name) if os.path.exists(name) else name for name in names]
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0")
        if "PYTHONPATH" in environment:  # a run may be in another folder
            paths = environment["PYTHONPATH"].split(os.pathsep)
            environment["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in paths)
        with open(os.path.join(folder, "log"), "w+", encoding="utf-8", errors="replace") as log:
            try:
                status = subprocess.run(
                    command + names,
                    cwd=folder if not options.pytest else None,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    timeout=options.timeout,
                ).returncode
            except subprocess.TimeoutExpired:
                return {"results": {}, "failure": f"no end after {options.timeout} s"}
            log.seek(0)
            text = log.read()
        try:
            with open(output, encoding="utf-8") as file:
                told: dict[str, Any] = json.load(file)
        except OSError:
            return {"results": {}, "failure": f"exit status {status}: {text[-600:]}"}
        if status not in (0, 1):
            told["failure"] = f"exit status {status}: {text[-600:]}"
        return told


def differences(one: Results, other: Results) -> dict[str, str]:
    nothing = ["not run", ""]
    found = {}
    for name in {*one, *other}:
        before, after = one.get(name, nothing), other.get(name, nothing)
        if before[0] != after[0]:
            found[name] = f"{before[0]} -> {after[0]}: {(after[1] or before[1]).strip()}"
    return found


def compare(suite: str, hooks: list[str], options: argparse.Namespace) -> bool:
    """Prints a row of the table; tells whether all was the same."""
    plain = results_of(suite, "none", options)
    tally: dict[str, int] = {}
    for result, _why in plain["results"].values():
        tally[result] = tally.get(result, 0) + 1
    told = ", ".join(f"{count} {result}" for result, count in sorted(tally.items())) or plain.get("failure", "no tests")
    print(f"{suite}: {told}", flush=True)
    same = bool(plain["results"])
    for hook in hooks:
        watched = results_of(suite, hook, options)
        different = differences(plain["results"], watched["results"])
        unsteady: list[str] = []
        failure = watched.get("failure", "") if "failure" not in plain else ""
        if failure and not watched["results"]:
            different = {}
        if different:
            plain_again, watched_again = (results_of(suite, one, options)["results"] for one in ("none", hook))
            again = differences(plain_again, watched_again)
            unsteady = sorted(
                differences(plain["results"], plain_again).keys()
                | differences(watched["results"], watched_again).keys()
                | different.keys() - again.keys()
            )
            different = {name: why for name, why in different.items() if name not in unsteady}
        verdict = f"{len(different)} differ" if different else "FAILED" if failure else "the same"
        notes = f"{watched.get('deferreds', 0)} Deferreds"
        if unsteady:
            notes += f", {len(unsteady)} unsteady"
        kept = {name: count for name, count in watched.get("kept", {}).items() if count}
        if kept:
            notes += f", kept {kept}"
        more = {
            name: f"{count} for {plain['alive'][name]}"
            for name, count in watched.get("alive", {}).items()
            if "alive" in plain and count > plain["alive"][name]
        }
        if more:
            notes += f", alive {more}"
        if watched.get("installed") is False:
            notes += ", the tracer was not installed at the end"
        print(f"    {hook:<12}{verdict:<12} {notes}{' ' + failure if failure else ''}", flush=True)
        for name, why in sorted(different.items()):
            print(f"        {name}: {why}", flush=True)
        for name in unsteady:
            print(f"        unsteady: {name}", flush=True)
        same = same and not different and not failure
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("suite", nargs="*", help="what trial takes; with commas between, several in one process")
    parser.add_argument("--pytest", action="store_true", help="run by pytest, not by trial")
    parser.add_argument("--hooks", help="with commas between; default: all that there are")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one run (600)")
    parser.add_argument("--patience", type=float, help="seconds for a test without a timeout of its own (trial: 120)")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--output", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run = Run(options.run)
        if options.pytest:
            return run_pytest(run, options.suite, options.output)
        return run_trial(run, options.suite, options.output, options.patience)
    from theseus.hooks import available

    hooks = options.hooks.split(",") if options.hooks else list(available())
    same = [compare(suite, hooks, options) for suite in options.suite or SUITES]
    print(f"{sum(same)} suites the same, {len(same) - sum(same)} not")
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
