# SPDX-License-Identifier: ISC
"""How much of the code the tests run: one table for C and Python, lines and branches.  A failure means that the C
tests alone run less of libtheseus than they should (LEAST).

    make coverage PYTHON=.venv/bin/python     everything; needs gcovr, and the Python of tests/run.sh
    python3 tests/coverage.py --c BUILD       libtheseus by the C tests, built in the folder BUILD
    python3 tests/coverage.py --python BUILD  the package and its C by the Python tests
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLAGS = "-O0 -g --coverage -fprofile-abs-path"
LEAST = {"libtheseus": (97.0, 90.0), "libtheseus/profile/span*": (98.0, 90.0)}  # per cent of lines, of branches

Counts = dict[str, list[int]]  # part: lines that were run, lines, branches that were run, branches


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """The output of a command, which must succeed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{done.stdout[-3000:]}\ncoverage.py: failed: {' '.join(map(str, command))}")
    return done.stdout


def add(counts: Counts, part: str, numbers: list[int]) -> None:
    counts[part] = [a + b for a, b in zip(counts.get(part, [0, 0, 0, 0]), numbers)]


def gcovr(build: Path, below: str) -> dict[str, list[int]]:
    """What gcc counted in the folder `build`, for each file of the sources that is below a folder."""
    report = run("gcovr", "--root", ROOT, "--filter", f".*/{below}/", "--json-summary", "-", build, cwd=build)
    keys = ("line_covered", "line_total", "branch_covered", "branch_total")
    return {file["filename"]: [file[key] for key in keys] for file in json.loads(report)["files"]}


def c_counts(build: Path) -> Counts:
    """libtheseus, by the C tests alone."""
    build.mkdir(parents=True, exist_ok=True)
    if not (build / "Makefile").exists():
        run(ROOT / "configure", "-q", "CC=gcc", "--disable-static", f"CFLAGS={FLAGS}", cwd=build)
    for old in [*build.rglob("*.gcda"), *build.glob("*conftest*")]:
        old.unlink()
    run("make", "-j2", cwd=build)
    listed = run("make", "-s", "print-c-tests", cwd=build).splitlines()[-1]
    run("make", "-j2", "check", "PYTHON=no", f"TESTS={listed}", cwd=build)
    counts: Counts = {}
    for name, numbers in sorted(gcovr(build, "libtheseus/(base|profile|why|graph|callgrind|pprof)").items()):
        add(counts, str(Path(name).parent), numbers)
        if Path(name).name.startswith("span"):
            add(counts, "libtheseus/profile/span*", numbers)
        add(counts, "libtheseus", numbers)
    return counts


def python_counts(build: Path) -> Counts:
    """The package and the shim, by the Python tests."""
    objects = ROOT / ".build/python-bundled"
    shutil.rmtree(objects, ignore_errors=True)
    shutil.rmtree(build, ignore_errors=True)
    venv.create(build, with_pip=False)
    python = build / "bin/python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    ours = [path for path in sys.path if path.endswith("-packages")]
    Path(site, "tools.pth").write_text("".join(f"{path}\n" for path in ours), encoding="utf-8")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--disable-pip-version-check"]
    run(*install, "--no-deps", "--no-build-isolation", "--force-reinstall", ROOT, CFLAGS=FLAGS, LDFLAGS="--coverage")
    data = str(build / "data")
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/python")
    run(python, "-m", "coverage", "run", "--branch", "--source=theseus", *tests, COVERAGE_FILE=data)
    run(python, "-m", "coverage", "json", "-q", "-o", build / "report.json", COVERAGE_FILE=data)
    totals = json.loads((build / "report.json").read_text(encoding="utf-8"))["totals"]
    keys = ("covered_lines", "num_statements", "covered_branches", "num_branches")
    counts: Counts = {"python/theseus": [totals[key] for key in keys]}
    for numbers in gcovr(objects, "python/shim").values():
        add(counts, "python/shim", numbers)
    shutil.rmtree(objects)  # the next build must not take these objects
    return counts


def share(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 100.0


def main() -> None:
    """Prints the table."""
    arguments = sys.argv[1:]
    kinds = [kind for kind in ("--c", "--python") if kind in arguments] or ["--c", "--python"]
    build = Path([argument for argument in arguments if not argument.startswith("--")][0]).resolve()
    counts: Counts = {}
    if "--c" in kinds:
        counts.update(c_counts(build / "c"))
    if "--python" in kinds:
        counts.update(python_counts(build / "python"))
    print(f"{'':26}{'lines':>18}{'branches':>24}")
    for part, (lines, all_lines, branches, all_branches) in sorted(counts.items()):
        of_lines = f"{lines:6} of {all_lines:6} {share(lines, all_lines):6.1f} %"
        of_branches = f"{branches:6} of {all_branches:6} {share(branches, all_branches):6.1f} %"
        print(f"{part:26}{of_lines}  {of_branches}")
    for part, least in LEAST.items():
        if part in counts:
            lines, all_lines, branches, all_branches = counts[part]
            if share(lines, all_lines) < least[0] or share(branches, all_branches) < least[1]:
                sys.exit(f"coverage.py: {part}: less than {least[0]} % of lines or {least[1]} % of branches")


if __name__ == "__main__":
    main()
