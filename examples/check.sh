# SPDX-License-Identifier: ISC
# The numbered examples: each is run, and what callgrind_annotate makes of its output is what its first lines promise.
# A test of `make check`: srcdir and top_builddir are in the environment, and it prints TAP.
if ! command -v callgrind_annotate >/dev/null; then
  echo "1..0 # SKIP callgrind_annotate is not here"
  exit 0
fi
source=$(cd "$srcdir/examples" && pwd)
headers=$(cd "$srcdir/libtheseus" && pwd)
build=$(cd "$top_builddir" && pwd)
work=$build/examples/check.d
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 99
n=0

# A check of a command's success, and why it is skipped.
is() { # name, command…
  n=$((n + 1))
  name=$1
  shift
  if "$@" >saying 2>&1; then
    echo "ok $n - $name"
  else
    echo "not ok $n - $name"
    sed 's/^/#   /' saying
  fi
  mv saying said # for the next check to look into
}
skip() {
  n=$((n + 1))
  echo "ok $n - $1 # SKIP $2"
}

# Lists the functions of a file, by callgrind_annotate: "inclusive-figure name".  The figure is that of the first
# column, or of another one.
functions() { # file, column, sorted by
  callgrind_annotate --inclusive=yes --auto=no --sort="${3:-Wait}" "$1" 2>/dev/null |
    awk -v column="${2:-1}" '
      /file:function$/ { inside = 1; next }
      inside && /^$/ { exit }
      inside && !/^-/ {
        gsub(/\( *[0-9.]+%\)/, "") # leaves a figure for each column, then file:function
        name = $0
        sub(/ \[[^]]*\]$/, "", name) # its object
        sub(/.*:/, "", name)
        gsub(/,/, "", $column)
        print $column, name
      }'
}
shows() { # file, expected
  functions "$1" | LC_ALL=C sort -k1,1nr -k2 >got # equal ones come in any order
  echo "$2" >expected
  diff expected got
}

is_pprof() { # number, file, a function
  if command -v go >/dev/null; then
    is "$1: go tool pprof reads it" go tool pprof -top -cum "$2"
    is "$1: and has $3" grep -q "$3" said
  else
    skip "$1: go tool pprof reads it" "Go is not here"
  fi
}

shows_calls() {
  functions program.callgrind 2 Calls | grep -qx '1973 fibonacci' &&
    functions program.callgrind 2 Calls | grep -qx '1976 main'
}
spent_on_squares() {
  functions program.callgrind 1 Run | awk '{ run[$2] = $1 } END { exit !(run["sum_of_squares"] > run["fibonacci"]) }'
}
within_each_other() { # file of functions, names with > between, the outermost first
  echo "$2" | awk -v file="$1" -F ' > ' '
    BEGIN { while ((getline line < file) > 0) { name = line; sub(/^[0-9]+ /, "", name); wait[name] = line + 0 } }
    { for (i = 2; i <= NF; i++) if (!($i in wait) || wait[$i] > wait[$(i - 1)]) { print $i; bad = 1 } }
    END { exit bad }'
}
full_disk() { # command…: says so, and fails
  if "$@" 2>message; then
    return 1
  fi
  grep -q "No space left" message
}
sources() { grep '^desc: Source' merged.callgrind | diff - expected; }
refused() { # file, message
  if "$build/examples/06-merge" refused.callgrind "$1" 2>message; then
    return 1
  fi
  echo "$2" | diff - message
}

# ---- 01 ----
is "01-record runs" "$build/examples/01-record" record.callgrind record.pb
is "01: a median and the worst" grep -qx 'query, for load: median 200 ms, worst 1200 ms' said
is "01: who waited, and for whom" shows record.callgrind "3500000000 (root)
3500000000 main
3500000000 query
3000000000 load
500000000 save"

if [ -c /dev/full ]; then
  is "01: a full disk" full_disk "$build/examples/01-record" /dev/full record.full
else
  skip "01: a full disk" "there is no /dev/full"
fi

# ---- 02 ----
is "02-spans runs" "$build/examples/02-spans" spans.callgrind
is "02: percentiles" grep -qx ' 90% of requests took up to 48.2 ms' said
is "02: the log's 800 ms are nobody's, the pages share the time of a request" shows spans.callgrind "1210000000 (root)
800000000 [detached]
800000000 log
410000000 handle
410000000 main
300000000 get_page
110000000 get_user"

# ---- 03 ----
if [ -e "$build/examples/03-program" ]; then
  THESEUS_OUT=program.callgrind
  export THESEUS_OUT
  is "03-program runs" "$build/examples/03-program"
  is "03: each call is counted" shows_calls
  is "03: the time went to the sum of squares" spent_on_squares
  is "03: functions are in the program" grep -q '^c*ob=.*03-program$' program.callgrind
else
  skip "03-program" "this compiler has no -finstrument-functions, or there is no dladdr"
fi

# ---- 04 ----
if [ -e "$build/examples/04-libuv" ]; then
  is "04-libuv runs" "$build/examples/04-libuv" libuv.callgrind
  functions libuv.callgrind >libuv.got
  is "04: each request under the callback that started it" within_each_other libuv.got \
    "(root) > main > start > uv_timer > on_timer > uv_fs_read > on_read > uv_tcp_connect > on_connected > uv_read"
  is "04: the timer's 200 ms and the greeting's 100 ms are the wait of the job" awk '
    { wait[$2] = $1 / 1e6 }
    END { exit !(wait["start"] >= 298 && wait["uv_tcp_connect"] >= 99 &&
      wait["start"] - wait["uv_fs_read"] >= 199) }' libuv.got
else
  skip "04-libuv" "libuv is not here"
fi

# ---- 05 ----
if [ -z "$LUA_PROGRAM" ] || [ ! -e "$build/examples/.libs/theseus.so" ]; then
  skip "05-lua" "Lua 5.4 is not here"
elif [ -n "$SANITIZERS" ]; then
  skip "05-lua" "an interpreter without sanitizers does not load a module that has them"
else
  LUA_CPATH="$build/examples/.libs/?.so"
  LD_LIBRARY_PATH="$build/libtheseus/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  export LUA_CPATH LD_LIBRARY_PATH
  is "05-lua runs a script" "$LUA_PROGRAM" "$source/05-script.lua" lua.callgrind
  is "05: coroutines that sleep, awaited by those that started them" shows lua.callgrind "3250000000 (root)
3250000000 main chunk
3250000000 sleep
3250000000 spawn
3250000000 step
3000000000 request
2000000000 get_page
1000000000 get_user
250000000 doomed
0 work"
  functions lua.callgrind 6 Instructions >lua.got
  is "05: the instructions are those of work()" awk '
    { ran[$2] = $1 } END { exit !(ran["work"] > 500000 && ran["work"] >= 0.95 * ran["(root)"]) }' lua.got
fi

# ---- 06 ----
is "06-merge adds pprof and callgrind" \
  "$build/examples/06-merge" merged.callgrind record.pb spans.callgrind record.callgrind
is "06: their sum" shows merged.callgrind "8210000000 (root)
7000000000 main
7000000000 query
6000000000 load
1000000000 save
800000000 [detached]
800000000 log
410000000 handle
410000000 main
300000000 get_page
110000000 get_user"
printf 'desc: Source: %s\n' record.callgrind record.pb spans.callgrind >expected
is "06: where it came from" sources
head -c 100 record.pb >short.pb
is "06: a broken file is refused, and the message says where" \
  refused short.pb "06-merge: short.pb: byte 67: a field that is longer than what holds it"

# ---- 08 ----
library=$build/libtheseus/.libs
node_headers=
if command -v node >/dev/null; then
  node_headers=$(node -p 'require("path").resolve(process.execPath, "../../include/node")')
fi
if [ -z "$node_headers" ] || [ ! -e "$node_headers/node_api.h" ]; then
  skip "08-node" "Node.js or its headers are not here"
elif [ -n "$SANITIZERS" ]; then
  skip "08-node" "Node.js does not load a library that has sanitizers"
else
  # shellcheck disable=SC2086 # CC may have options
  is "08-node is built" ${CC:-cc} -shared -fPIC -o theseus.node "$source/08-node.c" -I"$node_headers" -I"$headers" \
    -L"$library" -ltheseus -Wl,-rpath,"$library"
  is "08-node looks on" env THESEUS_NODE="$work/theseus.node" THESEUS_OUT="$work/node.callgrind" \
    node -r "$source/08-node.js" "$source/08-program.js"
  is "08-node writes pprof" env THESEUS_NODE="$work/theseus.node" THESEUS_OUT="$work/node.pb" \
    node -r "$source/08-node.js" "$source/08-program.js"
  is_pprof 08 node.pb getUser
  functions node.callgrind >node.got
  is "08: each promise under the function that waits for it" within_each_other node.got \
    "(root) > main > page > getUser
(root) > main > page > query"
  is "08: two queries at once take as long as the longer one" awk '
    { wait[$2] = $1 / 1e6 }
    END { exit !(wait["getUser"] >= 199 && wait["query"] >= 599 && wait["page"] - wait["getUser"] >= 599 &&
      wait["main"] >= wait["page"] && wait["query"] + wait["getUser"] <= wait["page"]) }' node.got
fi

# ---- 09 ----
export LD_LIBRARY_PATH="$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
if ! command -v go >/dev/null || ! command -v pkg-config >/dev/null; then
  skip "09-go" "Go is not here"
elif [ -n "$SANITIZERS" ]; then
  skip "09-go" "Go does not link a library that has sanitizers"
else
  printf '%s\n' 'Name: libtheseus' 'Description: not installed' 'Version: 0' "Cflags: -I$headers" \
    "Libs: -L$library -ltheseus" >theseus.pc
  is "09-go is built" env PKG_CONFIG_PATH="$work" CGO_ENABLED=1 go build -o go-server "$source/09-go.go"
  is "09-go serves three requests" ./go-server go.callgrind go.pb
  functions go.callgrind >go.got
  is "09: queries under the page that asked" within_each_other go.got \
    "(root) > main.main.(*Profile).Middleware.func1 > GET /page > main.query > query user"
  is "09: the page waits 150 ms, twice, though its queries take 250 ms each time" awk '
    { wait[$NF] = $1 / 1e6 }
    END { exit !(wait["user"] >= 99 && wait["/page"] >= 299 &&
      wait["news"] + wait["mail"] <= wait["/page"] - 99) }' go.got
  is "09: go tool pprof reads it" go tool pprof -top -cum go.pb
  is "09: and has the queries" grep -q 'main\.query' said
fi

# ---- 10 ----
if [ ! -e "$build/examples/.libs/mutex.so" ] || [ ! -e "$build/examples/10-program" ]; then
  skip "10-mutex" "libtool or libc lack what it needs"
elif [ -n "$SANITIZERS" ]; then
  skip "10-mutex" "sanitizers have a pthread_mutex_lock of their own"
else
  is "10-mutex looks on" env THESEUS_OUT="$work/mutex.callgrind" LD_PRELOAD="$build/examples/.libs/mutex.so" \
    "$build/examples/10-program"
  is "10-mutex writes pprof" env THESEUS_OUT="$work/mutex.pb" LD_PRELOAD="$build/examples/.libs/mutex.so" \
    "$build/examples/10-program"
  is_pprof 10 mutex.pb clerk
  functions mutex.callgrind >mutex.got
  is "10: the clerks wait for the audit" within_each_other mutex.got "(root) > clerk > post > [held by audit]"
  is "10: and for nobody else" awk '/held by/ { held += $1 } /\(root\)/ { all = $1 }
    END { exit !(all >= 1e8 && held == all) }' mutex.got
fi

# ---- 11 ----
is "11-snapshot writes files of a thread that goes on" "$build/examples/11-snapshot" snapshot.callgrind
is "11: all jobs are in the last one" grep -qx '20000 jobs' said
is "11: with their wait" shows snapshot.callgrind "20000000000 (root)
20000000000 job"

cd "$build" && rm -rf "$work"
echo "1..$n"
