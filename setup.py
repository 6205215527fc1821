# SPDX-License-Identifier: ISC
"""The parts of the package that pyproject.toml cannot state: version, addresses, and the extension module."""

import os
import re
from pathlib import Path

from setuptools import setup

HEADER = Path(__file__).with_name("libtheseus").joinpath("base", "version.h")
DEFINED = dict(re.findall(r'^#define (THESEUS_\w+) "(.+)"$', HEADER.read_text(encoding="utf-8"), re.MULTILINE))
if not {"THESEUS_VERSION", "THESEUS_HOME", "THESEUS_BUGS"} <= DEFINED.keys():
    raise SystemExit(f"{HEADER} lacks THESEUS_VERSION, THESEUS_HOME or THESEUS_BUGS")

# One build folder for each way of linking: an extension that was linked in one way must not be reused for the other.
linked = "system" if os.environ.get("THESEUS_SYSTEM_LIB", "0") not in ("", "0") else "bundled"

setup(
    version=DEFINED["THESEUS_VERSION"],
    project_urls={"Homepage": DEFINED["THESEUS_HOME"], "Bug reports": f"mailto:{DEFINED['THESEUS_BUGS']}"},
    cffi_modules=["python/theseus/_build.py:builder"],
    options={"build": {"build_base": f".build/python-{linked}"}},
)
