# SPDX-License-Identifier: ISC
# Public headers are read by a strict C compiler and by a C++ compiler, alone, and twice.  A failure means that programs
# with such a compiler cannot be built.
# $CC and $CXX may be commands with flags.
# shellcheck disable=SC2086
n=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

reads() { # NAME SUFFIX COMPILER FLAG...
  name=$1
  source=$work/header.$2
  shift 2
  n=$((n + 1))
  if said=$("$@" -pedantic -Wall -Wextra -Werror -I"$srcdir/libtheseus" -fsyntax-only "$source" 2>&1); then
    echo "ok $n - $name"
  else
    echo "not ok $n - $name"
    echo "$said" | sed 's/^/# /'
  fi
}

cat >"$work/header.c" <<'END'
#include "theseus-stdio.h"
#include "theseus-stdio.h"
#include "theseus.h"
#include "theseus.h"
int main(void) { return theseus_strerror(THESEUS_OK) && theseus_file_sink(stdout).write ? 0 : 1; }
END
cp "$work/header.c" "$work/header.cc"

reads "as C11" c $CC -std=c11
reads "as C99" c $CC -std=c99
if [ "$CXX" = no ]; then
  n=$((n + 1))
  echo "ok $n - as C++11 # SKIP there is no C++ compiler"
else
  reads "as C++11" cc $CXX -std=c++11
  reads "as C++17" cc $CXX -std=c++17
fi

# Foreign-function interfaces read what is between the marker lines as it stands.
n=$((n + 1))
if sed -n '/From here to the line/,/end of declarations \*\//p' "$srcdir/libtheseus/theseus.h" >"$work/region" &&
  [ -s "$work/region" ] && ! grep -nE '^ *# *(if|ifdef|ifndef|else|elif|endif|include|pragma)' "$work/region"; then
  echo "ok $n - no conditional inside the declarations"
else
  echo "not ok $n - no conditional inside the declarations"
fi
echo "1..$n"
