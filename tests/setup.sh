# SPDX-License-Identifier: ISC
# What examples/quickstart.sh and tests/run.sh both start with: sourced, with $root the checkout.
#
#     packages ...          system packages, by apt; all else stays inside the checkout:
#     .venv/                the virtual environment, which is the prefix of the C library as well
#     .build/               where everything is built, with the logs in .build/log
#
# Everything is done again only when what it depends on has changed.

venv=$root/.venv
build=$root/.build

say() { printf '==> %s\n' "$*"; }

die() {
  printf '%s\n' "$@" >&2
  exit 1
}

# Shows why a command failed: the tests that its log names, and the end of the log.
show_failure() { # LOG COMMAND
  printf '%s\n' "--- failed: $2" >&2
  grep -E '^(FAIL|ERROR|XPASS)' "$1" | awk '!seen[$0]++' | head -n 20 >&2
  printf '%s\n' "--- the end of $1:" >&2
  tail -n 40 "$1" >&2
}

# Runs a command with its output in a log, the end of which is shown if it fails.
logged() { # NAME COMMAND...
  log=$build/log/$1.log
  shift
  mkdir -p "$build/log"
  "$@" >"$log" 2>&1 </dev/null && return
  status=$?
  show_failure "$log" "$*"
  return $status
}

# A number that changes with the content of files and folders.
key() { # PATH...
  find "$@" -type f ! -name '*.pyc' ! -path '*/*.egg-info/*' -exec cksum {} + | LC_ALL=C sort | cksum
}

is_current() { # STAMP KEY
  [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

# ---- system packages -------------------------------------------------------------------------------------------

missing=

want() { # PACKAGE TEST...: the package is wanted if the test fails
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}

has_headers() { printf '#include <stdio.h>\n' | "${CC:-cc}" -E - ; }

# $missing and $as_root are lists.
# shellcheck disable=SC2086
install_missing() {
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null; then
    die "Missing, by their Debian names:$missing" \
      "This is not Debian or Ubuntu: please install them, and run this again."
  fi
  as_root=
  if [ "$(id -u)" != 0 ]; then
    # Without a terminal, sudo has nobody to ask for a password.
    as_root='sudo -n'
    if [ -t 0 ]; then as_root=sudo; fi
    if ! command -v sudo >/dev/null || ! $as_root true; then
      die "Missing packages. As root, run" "" "    apt-get update && apt-get install -y$missing" "" \
        "and then this again."
    fi
  fi
  say "installing$missing"
  logged apt-update $as_root apt-get -q update || say "apt-get update failed; going on with the lists there are"
  logged apt-install $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 install $missing ||
    die "The packages could not be installed:$missing"
  missing=
}

# ---- the interpreter -------------------------------------------------------------------------------------------

PYTHON=${PYTHON:-python3}

python_runs() { "$PYTHON" -c ''; }
python_makes_environments() { "$PYTHON" -c 'import ensurepip, venv'; }
python_has_headers() {
  "$PYTHON" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'
}

# pyenv's shim of a version that is installed but not selected does not run: take that version itself.
find_python() {
  if python_runs 2>/dev/null || ! command -v pyenv >/dev/null; then return; fi
  for version in $(pyenv versions --bare 2>/dev/null); do
    case python$version in
      "$PYTHON" | "$PYTHON".*) PYTHON=$(pyenv prefix "$version")/bin/python3 ;;
    esac
  done
}

want_python() {
  find_python
  name=$(basename "$PYTHON")
  if python_runs 2>/dev/null; then
    # Debian's python3 and pypy3 have packages of that name, of whatever version they are.
    case $(basename "$(command -v "$PYTHON")") in
      python3 | pypy3) name=$(basename "$PYTHON") ;;
      *) name=$("$PYTHON" -c 'import sys; print("python%d.%d" % sys.version_info[:2])') ;;
    esac
  else
    missing="$missing $name"
  fi
  want "$name-venv" python_makes_environments
  want "$name-dev" python_has_headers
}

want_build_tools() {
  want gcc command -v "${CC:-cc}"
  want libc6-dev has_headers
  want make command -v make
  want autoconf command -v autoconf
  want automake command -v automake
  want libtool command -v libtoolize
  want pkg-config command -v pkg-config
  want zlib1g-dev pkg-config --exists zlib
  want libzstd-dev pkg-config --exists libzstd
}

# ---- what goes into .venv --------------------------------------------------------------------------------------

check_root() {
  case $root in
    *[[:space:]]*) die "The path of this checkout has a space in it, which autotools cannot cope with: $root" ;;
  esac
  if [ -f "$root/config.status" ]; then
    die "The checkout itself is configured, so that no other folder can be: run 'make distclean' in it first."
  fi
  # Both folders hold their own absolute path.  Those of a checkout that was moved or copied point to the old place.
  if [ -d "$build" ] && ! is_current "$build/root" "$root"; then rm -rf "$build" "$venv"; fi
  mkdir -p "$build"
  printf '%s\n' "$root" >"$build/root"
}

interpreter() { "$1" -c 'import sys; print(sys.version.split("\n")[0], sys.base_prefix)' 2>/dev/null; }

make_venv() {
  identity=$(interpreter "$PYTHON") || die "$PYTHON does not run."
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    die "Python 3.10 or later is needed, and $PYTHON is $identity." "Name another one: PYTHON=python3.12 $0"
  if [ "$(interpreter "$venv/bin/python")" = "$identity" ]; then return; fi
  say "making .venv with $PYTHON ($identity)"
  rm -rf "$venv"
  logged venv "$PYTHON" -m venv "$venv" || die "$PYTHON cannot make a virtual environment."
}

# Sets up the sources for ./configure.
bootstrap() {
  described=$(cd "$root" && key configure.ac Makefile.am libtheseus/base/version.h ./*/local.mk)
  if [ -f "$root/configure" ] && is_current "$build/bootstrapped" "$described"; then return; fi
  say "autoreconf"
  (cd "$root" && logged autoreconf autoreconf -fi) || die "autoreconf failed."
  printf '%s\n' "$described" >"$build/bootstrapped"
}

# Configures .build/NAME unless that is done already; make itself sees to what changes later.
configure() { # NAME ARGUMENT...
  name=$1
  shift
  mkdir -p "$build/$name"
  (cd "$build/$name" && { is_current arguments "$*" || ../../configure -q "$@"; } && printf '%s\n' "$*" >arguments)
}

install_library() {
  current=$(cd "$root" && key libtheseus configure.ac Makefile.am ./*/local.mk)
  if is_current "$venv/.theseus-c" "$current"; then return; fi
  bootstrap
  say "building libtheseus into .venv"
  logged configure configure install --prefix="$venv" || die "configure failed."
  logged install make -C "$build/install" -j2 install || die "libtheseus could not be built."
  printf '%s\n' "$current" >"$venv/.theseus-c"
}

install_package() { # [EXTRAS]
  current=$(cd "$root" && key libtheseus python pyproject.toml setup.py MANIFEST.in)
  extras=$(cd "$root" && key pyproject.toml)
  if is_current "$venv/.theseus-python" "$current" &&
    { [ -z "${1-}" ] || is_current "$venv/.theseus-extras" "$extras"; }; then
    return
  fi
  say "building the Python package into .venv"
  rm -rf "$build/python-bundled"
  logged pip "$venv/bin/python" -m pip install --disable-pip-version-check "$root${1-}" ||
    die "The Python package could not be installed."
  printf '%s\n' "$current" >"$venv/.theseus-python"
  if [ -n "${1-}" ]; then printf '%s\n' "$extras" >"$venv/.theseus-extras"; fi
}
