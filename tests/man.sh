# SPDX-License-Identifier: ISC
# Every call and every type is on one manual page, and groff sets each page in 80 columns without a complaint.  A
# failure means that a page is missing, or unreadable on a terminal.
header=$srcdir/libtheseus/theseus.h
script=$srcdir/libtheseus/man.awk
n=0
pages="libtheseus theseus_callgrind theseus_events theseus_graph theseus_pprof theseus_profile theseus_spans"
pages="$pages theseus_stacks theseus_status"

is() {
  n=$((n + 1))
  if [ "$2" = "$3" ]; then
    echo "ok $n - $1"
  else
    echo "not ok $n - $1"
    printf '%s\n' "$2" "--- wanted:" "$3" | sed 's/^/#   /'
  fi
}

names=$($AWK -v page=index -f "$script" "$header")
index=$(echo "$names" | grep ' call$')
types=$(sed -nE 's/^(typedef struct|enum) (theseus_[a-z_]*).*/\2/p' "$header" | LC_ALL=C sort)
is "each exported call is on a page" "$(echo "$index" | awk '{ print $2 }' | LC_ALL=C sort)" \
  "$(cat "$srcdir/libtheseus/libtheseus.symbols")"
is "and so is each type, if only by a page of its name" \
  "$(echo "$types" | grep -vxF "$(echo "$pages" | tr ' ' '\n')")" \
  "$(echo "$names" | awk '$3 == "type" { print $2 }' | LC_ALL=C sort)"
is "and each page with calls is made" "$(echo "$index" | awk '{ print $1 }' | LC_ALL=C sort -u)" \
  "$(echo "$pages" | tr ' ' '\n' | grep -v '^libtheseus$')"
for page in $pages; do
  text=$($AWK -v page="$page" -f "$script" "$header")
  case $page in
    libtheseus) missing= ;;
    *) missing=$(echo "$index" | awk -v page="$page" '$1 == page { print $2 }' |
      while read -r call; do printf '%s\n' "$text" | grep -q "^\.SS .*$call()" || echo "$call"; done) ;;
  esac
  is "$page: its calls" "$missing" ""
  if command -v groff >/dev/null; then
    is "$page: groff" "$(printf '%s\n' "$text" | groff -k -man -Tutf8 -ww -rLL=80n 2>&1 >/dev/null)" ""
  fi
done
# The page of a call has its prototype in the synopsis, and the first sentence of its text as its name.
for call in $(echo "$index" | awk '{ print $2 }'); do
  text=$($AWK -v page="$call" -f "$script" "$header")
  synopsis=$(printf '%s\n' "$text" | sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/p')
  case $synopsis in *"$call("*) found=yes ;; *) found=no ;; esac
  is "$call: its prototype is in the synopsis" "$found" yes
  is "$call: its name line" "$(printf '%s\n' "$text" | grep -cE "^$call \\\\- .{8,}")" 1
  if command -v groff >/dev/null; then
    is "$call: groff" "$(printf '%s\n' "$text" | groff -k -man -Tutf8 -ww -rLL=80n 2>&1 >/dev/null)" ""
  fi
done
for page in theseus_spans theseus_hosts; do
  if command -v groff >/dev/null; then
    is "$page(7): groff" "$(groff -k -man -Tutf8 -ww -rLL=80n "$srcdir/libtheseus/man/$page.7" 2>&1 >/dev/null)" ""
  fi
  # Each call that it names exists.
  is "$page(7): its calls exist" \
    "$(sed -n 's/^\.BR \(theseus_[a-z_]*\) (3).*/\1/p' "$srcdir/libtheseus/man/$page.7" | LC_ALL=C sort -u |
      grep -vxF -e theseus_spans -e "$(echo "$index" | awk '{ print $2 }')")" ""
done
echo "1..$n"
