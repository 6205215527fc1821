# SPDX-License-Identifier: ISC
# Refuses a release that is not ready.  A failure here means that the tree must not be published as it is.
#
# The checks are in force if the version is that of a release, if the commit has a tag v…, and for `make release-check`.
# Otherwise they are run against copies, to show that they refuse what they should.
: "${srcdir:=.}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
n=0

is() { # NAME GOT WANTED
  n=$((n + 1))
  if [ "$2" = "$3" ]; then
    echo "ok $n - $1"
  else
    echo "not ok $n - $1"
    printf '%s\n' "$2" "--- wanted:" "$3" | sed 's/^/#   /'
  fi
}

defined() { # NAME HEADER
  sed -n "s/^#define $1 \"\\(.*\\)\"\$/\\1/p" "$2"
}

# Prints a line for each reason against a release.
reasons() { # HEADER NEWS TAGS
  version=$(defined THESEUS_VERSION "$1")
  case $version in
    *dev*) echo "$version is a development version" ;;
  esac
  for name in THESEUS_HOME THESEUS_BUGS; do
    case $(defined $name "$1") in
      *example.org*) echo "$name is a placeholder: write the project's own address into libtheseus/base/version.h" ;;
    esac
  done
  grep -q "^$version, [0-9]\{4\}-[0-9][0-9]-[0-9][0-9]\$" "$2" || echo "NEWS has no line \"$version, YYYY-MM-DD\""
  for tag in $3; do
    [ "$tag" = "v$version" ] || echo "the tag is $tag, the version $version"
  done
}

header=$srcdir/libtheseus/base/version.h
version=$(defined THESEUS_VERSION "$header")
tags=$(git -C "$srcdir" tag --points-at HEAD 2>/dev/null | grep '^v[0-9]')

is_release() {
  case $version in
    *dev*) [ -n "${RELEASE-}$tags" ] ;;
  esac
}

if is_release; then
  is "$version may be released" "$(reasons "$header" "$srcdir/NEWS" "$tags")" ""
else
  good=$work/version.h
  printf '#define %s "%s"\n' THESEUS_VERSION 1.2.3 THESEUS_HOME https://theseus.invalid/ \
    THESEUS_BUGS b@theseus.invalid >"$good"
  echo "1.2.3, 2026-12-01" >"$work/NEWS"
  sed 's/1\.2\.3/1.2.3.dev0/' "$good" >"$work/dev.h"
  sed 's/theseus\.invalid/theseus.example.org/' "$good" >"$work/placeholder.h"
  is "a version that is ready" "$(reasons "$good" "$work/NEWS" v1.2.3)" ""
  is "a development version" "$(reasons "$work/dev.h" "$work/NEWS" "" | head -n 1)" \
    "1.2.3.dev0 is a development version"
  is "placeholders" "$(reasons "$work/placeholder.h" "$work/NEWS" "" | grep -c 'is a placeholder')" 2
  is "no date in NEWS" "$(reasons "$good" /dev/null "")" 'NEWS has no line "1.2.3, YYYY-MM-DD"'
  is "another tag" "$(reasons "$good" "$work/NEWS" v0.9)" "the tag is v0.9, the version 1.2.3"
fi
echo "1..$n"
