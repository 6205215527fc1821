# SPDX-License-Identifier: ISC
"""theseus diff: what two profiles of one program differ in, per operation, so that load is not speed."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import click

from ..table import columns, seconds
from .compare import Figures, Key, Side, side, verdict
from .conditions import Condition, parsed
from .faults import Fault
from .header import count_of
from .inputs import read
from .places import Place, placer, short_name
from .screen import show


class Row(NamedTuple):
    key: Key
    before: Figures | None
    after: Figures | None
    effect: float  # the wait that all operations have more, in ns
    grew: str  # what it waits for more


def _conditions(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> list[Condition]:
    try:
        return [parsed(value) for value in values]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _share(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    try:
        return float(value.rstrip("%")) / 100
    except ValueError:
        raise click.BadParameter(f"{value!r} is no share: write 5%") from None


@click.command()
@click.argument("before")
@click.argument("after")
@click.option("--by", type=click.Choice(["function", "path"]), default="function", show_default=True, help="The rows.")
@click.option("--per", type=click.Choice(["op", "second", "total"]), default="op", show_default=True, help="The wait.")
@click.option(
    "--min", "least", metavar="SHARE", callback=_share, default="5%", show_default=True, help="Leave out less."
)
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="The most lines.")
@click.option("--json", "as_json", is_flag=True, help="All figures, for programs.")
@click.option(
    "--fail-if", "conditions", metavar="CONDITION", multiple=True, callback=_conditions,
    help="End with status 1 if this is true: 'p95>+25%', 'get_user:p99>500ms', 'failed>0', 'wait/op>+20%'.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="A condition that would be true, of too few operations, is true.")
@click.option(
    "--machinery", metavar="PATTERN", multiple=True, help="Hide these names, too, such as 'synapse.logging.*'."
)
@click.option("--paths", type=click.Choice(["short", "full"]), default="short", help="How files are named.")
def diff(before: str, after: str, as_json: bool, paths: str, **options: Any) -> None:
    """Compare two profiles of one program, per operation.

    A change counts if both have 20 operations, the latencies differ beyond chance, and a percentile moved by two
    buckets.
    """
    try:
        first = side(before, read([before]), options["by"], options["machinery"])
        second = side(after, read([after]), options["by"], options["machinery"])
    except ValueError as error:  # of pyproject.toml
        raise Fault(str(error)) from None
    if options["per"] == "second" and not (first.duration and second.duration):
        raise Fault(f"{before}, {after}: --per second: it is not known how long was measured")
    rows = _rows(first, second)
    failed, doubtful = _judged(options["conditions"], first, second, rows)
    if as_json:
        click.echo(_json(first, second, rows, failed, doubtful))
    else:
        place = placer(paths == "full")
        lines = [
            _load(first, second),
            "",
            *_table(first, second, rows, options["per"], options["least"], options["limit"], place),
        ]
        show(
            [*lines, *(f"failed: {text}" for text in failed), *(f"not enough: {text}" for text in doubtful)], headings=3
        )
    if failed or (doubtful and options["strict"]):
        click.get_current_context().exit(1)


def _rows(before: Side, after: Side) -> list[Row]:
    found = []
    for key in {**before.figures, **after.figures}:
        first, second = before.figures.get(key), after.figures.get(key)
        change = (second.wait_per_op if second else 0) - (first.wait_per_op if first else 0)
        count = second.n if second else first.n if first else 0
        found.append(Row(key, first, second, change * count, _grew(first, second)))
    return sorted(found, key=lambda row: (-abs(row.effect), row.key))


def _grew(before: Figures | None, after: Figures | None) -> str:
    """The part of the wait per operation that changed most: the name of what is called."""
    if not before or not after or not before.n or not after.n:
        return ""
    names = {*before.parts, *after.parts}
    changes = {name: after.parts.get(name, 0) / after.n - before.parts.get(name, 0) / before.n for name in names}
    name = max(changes, key=lambda name: (abs(changes[name]), name), default="")
    if not name or abs(changes[name]) < 1000:
        return ""
    return f"{name} {'+' if changes[name] > 0 else '-'}{seconds(int(abs(changes[name])))}"


def _judged(conditions: list[Condition], before: Side, after: Side, rows: list[Row]) -> tuple[list[str], list[str]]:
    """The conditions that are true, and those that too few operations are no proof of: with the function each."""
    failed: list[str] = []
    doubtful: list[str] = []
    for condition in conditions:
        known = False
        for row in rows:
            name, file, _line = (after.places.get(row.key) or before.places[row.key])[:3]
            short = short_name(name, file)
            if not condition.is_about(name, short):
                continue
            known = True
            said = condition.judged(row.before, row.after)
            if said:
                (failed if said == "true" else doubtful).append(f"{condition.text}: {short}")
        if not known:
            raise Fault(f"--fail-if {condition.text}: neither profile has a function of that name")
    return failed, doubtful


# ---- for people ----


def _load(before: Side, after: Side) -> str:
    """`before.pb.gz: 40 roots/5.0 s, after.pb.gz: 81 roots/5.0 s: load x 2.0`"""

    def one(side: Side) -> str:
        roots = count_of(side.outermost, "root")
        return f"{side.name}: {roots}/{seconds(side.duration)}" if side.duration else f"{side.name}: {roots}"

    text = f"{one(before)}, {one(after)}"
    rates = [side.outermost / side.duration if side.duration else side.outermost for side in (before, after)]
    return f"{text}: load x {rates[1] / rates[0]:.1f}" if all(rates) else text


def _change(before: float, after: float) -> str:
    return f"{100 * (after - before) / before:+.0f}%" if before else "new" if after else ""


def _wait(figures: Figures | None, side: Side, per: str) -> float:
    if figures is None:
        return 0
    return {"op": figures.wait_per_op, "total": figures.wait, "second": figures.wait * 1e9 / (side.duration or 1)}[per]


def _table(before: Side, after: Side, rows: list[Row], per: str, least: float, limit: int, place: Place) -> list[str]:
    heads = ["p95", "after", "change", "n", "after", f"wait/{per}" if per != "total" else "wait", "after", "function"]
    cells = []
    for row in rows:
        p95 = [figures.percentile(0.95) if figures and figures.fired else 0 for figures in (row.before, row.after)]
        waits = [_wait(row.before, before, per), _wait(row.after, after, per)]
        moved = [abs(b - a) >= least * a if a else b > 0 for a, b in (p95, waits)]
        if not any(moved):
            continue
        why = verdict(row.before or Figures(), row.after or Figures(), 0.95)
        name, file, line = after.places.get(row.key) or before.places[row.key]
        names = [short_name(part, file if part == name else "") for part in row.key]
        where = place(file, line)
        counts = [str(figures.n) if figures and figures.n else "" for figures in (row.before, row.after)]
        cells.append(
            [
                *(seconds(ns) if ns else "" for ns in p95),
                (why or _change(*p95)) if any(p95) else "",
                *counts,
                *(seconds(int(wait)) if wait else "" for wait in waits),
                f"{' > '.join(names)}  {where}{'  ' + row.grew if row.grew else ''}",
            ]
        )
    if not cells:
        return ["Nothing changed by more than --min."]
    more = [f"{count_of(len(cells) - limit, 'line')} more (--limit)."] if len(cells) > limit else []
    return [*columns(heads, cells[:limit]).split("\n"), *more]


# ---- for programs ----


def _of_figures(figures: Figures | None) -> dict[str, Any] | None:
    if figures is None:
        return None
    found: dict[str, Any] = {
        "operations": figures.n,
        "failed": figures.failed,
        "cancelled": figures.cancelled,
        "abandoned": figures.abandoned,
        "pending": figures.pending,
        "wait_ns": figures.wait,
    }
    if figures.fired:
        found |= {f"p{percent}_ns": figures.percentile(percent / 100) for percent in (50, 90, 95, 99)}
        found |= {"mean_ns": int(figures.mean), "max_ns": figures.latency_max}
    return found


def _json(before: Side, after: Side, rows: list[Row], failed: list[str], doubtful: list[str]) -> str:
    def name(text: str) -> str:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    report = {
        "version": 1,
        **{
            word: {"file": name(one.name), "roots": one.outermost, "duration_ns": one.duration}
            for word, one in (("before", before), ("after", after))
        },
        "rows": [
            {
                "path": [name(part) for part in row.key],
                "before": _of_figures(row.before),
                "after": _of_figures(row.after),
                "verdict": verdict(row.before or Figures(), row.after or Figures(), 0.95) or "differs",
            }
            for row in rows
        ],
        "failed": [name(text) for text in failed],
        "not_enough": [name(text) for text in doubtful],
    }
    return json.dumps(report, indent=1, ensure_ascii=False)
