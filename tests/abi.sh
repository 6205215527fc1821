# SPDX-License-Identifier: ISC
# What a compiled program relies on is as listed in libtheseus.abi: the size of each struct, where its members are, and
# the value of each constant.  A struct may grow at its end, a constant may be new: then the list grows too.  Any other
# difference breaks programs.
# The names of calls are the business of symbols.sh.
#
#     sh tests/abi.sh --list        prints the list
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
: "${srcdir:=.}" "${CC:=cc}" "${AWK:=awk}"

$AWK '
  BEGIN { print "#include <stdio.h>\n#include \"theseus.h\"\nint main(void) {" }
  function value(name) { printf "  printf(\"%s %%lld\\n\", (long long)%s);\n", name, name }
  { sub(/\/\*.*/, "") }
  /^typedef struct [a-z_]+ \{/ {
    struct = $3
    printf "  printf(\"struct %s %%zu\\n\", sizeof(%s));\n", struct, struct
  }
  /^#define THESEUS_[A-Z_]+ [A-Z0-9_]/ && $2 != "THESEUS_H" { value($2) }
  /^enum / { constants = 1 }
  constants {
    rest = $0
    while (match(rest, /THESEUS_[A-Z_]+ =/)) {
      value(substr(rest, RSTART, RLENGTH - 2))
      rest = substr(rest, RSTART + RLENGTH)
    }
  }
  /\}/ { struct = ""; constants = 0 }
  struct != "" && /;/ {
    name = $0
    if (match(name, /\(\*[a-z_]+\)/))
      name = substr(name, RSTART + 2, RLENGTH - 3)
    else {
      sub(/(\[.*)?;.*/, "", name)
      sub(/.*[ *]/, "", name)
    }
    printf "  printf(\"  %s.%s %%zu\\n\", offsetof(%s, %s));\n", struct, name, struct, name
  }
  END { print "  return 0;\n}" }' "$srcdir/libtheseus/theseus.h" >"$work/abi.c"
if ! $CC -I"$srcdir/libtheseus" -o "$work/abi" "$work/abi.c" >"$work/said" 2>&1; then
  echo "1..1"
  echo "not ok 1 - the header is understood"
  sed 's/^/# /' "$work/said"
  exit 0
fi
"$work/abi" >"$work/found"
if [ "$1" = --list ]; then
  cat "$work/found"
  exit 0
fi
echo 'int holds_if[sizeof(void *) == 8 && sizeof(long) == 8 ? 1 : -1];' >"$work/size.c"
if ! $CC -c -o "$work/size.o" "$work/size.c" >/dev/null 2>&1; then
  echo "1..0 # SKIP the list is of machines with pointers and longs of 64 bits"
  exit 0
fi
echo "1..2"
if [ "$(grep -c '^struct' "$work/found")" -gt 10 ] && grep -q '^THESEUS_EFORMAT -7$' "$work/found"; then
  echo "ok 1 - the header is understood"
else
  echo "not ok 1 - the header is understood"
fi
if diff -u "$srcdir/libtheseus/libtheseus.abi" "$work/found" >"$work/diff"; then
  echo "ok 2 - structs and constants are as listed"
else
  echo "not ok 2 - structs and constants are as listed"
  sed 's/^/# /' "$work/diff"
fi
