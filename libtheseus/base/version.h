/* SPDX-License-Identifier: ISC */
/* version - the project's version, home page and bug address.  They are written here and nowhere else.
 *
 * configure.ac and setup.py read these lines as text: keep one #define a line.  A version that ends in .devN is not a
 * release.  example.org is a placeholder; tests/release.sh refuses to release with it. */
#define THESEUS_VERSION "1.0.0.dev0"
#define THESEUS_HOME "https://theseus.example.org/"
#define THESEUS_BUGS "bugs@theseus.example.org"
