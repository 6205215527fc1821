# SPDX-License-Identifier: ISC
EXTRA_DIST += \
  %D%/quickstart.sh
