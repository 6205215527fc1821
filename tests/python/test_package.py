# SPDX-License-Identifier: ISC
"""The metadata of the installed package.  A failure means that PyPI would show a version or address of its own."""

from __future__ import annotations

import pathlib
import re
from importlib.metadata import metadata

import theseus

HEADER = pathlib.Path(__file__).resolve().parents[2] / "libtheseus" / "base" / "version.h"
DEFINED = dict(re.findall(r'^#define (THESEUS_\w+) "(.+)"$', HEADER.read_text(encoding="utf-8"), re.MULTILINE))


def test_one_version() -> None:
    assert metadata("twisted-theseus")["Version"] == theseus.__version__ == DEFINED["THESEUS_VERSION"]


def test_the_addresses_are_those_of_version_h() -> None:
    urls = dict(url.split(", ") for url in metadata("twisted-theseus").get_all("Project-URL") or ())
    assert urls == {"Homepage": DEFINED["THESEUS_HOME"], "Bug reports": f"mailto:{DEFINED['THESEUS_BUGS']}"}
