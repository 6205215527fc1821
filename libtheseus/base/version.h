/* SPDX-License-Identifier: ISC */
/* The version, here and nowhere else: configure.ac and setup.py read it from this line. */
#define THESEUS_VERSION "0.1.0"
