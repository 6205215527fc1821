# SPDX-License-Identifier: ISC
"""theseus report: what a program waited for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from ..graph import Graph
from ..profile import Profile
from ..rows import Row, rows
from ..table import columns, printed_rows, seconds
from ..text import printable
from ..tree import Tree
from .faults import Fault
from .header import count_of, header
from .inputs import read
from .places import place_of_function, placer
from .screen import show
from .tree import OUTCOMES, SORTS, View, Wanted, rendered

ROW_SORTS: dict[str, Callable[[Row], int]] = {
    "wait": lambda row: row.inclusive,
    "own": lambda row: row.wait,
    "latency": lambda row: row.latency,
    "p95": lambda row: row.percentile(0.95),
    "max": lambda row: row.latency_max,
    "count": lambda row: row.deferreds,
    "failed": lambda row: row.failure + row.cancelled,
    "pending": lambda row: row.pending,
}


def _expression(_context: click.Context, _parameter: click.Parameter, value: str | None) -> re.Pattern[str] | None:
    try:
        return None if value is None else re.compile(value)
    except re.error as error:
        raise click.BadParameter(f"{value!r} is no regular expression: {error}") from None


def _share(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    try:
        share = float(value[:-1]) / 100 if value.endswith("%") else float(value)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{value!r} is no share: write 0.5%")
    return share


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--tree", "view", flag_value="tree", default="tree", help="From the top down (the default).")
@click.option("--table", "view", flag_value="table", help="A line for each function.")
@click.option("--lines", metavar="[FILE:]FUNCTION", help="The source of a function, with the wait of each line.")
@click.option("--json", "view", flag_value="json", help="All figures, for programs.")
@click.option("--sort", type=click.Choice(list(SORTS)), default="wait", show_default=True, help="The largest first.")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="The most lines.")
@click.option(
    "--min-share",
    metavar="SHARE",
    callback=_share,
    default="0.5%",
    show_default=True,
    help="Leave out what has less wait.",
)
@click.option("--focus", metavar="RE", callback=_expression, help="Only stacks with a function that matches.")
@click.option("--ignore", metavar="RE", callback=_expression, help="No stacks with a function that matches.")
@click.option("--root", metavar="RE", callback=_expression, help="Begin at the functions that match.")
@click.option("--outcome", type=click.Choice(list(OUTCOMES)), help="Only functions with such operations.")
@click.option("--show-all", is_flag=True, help="The frames of Twisted's machinery, too.")
@click.option("--endless", is_flag=True, help="Count operations that never end, too.")
@click.option(
    "--machinery", metavar="PATTERN", multiple=True, help="Hide these names, too, such as 'synapse.logging.*'."
)
@click.option("--paths", type=click.Choice(["short", "full"]), default="short", help="How files are named.")
def report(files: tuple[str, ...], view: str, lines: str | None, show_all: bool, paths: str, **options: Any) -> None:
    """Show what a program waited for.

    FILE is a profile (pprof or callgrind).  Several are added up.  `-` is the standard input.
    """
    machinery = options.pop("machinery")
    found = read(files)
    place = placer(paths == "full")
    if isinstance(found, Graph):
        _report_graph(found, view, lines, options["limit"])
    elif lines:
        from .source_lines import rendered as rendered_lines

        show(rendered_lines(found, lines, place))
    elif found.is_foreign():
        _report_foreign(found, view, options["limit"])
    else:
        try:
            shown, hidden = (found, 0) if show_all else found.folded(machinery)
        except ValueError as error:  # of pyproject.toml
            raise Fault(str(error)) from None
        _report_profile(found, shown, hidden, view, Wanted(**options), paths == "full")


def _report_profile(whole: Profile, shown: Profile, hidden: int, view: str, wanted: Wanted, full: bool) -> None:
    place = placer(full)
    if view == "table":
        table = [row for row in rows(shown._handle) if _is_wanted(row, wanted)]
        table.sort(key=lambda row: -ROW_SORTS[wanted.sort](row))
        places = [place_of_function(row.name, row.file, row.first_line, place) for row in table[: wanted.limit]]
        lines = printed_rows(table[: wanted.limit], places)
        more = len(table) - wanted.limit
        show([header(whole), "", *lines, *_footer(hidden, None, max(more, 0), place), *_cut(whole)], headings=3)
        return
    tree_view = View(Tree(shown._handle), wanted)
    if view == "json":
        from .as_json import of_profile

        click.echo(of_profile(whole, rows(shown._handle), tree_view, hidden))
        return
    if not whole.totals().deferreds and not tree_view.tree[0].inclusive:
        show([header(whole), "", "Nothing was measured: no function returned a Deferred while the program was traced."])
        return
    lines = list(rendered(tree_view, place))
    footer = _footer(hidden, tree_view, tree_view.hidden, place)
    show([header(whole), "", *lines, *footer, *_cut(whole)], headings=3)


def _is_wanted(row: Row, wanted: Wanted) -> bool:
    def matches(pattern: re.Pattern[str]) -> bool:
        return bool(pattern.search(row.name) or pattern.search(row.file))

    if wanted.ignore and matches(wanted.ignore):
        return False
    if wanted.outcome and not getattr(row, {"failed": "failure"}.get(wanted.outcome, wanted.outcome)):
        return False
    return all(matches(pattern) for pattern in (wanted.focus, wanted.root) if pattern)


def _cut(whole: Profile) -> list[str]:
    return [f"{' ' * 4}Some stacks were too deep: they lack frames."] if whole.is_cut else []


def _footer(hidden: int, view: View | None, more: int, place: Callable[[str, int], str]) -> list[str]:
    parts = []
    if more:
        parts.append(f"{count_of(more, 'line')} more (--limit, --min-share).")
    if hidden:
        parts.append(f"{count_of(hidden, 'frame')} of Twisted's hidden (--show-all).")
    if view and view.endless:
        names = []
        for node in view.endless[:3]:
            function = view.tree.function(node)
            where = place_of_function(function.name, function.file, function.first_line, place)
            names.append(f"{where} {seconds(node.inclusive)}")
        count = len(view.endless)
        verb = "operation never ends" if count == 1 else "operations never end"
        parts.append(f"{count} {verb}: {', '.join(names)}{', …' if count > 3 else ''}; --endless counts it")
    return [f"{' ' * 4}{'  '.join(parts)}"] if parts else []


# ---- what has no stacks, or other columns ----


def _report_graph(graph: Graph, view: str, lines: str | None, limit: int) -> None:
    if lines:
        raise Fault("--lines: a callgrind file has no stacks; write the profile as pprof")
    if view == "json":
        from .as_json import of_graph

        click.echo(of_graph(graph))
        return
    events, found = graph.events(), graph.rows()
    heads = ["calls", *(name for event in events for name in (event, f"incl.{event}")), "function"]
    cells = []
    for row in found[:limit]:
        figures = [str(value) for pair in zip(row.own, row.inclusive) for value in pair]
        place = f"{row.function.name} ({row.function.file})" if row.function.file else row.function.name
        cells.append([str(row.calls or ""), *figures, place])
    said = "A callgrind file has no stacks and no percentiles: this is the table by function.  For a tree, write pprof."
    more = [f"{count_of(len(found) - limit, 'line')} more (--limit)."] if len(found) > limit else []
    show([said, "", *columns(heads, cells).split("\n"), *more], headings=3)


def _report_foreign(profile: Profile, view: str, limit: int) -> None:
    if view == "json":
        raise Fault("--json: this is no profile of Theseus: use theseus export")
    lines = str(profile).split("\n")
    said = f"This is no profile of Theseus: its columns are {', '.join(map(printable, profile.events()[5:]))}."
    show([said, "", *lines[: limit + 1]], headings=3)
