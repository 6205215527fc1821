#!/bin/sh
# SPDX-License-Identifier: ISC
# From a fresh checkout to a profile: installs what is missing, builds, and profiles examples/web_profile.py.
# Run again, it only does what has changed.  PYTHON=python3.12 ./examples/quickstart.sh uses that interpreter.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/setup.sh
. "$root/tests/setup.sh"

check_root
want_build_tools
want_python
install_missing
make_venv
install_library
# shellcheck disable=SC2119 # without extras
install_package

cd "$root"
say "profiling examples/web_profile.py"
"$venv/bin/theseus" run -q --force -o "$build/web.pb.gz" examples/web_profile.py
say "theseus report .build/web.pb.gz"
"$venv/bin/theseus" report .build/web.pb.gz
