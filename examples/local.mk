# SPDX-License-Identifier: ISC
EXTRA_DIST += \
  %D%/first.py \
  %D%/quickstart.sh \
  %D%/web_profile.py
