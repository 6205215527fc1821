#!/bin/sh
# SPDX-License-Identifier: ISC
# All the tests: sets up as examples/quickstart.sh does, and ends with a line `N passed, N failed`.
# PYTHON=python3.12 ./tests/run.sh uses that interpreter.  Logs are in .build/log.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
. "$root/tests/setup.sh"

passed=0 failed=0 skipped=0
limit=1200 # seconds that one step may take

finish() {
  status=$?
  # A step that stops the script before its end is a failure too.
  if [ "$status" != 0 ]; then failed=$((failed + 1)); fi
  if [ "$skipped" != 0 ]; then say "$skipped skipped"; fi
  echo "$passed passed, $failed failed"
  trap - EXIT
  if [ "$failed" = 0 ]; then exit 0; else exit 1; fi
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# ---- how steps are run and counted -----------------------------------------------------------------------------

add() { # PASSED FAILED SKIPPED SECONDS
  passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
  echo "    $1 passed, $2 failed, $3 skipped ($4 s)"
}

skip() { # WHAT WHY
  say "$1: skipped, $2"
  skipped=$((skipped + 1))
}

# A step that passes or fails as a whole.
step() { # NAME COMMAND...
  say "$1"
  started=$(date +%s)
  if logged "$@"; then add 1 0 0 $(($(date +%s) - started)); else add 0 1 0 $(($(date +%s) - started)); fi
}

# A step whose log tells how many tests there were; fails at least once if the command does.
counted() { # COUNTER NAME COMMAND...
  counter=$1
  shift
  say "$1"
  started=$(date +%s)
  if logged "$@"; then bad=0; else bad=1; fi
  $counter <"$build/log/$1.log" >"$build/counts"
  read -r p f s <"$build/counts"
  if [ "$bad" = 1 ] && [ "$f" = 0 ]; then f=1; fi
  # No tests at all is not a success.
  if [ "$p" = 0 ] && [ "$f" = 0 ]; then f=1; fi
  add "$p" "$f" "$s" $(($(date +%s) - started))
}

# The summary at the end counts, not those in the logs that may be shown before or after it.
automake_counts() {
  awk '/^Testsuite summary/ { summary = 1 }
    summary && /^# (PASS|XFAIL): / { p += $3 }
    summary && /^# (FAIL|XPASS|ERROR): / { f += $3 }
    summary && /^# SKIP: / { s += $3 }
    /^# ERROR: / { summary = 0 }
    END { print p + 0, f + 0, s + 0 }'
}

pytest_counts() {
  awk '/ in [0-9.]+s/ { p = f = s = 0
      for (i = 2; i <= NF; i++) {
        if ($i ~ /^(passed|xfailed)/) p += $(i - 1)
        if ($i ~ /^(failed|xpassed|error)/) f += $(i - 1)
        if ($i ~ /^skipped/) s += $(i - 1)
      } }
    END { print p + 0, f + 0, s + 0 }'
}

# Builds and tests one configuration; the Python tests are run once, further down.
check_c() { # DIRECTORY ARGUMENT...
  configure "$@" && timeout $limit make -C "$build/$1" -j2 && timeout $limit make -C "$build/$1" -j2 check PYTHON=no VERBOSE=1
}

check_threads() {
  configure threads CC=clang --enable-werror --enable-sanitizers=thread && in_build threads -j2 check TESTS=tests/c/threads
}

in_build() { # DIRECTORY TARGET...
  directory=$1
  shift
  timeout $limit make -C "$build/$directory" "$@" PYTHON=no VERBOSE=1
}

# ---- set-up ----------------------------------------------------------------------------------------------------

links() { # COMPILER FLAG...
  mkdir -p "$build"
  echo 'int main(void) { return 0; }' >"$build/probe.c"
  "$@" -o "$build/probe" "$build/probe.c" && "$build/probe"
}

check_root
want_build_tools
want_python
want g++ command -v g++
want clang command -v clang
want valgrind command -v valgrind
want xz-utils command -v xz
want libuv1-dev pkg-config --exists libuv
want liblua5.4-dev pkg-config --exists lua5.4
want lua5.4 command -v lua5.4
want zstd command -v zstd
install_missing
if ! links clang -fsanitize=address,undefined >/dev/null 2>&1 && command -v apt-cache >/dev/null; then
  runtime=libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev
  if apt-cache show "$runtime" >/dev/null 2>&1; then missing="$missing $runtime"; fi
fi
# The layout of the sources is checked with the one version that they are written with, where it can be had.
if ! command -v clang-format-14 >/dev/null && apt-cache show clang-format-14 >/dev/null 2>&1; then
  missing="$missing clang-format-14"
fi
install_missing
make_venv
install_library
install_package '[test]'
bootstrap
python=$venv/bin/python

# ---- the README's first command ---------------------------------------------------------------------------------

quickstart() {
  timeout $limit ./examples/quickstart.sh >"$build/said" && cat "$build/said" &&
    written=$(sed -n 's/.*kcachegrind \(callgrind\.out\.[0-9]*\).*/\1/p' "$build/said") &&
    [ "$(head -n 1 "$written")" = '# callgrind format' ]
}
step quickstart quickstart

# ---- C -----------------------------------------------------------------------------------------------------------

counted automake_counts gcc check_c gcc CC=gcc --enable-werror
counted automake_counts clang check_c clang CC=clang --enable-werror
for compiler in gcc clang; do
  if links $compiler -fsanitize=address,undefined >/dev/null 2>&1; then
    counted automake_counts $compiler-sanitizers check_c $compiler-sanitizers CC=$compiler --enable-werror --enable-sanitizers
  else
    skip $compiler-sanitizers "this $compiler has none"
  fi
done
if links clang -fsanitize=thread >/dev/null 2>&1; then
  counted automake_counts thread-sanitizer check_threads
else
  skip thread-sanitizer "it does not run on this machine"
fi
if command -v valgrind >/dev/null; then
  counted automake_counts valgrind in_build gcc check-valgrind
else
  skip valgrind "it cannot be had here"
fi
step distcheck in_build gcc distcheck DISTCHECK_CONFIGURE_FLAGS=--enable-werror

# The tarball has all that git has, but for what is about git itself.
tarball() {
  git ls-files | grep -vE '^(\.ci/|\.gitignore$|\.gitattributes$)' | LC_ALL=C sort >"$build/in-git"
  tar -tf "$build"/gcc/libtheseus-*.tar.xz | sed 's,^[^/]*/,,' | LC_ALL=C sort >"$build/in-tarball"
  lost=$(LC_ALL=C comm -23 "$build/in-git" "$build/in-tarball")
  [ -z "$lost" ] || { echo "not in the tarball: add them to EXTRA_DIST in a local.mk:" && echo "$lost" && return 1; }
}
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then step tarball tarball; else skip tarball "this is no git checkout"; fi

# ---- Python ------------------------------------------------------------------------------------------------------

# Installs into an environment of its own, and looks from outside the checkout whether the package is whole.
fresh_install() { # NAME WHAT
  rm -rf "$build/$1-venv" && "$PYTHON" -m venv "$build/$1-venv" &&
    timeout $limit "$build/$1-venv/bin/python" -m pip install --disable-pip-version-check "$2" &&
    (cd / && "$build/$1-venv/bin/python" -c 'import theseus, theseus._cffi as c; print(c.ffi.string(c.lib.theseus_version()))')
}

sdist() {
  rm -rf "$build/sdist"
  "$python" -m build --sdist --outdir "$build/sdist" "$root" && fresh_install sdist "$build"/sdist/*.tar.gz
}
step sdist sdist

system_library() {
  THESEUS_SYSTEM_LIB=1 PKG_CONFIG_PATH=$venv/lib/pkgconfig fresh_install system "$root" &&
    (cd / && "$build/system-venv/bin/python" -c 'import theseus; print(open("/proc/self/maps").read())') |
      grep -q "$venv/lib/libtheseus.so"
}
step system-library system_library

step ruff "$python" -m ruff check python setup.py tests/python examples
step mypy "$python" -m mypy python/theseus
counted pytest_counts pytest timeout $limit "$python" -m pytest -q tests/python
