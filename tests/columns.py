# SPDX-License-Identifier: ISC
"""No line is longer than 120 columns, comments and prose included.  A failure names each line that is.

clang-format leaves comments as they are, so this is what checks them.
"""

import os
import sys
from pathlib import Path

ROOT = Path(os.environ.get("srcdir", "."))
MOST = 120
PLACES = {
    ".": ["README", "HACKING", "NEWS", "SECURITY", "configure.ac", "Makefile.am", "*.py", "*.toml", "MANIFEST.in"],
    "libtheseus": ["**/*.[ch]", "**/*.mk", "**/*.awk", "**/*.1", "**/*.in"],
    "python": ["**/*.[ch]", "**/*.py", "**/*.mk"],
    "tests": ["*.sh", "*.py", "*.c", "c/*.[ch]", "python/**/*.py", "bench/*", "fuzz/*.[ch]", "hostile/*.c", "**/*.mk"],
    "examples": ["*.[ch]", "*.py", "*.sh", "*.lua", "*.go", "*.mk"],
}


def too_long(path: Path) -> list[str]:
    """The places of a file's lines that are too long."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [f"{path}:{number}" for number, line in enumerate(lines, 1) if len(line) > MOST]


def main() -> None:
    """Prints TAP."""
    patterns = [(ROOT / place, pattern) for place in PLACES for pattern in PLACES[place]]
    paths = {path for place, pattern in patterns for path in place.glob(pattern)}
    found = [line for path in sorted(paths) if path.is_file() for line in too_long(path)]
    print("1..1")
    print(f"{'not ok' if found or len(paths) < 100 else 'ok'} 1 - lines of up to {MOST} columns in {len(paths)} files")
    for line in found:
        print(f"# {line}")


if __name__ == "__main__":
    sys.exit(main())
