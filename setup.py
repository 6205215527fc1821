# SPDX-License-Identifier: ISC
"""The parts of the package that pyproject.toml cannot state: version, addresses, and the extension module."""

import os
import re
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HEADER = Path(__file__).with_name("libtheseus").joinpath("base", "version.h")
DEFINED = dict(re.findall(r'^#define (THESEUS_\w+) "(.+)"$', HEADER.read_text(encoding="utf-8"), re.MULTILINE))
if not {"THESEUS_VERSION", "THESEUS_HOME", "THESEUS_BUGS"} <= DEFINED.keys():
    raise SystemExit(f"{HEADER} lacks THESEUS_VERSION, THESEUS_HOME or THESEUS_BUGS")

# One build folder for each way of linking: an extension that was linked in one way must not be reused for the other.
linked = "system" if os.environ.get("THESEUS_SYSTEM_LIB", "0") not in ("", "0") else "bundled"


class BuildWithStart(build_py):
    """Puts the files that start the hook beside the package, where site looks for them: at site-packages' top."""

    files = ("theseus.pth", "theseus.start")

    def _places(self) -> dict[str, str]:
        top = self.build_lib
        if self.editable_mode:  # the modules stay where they are, and these go into the wheel that points there
            top = self.get_finalized_command("install").install_lib
        return {os.path.join("python", name): os.path.join(top, name) for name in self.files}

    def run(self) -> None:
        super().run()
        for source, place in self._places().items():
            self.mkpath(os.path.dirname(place))
            self.copy_file(source, place)

    def get_source_files(self) -> list[str]:
        return [*super().get_source_files(), *self._places()]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        places = [] if self.editable_mode else self._places().values()
        return [*super().get_outputs(include_bytecode), *places]


setup(
    version=DEFINED["THESEUS_VERSION"],
    project_urls={"Homepage": DEFINED["THESEUS_HOME"], "Bug reports": f"mailto:{DEFINED['THESEUS_BUGS']}"},
    cmdclass={"build_py": BuildWithStart},
    cffi_modules=["python/theseus/_build.py:builder"],
    options={"build": {"build_base": f".build/python-{linked}"}},
)
