# SPDX-License-Identifier: ISC
# The manual pages of section 3, from theseus.h, which is the manual: the overview, a page for each group of calls, and
# one for each call.
#
#     awk -v page=theseus_spans -f man.awk theseus.h >theseus_spans.3
#     awk -v page=theseus_span_end -f man.awk theseus.h >theseus_span_end.3      of one call
#     awk -v page=index -f man.awk theseus.h       a line "page name call" for each call, "page name type" for each type

function set(name, sections, what) {
  pages[++page_count] = name
  titles[name] = what
  count = split(sections, list, "|")
  for (i = 1; i <= count; i++)
    page_of[list[i]] = name
}

BEGIN {
  set("libtheseus", "top", "measures how long operations pend")
  set("theseus_status", "status|memory", "what calls return, and where memory comes from")
  set("theseus_profile", "profile", "make, merge and look at profiles")
  set("theseus_stacks", "functions and stacks", "functions, stacks, and what was measured of them")
  set("theseus_events", "events and cells", "columns of the host's own, and what is booked on lines")
  set("theseus_spans", "operations that are over|spans: operations while they pend",
      "record operations, or follow them while they pend")
  set("theseus_graph", "graphs", "what a callgrind file holds, and writing it")
  set("theseus_callgrind", "reading callgrind", "read callgrind files")
  set("theseus_pprof", "folded stacks and pprof|output", "write folded stacks, write and read pprof files")
  single = page != "index" && !(page in titles) ? page : ""
  section = "top"
  if (page != "index" && !single)
    begin_page(titles[page])
}

function begin_page(title) {
  print ".\\\" SPDX-License-Identifier: ISC"
  print ".\\\" Made from theseus.h."
  print ".TH " toupper(page) " 3 \"\" \"libtheseus\""
  print ".nh\n.ad l"
  print ".SH NAME"
  print page " \\- " title
  print ".SH SYNOPSIS"
  print ".nf"
  print ".B #include <theseus.h>"
  print ".PP"
  print "cc \\fIprogram.c\\fP $(pkg\\-config \\-\\-cflags \\-\\-libs theseus)"
  print ".fi"
  if (!single)
    print ".SH DESCRIPTION"
}

# The first sentence of what is said of a call, without its period.
function first_sentence(  k, text) {
  for (k = 1; k <= texts && text_lines[k] != ""; k++)
    text = text (k > 1 ? " " : "") text_lines[k]
  if (match(text, /[.:]( |$)/))
    text = substr(text, 1, RSTART - 1)
  return plain(tolower(substr(text, 1, 1)) substr(text, 2))
}

# The page of one call: its prototype under SYNOPSIS, and its own text.
function flush_single(  k, found) {
  for (k = 1; k <= calls; k++)
    found = found || call[k] == single
  if (!found)
    return
  group = page_of[section]
  begin_page(first_sentence())
  print ".PP"
  members = listed = bullet = 0
  show_code()
  print ".SH DESCRIPTION"
  for (k = 1; k <= texts; k++)
    say(text_lines[k])
  end_verbatim()
  print ".PP"
  for (k = 1; k <= members; k++)
    item(member[k], meaning[k])
}

# A line of text, so that nothing in it is a request or an escape.
function plain(line) {
  gsub(/\\/, "\\e", line)
  gsub(/-/, "\\-", line)
  return line ~ /^[.']/ ? "\\&" line : line
}

function begin_verbatim() {
  if (!verbatim)
    print ".PP\n.RS 4\n.nf"
  verbatim = 1
}

function end_verbatim() {
  if (verbatim)
    print ".fi\n.RE\n.PP"
  verbatim = 0
}

# A word that is defined, and what is said of it.
function item(word, text) {
  print ".PD 0\n.TP 13\n.I " plain(word) "\n.PD\n" plain(text)
}

# A line of a comment, without what makes it one.
function say(line,  rest, at) {
  rest = substr(line, 3)
  at = line ~ /^  [^ ]/ ? index(rest, "  ") : 0
  if (at && !verbatim && !bullet) { # `  word   text`
    listed = 1
    line = substr(rest, at)
    sub(/^ +/, "", line)
    item(substr(rest, 1, at - 1), line)
  } else if (!listed && (line ~ /^    / || (verbatim && line ~ /^  /))) {
    begin_verbatim()
    print plain(substr(line, 5))
  } else if (line == "") {
    listed = bullet = 0
    if (verbatim)
      print ""
    else
      print ".PP"
  } else {
    end_verbatim()
    if (line ~ /^- /) {
      print ".IP \\(bu 2"
      bullet = 1
      sub(/^- /, "", line)
    }
    sub(/^ +/, "", line)
    print plain(line)
  }
}

# A prototype as a paragraph whose other lines are indented; it is broken between parameters only.
function show_call(text) {
  gsub(/ +/, " ", text)
  gsub(/ /, "\\~", text)
  gsub(/,\\~/, ", ", text)
  sub(/\(/, "(\\:", text)
  gsub(/-/, "\\-", text)
  print ".HP 4\n\\fB" text "\\fP"
}

function show_code(  k, text, comment) {
  open = members = 0
  text = ""
  for (k = 1; k <= codes; k++) {
    if (text != "" || (code[k] ~ /\(/ && code[k] ~ /^[a-z]/)) {
      if (open)
        print ".fi"
      open = 0
      sub(/^ +/, " ", code[k])
      text = text code[k]
      if (text ~ /;$/) {
        show_call(text)
        text = ""
      }
      continue
    }
    if (!open)
      print ".nf"
    open = 1
    comment = ""
    if (match(code[k], / *\/\*.*\*\/$/)) {
      comment = substr(code[k], RSTART, RLENGTH)
      code[k] = substr(code[k], 1, RSTART - 1)
      sub(/^ *\/\* */, "", comment)
      sub(/ *\*\/$/, "", comment)
      member[++members] = code[k]
      sub(/(\[[0-9]*\];| = .*|;|,)$/, "", member[members])
      sub(/^#define ([A-Z_]+).*/, "", member[members])
      sub(/^.*[ *]/, "", member[members])
      if (member[members] == "" && match(code[k], /THESEUS_[A-Z_]+/))
        member[members] = substr(code[k], RSTART, RLENGTH)
      meaning[members] = comment
    }
    print plain(code[k])
  }
  if (open)
    print ".fi"
  print ".PP"
}

# A group of declarations and what is said of them: the declarations first.
function flush(  k, names) {
  if (single) {
    flush_single()
  } else if (here && (texts || codes)) {
    members = listed = bullet = 0
    if (codes) {
      names = ""
      for (k = 1; k <= calls; k++)
        names = names (k > 1 ? ", " : "") call[k] "()"
      print ".SS " (names != "" ? names : type != "" ? type : "Constants")
      show_code()
    } else if (section != "top")
      print ".SS " toupper(substr(section, 1, 1)) substr(section, 2)
    for (k = 1; k <= texts; k++)
      say(text_lines[k])
    end_verbatim()
    print ".PP"
    for (k = 1; k <= members; k++)
      item(member[k], meaning[k])
    print ".PP"
  }
  texts = codes = calls = 0
  type = ""
}

/From here to the line/ { skip = 1 }
/^\/\* end of declarations/ { flush(); done = 1 }
failed || done { next }
skip { if (/\*\//) skip = 0; next }
FNR == 1 { commenting = 1; next } # the licence, in the comment that is the overview

/^\/\* ---- / {
  flush()
  section = $0
  sub(/^\/\* ---- /, "", section)
  sub(/ -+ \*\/$/, "", section)
  if (!(section in page_of)) {
    print "man.awk: no page has the section " section >"/dev/stderr"
    exit failed = 1
  }
  here = page == page_of[section]
  next
}
section == "top" { here = page == "libtheseus" }
section == "top" && !/^( \*|\/\*)/ { next }
/^#(if|endif|define THESEUS_H)/ { next }

/^$/ { if (!inside) flush(); else code[++codes] = ""; next }
/^\/\*/ || commenting {
  line = $0
  commenting = line !~ /\*\/$/
  sub(/^\/\*+ ?/, "", line)
  sub(/^ \*\/$/, "", line)
  sub(/^ \* ?/, "", line)
  sub(/ *\*\/$/, "", line)
  if (section == "top" && line ~ /^theseus\.h - /)
    next
  text_lines[++texts] = line
  next
}
{
  code[++codes] = $0
  if (/^(typedef struct|enum).*\{$/)
    inside = 1
  if (/^(typedef struct|enum) /) {
    type = $0
    sub(/^typedef /, "", type)
    sub(/ *\{.*$/, "", type)
    sub(/ [a-z_]+;$/, "", type)
    split(type, words, " ")
    if (page == "index" && !(words[2] in titles))
      print page_of[section], words[2], "type"
  }
  if (/^\}/)
    inside = 0
  if (!inside && match($0, /theseus_[a-z_]+\(/) && /^[a-z]/) {
    call[++calls] = substr($0, RSTART, RLENGTH - 1)
    if (page == "index")
      print page_of[section], call[calls], "call"
  }
}

END {
  if (failed)
    exit 1
  if (page == "index")
    exit
  if (single) {
    if (group == "") {
      print "man.awk: no page " page >"/dev/stderr"
      exit 1
    }
    print ".SH SEE ALSO"
    print ".BR " group " (3),\n.BR libtheseus (3)" (group == "theseus_spans" ? ",\n.BR theseus_spans (7)" : "")
    exit
  }
  if (page == "libtheseus") {
    print ".SH PAGES"
    print ".TP\n.BR theseus_spans (7)\nthe model of operations that wait for each other"
    print ".TP\n.BR theseus_hosts (7)\nhow a runtime, a lock or an event loop feeds the library"
    for (i = 2; i <= page_count; i++)
      print ".TP\n.BR " pages[i] " (3)\n" titles[pages[i]]
  }
  print ".SH SEE ALSO"
  for (i = 1; i <= page_count; i++)
    if (pages[i] != page)
      print ".BR " pages[i] " (3),"
  print ".BR theseus\\-merge (1)"
  if (page == "libtheseus") {
    print ".PP"
    print "Examples, each a program of a page or two, are installed with the documentation, in"
    print ".IR share/doc/libtheseus/examples ."
  }
}
