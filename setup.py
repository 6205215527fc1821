# SPDX-License-Identifier: ISC
"""What pyproject.toml cannot say: the version, which is the library's, and the extension module."""

import os
import re
from pathlib import Path

from setuptools import setup

text = Path(__file__).with_name("libtheseus").joinpath("base", "version.h").read_text(encoding="utf-8")
version = re.search(r'^#define THESEUS_VERSION "(.+)"', text, re.MULTILINE)
if not version:
    raise SystemExit("libtheseus/base/version.h has no THESEUS_VERSION")

# A folder for each way of linking: an extension made in the one way must not pass for the other.
linked = "system" if os.environ.get("THESEUS_SYSTEM_LIB", "0") not in ("", "0") else "bundled"

setup(
    version=version[1],
    cffi_modules=["python/theseus/_build.py:builder"],
    options={"build": {"build_base": f".build/python-{linked}"}},
)
