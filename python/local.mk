# SPDX-License-Identifier: ISC
# Python is built and installed by pip, never by make: all of it is only in the tarball.
EXTRA_DIST += \
  %D%/theseus/_build.py
