# SPDX-License-Identifier: ISC
"""What the start-up hook costs each start of an interpreter: off, on without Twisted, and on with it.

    python start.py [--rounds 40] [--json FILE]

Off, it is the line of theseus.pth, which site executes: it is timed within fresh interpreters, and must stay under
0.2 ms.
The others are differences of whole runs, in turn: medians, on the wall's clock.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_MS = 0.2
LINE = Path(__file__).parents[2] / "python" / "theseus.pth"
TIMED = f"""
import time
line = open({str(LINE)!r}).read()
began = time.perf_counter_ns()
exec(line)
print(time.perf_counter_ns() - began)
"""
PROGRAMS = {"without Twisted": "pass", "with Twisted": "import twisted.internet.defer"}


def environment(hook: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "THESEUS"}
    return {**kept, "THESEUS": hook} if hook else kept


def line_ms(rounds: int) -> float:
    """The median of what the line costs, off."""
    found = []
    for _ in range(rounds):
        done = subprocess.run([sys.executable, "-c", TIMED], env=environment(""), capture_output=True, check=True)
        found.append(int(done.stdout) / 1e6)
    return statistics.median(found)


def run_ms(code: str, hook: str, folder: str) -> float:
    began = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", code], env=environment(hook), cwd=folder, check=True)
    return (time.perf_counter_ns() - began) / 1e6


def more_ms(code: str, rounds: int) -> float:
    """The median of what a run takes longer with the hook on."""
    with tempfile.TemporaryDirectory() as folder:
        return statistics.median(run_ms(code, "1", folder) - run_ms(code, "", folder) for _ in range(rounds))


def main() -> None:
    parser = argparse.ArgumentParser(description="What the start-up hook costs.")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", help="file for the figures")
    arguments = parser.parse_args()
    figures = {"off": line_ms(arguments.rounds)}
    figures |= {f"on, {name}": more_ms(code, arguments.rounds) for name, code in PROGRAMS.items()}
    print(f"\n{platform.python_implementation()} {platform.python_version()}: ms that a start takes longer\n")
    for name, value in figures.items():
        print(f"{name:22}{value:10.3f}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if figures["off"] > LIMIT_MS:
        raise SystemExit(f"off, the hook costs more than {LIMIT_MS} ms")


if __name__ == "__main__":
    main()
