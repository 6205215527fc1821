# SPDX-License-Identifier: ISC
# The tests of the Python package, with $PYTHON (python3), if the package is installed there.  PYTHON=no skips them.
python=${PYTHON:-python3}
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
if [ "$python" = no ] || ! (cd / && "$python" -c 'import pytest, theseus') >/dev/null 2>&1; then
  echo "1..0 # SKIP $python has not both theseus and pytest"
  exit 0
fi

# One line of TAP a test, made of pytest's own verbose lines.
echo "# $("$python" --version)"
"$python" -m pytest -p no:cacheprovider --color=no -v -rfE "$srcdir/tests/python" 2>&1 | $AWK '
  /^[^ ]+::.* (PASSED|XFAIL)/ { print "ok " ++n " - " $1; next }
  /^[^ ]+::.* SKIPPED/ { print "ok " ++n " - " $1 " # SKIP"; next }
  /^[^ ]+::.* (FAILED|XPASS|ERROR)/ { print "not ok " ++n " - " $1; next }
  { print "# " $0 }
  /^=+ .*(passed|failed|error|no tests ran).* =+$/ { ended = 1 }
  END { if (!ended) print "not ok " ++n " - pytest came to its end"; print "1.." n }'
