# SPDX-License-Identifier: ISC
# All C is laid out as clang-format does it.  A failure names the files to run clang-format-14 -i on.
want=14
clang_format=
for name in clang-format-$want clang-format; do
  if command -v "$name" >/dev/null && "$name" --version | grep -q "version $want\."; then
    clang_format=$name
    break
  fi
done
if [ -z "$clang_format" ] || [ ! -f "$srcdir/.clang-format" ]; then
  echo "1..0 # SKIP clang-format $want is not here, and others format otherwise"
  exit 0
fi

n=0
for file in "$srcdir"/libtheseus/*.h "$srcdir"/libtheseus/*/*.[ch] "$srcdir"/python/shim/*.[ch] \
  "$srcdir"/tests/c/*.[ch] "$srcdir"/tests/*.c "$srcdir"/tests/bench/*.c "$srcdir"/tests/fuzz/*.[ch] \
  "$srcdir"/tests/hostile/*.[ch] "$srcdir"/examples/*.[ch]; do
  [ -f "$file" ] || continue
  n=$((n + 1))
  name=${file#"$srcdir"/}
  if said=$($clang_format --dry-run --Werror "$file" 2>&1); then
    echo "ok $n - $name"
  else
    echo "not ok $n - $name"
    echo "$said" | sed 's/^/# /'
  fi
done
echo "1..$n"
