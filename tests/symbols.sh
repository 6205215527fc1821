# SPDX-License-Identifier: ISC
# The shared library exports what libtheseus.symbols lists, and nothing else.  A failure means that a program cannot be
# linked, or can use what is internal.
library=$top_builddir/libtheseus/.libs/libtheseus.so
if [ ! -f "$library" ]; then
  echo "1..0 # SKIP no ELF shared library was built"
  exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

echo "1..2"
$NM -D --defined-only "$library" | $AWK '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort >"$work/exported"
if diff -u "$srcdir/libtheseus/libtheseus.symbols" "$work/exported" >"$work/diff"; then
  echo "ok 1 - exports are as listed"
else
  echo "not ok 1 - exports are as listed"
  sed 's/^/# /' "$work/diff"
fi

# A function that is declared, but not there, is found out only by whoever calls it.
sed -n 's/^[a-z].*[ *]\(theseus_[a-z_0-9]*\)(.*/\1/p' "$srcdir/libtheseus/theseus.h" | LC_ALL=C sort >"$work/declared"
if diff -u "$srcdir/libtheseus/libtheseus.symbols" "$work/declared" >"$work/diff"; then
  echo "ok 2 - what is exported is what theseus.h declares"
else
  echo "not ok 2 - what is exported is what theseus.h declares"
  sed 's/^/# /' "$work/diff"
fi
