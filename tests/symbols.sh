# SPDX-License-Identifier: ISC
# The shared library exports what libtheseus.symbols lists, and nothing else.
library=$top_builddir/libtheseus/.libs/libtheseus.so
if [ ! -f "$library" ]; then
  echo "1..0 # SKIP no ELF shared library was built"
  exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

echo "1..1"
$NM -D --defined-only "$library" | $AWK '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort >"$work/exported"
if diff -u "$srcdir/libtheseus/libtheseus.symbols" "$work/exported" >"$work/diff"; then
  echo "ok 1 - exports are as listed"
else
  echo "not ok 1 - exports are as listed"
  sed 's/^/# /' "$work/diff"
fi
