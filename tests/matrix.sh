#!/bin/sh
# SPDX-License-Identifier: ISC
# A failure means that a supported pair of Python and Twisted measures something else than the others, or not at all.
#     ./tests/matrix.sh                                   every pair: CPython 3.10 to 3.15 and PyPy 3.11, five Twisteds
#     PYTHONS='python3.12 /opt/pypy/bin/pypy3' TWISTEDS='24.11.0 newest' ./tests/matrix.sh
# For each interpreter a wheel is built; for each pair it is installed beside that Twisted in a new environment, and the
# scenarios, all hooks, are run.  Interpreters are looked for in PATH and among pyenv's.  A table is printed at the end;
# what is not there is named as missing.  Logs and environments stay in .build/matrix.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/.build/matrix
table=$work/table
rm -rf "$work"
mkdir -p "$work"
PYTHONS=${PYTHONS:-python3.10 python3.11 python3.12 python3.13 python3.14 python3.15 pypy3.11}
TWISTEDS=${TWISTEDS:-22.4.0 23.10.0 24.11.0 25.5.0 newest}

# Prints the interpreter of a name such as python3.12 or pypy3.11: pyenv's shims run only what is selected.
find_interpreter() { # NAME
  if "$1" -c '' 2>/dev/null; then
    command -v "$1"
    return
  fi
  for one in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/"$1"; do
    if "$one" -c '' 2>/dev/null; then
      echo "$one"
      return
    fi
  done
}

pip() { # ENVIRONMENT ARGUMENT...
  environment=$1
  shift
  "$work/$environment/bin/python" -m pip --disable-pip-version-check -q "$@"
}

# Runs the scenarios of one pair.  Prints its cell of the table.
try() { # INTERPRETER NAME TWISTED
  pair=$2-$3
  requirement=Twisted==$3
  if [ "$3" = newest ]; then requirement=Twisted; fi
  "$1" -m venv "$work/$pair" >"$work/$pair.log" 2>&1 || { echo "no venv" && return; }
  if ! pip "$pair" install "$requirement" pytest hypothesis "$work/wheels/$2"/*.whl >>"$work/$pair.log" 2>&1; then
    echo "not installable" # Twisted itself may not support the interpreter
    return
  fi
  # Old Twisteds use what new Pythons deprecate, and pytest keeps each warning.
  if (cd "$root" && "$work/$pair/bin/python" -m pytest -q -p no:cacheprovider -W ignore::DeprecationWarning \
    tests/python/test_scenarios.py tests/python/test_nothing_kept.py) >>"$work/$pair.log" 2>&1; then
    tail -n 1 "$work/$pair.log" | sed 's/ in .*//; s/^=* *//'
  else
    echo "FAILED: .build/matrix/$pair.log"
  fi
}

failed=0
for name in $PYTHONS; do
  label=$(basename "$name")
  interpreter=$(find_interpreter "$name")
  if [ -z "$interpreter" ]; then
    echo "$label | - | missing" >>"$table"
    continue
  fi
  mkdir -p "$work/wheels/$label"
  echo "==> $label: a wheel"
  if ! "$interpreter" -m pip --disable-pip-version-check -q wheel --no-deps -w "$work/wheels/$label" "$root" \
    >"$work/$label.log" 2>&1; then
    echo "$label | - | FAILED: no wheel: .build/matrix/$label.log" >>"$table"
    continue
  fi
  for twisted in $TWISTEDS; do
    echo "==> $label, Twisted $twisted"
    echo "$label | $twisted | $(try "$interpreter" "$label" "$twisted")" >>"$table"
  done
done
echo
awk -F ' [|] ' 'BEGIN { printf "%-12s %-9s %s\n", "Python", "Twisted", "result" }
  { printf "%-12s %-9s %s\n", $1, $2, $3 }' "$table"
if grep -q FAILED "$table"; then failed=1; fi
exit $failed
