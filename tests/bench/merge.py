# SPDX-License-Identifier: ISC
"""How fast theseus-merge is: 20 files of valgrind's, merged, beside `wc -l`, callgrind_annotate, and the bare loop.

    python3 tests/bench/merge.py [--command=theseus-merge] [--folder=FOLDER] [--rounds=N] [--annotate] [FILE...]

The files are made once, in the folder: valgrind runs this machine's C compiler proper over 20 small programs, with
addresses, 8 to 9 MB each, which takes some minutes.  Everything runs in turns, N times over a warm cache; what is shown
is the least CPU time of each, the least wall time, MB/s of both, peak memory, and the CPU time's ratio to that of the
bare loop (floor.c).  Then all files 20 times over, once: they take 20 times as long, and should take no more memory.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
FILES = 20
TIMES = 20
FLAGS = (
    "-fwrapv -funroll-loops -fno-inline -ffast-math -fno-tree-vectorize -ftrapv -fsanitize=undefined "
    "-fno-omit-frame-pointer -fprofile-generate -fstack-protector-all"
).split()
SNIPPET = """
int f{n}(int *a, int n) {{ int s = {n}; for (int i = 0; i < n; i++) s += a[i] * {n}; return s; }}
double g{n}(double x) {{ return x < {n} ? x * x + {n} : g{n}(x / 2) - 1; }}
struct s{n} {{ int a[{n} + 1]; char *p; long long q; }};
long long h{n}(struct s{n} *s) {{
  switch (s->a[0]) {{ case 0: return s->q; case {n} + 1: return f{n}(s->a, {n}); }}
  return 0;
}}
"""


class Took(NamedTuple):
    cpu: float
    wall: float
    memory: int  # bytes


def make(folder: Path) -> list[Path]:
    """The files, made if they are not there."""
    valgrind, compiler = shutil.which("valgrind"), shutil.which("gcc") or shutil.which("cc")
    paths = [folder / f"callgrind.out.{number}" for number in range(FILES)]
    if all(path.exists() for path in paths):
        return paths
    if not valgrind or not compiler:
        sys.exit("valgrind and gcc are needed to make the files; or name some on the command line")
    proper = subprocess.run(
        [compiler, "-print-prog-name=cc1"], capture_output=True, text=True, check=True
    ).stdout.strip()
    folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths):
        if path.exists():
            continue
        source = folder / "source.c"
        source.write_text("".join(SNIPPET.format(n=n) for n in range(1 + number % 5, 12 + number)))
        options = ["--tool=callgrind", "--dump-instr=yes", f"--callgrind-out-file={path}.part"]
        flags = [f"-O{2 + number % 2}", "-g", FLAGS[number // 2]]
        print(f"making {path}", file=sys.stderr)
        subprocess.run(
            [valgrind, *options, proper, "-quiet", *flags, str(source), "-o", os.devnull],
            check=True,
            capture_output=True,
        )
        os.replace(f"{path}.part", path)
    return paths


def took(command: list[str]) -> Took:
    began = time.monotonic()
    pid = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{command[0]} failed: {os.waitstatus_to_exitcode(status)}")
    return Took(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss * 1024)


def built(folder: Path) -> str:
    """The bare loop, compiled as the command is by default."""
    program = folder / "floor"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-O2", "-o", str(program), str(HERE / "floor.c")], check=True)
    return str(program)


def found(name: str) -> str:
    """The command; of one that has just been built, not the script that libtool has put in its place."""
    path = shutil.which(name) or os.path.abspath(name)
    real = os.path.join(os.path.dirname(path), ".libs", os.path.basename(path))
    if not os.path.exists(real):
        return path
    os.environ["LD_LIBRARY_PATH"] = os.path.dirname(real)
    return real


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default=shutil.which("theseus-merge") or "libtheseus/theseus-merge")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "theseus-bench-merge")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--annotate", action="store_true", help="callgrind_annotate too, which takes its time")
    parser.add_argument("--json", type=Path, help="leave the figures there")
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    paths = [str(path) for path in options.files or make(options.folder)]
    command = found(options.command)
    size = sum(os.path.getsize(path) for path in paths)
    competitors = {
        "wc -l": [shutil.which("wc") or "wc", "-l", *paths],
        "bare loop": [built(options.folder), *paths],
        "theseus-merge -j1": [command, "-j1", *paths],
        "theseus-merge -j2": [command, "-j2", *paths],
    }
    annotate = shutil.which("callgrind_annotate")
    best: dict[str, Took] = {}
    for _ in range(options.rounds):
        for name, arguments in competitors.items():
            this, least = took(arguments), best.get(name)
            best[name] = Took(*map(min, this, least)) if least else this
    if options.annotate and annotate:
        one = took([annotate, paths[0]])
        scale = size / os.path.getsize(paths[0])
        best["callgrind_annotate"] = Took(one.cpu * scale, one.wall * scale, one.memory)
    for jobs in (1, 2):
        best[f"  {TIMES} times, -j{jobs}"] = took([command, f"-j{jobs}", *paths * TIMES])
    print(f"{len(paths)} files, {size / 1e6:.1f} MB")
    print(f"{'':20}{'CPU s':>8}{'MB/s':>8}{'wall s':>8}{'MB/s':>8}{'memory':>10}{'x the bare loop':>18}")
    floor = best["bare loop"].cpu
    figures = {}
    for name, this in best.items():
        megabytes = size / 1e6 * (TIMES if "times" in name else 1)
        ratio = this.cpu / floor * (size / 1e6 / megabytes)
        figures[name.strip()] = {**this._asdict(), "ratio": ratio}
        print(
            f"{name:20}{this.cpu:8.3f}{megabytes / this.cpu:8.0f}{this.wall:8.3f}{megabytes / this.wall:8.0f}"
            f"{this.memory / 1e6:7.1f} MB{ratio:18.2f}"
        )
    if options.json:
        options.json.write_text(json.dumps({"bytes": size, "files": len(paths), **figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
