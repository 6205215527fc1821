/* SPDX-License-Identifier: ISC */
/* The callgrind reader on the habits of those who write such files; where and how it refuses what makes no sense; and that what it
 * refuses changes nothing. */
#include "memory.h"

struct good {
  const char *what, *bytes;
  size_t size;
  const char *written; /* from `positions:` on */
  const char *warning; /* the first one, after the file's name; NULL: none at all */
};

/* clang-format off */
static const struct good goods[] = {
    {"relative, starred and hexadecimal positions",
     "events: A\n"
     "fn=f\n"
     "10 1\n"
     "+2 2\n"
     "-1 3\n"
     "* 4\n"
     "0x20 5\n"
     "+0x2 6\n", 48,
     "positions: line\n"
     "events: A\n"
     "summary: 21\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "10 1\n"
     "11 7\n"
     "12 2\n"
     "32 5\n"
     "34 6\n"
     "\n"
     "totals: 21\n",
     NULL},
    {"positions go on from the line of a call, never from its target",
     "events: A\n"
     "fn=f\n"
     "10 1\n"
     "cfn=g\n"
     "calls=1 50\n"
     "+1 7\n"
     "+1 2\n", 47,
     "positions: line\n"
     "events: A\n"
     "summary: 3\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "10 1\n"
     "12 2\n"
     "cfi=\n"
     "cfn=(2) g\n"
     "calls=1 50\n"
     "11 7\n"
     "\n"
     "totals: 3\n",
     NULL},
    {"targets of calls are relative to the last line of costs",
     "events: A\n"
     "fn=f\n"
     "10 1\n"
     "cfn=g\n"
     "calls=1 +5\n"
     "* 7\n"
     "cfn=g\n"
     "calls=1 -5\n"
     "* 1\n", 62,
     "positions: line\n"
     "events: A\n"
     "summary: 1\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "10 1\n"
     "cfi=\n"
     "cfn=(2) g\n"
     "calls=2 5\n"
     "10 8\n"
     "\n"
     "totals: 1\n",
     NULL},
    {"instructions and lines",
     "positions: instr line\n"
     "events: A\n"
     "fn=f\n"
     "0x10 3 1\n"
     "+4 * 2\n"
     "* +1 4\n"
     "cfn=g\n"
     "calls=1 0x40 9\n"
     "-4 * 8\n", 88,
     "positions: instr line\n"
     "events: A\n"
     "summary: 7\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "0x10 3 1\n"
     "0x14 3 2\n"
     "0x14 4 4\n"
     "cfi=\n"
     "cfn=(2) g\n"
     "calls=1 0x40 9\n"
     "0x10 4 8\n"
     "\n"
     "totals: 7\n",
     NULL},
    {"instructions only",
     "positions: instr\n"
     "events: A\n"
     "fn=f\n"
     "0x10 1\n"
     "+4 2\n", 44,
     "positions: instr\n"
     "events: A\n"
     "summary: 3\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "0x10 1\n"
     "0x14 2\n"
     "\n"
     "totals: 3\n",
     NULL},
    {"missing costs are 0, blanks are blanks, CR LF too",
     "events: A B\n"
     "fn=f\r\n"
     "1\t2 \r\n"
     "2  3\t 4\t\r\n"
     "3\r\n", 37,
     "positions: line\n"
     "events: A B\n"
     "summary: 5 4\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 2 0\n"
     "2 3 4\n"
     "3 0 0\n"
     "\n"
     "totals: 5 4\n",
     NULL},
    {"no LF at the end",
     "events: A\n"
     "fn=f\n"
     "1 2", 18,
     "positions: line\n"
     "events: A\n"
     "summary: 2\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 2\n"
     "\n"
     "totals: 2\n",
     NULL},
    {"comments and blank lines within a pair",
     "events: A\n"
     "fn=f\n"
     "cfn=g\n"
     "calls=1 2\n"
     "# a comment\n"
     "\n"
     "  \n"
     "5 6\n", 51,
     "positions: line\n"
     "events: A\n"
     "summary: 0\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "cfi=\n"
     "cfn=(2) g\n"
     "calls=1 2\n"
     "5 6\n"
     "\n"
     "totals: 0\n",
     NULL},
    {"names: by number, anew, bare",
     "events: A\n"
     "fl=(1) /a\n"
     "fn=(1) f\n"
     "1 1\n"
     "fn=(2) g\n"
     "2 2\n"
     "fl=(1) /b\n"
     "fn=(1)\n"
     "3 3\n"
     "fn=(2) h\n"
     "4 4\n"
     "fn=plain\n"
     "5 5\n", 93,
     "positions: line\n"
     "events: A\n"
     "summary: 15\n"
     "\n"
     "fl=(1) /a\n"
     "fn=(1) f\n"
     "1 1\n"
     "\n"
     "fl=(1)\n"
     "fn=(2) g\n"
     "2 2\n"
     "\n"
     "fl=(2) /b\n"
     "fn=(3) f\n"
     "3 3\n"
     "\n"
     "fl=(2)\n"
     "fn=(4) h\n"
     "4 4\n"
     "\n"
     "fl=(2)\n"
     "fn=(5) plain\n"
     "5 5\n"
     "\n"
     "totals: 15\n",
     NULL},
    {"names that look like numbers",
     "events: A\n"
     "fn=(anonymous)\n"
     "1 1\n"
     "fn=(3abc\n"
     "2 2\n"
     "fn=(4)\t spaced out \n"
     "3 3\n"
     "fn=(4000000000) far\n"
     "4 4\n"
     "fn=(4)\n"
     "5 5\n", 101,
     "positions: line\n"
     "events: A\n"
     "summary: 15\n"
     "\n"
     "fl=\n"
     "fn=(1) (3abc\n"
     "2 2\n"
     "\n"
     "fl=\n"
     "fn=(2) (anonymous)\n"
     "1 1\n"
     "\n"
     "fl=\n"
     "fn=(3) far\n"
     "4 4\n"
     "\n"
     "fl=\n"
     "fn=(4) spaced out\n"
     "3 3\n"
     "5 5\n"
     "\n"
     "totals: 15\n",
     NULL},
    {"one name in several files and objects",
     "events: A\n"
     "ob=x\n"
     "fl=/a\n"
     "fn=f\n"
     "1 1\n"
     "fl=/b\n"
     "fn=f\n"
     "1 2\n"
     "ob=y\n"
     "fl=/a\n"
     "fn=f\n"
     "1 3\n", 65,
     "positions: line\n"
     "events: A\n"
     "summary: 6\n"
     "\n"
     "ob=(1) x\n"
     "fl=(1) /a\n"
     "fn=(1) f\n"
     "1 1\n"
     "\n"
     "fl=(2) /b\n"
     "fn=(2) f\n"
     "1 2\n"
     "\n"
     "ob=(2) y\n"
     "fl=(1)\n"
     "fn=(3) f\n"
     "1 3\n"
     "\n"
     "totals: 6\n",
     NULL},
    {"fi and fe change the file, fn goes back to that of fl",
     "events: A\n"
     "fl=/a\n"
     "fn=f\n"
     "1 1\n"
     "fi=/h\n"
     "2 2\n"
     "fe=/a\n"
     "3 3\n"
     "fi=/h\n"
     "fn=g\n"
     "4 4\n", 60,
     "positions: line\n"
     "events: A\n"
     "summary: 10\n"
     "\n"
     "fl=(1) /a\n"
     "fn=(1) f\n"
     "1 1\n"
     "3 3\n"
     "fi=(2) /h\n"
     "2 2\n"
     "\n"
     "fl=(1)\n"
     "fn=(2) g\n"
     "4 4\n"
     "\n"
     "totals: 10\n",
     NULL},
    {"cfi and cob are good for one call",
     "events: A\n"
     "ob=x\n"
     "fl=/a\n"
     "fn=f\n"
     "cob=y\n"
     "cfi=/b\n"
     "cfn=g\n"
     "calls=1 1\n"
     "1 1\n"
     "cfn=g\n"
     "calls=1 1\n"
     "2 2\n"
     "cfl=/c\n"
     "cfn=g\n"
     "calls=1 1\n"
     "3 3\n", 106,
     "positions: line\n"
     "events: A\n"
     "summary: 0\n"
     "\n"
     "ob=(1) x\n"
     "fl=(1) /a\n"
     "fn=(1) f\n"
     "cob=(2) y\n"
     "cfi=(2) /b\n"
     "cfn=(2) g\n"
     "calls=1 1\n"
     "1 1\n"
     "cfi=(1)\n"
     "cfn=(3) g\n"
     "calls=1 1\n"
     "2 2\n"
     "cfi=(3) /c\n"
     "cfn=(4) g\n"
     "calls=1 1\n"
     "3 3\n"
     "\n"
     "totals: 0\n",
     NULL},
    {"the callee's file is the current one, fi's too",
     "events: A\n"
     "fl=/a\n"
     "fn=f\n"
     "fi=/h\n"
     "cfn=g\n"
     "calls=1 1\n"
     "1 1\n", 47,
     "positions: line\n"
     "events: A\n"
     "summary: 0\n"
     "\n"
     "fl=(1) /a\n"
     "fn=(1) f\n"
     "fi=(2) /h\n"
     "cfi=(2)\n"
     "cfn=(2) g\n"
     "calls=1 1\n"
     "1 1\n"
     "\n"
     "totals: 0\n",
     NULL},
    {"an empty file, and none",
     "events: A\n"
     "fn=f\n"
     "1 1\n"
     "fl=/a\n"
     "fn=g\n"
     "2 2\n"
     "fl=\n"
     "fn=h\n"
     "cfl=\n"
     "cfn=g\n"
     "calls=0 3\n"
     "3 3\n", 68,
     "positions: line\n"
     "events: A\n"
     "summary: 3\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 1\n"
     "\n"
     "fl=\n"
     "fn=(2) h\n"
     "cfi=\n"
     "cfn=(3) g\n"
     "calls=0 3\n"
     "3 3\n"
     "\n"
     "fl=(1) /a\n"
     "fn=(4) g\n"
     "2 2\n"
     "\n"
     "totals: 3\n",
     NULL},
    {"jumps are left out, their names are learnt",
     "events: A\n"
     "fl=(1) /a\n"
     "fn=(1) f\n"
     "1 1\n"
     "jfi=(2) /j\n"
     "jfn=(5) far\n"
     "jump=3 +4 2\n"
     "+1\n"
     "jcnd=1/2 9\n"
     "*\n"
     "+1 2\n"
     "fi=(2)\n"
     "7 7\n"
     "cfn=(5)\n"
     "calls=1 1\n"
     "8 8\n", 122,
     "positions: line\n"
     "events: A\n"
     "summary: 10\n"
     "\n"
     "fl=(1) /a\n"
     "fn=(1) f\n"
     "1 1\n"
     "3 2\n"
     "fi=(2) /j\n"
     "7 7\n"
     "cfi=(2)\n"
     "cfn=(2) far\n"
     "calls=1 1\n"
     "8 8\n"
     "\n"
     "totals: 10\n",
     NULL},
    {"calls=0, rcalls, recursion",
     "events: A\n"
     "fn=f\n"
     "cfn=f\n"
     "calls=0 1\n"
     "1 5\n"
     "cfn=f\n"
     "rcalls=2 1\n"
     "1 5\n"
     "cfn=f'2\n"
     "calls=1 1\n"
     "1 3\n", 78,
     "positions: line\n"
     "events: A\n"
     "summary: 0\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "cfi=\n"
     "cfn=(1)\n"
     "calls=2 1\n"
     "1 10\n"
     "cfi=\n"
     "cfn=(2) f'2\n"
     "calls=1 1\n"
     "1 3\n"
     "\n"
     "totals: 0\n",
     NULL},
    {"headers in any order, with or without a space, after the events",
     "events:A B\n"
     "positions:line\n"
     "version:1\n"
     "creator: x\n"
     "event: A : first [ns]\n"
     "event:B: second\n"
     "event: Sum = A + B : both\n"
     "fn=f\n"
     "1 1 2\n", 122,
     "positions: line\n"
     "event: A : first [ns]\n"
     "event: B : second\n"
     "event: Sum = A + B : both\n"
     "events: A B\n"
     "summary: 1 2\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 1 2\n"
     "\n"
     "totals: 1 2\n",
     NULL},
    {"a column that is there twice counts twice",
     "events: A B A\n"
     "fn=f\n"
     "1 1 2 3\n", 27,
     "positions: line\n"
     "events: A B\n"
     "summary: 4 2\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 4 2\n"
     "\n"
     "totals: 4 2\n",
     NULL},
    {"parts: by `part:`, numbers kept",
     "pid: 5\n"
     "part: 1\n"
     "events: A\n"
     "fl=(1) /a\n"
     "fn=(1) f\n"
     "1 1\n"
     "totals: 1\n"
     "\n"
     "part: 2\n"
     "positions: line\n"
     "events: B A\n"
     "fl=(1)\n"
     "fn=(1)\n"
     "1 20 10\n", 117,
     "positions: line\n"
     "events: A B\n"
     "summary: 11 20\n"
     "\n"
     "fl=(1) /a\n"
     "fn=(1) f\n"
     "1 11 20\n"
     "\n"
     "totals: 11 20\n",
     NULL},
    {"parts: from the top",
     "# callgrind format\n"
     "version: 1\n"
     "events: A\n"
     "fn=f\n"
     "1 1\n"
     "# callgrind format\n"
     "version: 1\n"
     "positions: instr line\n"
     "events: A\n"
     "fn=f\n"
     "0x8 1 1\n", 124,
     "positions: line\n"
     "events: A\n"
     "summary: 2\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 2\n"
     "\n"
     "totals: 2\n",
     NULL},
    {"parts: appended by xdebug",
     "version: 1\n"
     "events: A\n"
     "fn={main}\n"
     "\n"
     "summary: 9\n"
     "\n"
     "1 1\n"
     "==== NEW PROFILING FILE ======\n"
     "version: 1\n"
     "events: A\n"
     "fn={main}\n"
     "1 2\n", 114,
     "positions: line\n"
     "events: A\n"
     "summary: 3\n"
     "\n"
     "fl=\n"
     "fn=(1) {main}\n"
     "1 3\n"
     "\n"
     "totals: 3\n",
     NULL},
    {"a header only",
     "version: 1\n"
     "events: A\n"
     "summary: 0\n", 32,
     "positions: line\n"
     "events: A\n"
     "summary: 0\n"
     "\n"
     "totals: 0\n",
     NULL},
    {"bytes that no line can hold",
     "events: A\n"
     "fn=a\0b\xff" "\n"
     "1 1\n", 22,
     "positions: line\n"
     "events: A\n"
     "summary: 1\n"
     "\n"
     "fl=\n"
     "fn=(1) a\\x00b\\xff\n"
     "1 1\n"
     "\n"
     "totals: 1\n",
     NULL},
    {"an undefined number",
     "events: A\n"
     "fn=(7)\n"
     "1 1\n", 21,
     "positions: line\n"
     "events: A\n"
     "summary: 1\n"
     "\n"
     "fl=\n"
     "fn=(1) ???\n"
     "1 1\n"
     "\n"
     "totals: 1\n",
     "2:4: this number of a name has not been defined"},
    {"costs without a function",
     "events: A\n"
     "fl=/a\n"
     "1 1\n", 20,
     "positions: line\n"
     "events: A\n"
     "summary: 1\n"
     "\n"
     "fl=(1) /a\n"
     "fn=(1) ???\n"
     "1 1\n"
     "\n"
     "totals: 1\n",
     "3:1: costs before a function: there is no `fn=` before them"},
    {"a call without a callee",
     "events: A\n"
     "fn=f\n"
     "calls=1 1\n"
     "2 2\n", 29,
     "positions: line\n"
     "events: A\n"
     "summary: 0\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "cfi=\n"
     "cfn=(2) ???\n"
     "calls=1 1\n"
     "2 2\n"
     "\n"
     "totals: 0\n",
     "3:7: a call without a callee: there is no `cfn=` before it"},
    {"a jump without costs",
     "events: A\n"
     "fn=f\n"
     "jump=1 2\n"
     "fn=h\n"
     "2 2\n", 34,
     "positions: line\n"
     "events: A\n"
     "summary: 2\n"
     "\n"
     "fl=\n"
     "fn=(1) h\n"
     "2 2\n"
     "\n"
     "totals: 2\n",
     "4:1: the jump before this line has no line of costs"},
    {"a line without sense",
     "events: A\n"
     "nonsense\n"
     "fn=f\n"
     "2 2\n", 28,
     "positions: line\n"
     "events: A\n"
     "summary: 2\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "2 2\n"
     "\n"
     "totals: 2\n",
     "2:1: a line that makes no sense is left out"},
    {"valgrind's, cut short at the end of a line",
     "creator: callgrind-3.19.0\n"
     "events: A\n"
     "summary: 3\n"
     "fn=f\n"
     "1 1\n", 56,
     "positions: line\n"
     "events: A\n"
     "summary: 1\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 1\n"
     "\n"
     "totals: 1\n",
     "5:1: the file ends before its `totals:` line: it has been cut short"},
    {"ours, cut short in a number",
     "creator: libtheseus-0.1.0\n"
     "events: A\n"
     "summary: 12\n"
     "fn=f\n"
     "1 1", 56,
     "positions: line\n"
     "events: A\n"
     "summary: 1\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 1\n"
     "\n"
     "totals: 1\n",
     "5:1: the file ends before its `totals:` line: it has been cut short"},
    {"cut short in the second part",
     "creator: callgrind-3.19.0\n"
     "events: A\n"
     "fn=f\n"
     "1 1\n"
     "totals: 1\n"
     "part: 2\n"
     "events: A\n"
     "fn=f\n"
     "1 1\n", 82,
     "positions: line\n"
     "events: A\n"
     "summary: 2\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 2\n"
     "\n"
     "totals: 2\n",
     "9:1: the file ends before its `totals:` line: it has been cut short"},
    {"cut short in the last line, which says nothing new",
     "creator: callgrind-3.19.0\n"
     "events: A\n"
     "fn=f\n"
     "1 12\n"
     "totals: 1", 55,
     "positions: line\n"
     "events: A\n"
     "summary: 12\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 12\n"
     "\n"
     "totals: 12\n",
     NULL},
    {"others end as they like",
     "creator: xdebug 3.2.1\n"
     "events: A\n"
     "summary: 3\n"
     "fn=f\n"
     "1 1", 51,
     "positions: line\n"
     "events: A\n"
     "summary: 1\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 1\n"
     "\n"
     "totals: 1\n",
     NULL},
    {"others end as they like, behind valgrind's",
     "creator: callgrind-3.19.0\n"
     "events: A\n"
     "fn=f\n"
     "1 1\n"
     "totals: 1\n"
     "version: 1\n"
     "events: A\n"
     "fn=f\n"
     "1 1", 84,
     "positions: line\n"
     "events: A\n"
     "summary: 2\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "1 2\n"
     "\n"
     "totals: 2\n",
     NULL},
    {"addresses of which one half is the same",
     "positions: instr line\n"
     "events: A\n"
     "fn=f\n"
     "0x100000010 1 1\n"
     "0x200000010 1 2\n"
     "0x10 1 4\n"
     "0x100000010 1 8\n"
     "cfn=g\n"
     "calls=1 0x100000020 3\n"
     "0x10 1 16\n"
     "cfn=g\n"
     "calls=1 0x100000020 3\n"
     "0x200000010 1 32\n"
     "0xffffffff00000010 0 64\n", 201,
     "positions: instr line\n"
     "events: A\n"
     "summary: 79\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "0xffffffff00000010 0 64\n"
     "0x10 1 4\n"
     "0x100000010 1 9\n"
     "0x200000010 1 2\n"
     "cfi=\n"
     "cfn=(2) g\n"
     "calls=1 0x100000020 3\n"
     "0x10 1 16\n"
     "cfi=\n"
     "cfn=(2)\n"
     "calls=1 0x100000020 3\n"
     "0x200000010 1 32\n"
     "\n"
     "totals: 79\n",
     NULL},
    {"an unknown header",
     "events: A\n"
     "weather: fine\n"
     "fn=f\n"
     "2 2\n", 33,
     "positions: line\n"
     "events: A\n"
     "summary: 2\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "2 2\n"
     "\n"
     "totals: 2\n",
     "2:1: a header that is not known is left out"},
    {"a range of lines",
     "events: A\n"
     "fn=f\n"
     "6+2 1\n"
     "6-8 1\n", 27,
     "positions: line\n"
     "events: A\n"
     "summary: 2\n"
     "\n"
     "fl=\n"
     "fn=(1) f\n"
     "6 2\n"
     "\n"
     "totals: 2\n",
     NULL},
};
/* clang-format on */

static const struct bad {
  const char *what, *bytes;
  int status;
  const char *message; /* after the file's name */
} bads[] = {
    {"nothing", "", THESEUS_EFORMAT, "0:1: the file is empty"},
    {"another format", "GIF89a\nxyz\n", THESEUS_EFORMAT, "2:1: there is no `events:` line: this is not callgrind"},
    {"a later version", "version: 2\nevents: A\n", THESEUS_EVERSION,
     "1:10: a version of the format that is not known: 2 or later"},
    {"costs before events", "fn=f\n1 1\n", THESEUS_EFORMAT, "2:1: costs before an `events:` line"},
    {"too many costs", "events: A\nfn=f\n1 1 2\n", THESEUS_EFORMAT, "3:5: more costs than there are events"},
    {"a negative cost", "events: A\nfn=f\n1 -1\n", THESEUS_EFORMAT, "3:3: a cost that is negative"},
    {"a fraction", "events: A\nfn=f\n1 1.5\n", THESEUS_EFORMAT, "3:3: a cost that is no number"},
    {"a cost of 65 bits", "events: A\nfn=f\n1 18446744073709551616\n", THESEUS_EOVERFLOW,
     "3:3: a number that does not fit into 64 bits"},
    {"a cost of 68 bits", "events: A\nfn=f\n1 0x10000000000000000\n", THESEUS_EOVERFLOW,
     "3:3: a number that does not fit into 64 bits"},
    {"a sum of 65 bits", "events: A\nfn=f\n1 18446744073709551615\n1 1\n", THESEUS_EOVERFLOW,
     "4:1: a sum of costs does not fit into 64 bits"},
    {"a negative line", "events: A\nfn=f\n5 1\n-6 1\n", THESEUS_EFORMAT,
     "4:1: a position that is negative, or does not fit"},
    {"a line of 33 bits", "events: A\nfn=f\n4294967295 1\n+1 1\n", THESEUS_EFORMAT,
     "4:1: a position that is negative, or does not fit"},
    {"a calls without a number", "events: A\nfn=f\ncfn=g\ncalls=many 1\n1 1\n", THESEUS_EFORMAT,
     "4:7: the number of calls is no number"},
    {"a call without costs", "events: A\nfn=f\ncfn=g\ncalls=1 1\nfn=h\n2 2\n", THESEUS_EFORMAT,
     "5:1: the call before this line has no line of costs"},
    {"a file that is cut short", "events: A\nfn=f\ncfn=g\ncalls=1 1\n", THESEUS_EFORMAT,
     "4:1: the file ends within a call: it has been cut short"},
    {"unknown positions", "positions: column\nevents: A\n", THESEUS_EFORMAT,
     "1:12: positions are `line`, `instr`, `instr line`"},
    {"a number of a name of 33 bits", "events: A\nfn=(4294967296) f\n1 1\n", THESEUS_EFORMAT,
     "2:4: the number of a name does not fit into 32 bits"},
    {"another unit", "event: A : a [s]\nevents: A\nevent: A : a [ns]\n", THESEUS_EUNIT,
     "3:8: this event has another unit than in what was read before"},
    {"a NUL among costs", NULL, THESEUS_EFORMAT, "3:3: a cost that is no number"},
};

enum { MAX_PIECE = 1 << 20 };

static theseus_graph *new_graph(const theseus_allocator *allocator) {
  theseus_graph_options options = {.size = sizeof options, .allocator = allocator};
  theseus_graph *graph;
  must(theseus_graph_new(&options, &graph) == THESEUS_OK);
  return graph;
}

static theseus_callgrind_reader *new_reader(theseus_graph *graph, uint32_t flags) {
  theseus_callgrind_options options = {.size = sizeof options, .flags = flags};
  theseus_callgrind_reader *reader;
  must(theseus_callgrind_reader_new(graph, &options, &reader) == THESEUS_OK);
  return reader;
}

static int read_file(theseus_callgrind_reader *reader, const char *name, const char *bytes, size_t size, size_t piece) {
  int status = theseus_callgrind_reader_begin(reader, name);
  for (size_t at = 0; at < size && !status; at += piece)
    status = theseus_callgrind_reader_feed(reader, bytes + at, size - at < piece ? size - at : piece);
  return status ? status : theseus_callgrind_reader_finish(reader);
}

static theseus_callgrind_reader_info info_of(const theseus_callgrind_reader *reader) {
  theseus_callgrind_reader_info info = {.size = sizeof info};
  must(theseus_callgrind_reader_info_get(reader, &info) == THESEUS_OK);
  return info;
}

static void test_good(void) {
  for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
    const struct good *good = &goods[i];
    theseus_graph *graph = new_graph(NULL);
    theseus_callgrind_reader *reader = new_reader(graph, 0);
    const char *warning = NULL;
    is_int(read_file(reader, "in", good->bytes, good->size, MAX_PIECE), THESEUS_OK, "%s", good->what);
    char expected[200];
    if (good->warning) { /* of which the place is first */
      size_t place = strcspn(good->warning, " ");
      snprintf(expected, sizeof expected, "in:%.*s warning:%s", (int)place, good->warning, good->warning + place);
    }
    (void)theseus_callgrind_reader_warning_get(reader, 0, &warning);
    is_str(warning, good->warning ? expected : NULL, "its warning");
    char *text = text_of(graph);
    char *body = strstr(text, "positions:");
    is_str(body, good->written, "what it means");

    bool same = true;
    for (size_t piece = 1; piece < 9; piece++) { /* cut anywhere */
      theseus_graph *cut = new_graph(NULL);
      theseus_callgrind_reader *pieces = new_reader(cut, 0);
      same &= read_file(pieces, "in", good->bytes, good->size, piece) == THESEUS_OK;
      char *other = text_of(cut);
      same &= strcmp(text, other) == 0;
      free(other);
      theseus_callgrind_reader_free(pieces);
      theseus_graph_free(cut);
    }
    ok(same, "the same, however it is cut");

    theseus_graph *again = new_graph(NULL);
    is_int(theseus_callgrind_read(again, "out", text, strlen(text)), THESEUS_OK, "what was written is read");
    char *other = text_of(again);
    is_str(other, text, "and written as the same bytes");
    free(other);
    theseus_graph_free(again);

    theseus_graph *strict = new_graph(NULL);
    theseus_callgrind_reader *stern = new_reader(strict, THESEUS_STRICT);
    is_int(read_file(stern, "in", good->bytes, good->size, MAX_PIECE), good->warning ? THESEUS_EFORMAT : THESEUS_OK,
           "when strict, a warning is an error");
    if (good->warning)
      is_str(info_of(stern).error + strlen("in:"), good->warning, "the same one");
    theseus_callgrind_reader_free(stern);
    theseus_graph_free(strict);
    free(text);
    theseus_callgrind_reader_free(reader);
    theseus_graph_free(graph);
  }
}

/* Costs with addresses, an event of another unit, a header. */
static const char before[] =
    "pid: 3\npositions: instr line\nevent: A : a [ns]\nevents: B A\nfl=/f\nfn=f\n0x10 1 18446744073709551600 5\n"
    "cfn=g\ncalls=3 0x20 2\n0x18 3 4 5\n";

static void test_bad(void) {
  static const char nul[] = "events: A\nfn=f\n1 2\0 3\n";
  for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
    const struct bad *bad = &bads[i];
    const char *bytes = bad->bytes ? bad->bytes : nul;
    size_t size = bad->bytes ? strlen(bytes) : sizeof nul - 1;
    theseus_graph *graph = new_graph(NULL);
    theseus_callgrind_reader *reader = new_reader(graph, 0);
    is_int(read_file(reader, "in", bytes, size, 3), bad->status, "%s", bad->what);
    is_str(info_of(reader).error + strlen("in:"), bad->message, "said so, with its place");
    is_int(theseus_callgrind_reader_feed(reader, "1 1\n", 4), bad->status, "and again");
    theseus_graph_info info = {.size = sizeof info};
    must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
    ok(!info.events && !info.functions && !info.costs && !info.edges && !info.positions && !info.inputs,
       "nothing of it is in the graph");
    theseus_callgrind_reader_free(reader);
    theseus_graph_free(graph);
  }
}

/* Each of these goes wrong after it has changed whatever can be changed. */
static void test_unspoilt(void) {
  static const char *const files[] = {
      "pid: 4\nevents: New B A\nfl=/f\nfn=f\n1 1 2 3\nfn=new\n1 1 2 3\ncfn=f\ncalls=1 1\n1 1 2 3\nfn=f\ncfn=g\ncalls=1 "
      "1\n"
      "3 1 2 3\nbroken\n1 1 2 3 4\n",
      "positions: instr line\nevents: A B\nevent: Sum = A : x\nfl=/f\nfn=f\n0x10 1 1 1\ncfn=g\ncalls=1 0 0\n0x18 3 1 "
      "1\n"
      "0x10 1 0 18446744073709551615\n",
      "event: B : now it has one [s]\nevents: B A\nfl=/f\nfn=f\n5 5 5\n-6 5 5\n",
      "event: A : a [s]\nevents: New A\n",
  };
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  must(read_file(reader, "first", before, sizeof before - 1, MAX_PIECE) == THESEUS_OK);
  char *wanted = text_of(graph);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    int status = read_file(reader, "in", files[i], strlen(files[i]), MAX_PIECE);
    ok(status == THESEUS_EFORMAT || status == THESEUS_EOVERFLOW || status == THESEUS_EUNIT, "a file goes wrong: %d",
       status);
    char *text = text_of(graph);
    is_str(text, wanted, "and the graph is as before");
    free(text);
  }
  must(theseus_callgrind_reader_begin(reader, "left") == THESEUS_OK);
  must(theseus_callgrind_reader_feed(reader, files[0], 60) == THESEUS_OK);
  is_int(read_file(reader, "second", before, sizeof before - 1, MAX_PIECE), THESEUS_EOVERFLOW, "a sum is refused");
  theseus_callgrind_reader_free(reader);
  char *text = text_of(graph);
  is_str(text, wanted, "a file that was left, and one that does not fit, change nothing");
  free(text);
  free(wanted);
  theseus_graph_free(graph);

  graph = new_graph(NULL);
  reader = new_reader(graph, THESEUS_PARTIAL);
  is_int(read_file(reader, "in", files[0], strlen(files[0]), MAX_PIECE), THESEUS_EFORMAT, "when partial");
  theseus_callgrind_reader_free(reader);
  text = text_of(graph);
  ok(strstr(text, "\ntotals: 2 4 6\n") != NULL, "what was read stays");
  free(text);
  theseus_graph_free(graph);
}

static void test_facts(void) {
  static const char one[] = "pid: 1\ncmd: app\npart: 1\ndesc: Trigger: end\ndesc: Timerange: 1\nevents: A\nfn=f\n1 1\n";
  static const char two[] = "pid: 2\ncmd: app\npart: 1\ndesc: Trigger: end\ndesc: Timerange: 2\nevents: A\nfn=f\n1 1\n";
  static const char merged[] = "cmd: app\ndesc: Source: x\ndesc: Source: b\nevents: A\nfn=f\n1 1\n";
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  must(read_file(reader, "b", one, sizeof one - 1, MAX_PIECE) == THESEUS_OK);
  char *text = text_of(graph);
  ok(strstr(text, "\npid: 1\ncmd: app\npart: 1\ndesc: Trigger: end\ndesc: Timerange: 1\npositions: line\n") != NULL,
     "one file keeps its headers, and has no sources");
  free(text);
  must(read_file(reader, "a", two, sizeof two - 1, MAX_PIECE) == THESEUS_OK);
  must(read_file(reader, "c", merged, sizeof merged - 1, MAX_PIECE) == THESEUS_OK);
  text = text_of(graph);
  ok(strstr(text, "\ncmd: app\ndesc: Source: a\ndesc: Source: b\ndesc: Source: x\npositions: line\n") != NULL,
     "of several, what is equal stays; a merged one's sources are its own");
  free(text);
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
}

static void test_events(void) {
  static const char file[] = "event: B : bees [count]\nevents: A B\npart: 2\nevents: B C\n";
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  theseus_event_info event = {.size = sizeof event};
  is_int(read_file(reader, "in", file, sizeof file - 1, MAX_PIECE), THESEUS_OK, "a file with events");
  is_int(info_of(reader).events, 3, "of all its parts");
  must(theseus_callgrind_reader_event_get(reader, 1, &event) == THESEUS_OK);
  ok(strcmp(event.name, "B") == 0 && strcmp(event.long_name, "bees") == 0 && strcmp(event.unit, "count") == 0,
     "and what it says of them");
  is_int(theseus_callgrind_reader_event_get(reader, 3, &event), THESEUS_EINVAL, "no more than those");
  must(read_file(reader, "in", "event: B : wasps\nevents: B\n", 27, MAX_PIECE) == THESEUS_OK);
  is_int(info_of(reader).warnings, 1, "another long name is a warning");
  theseus_callgrind_reader_free(reader);

  event = (theseus_event_info){.size = sizeof event, .name = "C", .long_name = "sea"};
  const theseus_event_info chosen[] = {event, {sizeof event, "A", NULL, NULL}};
  const theseus_event_info unknown[] = {event, {sizeof event, "D", NULL, NULL}}, twice[] = {event, event};
  is_int(theseus_graph_select(graph, unknown, 2), THESEUS_EINVAL, "a column that there is not");
  is_int(theseus_graph_select(graph, twice, 2), THESEUS_EINVAL, "a column twice");
  static const char more[] = "events: A B C\nfn=f\n1 1 2 3\n2 4 5 6\ncfn=g\ncalls=7 8\n2 10 20 30\n";
  must(theseus_callgrind_read(graph, NULL, more, sizeof more - 1) == THESEUS_OK);
  is_int(theseus_graph_select(graph, chosen, 2), THESEUS_OK, "columns are chosen");
  char *text = text_of(graph);
  is_str(strstr(text, "event: "),
         "event: C : sea\nevents: C A\nsummary: 9 5\n\nfl=\nfn=(1) f\n1 3 1\n2 6 4\ncfi=\n"
         "cfn=(2) g\ncalls=7 8\n2 30 10\n\ntotals: 9 5\n",
         "in this order, under this name");
  free(text);
  theseus_graph_free(graph);
}

static void test_many(void) {
  enum { LONG = 1000000 };
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  char *line = malloc(LONG + 100);
  const char *warning;
  must(line != NULL);
  memset(line, 'x', LONG);
  memcpy(line, "fn=", 3);
  memcpy(line + LONG, "\n1 1\n", 5);
  must(theseus_callgrind_reader_begin(reader, "in") == THESEUS_OK);
  must(theseus_callgrind_reader_feed(reader, "events: A\n", 10) == THESEUS_OK);
  is_int(theseus_callgrind_reader_feed(reader, line, LONG + 5), THESEUS_OK, "a line of 1 MB");
  for (int i = 0; i < 1000; i++)
    must(theseus_callgrind_reader_feed(reader, "what is this\n", 13) == THESEUS_OK);
  is_int(theseus_callgrind_reader_finish(reader), THESEUS_OK, "and a thousand that make no sense");
  theseus_callgrind_reader_info info = info_of(reader);
  ok(info.warnings == 1000 && info.kept == 100 && info.lines == 1003, "all counted, the first hundred kept");
  is_int(theseus_callgrind_reader_warning_get(reader, 99, &warning), THESEUS_OK, "the hundredth");
  is_str(warning, "in:103:1: warning: a line that makes no sense is left out", "says where");
  is_int(theseus_callgrind_reader_warning_get(reader, 100, &warning), THESEUS_EINVAL, "there is no other");
  must(theseus_callgrind_reader_begin(reader, "in") == THESEUS_OK);
  int status = THESEUS_OK;
  for (int i = 0; i < 20 && !status; i++)
    status = theseus_callgrind_reader_feed(reader, line, LONG);
  is_int(status, THESEUS_EFORMAT, "a line of 20 MB");
  is_str(info_of(reader).error, "in:1:1: a line of more than 16 MB", "is too long");
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
  free(line);
}

/* Addresses go with the third of these; the rows of the second, which begin where the first was taken back, move. */
static void test_addresses_go(void) {
  static const struct {
    const char *bytes;
    int status;
  } files[] = {{"positions: instr line\nevents: E\nfn=x\nfi=other\n0x10 1 5\n+x\n", THESEUS_EFORMAT},
               {"positions: instr line\nevents: E\nfn=a\n0x10 1 5\n0x20 1 6\nfn=b\n0x30 2 7\n0x31 3 1\n", THESEUS_OK},
               {"events: E\nfn=c\n4 8\n", THESEUS_OK},
               {"events: E\nfn=a\n1 100\nfn=b\n2 200\nfn=c\n4 300\n", THESEUS_OK}};
  static const struct {
    const char *function;
    uint32_t line;
    uint64_t value;
  } wanted[] = {{"a", 1, 111}, {"b", 2, 207}, {"b", 3, 1}, {"c", 4, 308}};
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  theseus_graph_info info = {.size = sizeof info};

  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    is_int(read_file(reader, "in", files[i].bytes, strlen(files[i].bytes), MAX_PIECE), files[i].status, "file %zu", i);
  must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
  is_int(info.costs, sizeof wanted / sizeof *wanted, "costs are told by their lines");
  is_int(info.positions, THESEUS_LINES, "which are all that is left");
  for (uint32_t i = 0; i < info.costs; i++) {
    theseus_graph_cost cost = {.size = sizeof cost};
    theseus_graph_function function = {.size = sizeof function};
    must(theseus_graph_cost_get(graph, i, &cost) == THESEUS_OK);
    must(theseus_graph_function_get(graph, cost.function, &function) == THESEUS_OK);
    ok(strcmp(function.name, wanted[i].function) == 0 && cost.line == wanted[i].line && cost.address == 0 &&
           cost.values[0] == wanted[i].value,
       "%s, line %u", wanted[i].function, wanted[i].line);
  }
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
}

/* What would end the transaction of a file that is being read is refused: rows that are not of it would go with it. */
static void test_in_a_file(void) {
  static const char file[] = "events: E\nfn=f\n1 5\n2 6\n";
  theseus_graph *graph = new_graph(NULL), *other = new_graph(NULL);
  must(theseus_callgrind_read(graph, "first", file, sizeof file - 1) == THESEUS_OK);
  must(theseus_callgrind_read(other, "other", file, sizeof file - 1) == THESEUS_OK);
  char *wanted = text_of(graph);
  theseus_callgrind_reader *reader = new_reader(graph, 0), *second = new_reader(graph, 0);
  must(theseus_callgrind_reader_begin(reader, "left") == THESEUS_OK);
  must(theseus_callgrind_reader_feed(reader, file, sizeof file - 1) == THESEUS_OK);
  is_int(theseus_graph_merge(graph, other), THESEUS_EINVAL, "no graph is added within a file");
  is_int(theseus_callgrind_reader_begin(second, "in"), THESEUS_EINVAL, "and no other file begins");
  theseus_callgrind_reader_free(reader);
  char *text = text_of(graph);
  is_str(text, wanted, "which is taken back alone");
  free(text);
  free(wanted);
  is_int(theseus_graph_merge(graph, other), THESEUS_OK, "then a graph can be added");
  is_int(read_file(second, "in", file, sizeof file - 1, MAX_PIECE), THESEUS_OK, "and a file");
  text = text_of(graph);
  ok(strstr(text, "\ntotals: 33\n") != NULL, "and all is there");
  free(text);
  theseus_callgrind_reader_free(second);
  theseus_graph_free(graph);
  theseus_graph_free(other);
}

static void test_limit(void) {
  theseus_graph_options options = {.size = sizeof options, .memory_limit = 300000};
  theseus_graph_info info = {.size = sizeof info};
  theseus_graph *graph;
  char line[40];
  must(theseus_graph_new(&options, &graph) == THESEUS_OK);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  must(theseus_callgrind_reader_begin(reader, "in") == THESEUS_OK);
  int status = theseus_callgrind_reader_feed(reader, "events: A\nfn=f\n", 15);
  for (int i = 0; i < 100000 && !status; i++)
    status = theseus_callgrind_reader_feed(reader, line, (size_t)snprintf(line, sizeof line, "%d 1\n", i));
  is_int(status, THESEUS_ELIMIT, "the graph's limit holds for what is read into it");
  must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
  ok(info.memory <= 300000 && info.costs == 0, "and what did not fit is gone");
  must(theseus_callgrind_reader_begin(reader, "again") == THESEUS_OK);
  status = theseus_callgrind_reader_feed(reader, "events: A\nfn=f\n", 15);
  for (int i = 0; i < 300000 && !status; i++)
    status = theseus_callgrind_reader_feed(reader, "7 1\n", 4);
  is_int(status, THESEUS_OK, "a long file that says the same again and again fits");
  is_int(theseus_callgrind_reader_finish(reader), THESEUS_OK, "all of it");
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
}

static void test_out_of_memory(void) {
  char *file = malloc(200000);
  size_t size = 0;
  must(file != NULL);
  for (int i = 0; i < 3; i++) { /* names, costs and calls beyond the first room, by number too, and another event */
    size += (size_t)sprintf(file + size, "part: %d\ndesc: part %d\ndesc: Source: s%d\nevents: A E%d\nevent: E%d : e\n",
                            i, i, i, i, i);
    for (int k = 0; k < 12; k++)
      size +=
          (size_t)sprintf(file + size, "fl=(%d) /f%d\nfn=(%d) g%d\n%d 1 1\n+1 2 2\ncfn=(%d) h\ncalls=1 1\n* 5\nodd\n",
                          k, k, 2000000 + k, k, k, k * 9 + 1);
  }
  struct memory memory = {.left = -1};
  theseus_allocator allocator = memory_allocator(&memory);
  bool good = true;
  long refused = -1;
  for (long nth = 0; refused != memory.failures; nth++) {
    refused = memory.failures;
    theseus_graph *graph = new_graph(&allocator);
    theseus_callgrind_reader *reader = NULL;
    must(theseus_callgrind_read(graph, "first", before, sizeof before - 1) == THESEUS_OK);
    char *wanted = text_of(graph);
    memory.left = nth;
    int status = theseus_callgrind_reader_new(graph, NULL, &reader);
    if (!status)
      status = read_file(reader, "in", file, size, 700);
    memory.left = -1;
    good &= status == THESEUS_OK || status == THESEUS_ENOMEM;
    if (status) {
      char *text = text_of(graph);
      good &= strcmp(text, wanted) == 0;
      free(text);
    }
    free(wanted);
    theseus_callgrind_reader_free(reader);
    theseus_graph_free(graph);
  }
  ok(good && memory.failures > 100, "every one of %ld allocations fails once, and nothing is changed", memory.failures);
  is_int(memory.blocks, 0, "or leaked");
  free(file);
}

int main(void) {
  test_good();
  test_bad();
  test_unspoilt();
  test_facts();
  test_events();
  test_many();
  test_addresses_go();
  test_in_a_file();
  test_limit();
  test_out_of_memory();
  return done();
}
