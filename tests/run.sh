#!/bin/sh
# SPDX-License-Identifier: ISC
# The tests.  Sets up as examples/quickstart.sh does, and ends with a line `N passed, N failed`.  Logs: .build/log.
#
#     ./tests/run.sh                          gcc, one build with sanitizers, style, Python: some 10 minutes, two cores
#     ./tests/run.sh --all                    also clang, all sanitizers, valgrind, the tarball, installations
#     PYTHON=python3.12 ./tests/run.sh        with that interpreter
#
# A step has no time limit, but it is stopped if it prints nothing for 30 minutes.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
# shellcheck source=tests/setup.sh
. "$root/tests/setup.sh"

silence=1800 # seconds without a word after which a step is stopped
python=$venv/bin/python

# ---- the steps ---------------------------------------------------------------------------------------------------
# Each is a command of its own (see `watched`), so none changes a variable of this script.

quickstart() {
  ./examples/quickstart.sh
  written=$(sed -n 's/.*kcachegrind \(callgrind\.out\.[0-9]*\).*/\1/p' "$build/log/quickstart.log")
  [ "$(head -n 1 "$written")" = '# callgrind format' ]
}

# Builds and tests one configuration.  The Python tests are a step of their own.
check_c() { # DIRECTORY ARGUMENT...
  configure "$@"
  make -C "$build/$1" -j2
  make -C "$build/$1" -j2 check PYTHON=no VERBOSE=1
}

check_threads() {
  configure threads CC=clang --enable-werror --enable-sanitizers=thread
  in_build threads -j2 check TESTS=tests/c/threads
  in_build threads examples/11-snapshot
  "$build/threads/examples/11-snapshot" "$build/threads/snapshot.callgrind"
}

in_build() { # DIRECTORY TARGET...
  directory=$1
  shift
  make -C "$build/$directory" "$@" PYTHON=no VERBOSE=1
}

# The tarball has all that git has, except what is about git itself.
tarball() {
  git ls-files | grep -vE '^(\.ci/|\.gitignore$|\.gitattributes$)' | LC_ALL=C sort >"$build/in-git"
  tar -tf "$build"/gcc/libtheseus-*.tar.xz | sed 's,^[^/]*/,,' | LC_ALL=C sort >"$build/in-tarball"
  lost=$(LC_ALL=C comm -23 "$build/in-git" "$build/in-tarball")
  [ -z "$lost" ] || { echo "not in the tarball: add them to EXTRA_DIST in a local.mk:" && echo "$lost" && return 1; }
}

# Installs into an environment of its own, and looks from outside the checkout whether the package is whole.
fresh_install() { # NAME WHAT
  rm -rf "$build/$1-venv"
  "$PYTHON" -m venv "$build/$1-venv"
  "$build/$1-venv/bin/python" -m pip install --disable-pip-version-check "$2"
  cd /
  "$build/$1-venv/bin/python" -c 'import theseus, theseus._cffi as c; print(c.ffi.string(c.lib.theseus_version()))'
}

sdist() {
  rm -rf "$build/sdist"
  "$python" -m build --sdist --outdir "$build/sdist" "$root"
  fresh_install sdist "$build"/sdist/*.tar.gz
}

system_library() {
  export THESEUS_SYSTEM_LIB=1 PKG_CONFIG_PATH="$venv/lib/pkgconfig"
  fresh_install system "$root"
  "$build/system-venv/bin/python" -c 'import theseus; print(open("/proc/self/maps").read())' |
    grep -q "$venv/lib/libtheseus.so"
}

# Scripts and words.  In a git checkout only: the tarball has the same files.
scripts() { git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck --shell=sh; }
spelling() { # "\(bu" of roff and "\nd" of a string are no words
  git ls-files -z | grep -zvE '^tests/(data|fuzz/(callgrind|pprof))/' | xargs -0 codespell --ignore-words-list=bu,nd
}

# gcc looks for paths through each function on which something is leaked, freed twice or NULL.
analyzer() {
  configure analyzer CC=gcc --enable-werror --disable-shared CFLAGS='-O1 -fanalyzer'
  make -C "$build/analyzer" -j2
}

if [ "${1-}" = --step ]; then
  shift
  "$@"
  exit
fi

# ---- how steps are run and counted -------------------------------------------------------------------------------

case ${1-} in
  '') all= ;;
  --all) all=yes ;;
  *) die "usage: $0 [--all]" ;;
esac
passed=0 failed=0 skipped=0 running=

stop() { # SIGNAL: the running step, with all that it has started
  [ -z "$running" ] || kill "-$1" "-$running" 2>/dev/null || kill "-$1" "$running" 2>/dev/null || true
}

finish() {
  status=$?
  stop TERM
  # What stops the script before its end is a failure too.
  if [ "$status" != 0 ]; then failed=$((failed + 1)); fi
  if [ "$skipped" != 0 ]; then say "$skipped skipped"; fi
  echo "$passed passed, $failed failed"
  trap - EXIT
  if [ "$failed" = 0 ]; then exit 0; else exit 1; fi
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# Runs a command in a process group of its own.  The shell ignores SIGINT and SIGQUIT in what it starts with &; tests
# need them as they are by default.
in_group='import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
os.setsid()
os.execvp(sys.argv[1], sys.argv[1:])'

# Runs a step in a process group of its own, with its output in a log, and stops it if the log does not grow any more.
watched() { # NAME COMMAND...
  log=$build/log/$1.log
  shift
  mkdir -p "$build/log"
  "$PYTHON" -c "$in_group" sh -eu "$root/tests/run.sh" --step "$@" >"$log" 2>&1 </dev/null &
  running=$!
  size=0 quiet=0
  while kill -0 "$running" 2>/dev/null; do
    sleep 1
    now=$(wc -c <"$log")
    quiet=$((quiet + 1))
    if [ "$now" != "$size" ]; then size=$now quiet=0; fi
    if [ "$quiet" -ge "$silence" ]; then
      echo "stopped: nothing was printed for $silence seconds" >>"$log"
      stop TERM
      sleep 10
      stop KILL
    fi
  done
  if wait "$running"; then status=0; else status=$?; fi
  running=
  if [ "$status" != 0 ]; then show_failure "$log" "$*"; fi
  return "$status"
}

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
  if watched "$@"; then add 1 0 0 $(($(date +%s) - started)); else add 0 1 0 $(($(date +%s) - started)); fi
}

# A step of which the log has the number of tests.  It counts one failure at least if the command fails.
counted() { # COUNTER NAME COMMAND...
  counter=$1
  shift
  say "$1"
  started=$(date +%s)
  if watched "$@"; then bad=0; else bad=1; fi
  $counter <"$build/log/$1.log" >"$build/counts"
  read -r p f s <"$build/counts"
  if [ "$bad" = 1 ] && [ "$f" = 0 ]; then f=1; fi
  # No tests at all is not a success.
  if [ "$p" = 0 ] && [ "$f" = 0 ]; then f=1; fi
  add "$p" "$f" "$s" $(($(date +%s) - started))
}

# Only the summary at the end counts.  Logs that are shown before or after it have summaries, too.
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

# ---- set-up ------------------------------------------------------------------------------------------------------

links() { # COMPILER FLAG...
  mkdir -p "$build"
  echo 'int main(void) { return 0; }' >"$build/probe.c"
  "$@" -o "$build/probe" "$build/probe.c" >/dev/null 2>&1 && "$build/probe" 2>/dev/null
}

check_root
want_build_tools
want_python
export PYTHON
want g++ command -v g++
want xz-utils command -v xz
want libuv1-dev pkg-config --exists libuv
want liblua5.4-dev pkg-config --exists lua5.4
want lua5.4 command -v lua5.4
want zstd command -v zstd
want shellcheck command -v shellcheck
want codespell command -v codespell
if [ "$all" ]; then
  want clang command -v clang
  want valgrind command -v valgrind
  want gcovr command -v gcovr
fi
install_missing
if [ "$all" ] && ! links clang -fsanitize=address,undefined && command -v apt-cache >/dev/null; then
  runtime=libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev
  if apt-cache show "$runtime" >/dev/null 2>&1; then missing="$missing $runtime"; fi
fi
# The layout of the sources is checked with the one version that they are written with, if it can be had.
if ! command -v clang-format-14 >/dev/null && apt-cache show clang-format-14 >/dev/null 2>&1; then
  missing="$missing clang-format-14"
fi
install_missing
make_venv
install_library
install_package '[test]'
bootstrap

# ---- what is run -------------------------------------------------------------------------------------------------

sanitized() { # COMPILER
  if links "$1" -fsanitize=address,undefined; then
    counted automake_counts "$1-sanitizers" check_c "$1-sanitizers" CC="$1" --enable-werror --enable-sanitizers
  else
    skip "$1-sanitizers" "this $1 has none"
  fi
}

step quickstart quickstart
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  step shellcheck scripts
  step codespell spelling
else
  skip shellcheck "this is no git checkout"
  skip codespell "this is no git checkout"
fi
step ruff "$python" -m ruff check python setup.py tests/python examples
step ruff-format "$python" -m ruff format --check python setup.py tests/python examples
step mypy "$python" -m mypy python/theseus
if gcc -fanalyzer -c -o /dev/null -x c /dev/null 2>/dev/null; then
  step analyzer analyzer
else
  skip analyzer "this gcc has none"
fi
counted automake_counts gcc check_c gcc CC=gcc --enable-werror
sanitized gcc
if [ "$all" ]; then
  counted automake_counts clang check_c clang CC=clang --enable-werror
  sanitized clang
  if links clang -fsanitize=thread; then
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
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    step tarball tarball
  else
    skip tarball "this is no git checkout"
  fi
  if command -v gcovr >/dev/null; then
    step coverage "$python" tests/coverage.py --c "$build/coverage"
  else
    skip coverage "it needs gcovr"
  fi
  step sdist sdist
  step system-library system_library
  step wheels ./tests/wheels.sh
fi
counted pytest_counts pytest "$python" -m pytest -q tests/python
